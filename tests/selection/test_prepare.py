"""What is tested was not trained on: in the folds, and in the test part."""

from dataclasses import replace

import numpy as np
import pytest

from chapter2.data import TextDataset, normalise
from chapter2.errors import DataError, UsageError
from chapter2.selection.prepare import prepare, store_for

LABELS = ("blame", "praise")
COUNT = 180


def records(seed, name="train", group="g"):
    """Make records of which many are nearly told apart, in groups of three or so."""
    draw = np.random.default_rng(seed)
    texts = [f"{name} text number {i}" for i in range(COUNT)]
    for i, j in draw.integers(COUNT, size=(40, 2)):
        texts[i] = f" {texts[j].upper()}!!"  # equal after normalisation
    groups = [f"{group}{k}" if k else "" for k in draw.integers(COUNT // 3, size=COUNT)]
    labels = tuple(draw.integers(2, size=COUNT).tolist())
    return TextDataset(name, tuple(texts), labels, LABELS, tuple(groups))


def shared(a, b):
    """Return the texts and groups that stand in both."""
    texts, others = ({normalise(text) for text in part.texts} for part in (a, b))
    return texts & others, (set(a.groups) & set(b.groups)) - {""}


NOTHING = (set(), set())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("given", [False, True])
def test_no_text_and_no_group_stands_on_both_sides(seed, given):
    """With folds and a test part at random, both are."""
    dataset, test = records(seed), records(seed + 100, "test", "other")
    made = prepare(dataset, test if given else None, seed)
    development = made.development
    assert shared(development, made.test) == NOTHING
    held_out = np.concatenate([held for _, held in made.folds])
    assert sorted(held_out) == list(range(len(development)))
    for train, held in made.folds:
        assert shared(development.select(train), development.select(held)) == NOTHING
    order = np.random.default_rng(seed).permutation(COUNT)
    at_random = (dataset.select(order[:60]), dataset.select(order[60:]))
    assert all(shared(*at_random))  # the records are such that this can fail


def test_what_is_in_a_given_test_set_is_left_out_of_training_and_told():
    dataset, test = records(0), records(1, "test", "other")
    texts = (*(f"{t} ?" for t in dataset.texts[:10]), *test.texts[10:])
    test = replace(test, texts=texts, groups=(*test.groups[:-1], "g7"))
    same = {normalise(text) for text in dataset.texts[:10]}
    repeats = [normalise(text) in same for text in dataset.texts]
    alone = sum(
        g == "g7" for g, r in zip(dataset.groups, repeats, strict=True) if not r
    )
    assert alone > 0
    made = prepare(dataset, test, 0)
    assert made.test == test  # a score is comparable on all of it only
    assert len(made.development) == COUNT - sum(repeats) - alone
    assert made.notices == (
        f"{sum(repeats)} training record(s) that repeat a test text were left out.",
        f"{alone} training record(s) of a group that is also in the test part were left"
        " out.",
    )
    assert shared(made.development, test) == NOTHING


def test_a_test_set_with_other_numbers_for_the_labels_keeps_its_groups():
    dataset, test = records(0), records(1, "test")  # the same groups
    turned = tuple(1 - label for label in test.labels)
    test = replace(test, labels=turned, label_names=LABELS[::-1])
    made = prepare(dataset, test, 0)
    assert made.test.label_names == LABELS
    assert made.test.labels == tuple(1 - label for label in turned)
    assert shared(made.development, made.test) == NOTHING


def test_a_label_of_the_test_set_that_training_lacks_is_refused():
    test = replace(records(1, "test"), label_names=("blame", "wonder"))
    with pytest.raises(DataError, match="test has the label 'wonder', which the"):
        prepare(records(0), test, 0)


def test_training_records_that_are_all_tested_too_are_refused():
    dataset = records(0)
    praise = dataset.select(i for i, y in enumerate(dataset.labels) if y == 1)
    with pytest.raises(DataError, match="each record of the label 'praise' shares"):
        prepare(dataset, praise, 0)


def test_other_groups_make_other_folds_which_find_no_trial_of_these(tmp_path):
    """A run that goes on would judge a model on texts that it was trained on."""
    dataset, test = records(0), records(1, "test", "other")
    first, again = (prepare(dataset, test, 0) for _ in range(2))
    regrouped = prepare(replace(dataset, groups=dataset.groups[::-1]), test, 0)
    assert len(regrouped.folds) == len(first.folds)
    assert regrouped.development.fingerprint() == first.development.fingerprint()
    contexts = [store_for(p, tmp_path, {}).context for p in (first, again, regrouped)]
    assert contexts[0] == contexts[1] != contexts[2]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("a|b", "a", "b", "a|c", "c"), "holds multi-label .'label' holds several"),
        (("1.5", "2.5"), "holds regression .'label' holds measurements such as 1.5"),
    ],
)
def test_labels_of_another_kind_are_refused_unless_stated(names, said):
    dataset = replace(records(0), label_names=names)
    labels = tuple(i % len(names) for i in range(COUNT))
    dataset = replace(dataset, labels=labels, groups=None)
    with pytest.raises(DataError, match=said):
        prepare(dataset, None, 0)
    assert prepare(dataset, None, 0, "classification").kind == "classification"


def test_a_stated_kind_without_candidates_is_refused():
    dataset = replace(records(0), label_names=("1", "2"))
    with pytest.raises(UsageError, match="candidates for classification only"):
        prepare(dataset, None, 0, "regression")
