"""Batches of like lengths: each record once, two limits, little padding, no bias."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from chapter2.data.batching import (
    LengthBatches,
    encode,
    pad,
    padding_share,
    restore,
)
from chapter2.errors import UsageError

some_lengths = st.lists(st.integers(1, 300), max_size=200)


def realistic_lengths(n: int = 8605, seed: int = 0) -> list[int]:
    """Token counts like those of review snippets: median 25, a long right tail."""
    drawn = np.exp(np.random.default_rng(seed).normal(np.log(25), 0.5, n))
    return np.clip(drawn.round(), 3, 128).astype(int).tolist()


@given(some_lengths, st.integers(1, 40), st.integers(1, 600), st.integers(0, 3))
def test_an_epoch_holds_each_record_once_within_both_limits(lengths, size, budget, k):
    batches = LengthBatches(lengths, size, budget).epoch(k)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(lengths[i] for i in batch)
        assert len(batch) <= size
        assert padded <= budget or len(batch) == 1


@given(some_lengths, st.integers(0, 5), st.integers(0, 5))
def test_an_epoch_is_a_function_of_seed_and_number(lengths, seed, k):
    first = LengthBatches(lengths, seed=seed)
    first.epoch(k + 1)  # what was asked before must not matter
    assert first.epoch(k) == LengthBatches(lengths, seed=seed).epoch(k)


def test_epochs_and_seeds_differ():
    batches = LengthBatches(realistic_lengths(500))
    assert batches.epoch(0) != batches.epoch(1)
    assert batches.epoch(0) != LengthBatches(batches.lengths, seed=1).epoch(0)


@pytest.mark.parametrize("seed", range(3))
def test_padding_is_a_few_per_cent_where_random_batches_waste_half(seed):
    lengths = realistic_lengths(seed=seed)
    assert padding_share(lengths, LengthBatches(lengths).epoch(0)) < 0.06
    assert padding_share(lengths, LengthBatches(lengths, pool=1).epoch(0)) > 0.4


def test_a_larger_pool_pads_less_and_mixes_less():
    lengths = realistic_lengths()
    shares = []
    for pool in (1, 5, 50, 10_000):
        batches = LengthBatches(lengths, pool=pool)
        shares.append(padding_share(lengths, batches.epoch(0)))
    assert shares == sorted(shares, reverse=True)
    sorted_share = padding_share(lengths, LengthBatches(lengths).in_order())
    assert shares[-1] == pytest.approx(sorted_share, abs=0.005)


def neighbours(batches: list[list[int]]) -> set[tuple[int, int]]:
    return {(a, b) for batch in batches for a in batch for b in batch if a < b}


def test_a_record_meets_other_neighbours_in_the_next_epoch():
    batches = LengthBatches(realistic_lengths())
    first, second = neighbours(batches.epoch(0)), neighbours(batches.epoch(1))
    assert len(first & second) / len(first) < 0.1


def test_the_order_of_batches_does_not_follow_length():
    batches = LengthBatches(realistic_lengths())
    means = [np.mean([batches.lengths[i] for i in b]) for b in batches.epoch(0)]
    places = np.arange(len(means))
    assert abs(np.corrcoef(places, means)[0, 1]) < 0.2


def test_steps_counts_the_batches_of_all_epochs():
    batches = LengthBatches(realistic_lengths(700), token_budget=500)
    assert batches.steps(3) == sum(len(batches.epoch(k)) for k in range(3))


def test_no_records_make_no_batches():
    assert LengthBatches([]).epoch(0) == []
    assert LengthBatches([]).in_order() == []
    assert restore([], []).shape == (0,)
    assert padding_share([], []) == 0.0


@given(some_lengths.filter(bool), st.integers(1, 40))
def test_sorted_batches_run_from_long_to_short_and_are_restored(lengths, size):
    batches = LengthBatches(lengths, size).in_order()
    longest = [max(lengths[i] for i in batch) for batch in batches]
    assert longest == sorted(longest, reverse=True)
    results = [np.array([[i, lengths[i]] for i in batch]) for batch in batches]
    expected = np.array(list(enumerate(lengths)))
    np.testing.assert_array_equal(restore(batches, results), expected)


@pytest.mark.parametrize("name", ["batch_size", "token_budget", "pool"])
def test_a_limit_below_one_is_refused(name):
    with pytest.raises(UsageError, match=f"{name} is 0"):
        LengthBatches([1, 2], **{name: 0})


def test_pad_pads_to_the_longest_of_the_batch_only():
    batch = pad([[5, 6, 7], [8], [9, 0]], pad_id=3)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 3, 3], [9, 0, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert batch["input_ids"].dtype == batch["attention_mask"].dtype == torch.int64


def test_pad_of_nothing_has_no_rows():
    assert pad([], pad_id=0)["input_ids"].shape == (0, 0)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "film"]
    vocabulary = {word: i for i, word in enumerate(words)}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]"
    )


def test_encode_adds_special_tokens_cuts_and_does_not_pad(tokenizer):
    ids = encode(["good film", "bad", "good good good film"], tokenizer, 5)
    assert ids == [[2, 4, 6, 3], [2, 5, 3], [2, 4, 4, 4, 3]]


def test_encode_equals_the_tokenizer_over_several_chunks(tokenizer):
    texts = ["good " * (1 + i % 7) for i in range(2500)]
    expected = tokenizer(texts, truncation=True, max_length=6)["input_ids"]
    assert encode(texts, tokenizer, 6) == expected


def test_encode_takes_a_lone_surrogate_and_no_texts(tokenizer):
    assert encode(["good \ud83d"], tokenizer, 8) == [[2, 4, 1, 3]]
    assert encode([], tokenizer, 8) == []


def test_encode_then_pad_agrees_with_the_tokenizers_own_padding(tokenizer):
    texts = ["good film", "bad", "bad bad film good"]
    ours = pad(encode(texts, tokenizer, 16), tokenizer.pad_token_id)
    theirs = tokenizer(texts, padding="longest", return_tensors="pt")
    for name in ("input_ids", "attention_mask"):
        assert torch.equal(ours[name], theirs[name])
