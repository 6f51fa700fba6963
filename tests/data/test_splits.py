"""Splits: disjoint, whole, without a leak, stratified, the same for the same seed."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data.normalise import normalise as normalise_itself
from chapter2.data.records import TextDataset
from chapter2.data.splits import Split, normalise, split
from chapter2.errors import DataError, UsageError

NAMES = ("a", "b", "c")


def dataset(labels, texts=None, groups=None) -> TextDataset:
    texts = texts or [f"text number {i}" for i in range(len(labels))]
    names = tuple(f"class {c}" for c in range(max(labels) + 1))
    groups = tuple(groups) if groups else None
    return TextDataset("set", tuple(texts), tuple(labels), names, groups)


def parts(result: Split) -> list[TextDataset]:
    return [result.train, result.validation, result.test]


@st.composite
def datasets(draw) -> TextDataset:
    """Up to 80 records with few distinct texts and groups, so that they collide."""
    size = draw(st.integers(10, 80))
    rows = st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 25))
    labels, texts, groups = zip(
        *draw(st.lists(rows, min_size=size, max_size=size)), strict=True
    )
    decoration = draw(st.sampled_from(["Text {}", "text  {}!", "ＴＥＸＴ {}."]))
    texts = [
        decoration.format(t) if i % 2 else f"text {t}" for i, t in enumerate(texts)
    ]
    groups = [f"g{g}" if g < 20 else "" for g in groups]
    return dataset(labels, texts, draw(st.sampled_from([None, groups])))


@given(datasets(), st.integers(0, 3))
def test_whatever_comes_out_is_whole_disjoint_and_without_a_leak(data, seed):
    try:
        result = split(data, seed=seed)
    except DataError:
        return  # too few independent records; the sentences are tested below
    rows = [
        (text, label, (part.groups or [None] * len(part))[i])
        for part in parts(result)
        for i, (text, label) in enumerate(zip(part.texts, part.labels, strict=True))
    ]
    groups = data.groups or [None] * len(data)
    expected = zip(data.texts, data.labels, groups, strict=True)
    assert sorted(rows, key=repr) == sorted(expected, key=repr)
    for one, other in [(0, 1), (0, 2), (1, 2)]:
        a, b = parts(result)[one], parts(result)[other]
        assert not {*map(normalise, a.texts)} & {*map(normalise, b.texts)}
        assert not ({*(a.groups or ())} & {*(b.groups or ())}) - {""}
    for part in parts(result):
        assert set(part.labels) == set(data.labels)


@given(datasets(), st.integers(0, 3))
def test_the_same_seed_gives_the_same_split(data, seed):
    try:
        first = split(data, seed=seed)
    except DataError:
        return
    assert split(data, seed=seed) == first


@given(st.lists(st.integers(3, 60), min_size=1, max_size=5), st.integers(0, 9))
def test_single_records_are_shared_out_to_within_one_per_class(sizes, seed):
    labels = [c for c, n in enumerate(sizes) for _ in range(n)]
    result = split(dataset(labels), seed=seed)
    for part, fraction in zip(parts(result), (0.8, 0.1, 0.1), strict=True):
        for n, found in zip(sizes, part.counts().values(), strict=True):
            wanted = max(1, fraction * n) if fraction < 0.5 else None
            if wanted is None:  # the training part gives what small classes need
                wanted = n - 2 * max(1, 0.1 * n)
            assert abs(found - wanted) < 1 + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_class_shares_stay_near_the_whole_with_groups_of_mixed_classes(seed):
    random = np.random.default_rng(seed)
    labels = random.choice(3, 4000, p=[0.6, 0.3, 0.1]).tolist()
    groups = [f"product {g}" for g in random.zipf(1.6, 4000) % 500]
    data = dataset(labels, groups=groups)
    result = split(data, seed=seed)
    whole = np.array(list(data.counts().values())) / len(data)
    for part in (result.train, result.validation, result.test):
        shares = np.array(list(part.counts().values())) / len(part)
        assert np.abs(shares - whole).max() < 0.03


def test_another_seed_gives_another_split():
    data = dataset([0, 1] * 100)
    assert split(data, seed=0).test.texts != split(data, seed=1).test.texts


def test_records_keep_their_order_within_a_part():
    data = dataset([0, 1] * 50)
    for part in parts(split(data)):
        places = [data.texts.index(text) for text in part.texts]
        assert places == sorted(places)


def test_the_part_of_a_record_does_not_follow_its_place_in_the_file():
    data = dataset([0] * 500 + [1] * 500)
    places = np.array([data.texts.index(text) for text in split(data).test.texts])
    assert abs(places.mean() - 499.5) < 100


def test_duplicates_and_groups_chain_into_one_unit():
    """a-b share a group, b-c a text, c-d a group: all four stand together."""
    texts = ["one", "Same text!", "same  TEXT", "four"]
    texts += [f"other {i}" for i in range(36)]
    groups = ["g", "g", "h", "h"] + [""] * 36
    result = split(dataset([0, 1] * 20, texts, groups))
    chained = [sum(t in texts[:4] for t in part.texts) for part in parts(result)]
    assert sorted(chained) == [0, 0, 4]


def test_an_empty_group_joins_nothing():
    result = split(dataset([0, 1] * 20, groups=[""] * 40))
    assert [len(part) for part in parts(result)] == [32, 4, 4]


def test_duplicates_and_conflicts_are_noticed():
    texts = ["Fine film.", "fine film", "FINE FILM!"] + [f"t{i}" for i in range(27)]
    notices = split(dataset([0, 1] * 15, texts)).notices
    assert notices[0].startswith("2 record(s) repeat an earlier text")
    assert notices[1] == "1 repeated text(s) carry more than one label."


def test_a_part_far_from_its_fraction_is_noticed():
    groups = ["big"] * 60 + [f"g{i}" for i in range(40)]
    result = split(dataset([0, 1] * 50, groups=groups), (0.4, 0.3, 0.3))
    assert any("instead of 40.0%" in notice for notice in result.notices)


def test_a_fraction_of_zero_leaves_the_part_empty():
    result = split(dataset([0, 1] * 20), (0.9, 0.1, 0))
    assert [len(part) for part in parts(result)] == [36, 4, 0]
    assert result.test.label_names == ("class 0", "class 1")


def test_three_records_of_a_class_stand_in_three_parts():
    result = split(dataset([0] * 40 + [1] * 3))
    assert [part.labels.count(1) for part in parts(result)] == [1, 1, 1]


def test_a_label_name_without_records_is_no_obstacle():
    data = TextDataset("set", tuple(map(str, range(30))), (0, 1) * 15, NAMES)
    assert len(split(data).train) == 24


@pytest.mark.parametrize(
    ("fractions", "sentence"),
    [
        ((0.8, 0.1), "give three shares"),
        ((0.8, 0.3, -0.1), "none below 0"),
        ((0, 0.5, 0.5), "train above 0"),
        ((0.8, 0.1, 0.2), "sum to 1.1; make them sum to 1"),
        ((float("nan"), 0.1, 0.1), "give three shares"),
    ],
)
def test_impossible_fractions_are_refused(fractions, sentence):
    with pytest.raises(UsageError, match=sentence):
        split(dataset([0, 1] * 20), fractions)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (dataset([0] * 20 + [1]), "'class 1' has 1 record.* too few for 3 parts"),
        (
            dataset([0] * 20 + [1] * 4, [f"t{i}" for i in range(20)] + ["same"] * 4),
            "'class 1' has 4 record.* in 1 independent unit",
        ),
        (dataset([0, 1] * 10, groups=["all"] * 20), "20 records form 1 independent"),
        (dataset([0, 1]), "2 records form 2 independent"),
    ],
)
def test_what_cannot_be_parted_is_refused_with_the_remedy(data, sentence):
    with pytest.raises(DataError, match=sentence) as caught:
        split(data)
    assert "add records" in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Great film!", "great  film"),
        ("Ｇｒｅａｔ　ｆｉｌｍ", "great film"),  # full-width
        ("don’t", "DON'T"),
        ("straße", "STRASSE"),
        ("cafe\u0301", "café"),  # decomposed and composed
        ("zero\u200bwidth", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("一、二。", "一 二"),
        ("a\x00b\tc\r\n", "a b c"),
        ("ﬁne", "fine"),  # ligature
    ],
)
def test_texts_that_count_as_the_same(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("good", "goods"),
        ("!!!", "???"),
        ("😀", "😡"),
        ("cote", "côte"),
        ("कि", "का"),  # vowel signs are marks, not punctuation
        ("5 stars", "1 stars"),
        ("$5", "€5"),
    ],
)
def test_texts_that_do_not(one, other):
    assert normalise(one) != normalise(other)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text):
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFKC", once) or not once.isascii()


def test_splits_uses_the_one_rule():
    assert normalise is normalise_itself


def test_the_source_s_own_test_part_is_kept_and_never_trained_on():
    texts = tuple(f"text number {i}" for i in range(60))
    repeated = (*texts[:40], "Text NUMBER 45!", *texts[41:])  # in train, equal to 45
    marks = ("train",) * 41 + ("test",) * 19
    marked = TextDataset("m", repeated, (0, 1) * 30, ("a", "b"), parts=marks)
    found = split(marked, (0.8, 0.1, 0.1), seed=3)
    assert found.test.texts == repeated[41:]
    assert len(found.train) + len(found.validation) == 40
    assert len(found.validation) == pytest.approx(40 / 9, abs=1)
    held_out = {normalise(text) for text in found.test.texts}
    for part in (found.train, found.validation):
        assert not held_out & {normalise(text) for text in part.texts}
    assert any("1 training record(s) that repeat" in n for n in found.notices)
