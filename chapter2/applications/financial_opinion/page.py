"""The live view's page: one file, no resource from elsewhere, no text taken as HTML.

It asks ``state.json`` each second and draws what it gets; whatever comes out of the
stream is set as text (``textContent``), never as markup. ``NONCE`` is replaced by a new
number at each request, so that no other script can run.
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Financial opinion, live</title>
<link rel="icon" href="data:,">
<style>
:root { --ink: #1b1b1b; --soft: #595959; --line: #c9c9c9; --back: #fff;
  --mark: #0b5cad; --band: #0b5cad33; --bar: #9a9a9a; --bad: #a8320a; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --soft: #b4b4b4;
  --line: #4a4a4a; --back: #161616; --mark: #7db8f5; --band: #7db8f544;
  --bar: #7d7d7d; --bad: #ff9e7a; } }
body { font: 16px/1.45 system-ui, sans-serif; color: var(--ink);
  background: var(--back); max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
h3 { font-size: 1rem; margin: 0; } .note { color: var(--soft); margin: .2rem 0; }
#topics { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); }
#topics section { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem; }
svg { width: 100%; height: auto; display: block; }
.mean { fill: none; stroke: var(--mark); stroke-width: 2; }
.band { fill: var(--band); } .bar { fill: var(--bar); }
.zero { stroke: var(--line); } .alarm { stroke: var(--bad); stroke-width: 2; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--soft); }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
#alarms td:first-child { color: var(--bad); }
</style>
</head>
<body>
<main>
<h1>Financial opinion, live</h1>
<p id="tally" role="status">Nothing read yet.</p>
<p class="note">Line: mean opinion of each window, -1 to 1, with its 95 % interval
(Student). Bars: texts. Upright line: an alarm.</p>
<h2>Topics</h2>
<div id="topics"></div>
<h2 id="h-alarms">Alarms</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="h-alarms">
<table id="alarms"></table></div>
<h2 id="h-rejects">Refused lines</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="h-rejects">
<table id="rejects"></table></div>
<h2 id="h-late">Late texts, not counted</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="h-late">
<table id="late"></table></div>
</main>
<script nonce="NONCE">
"use strict";
const SVG = "http://www.w3.org/2000/svg", WIDE = 300, HIGH = 90, BARS = 30;
const byId = (id) => document.getElementById(id);
const at = (s) => new Date(1000 * s).toISOString().slice(0, 16).replace("T", " ");
const signed = (x) => (x < 0 ? "\\u2212" : "+") + Math.abs(x).toFixed(2);

function make(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}
function draw(svg, name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  svg.append(made);
}
function table(id, names, rows) {
  const head = make("tr");
  for (const name of names) {
    const cell = make("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = rows.map((row) => {
    const line = make("tr");
    line.append(...row.map((cell) => make("td", cell)));
    return line;
  });
  if (!rows.length) byId(id).replaceChildren(make("caption", "none"));
  else byId(id).replaceChildren(head, ...body);
}
function picture(topic, windows, alarms, width) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH + BARS}`);
  svg.setAttribute("role", "img");
  const first = windows[0].start, last = windows[windows.length - 1].start + width;
  const x = (s) => WIDE * (s + width / 2 - first) / (last - first);
  const y = (v) => HIGH * (1 - v) / 2;
  const most = Math.max(...windows.map((w) => w.texts));
  const end = windows[windows.length - 1];
  svg.setAttribute("aria-label", `${topic}: ${windows.length} windows, mean opinion ` +
    `${signed(windows[0].mean)} in the first and ${signed(end.mean)} in the last`);
  draw(svg, "line", {class: "zero", x1: 0, x2: WIDE, y1: y(0), y2: y(0)});
  const upper = windows.map((w) => `${x(w.start)},${y(w.mean_high)}`);
  const lower = windows.map((w) => `${x(w.start)},${y(w.mean_low)}`).reverse();
  draw(svg, "polygon", {class: "band", points: upper.concat(lower).join(" ")});
  const means = windows.map((w) => `${x(w.start)},${y(w.mean)}`).join(" ");
  draw(svg, "polyline", {class: "mean", points: means});
  for (const w of windows) {
    const high = BARS * w.texts / most;
    draw(svg, "rect", {class: "bar", x: x(w.start) - 1, width: 2,
      y: HIGH + BARS - high, height: high});
  }
  for (const alarm of alarms.filter((a) => a.window >= first)) {
    const there = x(alarm.window);
    draw(svg, "line", {class: "alarm", x1: there, x2: there, y1: 0, y2: HIGH});
  }
  return svg;
}
function show(state) {
  const t = state.tally;
  const newest = t.counted ? `; newest text of ${at(state.newest)} UTC` : "";
  byId("tally").textContent = `${t.read} lines read: ${t.counted} counted, ` +
    `${t.late} late, ${t.repeated} repeated, ${t.rejected} refused${newest}.`;
  const sections = [];
  for (const [topic, windows] of Object.entries(state.topics)) {
    if (!windows.length) continue;
    const end = windows[windows.length - 1], section = make("section");
    section.append(make("h3", topic), make("p", `${end.texts} texts, mean ` +
      `${signed(end.mean)} [${signed(end.mean_low)}, ${signed(end.mean_high)}], ` +
      `window from ${at(end.start)}`));
    const alarms = state.alarms.filter((a) => a.topic === topic);
    section.append(picture(topic, windows, alarms, state.width));
    sections.push(section);
  }
  byId("topics").replaceChildren(...sections);
  table("alarms", ["topic", "opinion", "window", "probably since", "sum"],
    state.alarms.map((a) => [a.topic, a.direction > 0 ? "has risen" : "has fallen",
      at(a.window), at(a.since), a.statistic.toFixed(1)]));
  table("rejects", ["line", "reason", "begins"],
    state.rejects.map((r) => [r.line, r.reason, r.begins]));
  table("late", ["line", "id", "written", "seconds behind"],
    state.late.map((r) => [r.line, r.id, at(r.time), r.behind.toFixed(0)]));
}
async function look() {
  let problem = "The monitor's server does not answer.";
  try {
    const answer = await fetch("state.json", {cache: "no-store"});
    if (!answer.ok) throw new Error(problem = (await answer.json()).error);
    show(await answer.json());
    document.body.dataset.state = "live";
  } catch (error) {
    document.body.dataset.state = "lost";
    byId("tally").textContent = problem;
  }
  setTimeout(look, 1000);
}
look();
</script>
</body>
</html>
"""
