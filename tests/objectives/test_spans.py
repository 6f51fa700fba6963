"""Spans: their lengths, their borders, how much they hide."""

import pytest
import torch
from scipy.stats import chisquare

from chapter2.objectives.spans import choose_spans, length_distribution


def words_of(rows, length=100, pieces=1):
    """Rows of words of ``pieces`` tokens, between [CLS] and [SEP]."""
    words = torch.arange(length).div(pieces, rounding_mode="floor").expand(rows, length)
    special = torch.zeros(rows, length, dtype=torch.bool)
    special[:, 0] = special[:, -1] = True
    return words, special


def test_lengths_have_the_mean_of_the_paper():
    p = length_distribution()
    n = torch.arange(1, 11, dtype=torch.float64)
    assert float(p.sum()) == pytest.approx(1)
    assert float((p * n).sum()) == pytest.approx(3.8, abs=0.005)
    torch.testing.assert_close(p[1:] / p[:-1], torch.full((9,), 0.8).double())


def test_exactly_the_rate_is_hidden_and_nothing_special():
    words, special = words_of(50)
    chosen = choose_spans(words, special, torch.Generator().manual_seed(0))
    assert (chosen.sum(dim=1) == round(0.15 * 98)).all()
    assert not (chosen & special).any()


def test_a_span_of_its_length_is_hidden_in_one_piece():
    words, special = words_of(200)
    five = torch.tensor([0, 0, 0, 0, 1.0])  # always five words
    draw = torch.Generator().manual_seed(0)
    chosen = choose_spans(words, special, draw, rate=5 / 98, lengths=five)
    first = chosen.int().argmax(dim=1)
    assert (chosen.sum(dim=1) == 5).all()
    assert all(chosen[i, f : f + 5].all() for i, f in enumerate(first.tolist()))
    counts = torch.bincount(first - 1, minlength=94)  # 94 places for five of 98
    assert len(counts) == 94
    assert chisquare(counts.view(2, 47).sum(dim=1)).pvalue > 0.01


def test_a_span_begins_with_a_word():
    words, special = words_of(200, length=62, pieces=3)
    three = torch.tensor([1.0])  # one word of three pieces
    draw = torch.Generator().manual_seed(0)
    chosen = choose_spans(words, special, draw, rate=3 / 60, lengths=three)
    hidden = [words[i][row].tolist() for i, row in enumerate(chosen)]
    assert all(len(found) == 3 for found in hidden)
    # the words at the ends have two pieces between the special tokens
    whole = sum(len(set(found)) == 1 for found in hidden)
    assert whole > 180


def test_a_row_of_special_tokens_hides_nothing():
    words, special = words_of(2, length=4)
    special[1] = True
    chosen = choose_spans(words, special, torch.Generator().manual_seed(0))
    assert chosen.sum(dim=1).tolist() == [1, 0]


def test_same_seed_same_spans():
    words, special = words_of(3)
    found = [
        choose_spans(words, special, torch.Generator().manual_seed(s))
        for s in (1, 1, 2)
    ]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
