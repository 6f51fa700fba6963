"""Catalogues in gettext's compiled form: small ones made here, and the real ones."""

import json
import re
import struct
from collections import Counter
from pathlib import Path

import pytest

from chapter2 import data
from chapter2.data import TextPairs
from chapter2.data.parsers import gettext_messages
from chapter2.data.parsers.gettext_messages import CHINESE, CONTEXT, PLACEHOLDER
from chapter2.errors import DataError

HEADER = "Content-Type: text/plain; charset={}\nLanguage: {}\nPlural-Forms: {};\n"
ONE_FORM = "nplurals=1; plural=0"


def compiled(
    messages: dict[str, str], order: str = "<", charset: str = "UTF-8"
) -> bytes:
    """Return a catalogue as ``msgfmt`` writes it, in a byte order and a charset."""
    start = 28 + 16 * len(messages)  # after the head and two tables of (length, offset)
    tables, strings = [], b""
    for texts in (messages.keys(), messages.values()):
        for text in texts:
            content = text.encode(charset)
            tables += [len(content), start + len(strings)]
            strings += content + b"\0"
    count = len(messages)
    head = (0x950412DE, 0, count, 28, 28 + 8 * count, 0, start)
    return struct.pack(f"{order}7I{4 * count}I", *head, *tables) + strings


def header(language: str = "zh_Hans", charset: str = "UTF-8", plural: str = ONE_FORM):
    return {"": HEADER.format(charset, language, plural)}


def parsed(folder: Path, content: bytes) -> TextPairs:
    (folder / "shop.mo").write_bytes(content)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")  # of the cache
    return gettext_messages.parse(folder, "m")


def told(pairs: TextPairs) -> list[int]:
    return [int(notice.split()[0]) for notice in pairs.notices]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("charset", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("language", ["zh_Hans", "zh_CN"])
def test_a_compiled_catalogue_is_read(
    tmp_path: Path, order: str, charset: str, language: str
) -> None:
    found = {"Save": "保存", "\n Open %(name)s \n": "\n 打开 %(name)s\n"}
    content = compiled({**header(language, charset), **found}, order, charset)
    pairs = parsed(tmp_path, content)
    assert (pairs.sources, pairs.targets, pairs.groups) == (
        ("Save", "Open %(name)s"),
        ("保存", "打开 %(name)s"),
        ("shop", "shop"),
    )
    assert told(pairs) == [0, 0, 0, 0]


def test_a_context_is_no_part_of_the_text(tmp_path: Path) -> None:
    found = {
        f"month{CONTEXT}May": "五月",
        f"abbrev.{CONTEXT}May": "五月",
        "May": "可以",
    }
    pairs = parsed(tmp_path, compiled({**header(), **found}))
    assert list(zip(pairs.sources, pairs.targets, strict=True)) == [
        ("May", "五月"),
        ("May", "可以"),  # the same English, said otherwise
    ]
    assert told(pairs) == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("plural", "translation"),
    [(ONE_FORM, "%d 项"), ("nplurals=2; plural=(n != 1)", "%d 项\0%d 些项")],
)
def test_a_message_with_plural_forms_is_dropped_and_counted_once(
    tmp_path: Path, plural: str, translation: str
) -> None:
    found = {
        "%d item\0%d items": translation,
        f"menu{CONTEXT}%d item\0%d items": translation,
        "Item": "项",
    }
    pairs = parsed(tmp_path, compiled({**header(plural=plural), **found}))
    assert (pairs.sources, told(pairs)) == (("Item",), [2, 0, 0, 0])


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("%(count)d of %(name)s", "%(name)s 的 %(count)d"),  # in another order
        ("{name} costs {price:.2f}", "{name} 售价 {price:.2f}"),
        ("%s takes %-5.1f%%", "%s 占 %-5.1f%%"),
        ("Save %1", "保存 %1"),
        ("100% of it", "它的 100%"),  # a sign, no placeholder
        ('<a href="%(url)s">Read &amp; write</a>', '<a href="%(url)s">读 &amp; 写</a>'),
    ],
)
def test_placeholders_and_markup_stay(
    tmp_path: Path, english: str, chinese: str
) -> None:
    pairs = parsed(tmp_path, compiled({**header(), english: chinese}))
    assert (pairs.sources, pairs.targets) == ((english,), (chinese,))


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Delete %(name)s?", "删除？"),
        ("Delete %(name)s?", "删除 %(names)s？"),
        ("Delete %s?", "删除 %d？"),
        ("Delete {name}?", "删除 {名字}？"),
        ("Delete it?", "删除 %s？"),
        ("%s and %s", "只有 %s"),
        ("%ld files", "文件"),
        ("%(n) d files", "文件"),
        ('<a href="%(url)s">Read</a>', '<a href="%(link)s">读</a>'),
    ],
)
def test_a_translation_with_other_placeholders_is_dropped(
    tmp_path: Path, english: str, chinese: str
) -> None:
    pairs = parsed(tmp_path, compiled({**header(), english: chinese, "Yes": "是"}))
    assert (pairs.sources, told(pairs)) == (("Yes",), [0, 0, 1, 0])


def test_both_forms_give_the_same(tmp_path: Path) -> None:
    found = {
        "Open": "打开",
        "open!": "打开",
        f"menu{CONTEXT}Open": "开",
        "Python": "Python",
        "Help " * 31: "帮助",
        "two\nlines": "两行",
        "{}th": "第",
        f"menu{CONTEXT}": "菜单",  # a context alone
    }
    (tmp_path / "mo").mkdir()
    (tmp_path / "json").mkdir()
    text = {"": {"language": "zh-CN"}, **{key: [said] for key, said in found.items()}}
    (tmp_path / "json/shop.json").write_text(json.dumps(text), encoding="utf-8")
    of_mo = parsed(tmp_path / "mo", compiled({**header(), **found}))
    assert of_mo == gettext_messages.parse(tmp_path / "json", "m")
    assert (of_mo.targets, told(of_mo)) == (("打开", "开"), [0, 1, 1, 3, 1])


GOOD = compiled({**header(), "Open": "打开"})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"": {"language": "zh-CN"}}',
        GOOD[:10],
        GOOD[:-4],
        b"\0" + GOOD,
        compiled({"Open": "打开"}, charset="GB18030"),
        compiled({"": "Content-Type: text/plain; charset=UTF-8\n", "Open": "打开"}),
        compiled({**header("de"), "Open": "öffnen"}),
        compiled({**header("zh_Hant"), "Open": "開啟"}),
        compiled({**header(charset="none-such"), "Open": "打开"}),
        compiled({**header(), "Open": "打开"}, charset="GB18030"),
    ],
)
def test_another_file_is_no_catalogue(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"shop\.mo: expected a catalogue of messages"):
        parsed(tmp_path, content)


# --- the real ones: no page reads them, so they are tested where they were fetched ----

REAL = {  # pairs, sources, targets and catalogues; counted in the .po files with Babel
    "django-messages": (723, 715, 681, 13),
    "weblate-messages": (3_339, 3_325, 3_262, 2),
    "pretix-messages": (2_754, 2_725, 2_656, 2),
}
FETCHED = all(data.status(name).fetched for name in REAL)
needs_them = pytest.mark.skipif(
    not FETCHED, reason=f"needs `chapter2 data fetch {' '.join(REAL)}`"
)
TAG = re.compile(r"</?[A-Za-z][^<>]*>")


@needs_them
@pytest.mark.parametrize("name", REAL)
def test_a_set_is_as_stated(name: str) -> None:
    pairs = data.load(name)
    assert isinstance(pairs, TextPairs)
    counts = pairs.counts()
    assert (*counts.values(), len(set(pairs.groups))) == REAL[name]
    assert counts == dict(data.card(name).balance)
    assert len(pairs) == data.card(name).records
    for english, chinese in zip(pairs.sources, pairs.targets, strict=True):
        assert english == english.strip() != ""
        assert chinese == chinese.strip()
        assert CONTEXT not in english
        assert not CHINESE.search(english)
        assert CHINESE.search(chinese)
        assert len(english.split()) <= 30
        marks = [Counter(PLACEHOLDER.findall(text)) for text in (english, chinese)]
        assert marks[0] == marks[1]
        tags = [Counter(TAG.findall(text)) for text in (english, chinese)]
        # two messages of pretix have words in the place of tags
        assert tags[0] == tags[1] or english in {"<file>", "<Answer: {question}>"}


@needs_them
def test_all_messages_are_one_set() -> None:
    names = ("interface-messages", *REAL)
    pairs = data.concatenate_pairs([data.load(name) for name in names])
    assert Counter(pairs.groups) == {
        "interface-messages": 2_843,
        "django-messages": 688,
        "weblate-messages": 3_246,
        "pretix-messages": 2_629,
    }
    assert len(pairs) == 9_406
    own = data.split_pairs(data.load("interface-messages"), (0.8, 0.05, 0.15), seed=0)
    known = data.exclude_pairs(pairs, (own.validation, own.test))
    assert len(known) == 8_804
    assert set(own.train.sources) <= set(known.sources)
