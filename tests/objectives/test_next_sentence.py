"""Pairs: what is next, what is not and never may be; and the loss on them."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from chapter2.errors import DataError
from chapter2.objectives import next_sentence, sentence_pairs
from chapter2.objectives.next_sentence import IS_NEXT, NOT_NEXT

DOCUMENTS = [[f"{d}.{i}" for i in range(4 + d)] for d in range(5)]
WORDS = st.sampled_from("abc")  # few, so that texts stand in several documents
ANY = st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=5)


def neighbours(documents):
    """All pairs of sentences that do follow each other, by their places."""
    return [(s[i], s[i + 1]) for s in documents for i in range(len(s) - 1)]


def test_every_sentence_with_a_next_one_is_asked_once():
    pairs = sentence_pairs(DOCUMENTS)
    assert [p.first for p in pairs] == [a for a, _ in neighbours(DOCUMENTS)]
    labels = Counter(pair.label for pair in pairs)
    assert abs(labels[IS_NEXT] - labels[NOT_NEXT]) <= 1


def test_positives_are_next_and_negatives_from_another_document():
    true = set(neighbours(DOCUMENTS))
    for pair in sentence_pairs(DOCUMENTS, seed=1):
        assert ((pair.first, pair.second) in true) == (pair.label == IS_NEXT)
        assert (pair.document == pair.second_document) == (pair.label == IS_NEXT)
        assert pair.second in DOCUMENTS[pair.second_document]


@given(ANY, st.integers(0, 5))
def test_a_negative_is_never_the_true_next(documents, seed):
    """Also where the true next sentence stands in another document as well."""
    try:
        pairs = sentence_pairs(documents, seed)
    except DataError:
        return
    true = neighbours(documents)
    assert len(pairs) == len(true)
    for pair, (first, second) in zip(pairs, true, strict=True):
        assert pair.first == first
        assert (pair.second == second) == (pair.label == IS_NEXT)
        if pair.label == NOT_NEXT:
            assert pair.second_document != pair.document


def test_negatives_come_from_another_group():
    groups = ["a", "a", "b", "b", "b"]
    pairs = sentence_pairs(DOCUMENTS, groups=groups)
    negatives = [pair for pair in pairs if pair.label == NOT_NEXT]
    assert negatives
    assert all(groups[p.document] != groups[p.second_document] for p in negatives)


def test_every_sentence_that_follows_one_may_be_drawn_and_no_opening_one():
    drawn = {
        pair.second
        for seed in range(80)
        for pair in sentence_pairs(DOCUMENTS, seed)
        if pair.label == NOT_NEXT
    }
    assert drawn == {text for document in DOCUMENTS for text in document[1:]}


def test_without_another_document_there_is_no_negative():
    with pytest.raises(DataError, match="at least two documents"):
        sentence_pairs([["a", "b", "c"]])
    with pytest.raises(DataError, match="at least two documents"):
        sentence_pairs(DOCUMENTS, groups=[0] * 5)
    with pytest.raises(DataError, match="two sentences in a row"):
        sentence_pairs([["a"], ["b"]])


def test_same_seed_same_pairs():
    assert sentence_pairs(DOCUMENTS, 3) == sentence_pairs(DOCUMENTS, 3)
    assert sentence_pairs(DOCUMENTS, 3) != sentence_pairs(DOCUMENTS, 4)


def test_order_swaps_neighbours():
    pairs = sentence_pairs(DOCUMENTS, order=True)
    for pair, (first, second) in zip(pairs, neighbours(DOCUMENTS), strict=True):
        shown = (first, second) if pair.label == IS_NEXT else (second, first)
        assert (pair.first, pair.second) == shown
        assert pair.document == pair.second_document
    assert len({pair.label for pair in pairs}) == 2


def test_order_needs_one_document_and_two_different_sentences():
    pairs = sentence_pairs([["a", "b", "b", "c"]], order=True)
    assert [{pair.first, pair.second} for pair in pairs] == [{"a", "b"}, {"b", "c"}]


# ---- the loss


def test_knowing_nothing_costs_log_2():
    loss, count = next_sentence(torch.zeros(6, 2), torch.tensor([0, 1, 0, 1, 1, 1]))
    assert count == 6
    assert float(loss / count) == pytest.approx(math.log(2), rel=1e-6)


def test_equals_its_formula_and_its_gradient():
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 2, generator=draw, dtype=torch.float64)
    labels = torch.tensor([0, 1, 1, 0, 1])
    by_hand = sum(
        math.log(1 + math.exp(z[1 - y] - z[y]))
        for z, y in zip(logits.tolist(), labels.tolist(), strict=True)
    )
    assert float(next_sentence(logits, labels)[0]) == pytest.approx(by_hand, rel=1e-12)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: next_sentence(z, labels)[0], logits)


@pytest.mark.parametrize("label", [IS_NEXT, NOT_NEXT])
def test_each_class_is_trained(label):
    """0 is the id of [PAD]: a criterion that ignores it never trains that class."""
    logits = torch.zeros(3, 2, requires_grad=True)
    loss, count = next_sentence(logits, torch.full((3,), label))
    loss.backward()
    assert count == 3
    assert (logits.grad[:, label] < 0).all()
    assert (logits.grad[:, 1 - label] > 0).all()


@pytest.mark.parametrize("label", [-100, -1, 2])
def test_no_label_is_ignored(label):
    with pytest.raises((IndexError, RuntimeError), match="out of"):
        next_sentence(torch.zeros(1, 2), torch.tensor([label]))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="need logits of shape"):
        next_sentence(torch.zeros(3, 3), torch.zeros(3, dtype=torch.long))


def test_halves_are_summed_in_single():
    logits = torch.randn(4, 2, generator=torch.Generator().manual_seed(0)).bfloat16()
    labels = torch.tensor([0, 1, 0, 1])
    loss, _ = next_sentence(logits, labels)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, next_sentence(logits.float(), labels)[0])
