"""Kneser-Ney by hand, against a second, plain implementation, and its properties."""

from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chapter2.errors import DataError, ModelError, UsageError
from chapter2.models.ngram import fit, load_ngram
from chapter2.models.ngram_tables import FALLBACK, estimate_discounts

V = 7
SEQUENCES = st.lists(st.lists(st.integers(0, V - 1), max_size=20), min_size=1)


def text(seed=0, sequences=60, longest=40, vocab_size=V):
    """Sequences with some structure: each token leans on the one before it."""
    rng = np.random.default_rng(seed)
    rows = []
    for length in rng.integers(1, longest, sequences):
        row = [int(rng.integers(vocab_size))]
        for step in rng.zipf(2.0, length - 1):
            row.append(int((row[-1] + step) % vocab_size))
        rows.append(row)
    return rows


def test_a_case_by_hand():
    """One sequence, 0 1 0 1 2; each count of 1 loses 0.5, each count of 2 loses 1.

    Before 0 stand two things (the start and 1), before 1 and 2 one each: 2 + 1 + 1 = 4.
    p(0) = (2 - 1) / 4 + (1 + 0.5 + 0.5) / 4 * 1/3 = 5/12; p(1) = p(2) = 3.5/12.
    After 0 comes 1, twice: p(1 | 0) = (2 - 1) / 2 + 1/2 p(1).
    After 1 come 0 and 2, once each: p(0 | 1) = 0.5 / 2 + (0.5 + 0.5) / 2 p(0).
    """
    model = fit([[0, 1, 0, 1, 2]], vocab_size=3, order=2)
    assert [table.discounts for table in model.tables] == [FALLBACK, FALLBACK]
    one, zero = 3.5 / 12, 5 / 12
    expected = {
        (): [zero, one, one],
        (0,): [zero / 2, 1 / 2 + one / 2, one / 2],
        (1,): [1 / 4 + zero / 2, one / 2, 1 / 4 + one / 2],
        (2,): [zero, one, one],  # nothing was seen after 2: as without context
        (1, 0): [zero / 2, 1 / 2 + one / 2, one / 2],  # a bigram looks back one token
    }
    for context, p in expected.items():
        np.testing.assert_allclose(model.distributions(context)[-1], p, rtol=1e-12)


def test_discounts_follow_the_counts_of_counts():
    """n1 to n4 = 4, 3, 2, 1: Y = 4 / 10; D1 = 1 - 0.8 * 3/4, and so on."""
    counts = np.repeat([1, 2, 3, 4, 9], [4, 3, 2, 1, 5])
    expected = (1 - 2 * 0.4 * 3 / 4, 2 - 3 * 0.4 * 2 / 3, 3 - 4 * 0.4 * 1 / 2)
    np.testing.assert_allclose(estimate_discounts(counts), expected)


@pytest.mark.parametrize(
    "counts",
    [[1, 1, 2, 3], [2, 3, 4], [*[1] * 10, 2, 3, 4], [*[1] * 6, *[2, 3] * 3, 3, 4]],
    ids=["no 4", "no 1", "a discount below 0", "a discount of 0"],
)
def test_discounts_that_cannot_be_estimated_fall_back(counts):
    assert estimate_discounts(np.array(counts)) == FALLBACK


class Plain:
    """The same model in dictionaries, from the formulas, with no thought of speed."""

    def __init__(self, sequences, vocab_size, order):
        self.vocab_size, self.order = vocab_size, order
        before = defaultdict(set)
        raw = Counter()
        for row in sequences:
            for end in range(1, len(row) + 1):
                for k in range(1, min(order, end) + 1):
                    gram = tuple(row[end - k : end])
                    raw[gram] += 1
                    before[gram].add(row[end - k - 1] if end > k else "start")
        self.counts = {
            g: c if len(g) == order else len(before[g]) for g, c in raw.items()
        }
        self.discounts = {
            k: estimate_discounts(
                np.array([c for g, c in self.counts.items() if len(g) == k] or [0])
            )
            for k in range(1, order + 1)
        }

    def discount(self, gram):
        return self.discounts[len(gram)][min(self.counts[gram], 3) - 1]

    def p(self, token, context):
        context = tuple(context)[max(0, len(context) - self.order + 1) :]
        lower = self.p(token, context[1:]) if context else 1 / self.vocab_size
        seen = [(*context, w) for w in range(self.vocab_size)]
        seen = [gram for gram in seen if gram in self.counts]
        total = sum(self.counts[gram] for gram in seen)
        if not total:
            return lower
        # what D takes from a count cannot be more than the count
        cut = {gram: min(self.discount(gram), self.counts[gram]) for gram in seen}
        gram = (*context, token)
        left = self.counts[gram] - cut[gram] if gram in cut else 0
        return left / total + sum(cut.values()) / total * lower


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_equals_the_plain_implementation(order):
    rows = text()
    model, plain = fit(rows, V, order), Plain(rows, V, order)
    for k in range(1, order + 1):
        assert model.tables[k - 1].discounts == plain.discounts[k]
    rng = np.random.default_rng(1)
    for sequence in [*rows[:10], rng.integers(0, V, 30).tolist()]:
        p = [plain.p(w, sequence[:i]) for i, w in enumerate(sequence)]
        np.testing.assert_allclose(np.exp(model.log_probabilities(sequence)), p)


def test_some_discounts_of_the_test_text_are_estimated():
    """Else the comparison above would only test the fallback."""
    assert any(table.discounts != FALLBACK for table in fit(text(), V, 3).tables)


@settings(max_examples=40)
@given(SEQUENCES, st.lists(st.integers(0, V - 1), max_size=6), st.integers(1, 5))
def test_probabilities_sum_to_one_after_any_context(rows, context, order):
    if not any(rows):
        return
    model = fit(rows, V, order)
    p = model.distributions(context)
    assert p.shape == (len(context) + 1, V)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    assert (p > 0).all()


def test_the_three_ways_to_ask_agree():
    model = fit(text(), V, 3)
    sequence = text(seed=5, sequences=1, longest=30)[0]
    p = model.distributions(sequence)
    scored = model.log_probabilities(sequence)
    np.testing.assert_allclose(scored, np.log(p[range(len(sequence)), sequence]))
    logits = model(torch.tensor([sequence, sequence[::-1]]))
    assert logits.shape == (2, len(sequence), V)
    assert logits.dtype == torch.float32
    np.testing.assert_allclose(logits[0], np.log(p[1:]), rtol=1e-6)
    np.testing.assert_allclose(model.next_logits(sequence), np.log(p[-1]), rtol=1e-6)


def test_long_inputs_are_read_in_pieces(monkeypatch):
    model = fit(text(), V, 4)
    ids = torch.tensor([text(seed=3, sequences=2, longest=60)[-1]])
    whole = model(ids)
    monkeypatch.setattr("chapter2.models.ngram.ROWS", 5)
    torch.testing.assert_close(model(ids), whole)


def test_a_higher_order_predicts_structured_text_better():
    train, test = text(0, sequences=400), text(1, sequences=40)
    losses = [
        -np.concatenate([fit(train, V, n).log_probabilities(s) for s in test]).mean()
        for n in (1, 2)
    ]
    assert losses[1] < losses[0] - 0.1


def test_counts_do_not_reach_over_the_end_of_a_sequence():
    """Before 0 of the second sequence stands its start, not 1 of the first."""
    apart, joined = fit([[0, 1], [0, 1]], 3, 2), fit([[0, 1, 0, 1]], 3, 2)
    assert len(apart.tables[1].keys) == 1
    assert len(joined.tables[1].keys) == 2


def test_texts_shorter_than_the_order_are_no_fault(tmp_path):
    model = fit([[0], [1]], 3, 4)
    again = load_ngram(model.save(tmp_path))
    for each in (model, again):
        p = each.distributions([0, 1, 2, 0, 1])
        np.testing.assert_allclose(p, np.tile(p[0], (6, 1)))
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_parameters_are_the_kept_counts():
    assert fit([[0, 1, 0, 1, 2]], 3, 2).parameters_count() == 3 + 3


def test_what_was_saved_is_what_is_loaded(tmp_path):
    model = fit(text(), V, 3)
    again = load_ngram(model.save(tmp_path / "model"))
    sequence = text(seed=2, sequences=1)[0]
    assert np.array_equal(
        again.log_probabilities(sequence), model.log_probabilities(sequence)
    )


def test_faults_are_said(tmp_path):
    with pytest.raises(UsageError, match="of another tokenizer"):
        fit([[0, V]], V, 2)
    with pytest.raises(UsageError, match="n from 1 to 8"):
        fit([[0]], V, 0)
    with pytest.raises(DataError, match="no token to count"):
        fit([[], []], V, 2)
    with pytest.raises(ModelError, match=r"no ngram\.npz"):
        load_ngram(tmp_path)
    (tmp_path / "ngram.npz").write_bytes(b"PK, and no more")
    with pytest.raises(ModelError, match="cut off or damaged"):
        load_ngram(tmp_path)
