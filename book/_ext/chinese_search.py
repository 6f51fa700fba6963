"""Let the search find Chinese phrases.

Sphinx cuts Chinese text with jieba when it writes the index, but the page that searches
does not cut the query. Here the query is cut as well, into the longest words that the
index holds; English is treated as ever.
"""

from __future__ import annotations

from sphinx.application import Sphinx
from sphinx.search.zh import SearchChinese

SPLITTER = r"""
const cutChinese = (run) => {
  const lists = [Search._index?.terms, Search._index?.titleterms];
  const known = (word) => lists.some((list) => list && Object.hasOwn(list, word));
  const words = [];
  for (let start = 0; start < run.length; ) {
    let end = run.length;
    while (end > start + 1 && !known(run.slice(start, end))) end -= 1;
    if (end > start + 1) words.push(run.slice(start, end));
    start = end;
  }
  return words.length ? words : [run];
};

var splitQuery = (query) =>
  query
    .split(/[^\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu)
    .flatMap((part) => part.split(/(\p{Script=Han}+)/u))
    .filter((part) => part)
    .flatMap((part) => (/^\p{Script=Han}/u.test(part) ? cutChinese(part) : [part]));
"""


class ChineseSearch(SearchChinese):
    """The language ``zh`` of Sphinx, with a query that is cut like the text."""

    lang = "zh"
    js_splitter_code = SPLITTER


def setup(app: Sphinx) -> dict[str, bool]:
    """Take the place of Sphinx's own ``zh``."""
    app.add_search_language(ChineseSearch)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
