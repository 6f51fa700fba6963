"""One step, and several, against a reference written out by hand."""

import copy
import itertools

import pytest
import torch
import torch.nn.functional as F

from chapter2.objectives import classification
from chapter2.training import train, warmup_linear
from chapter2.training.step import average_and_clip, real_tokens


def reference(model, batches, config, batch_size):
    """Train with torch's own parts alone: one large batch per step, its mean loss."""
    decayed = [model.head.weight]
    rest = [p for p in model.parameters() if p is not model.head.weight]
    optimizer = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        foreach=False,
    )
    epochs = [batches.epoch(k) for k in range(config.epochs)]
    steps = [
        list(itertools.chain(*items[i : i + config.accumulation]))
        for items in epochs
        for i in range(0, len(items), config.accumulation)
    ]
    losses = []
    for t, records in enumerate(steps):
        batch = batches.collate(records)
        labels = batch.pop("labels")
        loss = F.cross_entropy(model(**batch), labels)
        optimizer.zero_grad()
        loss.backward()
        if config.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
        for group in optimizer.param_groups:
            factor = warmup_linear(t, len(steps), config.warmup)
            group["lr"] = config.learning_rate * factor
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("max_grad_norm", [None, 0.05, 1.0])
@pytest.mark.parametrize("accumulation", [1, 2, 3])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_weights_equal_the_reference(toy, dtype, accumulation, max_grad_norm):
    """37 records by 8: the last batch has 5, so micro-batches are uneven."""
    batches = toy.Batches(records=37)
    config = toy.config(
        accumulation=accumulation, max_grad_norm=max_grad_norm, weight_decay=0.1
    )
    ours = toy.Model(dropout=0.0).to(dtype)
    theirs = copy.deepcopy(ours)
    history = train(ours, classification, batches, config, progress=False)
    losses = reference(theirs, batches, config, 8)
    assert history.losses == pytest.approx(losses, abs=1e-6)
    tolerance = 1e-12 if dtype == torch.float64 else 1e-6
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=tolerance)


def test_accumulation_equals_the_large_batch(toy):
    """The same records as 4 micro-batches (8, 8, 8, 5) and as one batch of 29."""
    small, large = toy.Model(dropout=0.0).double(), toy.Model(dropout=0.0).double()
    config = toy.config(epochs=3)
    train(
        small,
        classification,
        toy.Batches(records=29),
        toy.config(epochs=3, accumulation=4),
        progress=False,
    )
    train(large, classification, toy.Batches(29, 29), config, progress=False)
    for a, b in zip(small.parameters(), large.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_targets_are_what_is_counted(toy):
    """Labels that are ignored leave the step as it is without their records."""

    class Ignoring(toy.Batches):
        def collate(self, item):
            batch = super().collate(item)
            batch["labels"][1::2] = -100
            return batch

    class Absent(toy.Batches):
        def collate(self, item):
            return super().collate(item[0::2])

    a, b = toy.Model(dropout=0.0).double(), toy.Model(dropout=0.0).double()
    config = toy.config(accumulation=2)
    first = train(a, classification, Ignoring(37), config, progress=False)
    second = train(b, classification, Absent(37), config, progress=False)
    assert first.counts == second.counts
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=1e-12)


def test_a_step_without_targets_is_no_nan(toy):
    class Empty(toy.Batches):
        def collate(self, item):
            batch = super().collate(item)
            return {**batch, "labels": torch.full_like(batch["labels"], -100)}

    model = toy.Model()
    history = train(model, classification, Empty(), toy.config(), progress=False)
    assert set(history.losses) == {0.0}
    assert all(torch.isfinite(p).all() for p in model.parameters())


@pytest.mark.parametrize("max_norm", [None, 0.3, 100.0])
def test_average_and_clip_equals_torch(max_norm):
    generator = torch.Generator().manual_seed(0)
    parameters = [torch.nn.Parameter(torch.zeros(s)) for s in [(3, 4), (5,), (1,)]]
    for p in parameters:
        p.grad = torch.randn(p.shape, generator=generator)
    sums = [p.grad * 7 for p in parameters]
    norm = average_and_clip(sums, torch.tensor(7), max_norm)
    limit = float("inf") if max_norm is None else max_norm
    expected = torch.nn.utils.clip_grad_norm_(parameters, limit)
    torch.testing.assert_close(norm, expected)
    for ours, p in zip(sums, parameters, strict=True):
        torch.testing.assert_close(ours, p.grad)


def test_padding_is_no_token():
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    ids = torch.zeros(2, 3, dtype=torch.long)
    assert real_tokens({"input_ids": ids, "attention_mask": mask}) == 5
    assert real_tokens({"input_ids": ids}) == 6
    assert real_tokens({"x": torch.zeros(4, 9)}) == 4
