"""Packed blocks as batches: whole batches, a token budget, and chance that repeats."""

import numpy as np
import pytest
import torch

from chapter2.errors import UsageError
from chapter2.training import TrainingConfig
from chapter2.training.packed import (
    SEED,
    PackedBatches,
    batches_for,
    item_seed,
    with_seed,
)

BLOCKS = np.arange(23 * 6, dtype=np.int32).reshape(23, 6)


def hide(blocks, generator):
    hidden = torch.rand(blocks.shape, generator=generator) < 0.3
    return {"input_ids": blocks.masked_fill(hidden, -1)}


def test_a_pass_has_whole_batches_of_different_blocks():
    batches = PackedBatches(BLOCKS, 5)
    for k in (0, 1):
        items = batches.epoch(k)
        chosen = np.concatenate([item.blocks for item in items])
        assert [len(item.blocks) for item in items] == [5] * 4
        assert len(set(chosen.tolist())) == 20  # 3 of 23 left out
    left_out = [
        set(range(23)) - {int(b) for item in batches.epoch(k) for b in item.blocks}
        for k in range(4)
    ]
    assert len({frozenset(each) for each in left_out}) > 1


def test_every_position_is_a_token_and_none_is_changed():
    batches = PackedBatches(BLOCKS, 5)
    batch = batches.collate(batches.epoch(0)[0])
    assert set(batch) == {"input_ids", SEED}
    expected = BLOCKS[batches.epoch(0)[0].blocks]
    assert batch["input_ids"].tolist() == expected.tolist()
    assert batch["input_ids"].dtype == torch.int64


@pytest.mark.parametrize(("tokens", "steps"), [(1, 1), (30, 1), (31, 2), (500, 17)])
def test_the_budget_is_rounded_up_to_a_whole_batch(tokens, steps):
    batches = PackedBatches(BLOCKS, 5, tokens)
    counts = [len(batches.epoch(k)) for k in range(batches.passes(99))]
    assert sum(counts) == steps == -(-tokens // 30)
    assert all(count == 4 for count in counts[:-1])
    assert 1 <= counts[-1] <= 4


def test_chance_follows_from_seed_pass_and_place():
    first, again = (PackedBatches(BLOCKS, 5, seed=1, corrupt=hide) for _ in range(2))
    for k in range(2):
        for item, same in zip(first.epoch(k), again.epoch(k), strict=True):
            left, right = first.collate(item), again.collate(same)
            assert torch.equal(left["input_ids"], right["input_ids"])
    seeds = {item_seed(s, k, i) for s in range(5) for k in range(5) for i in range(5)}
    assert len(seeds) == 125
    assert max(seeds) < 2**62
    # the same block is hidden otherwise in another pass
    one = PackedBatches(BLOCKS[:1], 1, seed=1, corrupt=hide)
    shown = [one.collate(one.epoch(k)[0])["input_ids"].tolist() for k in range(6)]
    assert len({str(each) for each in shown}) > 1


def test_a_batch_is_never_larger_than_the_text_or_the_token_budget():
    assert PackedBatches(BLOCKS, 99).batch_size == 23
    config = TrainingConfig(batch_size=32, token_budget=13, epochs=3)
    batches, settled = batches_for(BLOCKS, config, None)
    assert (batches.batch_size, settled.epochs) == (2, 3)
    batches, settled = batches_for(BLOCKS, config, 150)
    assert (batches.per_pass, settled.epochs) == (11, 2)
    with pytest.raises(UsageError, match="6 tokens and a batch at most 5"):
        batches_for(BLOCKS, TrainingConfig(token_budget=5), None)


@pytest.mark.parametrize("blocks", [np.zeros((0, 6)), np.zeros((3, 0)), np.zeros(3)])
def test_no_block_is_refused(blocks):
    with pytest.raises(UsageError, match="not one full block"):
        PackedBatches(blocks)


def test_no_tokens_are_refused():
    with pytest.raises(UsageError, match="tokens is 0"):
        PackedBatches(BLOCKS, 5, tokens=0)


def test_fingerprints_tell_blocks_apart_and_not_their_type():
    mine = PackedBatches(BLOCKS).fingerprint()
    assert mine == PackedBatches(torch.from_numpy(BLOCKS).long()).fingerprint()
    assert mine != PackedBatches(BLOCKS.reshape(46, 3)).fingerprint()
    assert mine != PackedBatches(BLOCKS + 1).fingerprint()


def test_dropout_follows_from_the_batch_and_the_rank():
    def objective(model, batch):
        assert SEED not in batch
        return torch.rand(3), torch.tensor(3)

    batch = {"input_ids": torch.zeros(1, 1), SEED: torch.tensor(5)}
    draws = [with_seed(objective, rank)(None, batch)[0].tolist() for rank in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
