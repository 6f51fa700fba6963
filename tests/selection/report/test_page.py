"""The page: nothing from elsewhere, nothing unescaped, readable in both themes."""

import re
from html import escape
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from chapter2.selection.report.look import STYLE
from chapter2.selection.report.page import as_page, draw
from chapter2.selection.report.template import SECTIONS
from chapter2.selection.report.write import write_report
from chapter2.selection.requirements import Requirements

VOID = {"meta", "link", "br", "img", "hr", "input", "path", "use", "rect", "circle"}


class Reader(HTMLParser):
    """Collects tags with their attributes, and the text of headings."""

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.headings = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append([int(tag[1]), ""])

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and re.fullmatch("h[1-6]", self.open[-1]):
            self.headings[-1][1] += data


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


@pytest.fixture(scope="module")
def page(choice, tmp_path_factory):
    return as_page(choice, draw(choice))


@pytest.fixture(scope="module")
def reader(page):
    found = read(page)
    assert found.open == []  # every element is closed
    return found


def test_no_text_of_a_user_becomes_markup(page, reader):
    tags = {tag for tag, _ in reader.tags}
    assert not tags & {"script", "img", "iframe", "object", "link"}
    assert not [a for _, a in reader.tags if any(name[:2] == "on" for name in a)]
    # they are there, as words: name, label, text, finding
    for text in ("alert('name')", "alert('label')", "onerror=alert(1)", "<b>nearly"):
        assert escape(text).replace("&#x27;", "&#39;") in page
    assert "<script" not in page


def test_nothing_comes_from_elsewhere(page, reader):
    assert "default-src 'none'" in page
    for _, attributes in reader.tags:
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "#")[0] == "#"
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    addresses = set(re.findall(r"https?://[\w./-]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_ids_are_single_and_links_lead_to_them(reader):
    ids = [a["id"] for _, a in reader.tags if "id" in a]
    assert len(ids) == len(set(ids))
    links = {a["href"][1:] for tag, a in reader.tags if tag == "a"}
    assert links <= set(ids)
    assert len(links) == 1 + len(SECTIONS)


def test_headings_fall_by_one_level_and_begin_with_one_title(reader):
    levels = [level for level, _ in reader.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    steps = pairwise(levels)
    assert all(after - before <= 1 for before, after in steps)
    assert all(text.strip() for _, text in reader.headings)


def test_the_answer_comes_first_and_the_sections_in_order(page, reader):
    assert reader.headings[1][1] == "The answer"
    titles = [text for level, text in reader.headings if level == 2]
    assert [re.sub(r"^\d+", "", text) for text in titles[1:]] == list(SECTIONS)
    assert page.index("Use MiniLM fine-tuned by LoRA (minilm-lora).") < page.index(
        "<nav"
    )


def test_every_picture_has_words(reader):
    pictures = [a for tag, a in reader.tags if tag == "svg"]
    assert len(pictures) == 5
    for attributes in pictures:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"]) > 40


def test_no_path_of_this_machine(page):
    assert "/home/someone" not in page
    assert "x.log" in page
    assert "reviews.csv was read" in page


def test_the_page_says_where_nothing_meets_the_limits(make_choice):
    limits = Requirements(
        minimum={"f1_macro": 0.95}, maximum={"latency_ms_p95": 2.0}, budget_seconds=300
    )
    choice = make_choice(limits)
    page = as_page(choice, draw(choice))
    assert read(page).headings[1][1] == "Nothing meets your limits"
    assert "The nearest is" in page
    assert "Without the limit on latency_ms_p95" not in page  # nothing reaches 0.95
    assert "No candidate keeps f1_macro at 95.0 %" in page
    assert 'class="answer unmet"' in page


def luminance(colour):
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_text_keeps_its_contrast_in_both_themes(theme):
    roots = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", roots[theme]))
    assert len(colours) == 10
    for ink in ("ink", "soft", "accent", "good", "bad"):
        for ground in ("ground", "card", "wash"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_the_files_are_written_and_the_report_is_timed(make_choice, tmp_path):
    (tmp_path / "model").mkdir()
    choice = make_choice(folder=tmp_path / "model")
    clock = iter([100.0, 103.5])
    told = write_report(choice, tmp_path, lambda: next(clock))
    assert told.timing.phases["report"] == 3.5
    assert told.timing.used == pytest.approx(271.3 + 3.5)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert names == {"report.html", "report.json", "model/README.md"}
    for path in tmp_path.rglob("*.*"):
        assert str(tmp_path) not in path.read_text(encoding="utf-8")
