"""The kind of task: told from columns, stated, or refused where it cannot be."""

import json

import pytest

from chapter2 import data
from chapter2.errors import DataError, UsageError
from chapter2.selection.kinds import as_list, decide
from chapter2.selection.reading import material

ROWS = [(f"text number {i} of the file", value) for i, value in enumerate("abababab")]


def numbered(values):
    return [(f"text number {i} of the file", value) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("names", "rows", "kind"),
    [
        (("text", "label"), ROWS, "classification"),
        (("text", "stars"), numbered("12345" * 4), "classification"),
        (("text", "rating"), numbered([0.5, 1.25, 3.0, 2.75]), "regression"),
        (("text", "label"), numbered(["a|b", "a", "b", "b|a", "a"]), "multi-label"),
        (("text", "label"), numbered([["a", "b"], ["a"], []]), "multi-label"),
        (("text", "tags"), numbered(["['x', 'y']", "['x']"]), "multi-label"),
        (
            ("text", "label"),
            numbered(["food, drink", "cars", "cars"]),
            "classification",
        ),
        (("text", "toxic", "rude"), [("one", 0, 1), ("two", 1, 0)], "multi-label"),
        (("premise", "hypothesis", "label"), [("a", "b", "yes")], "pair"),
        (
            ("tokens", "ner_tags"),
            [(["Anna", "sang"], ["B-PER", "O"]), (["It", "rains"], ["O", "O"])],
            "tagging",
        ),
    ],
)
def test_the_kind_is_told_from_columns(names, rows, kind):
    found = decide(names, rows)
    assert (found.kind, found.stated) == (kind, False)
    assert found.why.endswith(".")


def test_a_stated_kind_overrules_what_columns_look_like():
    rows = numbered([str(i) for i in range(1, 41)])
    told = decide(("text", "label"), rows)
    assert told.kind == "classification"
    assert "state kind regression" in told.why  # it may as well be
    stated = decide(("text", "label"), rows, kind="regression")
    assert (stated.kind, stated.stated) == ("regression", True)
    assert "as you state" in str(stated)


@pytest.mark.parametrize("kind", ["regression", "tagging", "pair", "multi-label"])
def test_a_kind_that_columns_cannot_hold_is_refused(kind):
    with pytest.raises(DataError, match=f"cannot hold {kind}"):
        decide(("text", "label"), ROWS, kind=kind)


def test_a_stated_column_is_found_apart_from_blanks_and_case_or_refused(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(" Text , Topics \nA text here,x|y\nB text here,x\nC text here,y\n")
    found = material(path, "text", "topics")
    assert dict(found.balance) == {"x": 2, "y": 2}
    with pytest.raises(DataError, match=r"m\.csv has no column 'topic'; did you mean"):
        material(path, "text", "topic")


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'classification'"):
        decide(("text", "label"), ROWS, kind="classify")


def test_lists_in_cells_are_read_and_nothing_is_run():
    assert as_list("['a', 'b']") == ["a", "b"]
    assert as_list("[__import__('os').getcwd()]") is None
    assert as_list("[1") is None
    assert as_list("plain") is None


def write(path, records):
    path.write_text("\n".join(json.dumps(r) for r in records), encoding="utf-8")
    return path


def test_files_of_each_kind_are_read(tmp_path):
    tagged = material(
        write(
            tmp_path / "t.jsonl",
            [{"tokens": ["Anna", "sang"], "tags": ["B-PER", "O"]}] * 3
            + [
                {"tokens": ["It", "rains", "in", "Oslo"], "tags": ["O"] * 3 + ["B-LOC"]}
            ],
        )
    )
    assert (tagged.decision.kind, dict(tagged.balance)) == (
        "tagging",
        {"LOC": 1, "PER": 3},
    )
    assert tagged.texts[0] == "Anna sang"

    several = material(
        write(
            tmp_path / "m.jsonl",
            [
                {"text": "One text", "labels": ["a", "b"]},
                {"text": "Two", "labels": ["a"]},
            ],
        )
    )
    assert (several.decision.kind, dict(several.balance)) == (
        "multi-label",
        {"a": 2, "b": 1},
    )

    path = tmp_path / "p.csv"
    path.write_text("premise,hypothesis,label\nIt rains,It pours,no\nA,B,yes\n")
    pair = material(path)
    assert pair.decision.kind == "pair"
    assert pair.dataset.texts[0] == "It rains\nIt pours"
    assert pair.dataset.counts() == {"no": 1, "yes": 1}

    path = tmp_path / "r.csv"
    path.write_text("text,rating\nA text of some length,1.5\nAnother text again,2.25\n")
    amounts = material(path)
    assert (amounts.decision.kind, amounts.dataset, len(amounts.texts)) == (
        "regression",
        None,
        2,
    )

    path = tmp_path / "f.csv"
    path.write_text(
        "text,toxic,rude\nA text here,1,1\nB text here,0,1\nC text here,0,0\n"
    )
    flags = material(path)
    assert dict(flags.balance) == {"rude": 2, "toxic": 1}


def test_data_sets_of_the_catalogue():
    assert material(data.load("movie-snippets", 200)).decision.kind == "classification"
    tagged = material(data.load("chinese-entities", 100))
    assert tagged.decision.kind == "tagging"
    assert set(tagged.balance) == {"PER", "LOC", "ORG"}
