"""Pairs for SetFit: half of each kind, and never the square of the records."""

import time
import tracemalloc

import numpy as np
import pytest
import torch

from chapter2.data import TextDataset
from chapter2.models.embedding import load_embedder
from chapter2.selection.candidates import contrastive
from chapter2.selection.candidates.contrastive import (
    PairBatches,
    SetFit,
    pair_objective,
    sample_pairs,
)


@pytest.mark.parametrize("labels", [[0, 1] * 20, [0] * 37 + [1] * 2 + [2], [0, 0, 1]])
def test_pairs_are_what_they_say(labels):
    pairs = sample_pairs(labels, 300, seed=0)
    assert len(pairs) == 300
    for i, j, same in pairs:
        assert i != j
        assert same == (labels[i] == labels[j])
    first = np.bincount([i for i, _, _ in pairs], minlength=len(labels))
    assert first.max() - first.min() <= 1  # each record as often as any other
    share = np.mean([same for _, _, same in pairs])
    assert 0.3 < share <= 0.5


def test_the_seed_decides_the_pairs():
    labels = [0, 1, 2] * 10
    assert sample_pairs(labels, 50, seed=1) == sample_pairs(labels, 50, seed=1)
    assert sample_pairs(labels, 50, seed=1) != sample_pairs(labels, 50, seed=2)


def test_pairs_of_10_000_records_are_bounded(monkeypatch):
    asked = []

    def noted(labels, number, seed):
        asked.append((len(labels), number))
        raise InterruptedError

    monkeypatch.setattr(contrastive, "sample_pairs", noted)
    for n in (10, 1000, 10_000):
        texts = tuple(f"text {i}" for i in range(n))
        labels = tuple(i % 2 for i in range(n))
        records = TextDataset("made", texts, labels, ("a", "b"))
        with pytest.raises(InterruptedError):
            SetFit(encoder="tiny-random").fit(records)
    assert asked == [(10, 40), (1000, 1024), (10_000, 1024)]


def test_memory_and_time_of_pairs_do_not_grow_with_the_square():
    labels = np.arange(10_000) % 8
    tracemalloc.start()
    began = time.process_time()
    pairs = sample_pairs(labels.tolist(), 2048, seed=0)
    seconds = time.process_time() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(pairs) == 2048
    assert peak < 5e6  # bytes; all 50 million pairs would need a thousand times as much
    assert seconds < 5


def test_the_objective_is_that_of_the_vectors():
    embedder = load_embedder("tiny-random", 16)
    texts = ["good film", "bad film", "the story was very good", "no"]
    batches = PairBatches(embedder, texts, [(0, 2, 1), (1, 3, 0), (0, 1, 0)], 2)
    items = batches.epoch(0)
    assert [len(item) for item in items] == [2, 1]
    batch = batches.collate(items[0])
    assert batch["input_ids"].shape[:2] == (2, 2)
    with torch.no_grad():
        loss, count = pair_objective(embedder.model.eval(), batch)
    u = embedder.embed(texts)
    expected = (u[0] @ u[2] - 1) ** 2 + (u[1] @ u[3] - 0) ** 2
    assert int(count) == 2
    assert abs(loss.item() - expected) < 1e-5


def test_tuning_brings_the_classes_apart():
    texts = tuple(f"{mark} film" for mark in ("good", "bad") * 20)
    records = TextDataset("made", texts, tuple(i % 2 for i in range(40)), ("a", "b"))
    candidate = SetFit(encoder="tiny-random", most=256, learning_rate=1e-3)
    tuned = candidate.fit(records).embedder.embed(["good film", "bad film"])
    before = load_embedder("tiny-random", 128).embed(["good film", "bad film"])
    assert tuned[0] @ tuned[1] < before[0] @ before[1] - 0.1
