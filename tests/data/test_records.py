"""Data sets: selecting, sampling with the balance of the whole, counting, hashing."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data.records import TaggedDataset, TextDataset
from chapter2.errors import UsageError

NAMES = ("negative", "neutral", "positive")


def dataset(labels) -> TextDataset:
    n = len(labels)
    return TextDataset(
        name="set",
        texts=tuple(f"text {i}" for i in range(n)),
        labels=tuple(labels),
        label_names=NAMES,
        groups=tuple(f"group {i // 2}" for i in range(n)),
        notices=("Something was handled.",),
        scores=tuple(i / 10 for i in range(n)),
    )


def test_select_keeps_the_columns_aligned_in_the_order_asked_for():
    some = dataset([0, 1, 2, 0]).select([3, 1])
    assert some.texts == ("text 3", "text 1")
    assert some.labels == (0, 1)
    assert some.groups == ("group 1", "group 0")
    assert some.scores == (0.3, 0.1)
    assert some.label_names == NAMES
    assert some.notices == ("Something was handled.",)


def test_select_takes_numpy_indices_and_none_at_all():
    whole = dataset([0, 1, 2])
    assert whole.select(np.array([2, 0])).texts == ("text 2", "text 0")
    assert len(whole.select([])) == 0


def test_select_without_groups_or_scores():
    whole = TextDataset("set", ("a", "b"), (0, 1), NAMES)
    assert whole.select([1]).groups is None
    assert whole.select([1]).scores is None


labels_with_at_least_one = st.lists(st.integers(0, 2), min_size=1, max_size=120)


@given(labels_with_at_least_one, st.integers(0, 130), st.integers(0, 5))
def test_take_keeps_each_class_near_its_share(labels, n, seed):
    whole = dataset(labels)
    some = whole.take(n, seed)
    assert len(some) == min(n, len(whole))
    assert len(set(some.texts)) == len(some)
    for name, count in whole.counts().items():
        share = len(some) * count / len(whole)
        assert abs(some.counts()[name] - share) <= 1 + 1e-9


@given(labels_with_at_least_one, st.integers(0, 5))
def test_take_is_a_function_of_the_seed_and_keeps_the_order(labels, seed):
    whole = dataset(labels)
    some = whole.take(len(whole) // 2, seed)
    assert some == whole.take(len(whole) // 2, seed)
    places = [whole.texts.index(text) for text in some.texts]
    assert places == sorted(places)


def test_take_of_all_or_of_none_stated_is_the_set_itself():
    whole = dataset([0, 1, 2])
    assert whole.take(None) is whole
    assert whole.take(3) is whole
    assert whole.take(99) is whole


def test_take_draws_at_random():
    whole = dataset([0, 1] * 50)
    assert whole.take(10, seed=0).texts != whole.take(10, seed=1).texts
    assert whole.take(10, seed=0).texts != whole.texts[:10]


def test_counts_names_every_label():
    assert dataset([0, 0, 2]).counts() == {"negative": 2, "neutral": 0, "positive": 1}
    assert dataset([]).counts() == {"negative": 0, "neutral": 0, "positive": 0}


def test_the_fingerprint_follows_content_and_nothing_else():
    whole = dataset([0, 1, 2])
    same = dataclasses.replace(whole, name="other", notices=())
    assert whole.fingerprint() == same.fingerprint()
    assert len(whole.fingerprint()) == 64
    changed = [
        dataset([0, 1, 1]),
        dataset([0, 1]),
        dataclasses.replace(whole, texts=("text 0", "text 1", "text X")),
        dataclasses.replace(whole, label_names=("a", "b", "c")),
    ]
    prints = {one.fingerprint() for one in (whole, *changed)}
    assert len(prints) == 5


def test_the_fingerprint_takes_a_lone_surrogate():
    assert TextDataset("set", ("\ud800",), (0,), NAMES).fingerprint()


@pytest.mark.parametrize("field", ["labels", "groups", "scores"])
def test_columns_of_different_lengths_are_refused(field):
    columns = {"labels": (0, 1), "groups": ("g", "g"), "scores": (0.0, 1.0)}
    columns[field] = columns[field][:1]
    with pytest.raises(ValueError, match=f"2 texts but 1 {field}"):
        TextDataset("set", ("a", "b"), label_names=NAMES, **columns)


def test_a_data_set_cannot_be_changed():
    whole = dataset([0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        whole.texts = ()


def test_a_tagged_data_set_has_a_length():
    tagged = TaggedDataset("set", (("a", "b"), ("c",)), (("O", "O"), ("O",)), ("O",))
    assert len(tagged) == 2


def test_without_a_label_the_others_keep_their_records_and_names():
    whole = TextDataset(
        "t", ("a", "b", "c", "d"), (2, 0, 1, 2), ("x", "y", "z"), groups=tuple("pqrs")
    )
    rest = whole.without("y")
    assert rest.texts == ("a", "b", "d")
    assert [rest.label_names[y] for y in rest.labels] == ["z", "x", "z"]
    assert rest.label_names == ("x", "z")
    assert rest.groups == ("p", "q", "s")
    assert whole.counts() == {"x": 1, "y": 1, "z": 2}, "the given records stay"
    with pytest.raises(UsageError, match="has no label 'w'; it has x, y, z"):
        whole.without("w")
