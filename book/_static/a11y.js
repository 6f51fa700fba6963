// The name that assistive technology hears must contain the text that is seen.
document.addEventListener("DOMContentLoaded", () => {
  const all = (selector, change) => document.querySelectorAll(selector).forEach(change);
  const mend = () => {
    all(".search-button-field", (b) => b.removeAttribute("aria-label"));
    all(".theme-switch-button [title]", (i) => i.removeAttribute("title"));
    all(".theme-switch-button svg[role=img]", (s) => {
      s.setAttribute("aria-hidden", "true");
      s.removeAttribute("role");
      s.querySelector("title")?.remove();
    });
  };
  // what scrolls in its own box can be reached and scrolled by the keyboard
  const scrollable = () => {
    all(".pst-scrollable-table-container, .bd-article div.math", (box) => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  };
  addEventListener("resize", scrollable);
  addEventListener("load", scrollable);
  mend();
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
});
