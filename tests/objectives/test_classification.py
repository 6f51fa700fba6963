"""The cross-entropy: against torch, against its closed form, and under its mask."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from chapter2.objectives import classification, cross_entropy_sum


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def test_equals_torch_sum(generator):
    logits = torch.randn(7, 3, generator=generator)
    labels = torch.randint(3, (7,), generator=generator)
    loss, count = cross_entropy_sum(logits, labels)
    torch.testing.assert_close(loss, F.cross_entropy(logits, labels, reduction="sum"))
    assert count == 7


def test_equals_its_formula(generator):
    logits = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    labels = torch.randint(4, (5,), generator=generator)
    by_hand = sum(
        math.log(sum(math.exp(z) for z in row)) - row[y]
        for row, y in zip(logits.tolist(), labels.tolist(), strict=True)
    )
    assert float(cross_entropy_sum(logits, labels)[0]) == pytest.approx(by_hand, 1e-12)


def test_uniform_logits_cost_log_of_the_classes():
    loss, count = cross_entropy_sum(torch.zeros(6, 5), torch.arange(6) % 5)
    assert float(loss / count) == pytest.approx(math.log(5), rel=1e-6)


def test_gradient_is_that_of_the_numbers(generator):
    logits = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    labels = torch.tensor([0, 2, -100, 1])
    assert torch.autograd.gradcheck(
        lambda z: cross_entropy_sum(z, labels)[0], logits.requires_grad_()
    )


def test_gradient_is_softmax_less_one_hot(generator):
    logits = torch.randn(4, 3, generator=generator, requires_grad=True)
    labels = torch.tensor([0, 2, 1, 1])
    cross_entropy_sum(logits, labels)[0].backward()
    expected = logits.softmax(-1) - F.one_hot(labels, 3)
    torch.testing.assert_close(logits.grad, expected.detach())


def test_ignored_targets_change_nothing(generator):
    logits = torch.randn(6, 3, generator=generator)
    labels = torch.tensor([0, 1, -100, 2, -100, 1])
    kept = labels != -100
    loss, count = cross_entropy_sum(logits, labels)
    torch.testing.assert_close(loss, cross_entropy_sum(logits[kept], labels[kept])[0])
    assert count == 4
    other = logits.clone()
    other[~kept] = 1e3 * torch.randn(2, 3, generator=generator)
    torch.testing.assert_close(cross_entropy_sum(other, labels)[0], loss)


def test_ignored_targets_have_no_gradient(generator):
    logits = torch.randn(3, 2, generator=generator, requires_grad=True)
    cross_entropy_sum(logits, torch.tensor([1, -100, 0]))[0].backward()
    assert not logits.grad[1].any()
    assert logits.grad[0].any()


def test_all_ignored_is_zero_and_not_nan():
    loss, count = cross_entropy_sum(torch.randn(2, 3), torch.tensor([-100, -100]))
    assert loss == 0
    assert count == 0


def test_one_target_per_token(generator):
    logits = torch.randn(2, 5, 4, generator=generator)  # (B, L, C)
    labels = torch.randint(4, (2, 5), generator=generator)
    labels[0, 3:] = -100
    loss, count = cross_entropy_sum(logits, labels)
    expected = F.cross_entropy(logits.transpose(1, 2), labels, reduction="sum")
    torch.testing.assert_close(loss, expected)
    assert count == 8


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_halves_are_summed_in_single(generator, dtype):
    logits = torch.randn(9, 3, generator=generator).to(dtype)
    labels = torch.randint(3, (9,), generator=generator)
    loss, _ = cross_entropy_sum(logits, labels)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, cross_entropy_sum(logits.float(), labels)[0])


@pytest.mark.parametrize("shape", [(4,), (3, 1), (3, 2)])
def test_shapes_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="need labels of shape"):
        cross_entropy_sum(torch.zeros(3, 2), torch.zeros(shape, dtype=torch.long))


class Seen(nn.Module):
    """Keeps what it was called with; answers as a transformers model does."""

    def forward(self, **inputs):
        self.inputs = inputs
        logits = inputs["input_ids"].float()
        return SimpleNamespace(logits=logits)


def test_the_model_never_sees_the_labels():
    model = Seen()
    batch = {"input_ids": torch.eye(2), "labels": torch.tensor([0, 1])}
    loss, count = classification(model, batch)
    assert set(model.inputs) == {"input_ids"}
    torch.testing.assert_close(
        loss, cross_entropy_sum(torch.eye(2), batch["labels"])[0]
    )
    assert count == 2
    assert set(batch) == {"input_ids", "labels"}


def test_a_model_may_return_its_logits_as_they_are():
    class Plain(nn.Module):
        def forward(self, x):
            return x

    batch = {"x": torch.eye(2), "labels": torch.tensor([0, 1])}
    expected = cross_entropy_sum(torch.eye(2), batch["labels"])[0]
    torch.testing.assert_close(classification(Plain(), batch)[0], expected)


def test_another_way_to_the_logits_is_taken(generator):
    weight = torch.randn(4, 3, generator=generator)
    batch = {"x": torch.randn(5, 4, generator=generator), "labels": torch.arange(5) % 3}
    loss, _ = classification(nn.Identity(), batch, lambda model, i: i["x"] @ weight)
    expected = F.cross_entropy(batch["x"] @ weight, batch["labels"], reduction="sum")
    torch.testing.assert_close(loss, expected)
