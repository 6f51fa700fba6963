"""Pairs of token lists as batches: shifted labels, and a loss per token."""

from __future__ import annotations

import pytest
import torch

from chapter2.models.seq2seq import Seq2Seq, Seq2SeqConfig
from chapter2.objectives import label_smoothing
from chapter2.training import TrainingConfig, train
from chapter2.training.sequences import SequenceBatches, sequence_validation

SOURCES = [[5, 6, 3], [7, 3], [8, 9, 5, 6, 3], [3]]
TARGETS = [[2, 8, 3], [2, 9, 9, 9, 3], [2, 3], [2, 5, 6, 3]]
CONFIG = Seq2SeqConfig(10, width=16, layers=1, heads=2, inner=16, positions=8)


def test_labels_are_the_targets_one_place_on() -> None:
    batch = SequenceBatches(SOURCES, TARGETS, pad_id=0).collate([1, 0])
    assert batch["input_ids"].tolist() == [[7, 3, 0], [5, 6, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert batch["target_ids"].tolist() == [[2, 9, 9, 9], [2, 8, 3, 0]]
    assert batch["labels"].tolist() == [[9, 9, 9, 3], [8, 3, -100, -100]]


def test_every_pair_stands_once_in_an_epoch() -> None:
    batches = SequenceBatches(SOURCES, TARGETS, 0, batch_size=2, seed=1)
    for k in range(3):
        assert sorted(i for item in batches.epoch(k) for i in item) == [0, 1, 2, 3]
    other = SequenceBatches(SOURCES, [*TARGETS[:3], [2, 5, 3]], 0)
    assert batches.fingerprint() != other.fingerprint()


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_loss_is_the_mean_over_all_tokens(size) -> None:
    model = Seq2Seq(CONFIG, seed=3).eval()
    batches = SequenceBatches(SOURCES, TARGETS, 0, size)
    with torch.no_grad():
        found = sequence_validation(batches)(model)["loss"]
        losses = []
        for source, target in zip(SOURCES, TARGETS, strict=True):
            logits = model(torch.tensor([source]), torch.tensor([target[:-1]]))[0]
            losses.append(-logits.log_softmax(-1)[range(len(target) - 1), target[1:]])
    assert found == pytest.approx(float(torch.cat(losses).mean()), rel=1e-5)


def test_what_stands_at_padding_has_no_part_in_the_loss() -> None:
    model, objective = Seq2Seq(CONFIG, seed=3).eval(), label_smoothing(0.1)
    batch = SequenceBatches(SOURCES, TARGETS, 0).collate([0, 1, 2, 3])
    loss, count = objective(model, batch)
    changed = dict(batch)
    changed["input_ids"] = batch["input_ids"].masked_fill(
        batch["attention_mask"] == 0, 4
    )
    changed["target_ids"] = batch["target_ids"].masked_fill(batch["labels"] < 0, 4)
    again, same = objective(model, changed)
    assert int(count) == int(same) == sum(len(target) - 1 for target in TARGETS)
    torch.testing.assert_close(loss, again)


def test_the_loop_trains_it() -> None:
    model = Seq2Seq(CONFIG, seed=0)
    batches = SequenceBatches(SOURCES, TARGETS, 0)
    history = train(
        model,
        label_smoothing(0.0),
        batches,
        TrainingConfig(epochs=80, learning_rate=1e-2, precision="fp32"),
        validate=sequence_validation(batches),
        progress=False,
    )
    losses = [figures["loss"] for figures in history.validations]
    assert min(losses) < 0.3 < losses[0]
