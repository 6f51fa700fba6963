"""What ``chapter2 choose`` reads: the kind of task, and a test file of one's own."""

import csv

import pytest

pytestmark = pytest.mark.timeout(900)  # processes start slowly on a busy machine
HEADER = ("text", "label")
FAST = ("--candidates", "majority,tfidf", "--budget", "60s", "--jobs", "1")


def rows(count):
    """Return different texts with their labels, of which the word that decides."""
    said = [("bad", "blame"), ("good", "praise")]
    return [
        (f"{chr(97 + i % 26) * (2 + i // 26)} is {said[i % 2][0]}", said[i % 2][1])
        for i in range(count)
    ]


def write(path, header, records):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *records])
    return path


def grouped(records, name):
    """Give each record a group: ten of each file's are those of the other one."""
    return [(*r, f"{name}{i}" if i >= 10 else f"g{i}") for i, r in enumerate(records)]


def test_what_a_test_file_repeats_is_not_trained_on_and_told(cli, tmp_path):
    """Else the score is one of memory: 99 % reported, and 90 % in use."""
    records = rows(100)
    train, others = records[:70], records[70:]
    repeated = [(f" {text.upper()}!", label) for text, label in train[:10]]
    test = write(tmp_path / "test.csv", HEADER, [*others, *repeated])
    data = write(tmp_path / "train.csv", HEADER, train)
    done = cli("choose", data, "--test", test, "--out", tmp_path / "o", "--json", *FAST)
    assert done.code == 0, done.err
    said = "10 training record(s) that repeat a test text were left out."
    assert said in done.err.splitlines()
    told = done.json()
    assert (told["records"]["development"], told["records"]["test"]) == (60, 40)
    assert said in told["notices"]
    (found,) = (f for f in told["profile"]["findings"] if f["kind"] == "overlap")
    assert (
        "of the 40 test records are also in the training data (10 exactly"
        in (found["found"])
    )
    page = (tmp_path / "o" / "report.html").read_text()
    assert said in page
    assert "A score on them is one of memory" in page


@pytest.fixture
def read(monkeypatch):
    """Do all of choosing but the measuring; the records that it would be given."""
    import importlib

    given = []
    module = importlib.import_module("chapter2.cli.choose")  # not the command
    monkeypatch.setattr(module, "_measure", lambda *found: given.append(found))
    return given


def test_groups_of_the_test_file_are_read_where_it_has_them(cli, tmp_path, read):
    from chapter2.selection.prepare import prepare

    header, records = (*HEADER, "Title "), rows(100)
    data = write(tmp_path / "train.csv", header, grouped(records[:60], "a"))
    test = write(tmp_path / "test.csv", header, grouped(records[60:], "b"))
    named = ("--group", "title", "--out", tmp_path / "o")
    assert cli("choose", data, "--test", test, *named).code == 0
    made = prepare(*read[0][:2], 0)
    assert len(made.development) == 50
    assert "10 training record(s) of a group that is also" in made.notices[0]
    write(test, HEADER, records[60:])
    done = cli("choose", data, "--test", test, *named)
    assert done.code == 0, done.err
    assert "test.csv has no column 'title': whether its groups were" in done.err
    assert len(prepare(*read[1][:2], 0).development) == 60


def test_the_kind_is_told_and_may_be_stated(cli, reviews, tmp_path, read):
    out = ("--out", tmp_path / "o")
    told = cli("choose", reviews, *out).err.splitlines()[-1]
    assert told == (
        "The kind of task is classification (told from the columns): 'label' holds one"
        " label for each text. Where it is another, state it with --kind."
    )
    stated = cli("choose", reviews, *out, "--kind", "classification")
    last = stated.err.splitlines()[-1]
    assert last == (
        "The kind of task is classification (as you state): 'label' holds one label for"
        " each text."
    )
    assert [found[3].kind for found in read] == [None, "classification"]


SENTENCES = [f"a sentence about the matter number {i}" for i in range(40)]
OTHERS = {
    "multi-label": (
        ("text", "topics"),
        [(s, ("a|b", "a", "b", "a|c", "c")[i % 5]) for i, s in enumerate(SENTENCES)],
    ),
    "regression": (("text", "label"), [(s, f"{i}.5") for i, s in enumerate(SENTENCES)]),
    "pair": (
        ("sentence1", "sentence2", "label"),
        [(s, s[::-1], "ab"[i % 2]) for i, s in enumerate(SENTENCES)],
    ),
    "tagging": (
        ("tokens", "tags"),
        [(repr(s.split()), repr(["O"] * len(s.split()))) for s in SENTENCES],
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_kind_is_refused_with_what_there_is_instead(cli, tmp_path, read, kind):
    data = write(tmp_path / "data.csv", *OTHERS[kind])
    done = cli("choose", data, "--out", tmp_path / "o")
    assert (done.code, done.out, read) == (3, "", [])
    (line,) = done.err.splitlines()
    assert line.startswith(f"Error: {data} holds {kind} (")
    assert "selection.analyse describes such records, and" in line
    assert line.endswith("state kind classification.")
    assert not (tmp_path / "o").exists()


def test_classes_with_a_bar_in_their_names_can_be_stated(cli, tmp_path, read):
    data = write(tmp_path / "data.csv", *OTHERS["multi-label"])
    named = ("--out", tmp_path / "o", "--label", "topics", "--kind", "classification")
    assert cli("choose", data, *named).code == 0
    assert read[0][0].label_names == ("a", "a|b", "a|c", "b", "c")


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("tagging", 3, "cannot hold tagging"),
        ("clasification", 2, "did you mean 'classification'"),
    ],
)
def test_a_stated_kind_that_cannot_be_is_refused(
    cli, reviews, tmp_path, read, kind, code, said
):
    done = cli("choose", reviews, "--out", tmp_path / "o", "--kind", kind)
    assert (done.code, read) == (code, [])
    assert said in done.err
