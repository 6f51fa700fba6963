"""Label smoothing and R-Drop: against torch and against their formulas."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from chapter2.errors import UsageError
from chapter2.models import load_encoder
from chapter2.models.fast_bert import classify
from chapter2.objectives import classification, label_smoothing, r_drop


class Given(nn.Module):
    """Returns in turn the logits that it was made with."""

    def __init__(self, *logits):
        super().__init__()
        self.logits = list(logits)

    def forward(self, x):
        return self.logits.pop(0)


def logits(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def batch(*labels):
    return {"x": torch.zeros(len(labels)), "labels": torch.tensor(labels)}


def encoder(dropout):
    model = load_encoder("tiny-random", ("a", "b"), seed=1).model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    ids = torch.arange(5, 29).view(4, 6)
    mask = (torch.arange(6) < torch.tensor([6, 3, 5, 2])[:, None]).long()
    labels = torch.tensor([0, 1, 1, 0])
    return model, {"input_ids": ids * mask, "attention_mask": mask, "labels": labels}


def gradients(model, objective, batch):
    loss, count = objective(model, batch)
    return torch.autograd.grad(loss / count, list(model.parameters()))


# -- label smoothing -----------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.6])
def test_smoothing_equals_torch(epsilon):
    z, records = logits(4, 3), batch(0, 2, -100, 1)
    loss, count = label_smoothing(epsilon)(Given(z), records)
    expected = F.cross_entropy(
        z, records["labels"], label_smoothing=epsilon, reduction="sum"
    )
    torch.testing.assert_close(loss, expected)
    assert count == 3


def test_smoothing_equals_its_formula():
    z, labels, epsilon = logits(3, 4), (1, 0, 3), 0.2
    by_hand = 0.0
    for row, y in zip(z.tolist(), labels, strict=True):
        log_sum = math.log(sum(math.exp(v) for v in row))
        for c, v in enumerate(row):
            by_hand += ((1 - epsilon) * (c == y) + epsilon / 4) * (log_sum - v)
    loss, _ = label_smoothing(epsilon)(Given(z), batch(*labels))
    assert float(loss) == pytest.approx(by_hand, rel=1e-12)


def test_the_least_smoothed_loss_is_the_entropy_of_the_labels():
    """It is reached where the model gives just the smoothed labels."""
    q = torch.tensor([[0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3]], dtype=torch.float64)
    z = q.log().requires_grad_()
    loss, _ = label_smoothing(0.1)(Given(z), batch(0))
    assert loss.item() == pytest.approx(float(-(q * q.log()).sum()), rel=1e-12)
    assert torch.autograd.grad(loss, z)[0].abs().max() < 1e-12


def test_smoothing_of_one_target_per_token():
    z, labels = logits(2, 5, 3), torch.tensor([[0, 1, 2, -100, -100], [2, 2, 1, 0, 1]])
    records = {"x": torch.zeros(2), "labels": labels}
    loss, count = label_smoothing(0.1)(Given(z), records)
    expected = F.cross_entropy(
        z.transpose(1, 2), labels, label_smoothing=0.1, reduction="sum"
    )
    torch.testing.assert_close(loss, expected)
    assert count == 8


def test_smoothing_takes_another_way_to_the_logits():
    model, records = encoder(dropout=0.0)
    torch.testing.assert_close(
        label_smoothing(0.1, logits_of=classify)(model, records)[0],
        label_smoothing(0.1)(model, records)[0],
        atol=1e-5,
        rtol=0,
    )
    assert "labels" in records


@pytest.mark.parametrize("epsilon", [-0.1, 1.0, float("nan")])
def test_a_share_that_is_none_is_refused(epsilon):
    with pytest.raises(UsageError, match=r"epsilon is .*from 0 to below 1"):
        label_smoothing(epsilon)


# -- R-Drop --------------------------------------------------------------------


def test_r_drop_equals_its_formula():
    one, two, labels, alpha = logits(3, 4), logits(3, 4, seed=1), (1, 0, 3), 0.7
    p, q = one.softmax(-1).tolist(), two.softmax(-1).tolist()
    by_hand = 0.0
    for a, b, y in zip(p, q, labels, strict=True):
        to = sum(x * math.log(x / y) for x, y in zip(a, b, strict=True))
        back = sum(y * math.log(y / x) for x, y in zip(a, b, strict=True))
        paper = -math.log(a[y]) - math.log(b[y]) + alpha / 2 * (to + back)
        by_hand += paper / 2
    loss, count = r_drop(alpha)(Given(one, two), batch(*labels))
    assert float(loss) == pytest.approx(by_hand, rel=1e-12)
    assert count == 3


def test_r_drop_counts_no_difference_where_there_is_no_target():
    one, two = logits(3, 4), logits(3, 4, seed=1)
    loss, count = r_drop(1.0)(Given(one, two), batch(1, -100, 3))
    kept, _ = r_drop(1.0)(Given(one[[0, 2]], two[[0, 2]]), batch(1, 3))
    torch.testing.assert_close(loss, kept)
    assert count == 2


def test_without_dropout_r_drop_is_the_plain_loss():
    model, records = encoder(dropout=0.0)
    expected = gradients(model, classification, records)
    for a, b in zip(gradients(model, r_drop(5.0), records), expected, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)
    loss, count = r_drop(5.0)(model, records)
    torch.testing.assert_close(loss, classification(model, records)[0])
    assert count == 4


@pytest.mark.parametrize("logits_of", [None, classify])
def test_with_dropout_the_difference_costs(logits_of):
    model, records = encoder(dropout=0.3)
    way = {"logits_of": logits_of} if logits_of else {}
    found = []
    for alpha in (0.0, 1.0, 2.0):
        torch.manual_seed(0)
        found.append(float(r_drop(alpha, **way)(model, records)[0].detach()))
    assert found[0] < found[1]
    assert found[2] - found[1] == pytest.approx(found[1] - found[0], rel=1e-2)


def test_r_drop_of_halves_is_computed_in_single():
    one, two = logits(3, 4).bfloat16(), logits(3, 4, seed=1).bfloat16()
    loss, _ = r_drop(1.0)(Given(one, two), batch(1, 0, 3))
    exact, _ = r_drop(1.0)(Given(one.double(), two.double()), batch(1, 0, 3))
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(float(exact), rel=1e-6)


@pytest.mark.parametrize("alpha", [-1.0, float("inf"), float("nan")])
def test_a_weight_that_is_none_is_refused(alpha):
    with pytest.raises(UsageError, match=r"alpha is .*0 or more"):
        r_drop(alpha)
