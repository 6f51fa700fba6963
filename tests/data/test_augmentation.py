"""Augmented sets: labels, groups, what is dropped, and nothing across the split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data import split
from chapter2.data.augmentation import augment, check_no_crossing, same_prediction
from chapter2.data.eda import RandomDeletion, RandomSwap
from chapter2.data.normalise import normalise
from chapter2.data.records import TextDataset
from chapter2.data.rewriting import BackTranslation
from chapter2.errors import DataError, UsageError


def dataset(texts, labels=None, **fields):
    labels = labels or [i % 2 for i in range(len(texts))]
    return TextDataset("set", tuple(texts), tuple(labels), ("no", "yes"), **fields)


def rewrite(change):
    return BackTranslation(lambda texts: texts, lambda texts: list(map(change, texts)))


def numbered(n):
    return dataset([f"the text with the number {i} is not long" for i in range(n)])


@given(st.integers(1, 30), st.integers(1, 3), st.integers(0, 3))
def test_whatever_is_added_is_new_and_like_its_original(n, copies, seed):
    train = numbered(n)
    operations = [RandomSwap(0.3), RandomDeletion(0.3)]
    larger = augment(train, operations, copies, seed)
    assert larger == augment(train, operations, copies, seed)
    assert larger.texts[:n] == train.texts
    keys = [normalise(text) for text in larger.texts]
    assert len(set(keys)) == len(keys) <= n * (1 + copies)
    assert all("not" in text.split() for text in larger.texts)
    label_of = dict(zip(larger.groups[:n], train.labels, strict=True))
    assert len(label_of) == n
    pairs = zip(larger.groups, larger.labels, strict=True)
    assert all(label_of[group] == label for group, label in pairs)
    assert f"{len(larger) - n} of {n * copies}" in larger.notices[-1]


@given(st.lists(st.integers(0, 1), min_size=1, max_size=30), st.integers(1, 3))
def test_where_nothing_is_dropped_the_balance_is_kept(labels, copies):
    train = dataset([f"text {i}" for i in range(len(labels))], labels)
    count = iter(range(1000))
    larger = augment(train, rewrite(lambda text: f"{text} {next(count)}"), copies)
    expected = {k: v * (1 + copies) for k, v in train.counts().items()}
    assert larger.counts() == expected


def test_groups_scores_and_parts_are_those_of_the_original():
    train = dataset(["a b", "c d"], groups=("g", ""), scores=(1.0, 2.0))
    larger = augment(train, RandomSwap())
    assert larger.groups == ("g", "set record 1", "g", "set record 1")
    assert larger.scores == (1.0, 2.0, 1.0, 2.0)
    assert larger.texts[2:] == ("b a", "d c")


def test_a_later_split_keeps_a_text_with_its_original():
    parts = split(augment(numbered(40), RandomSwap(0.3), 2))
    groups = [set(p.groups) for p in (parts.train, parts.validation, parts.test)]
    assert not groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]


def dropped(change, text="It is a good film", **options):
    larger = augment(dataset([text]), rewrite(change), **options)
    assert len(larger) == 1
    return larger.notices[-1].partition("dropped: ")[2]


def test_what_is_dropped_is_counted_by_its_reason():
    assert dropped(lambda t: f" {t.upper()}!") == "1 unchanged or empty."
    assert dropped(lambda t: "") == "1 unchanged or empty."
    negations = "1 with another number of negations or kept words."
    assert dropped(lambda t: t.replace("is", "isn't")) == negations
    assert dropped(lambda t: t.replace("good", "fine"), keep=["Good"]) == negations
    doubt = same_prediction(lambda texts: ["good" in text for text in texts])
    lost = dropped(lambda t: t.replace("good", "fine"), labels_agree=doubt)
    assert lost == "1 with a label in doubt."
    other = dataset(["It is a fine film!"])
    lost = dropped(lambda t: t.replace("good", "fine"), others=[other])
    assert lost == "1 equal to another text."


def test_another_form_of_the_same_negation_is_allowed():
    larger = augment(dataset(["it is not long"]), rewrite(lambda _: "it isn't long"))
    assert larger.texts[1] == "it isn't long"


def test_chinese_words_are_kept_as_strings():
    change = rewrite(lambda text: text.replace("很好", "不错"))
    assert len(augment(dataset(["这部电影很好"]), change)) == 2
    assert len(augment(dataset(["这部电影很好"]), change, keep=["很好"])) == 1


def test_a_text_of_another_part_is_found():
    train, test = dataset(["a film", "Fine, I say"]), dataset(["fine i say"])
    check_no_crossing(train, dataset(["other"]))
    with pytest.raises(DataError, match=r"record 1 \('Fine, I say'\) also stands"):
        check_no_crossing(train, dataset(["other"]), test)
    swapped = augment(dataset(["film fine"]), RandomSwap())
    with pytest.raises(DataError, match="record 1"):
        check_no_crossing(swapped, dataset(["fine film"]))
    check_no_crossing(
        augment(dataset(["film fine"]), RandomSwap(), others=[dataset(["fine film"])]),
        dataset(["fine film"]),
    )


def test_what_cannot_be_augmented_is_refused():
    with pytest.raises(DataError, match="record 1 has no blanks between its words"):
        augment(dataset(["a b", "这部电影很好"]), RandomSwap())
    with pytest.raises(DataError, match="records of a test part"):
        augment(dataset(["a", "b"], parts=("train", "test")), RandomSwap())
    with pytest.raises(UsageError, match="copies is 0"):
        augment(dataset(["a b"]), RandomSwap(), copies=0)
    with pytest.raises(UsageError, match=r"0 operation\(s\)"):
        augment(dataset(["a b"]), [])
    short = BackTranslation(lambda texts: texts, lambda texts: [])
    with pytest.raises(UsageError, match="returned 0 texts for 1"):
        augment(dataset(["a b"]), short)
