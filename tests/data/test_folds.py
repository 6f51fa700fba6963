"""Folds: each record held out once, no leak, no class untaught, the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data import TextDataset, folds, normalise
from chapter2.errors import DataError, UsageError

NAMES = ("a", "b", "c", "never")


def dataset(labels, texts=None, groups=None) -> TextDataset:
    texts = texts or [f"text number {i}" for i in range(len(labels))]
    groups = tuple(groups) if groups else None
    return TextDataset("set", tuple(texts), tuple(labels), NAMES, groups)


@st.composite
def datasets(draw) -> TextDataset:
    """Up to 80 records with few distinct texts and groups, so that they collide."""
    rows = st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 25))
    size = draw(st.integers(6, 80))
    drawn = draw(st.lists(rows, min_size=size, max_size=size))
    labels, numbers, groups = zip(*drawn, strict=True)
    written = draw(st.sampled_from(["Text {}", "text  {}!", "ＴＥＸＴ {}."]))
    texts = [(written if i % 2 else "text {}").format(t) for i, t in enumerate(numbers)]
    names = [f"g{g}" if g < 20 else "" for g in groups]
    return dataset(labels, texts, draw(st.sampled_from([None, names])))


@given(datasets(), st.integers(2, 6), st.integers(0, 3))
def test_each_record_is_held_out_once_and_nothing_leaks(data, k, seed):
    try:
        found = folds(data, k, seed)
    except DataError:
        return  # too few independent records; the sentences are tested below
    assert len(found) == k
    held = np.concatenate([test for _, test in found])
    assert sorted(held.tolist()) == list(range(len(data)))
    for train, test in found:
        assert len(train) > 0
        assert len(test) > 0
        assert sorted([*train, *test]) == list(range(len(data)))
        one, other = data.select(train), data.select(test)
        assert not {*map(normalise, one.texts)} & {*map(normalise, other.texts)}
        assert not ({*(one.groups or ())} & {*(other.groups or ())}) - {""}
        assert set(one.labels) == set(data.labels)  # nothing is asked untaught


@given(datasets(), st.integers(0, 3))
def test_the_same_seed_gives_the_same_folds(data, seed):
    try:
        first = folds(data, 3, seed)
    except DataError:
        return
    again = folds(data, 3, seed)
    pairs = zip(first, again, strict=True)
    assert all((a.test == b.test).all() and len(a.train) for a, b in pairs)


@given(st.lists(st.integers(2, 40), min_size=1, max_size=3), st.integers(2, 6))
def test_single_records_are_shared_out_to_within_one(sizes, k):
    labels = [c for c, n in enumerate(sizes) for _ in range(n)]
    if len(labels) < k:
        return
    data = dataset(labels)
    parts = [data.select(fold.test) for fold in folds(data, k)]
    lengths = [len(part) for part in parts]
    assert max(lengths) - min(lengths) <= len(sizes)
    for name, n in zip(NAMES, sizes, strict=False):
        held = [part.counts()[name] for part in parts]
        assert max(abs(count - n / k) for count in held) < 1.5


def test_large_groups_of_mixed_classes_keep_the_shares():
    random = np.random.default_rng(1)
    labels = random.choice(3, 4000, p=[0.6, 0.3, 0.1]).tolist()
    groups = [f"product {g}" for g in random.integers(0, 300, 4000)]
    data = dataset(labels, groups=groups)
    whole = np.bincount(labels, minlength=3) / 4000
    for _, test in folds(data, 5):
        held = np.bincount(np.array(labels)[test], minlength=3) / len(test)
        assert np.abs(held - whole).max() < 0.02
        assert len(test) == pytest.approx(800, rel=0.03)


def test_another_seed_gives_other_folds():
    data = dataset([0, 1] * 50)
    assert (folds(data, 5, 0)[0].test != folds(data, 5, 1)[0].test).any()


def test_duplicates_and_groups_chain_into_one_unit():
    """a-b share a group, b-c a text, c-d a group: all four stand together."""
    texts = ["one", "Same text!", "same  TEXT", "four"]
    texts += [f"other {i}" for i in range(36)]
    groups = ["g", "g", "h", "h"] + [""] * 36
    for _, test in folds(dataset([0, 1] * 20, texts, groups), 4):
        assert len({0, 1, 2, 3} & set(test.tolist())) in (0, 4)


def test_a_class_of_two_units_is_never_held_out_whole():
    """Each unit of class 2 rides with a large group that pulls it to one fold."""
    labels = [0] * 40 + [1] * 40 + [2, 2]
    groups = [f"g{i}" for i in range(80)] + ["g0", "g1"]
    for seed in range(10):
        for train, _ in folds(dataset(labels, groups=groups), 2, seed):
            assert {80, 81} & set(train.tolist())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (dataset([0, 1, 0, 1]), "4 records form 4 independent unit.*5 folds need"),
        (dataset([0, 1] * 10, groups=["all"] * 20), "form 1 independent unit"),
        (dataset([0] * 20 + [1]), "label 'b' are one independent unit"),
    ],
)
def test_what_cannot_be_dealt_is_refused_with_the_remedy(data, sentence):
    with pytest.raises(DataError, match=sentence) as caught:
        folds(data, 5)
    assert "add records" in str(caught.value)


def test_a_triangle_of_groups_has_no_two_folds_but_three():
    """Each pair of the three groups shares a class, so two in one fold confine it."""
    data = dataset([0, 1, 1, 2, 0, 2], groups=["u", "u", "v", "v", "w", "w"])
    with pytest.raises(DataError, match="take more folds"):
        folds(data, 2)
    assert sorted(len(test) for _, test in folds(data, 3)) == [2, 2, 2]


def test_fewer_than_two_folds_are_refused():
    with pytest.raises(UsageError, match="2 folds or more"):
        folds(dataset([0, 1] * 5), 1)
