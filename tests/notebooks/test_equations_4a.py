"""Page 4a: each numbered equation, computed in two ways."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from chapter2.objectives import linear
from chapter2.objectives.linear import Line

ETA, LAMBDA = 0.05, 0.3


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations("04a_linear_model.ipynb", "4", globals())
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


@pytest.fixture
def x() -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(25, 2, generator=generator, dtype=torch.float64) * 2 + 1


@pytest.fixture
def y(x: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    return x[:, 0] - x[:, 1] + torch.randn(25, generator=generator).double() + 2


@pytest.fixture
def label(y: torch.Tensor) -> torch.Tensor:
    return (y > y.median()).double()


@pytest.fixture
def line() -> Line:
    return Line(torch.tensor([0.4, -1.3]).double(), torch.tensor(0.7).double())


def sums(line: Line, x: torch.Tensor) -> list[float]:
    """w x + b of each record, in plain Python."""
    w, b = line.weight.tolist(), float(line.bias)
    return [
        sum(wj * xj for wj, xj in zip(w, row, strict=True)) + b for row in x.tolist()
    ]


def leaf(line: Line) -> Line:
    return Line(*(p.clone().requires_grad_() for p in line))


def test_equation_4_1(line, x) -> None:
    assert linear.predict(line, x).tolist() == pytest.approx(sums(line, x), rel=1e-12)


def test_equation_4_2(line, x, y) -> None:
    by_hand = [(p - t) ** 2 for p, t in zip(sums(line, x), y.tolist(), strict=True)]
    loss = linear.squared_error(line, x, y)
    assert float(loss) == pytest.approx(sum(by_hand) / 25, rel=1e-12)
    torch.testing.assert_close(loss, F.mse_loss(linear.predict(line, x), y))


def test_equation_4_3(line, x, y) -> None:
    """The product of the two links is the derivative of the whole."""
    predicted = linear.predict(line, x).requires_grad_()
    (predicted - y).square().mean().backward()
    first = 2 / 25 * (linear.predict(line, x) - y)  # dL / d y_hat
    torch.testing.assert_close(predicted.grad, first)
    jacobian = torch.autograd.functional.jacobian
    second = jacobian(lambda w: x @ w + line.bias, line.weight)
    torch.testing.assert_close(second, x)  # d y_hat / d w
    ones = jacobian(lambda b: x @ line.weight + b, line.bias)
    torch.testing.assert_close(ones, torch.ones_like(y))  # d y_hat / d b
    at = leaf(line)
    linear.squared_error(at, x, y).backward()
    torch.testing.assert_close(first @ second, at.weight.grad)
    torch.testing.assert_close(first @ ones, at.bias.grad)


def test_equation_4_4(line, x, y) -> None:
    found = linear.squared_error_gradient(line, x, y)
    errors = [p - t for p, t in zip(sums(line, x), y.tolist(), strict=True)]
    for j in range(2):
        total = sum(e * row[j] for e, row in zip(errors, x.tolist(), strict=True))
        assert float(found.weight[j]) == pytest.approx(2 / 25 * total, rel=1e-12)
    assert float(found.bias) == pytest.approx(2 / 25 * sum(errors), rel=1e-12)
    h = 1e-6
    for moved in (
        Line(torch.tensor([h, 0.0]).double(), torch.tensor(0.0)),
        Line(torch.tensor([0.0, h]).double(), torch.tensor(0.0)),
        Line(torch.zeros(2).double(), torch.tensor(h).double()),
    ):
        up = Line(line.weight + moved.weight, line.bias + moved.bias)
        down = Line(line.weight - moved.weight, line.bias - moved.bias)
        change = linear.squared_error(up, x, y) - linear.squared_error(down, x, y)
        slope = moved.weight @ found.weight + moved.bias * found.bias
        assert float(change / 2) == pytest.approx(float(slope), rel=1e-6)


def test_equation_4_5(x, y) -> None:
    one, t = x[:, :1], x[:, 0]
    w = ((t - t.mean()) * (y - y.mean())).sum() / (t - t.mean()).square().sum()
    found = linear.ridge(one, y)
    torch.testing.assert_close(found.weight[0], w)
    torch.testing.assert_close(found.bias, y.mean() - w * t.mean())
    again = torch.linalg.lstsq(torch.stack([t, torch.ones_like(t)], 1), y).solution
    torch.testing.assert_close(torch.stack([found.weight[0], found.bias]), again)


def test_equation_4_6(line, x, y) -> None:
    at = leaf(line)
    linear.squared_error(at, x, y).backward()
    gradient = linear.squared_error_gradient(line, x, y)
    moved = linear.sgd_step(line, gradient, ETA)
    torch.testing.assert_close(moved.weight, line.weight - ETA * at.weight.grad)
    torch.testing.assert_close(moved.bias, line.bias - ETA * at.bias.grad)
    assert moved.bias != line.bias


def test_equation_4_7(line, x, y) -> None:
    def loss(parameters: torch.Tensor) -> torch.Tensor:
        return linear.squared_error(Line(parameters[:2], parameters[2]), x, y)

    ones = torch.cat([x, torch.ones(25, 1).double()], 1)
    hessian = 2 / 25 * ones.T @ ones
    flat = torch.cat([line.weight, line.bias[None]])
    torch.testing.assert_close(
        torch.autograd.functional.hessian(loss, flat), hessian, atol=1e-10, rtol=0
    )
    limit = 2 / float(torch.linalg.eigvalsh(hessian)[-1])
    best = linear.squared_error(linear.ridge(x, y), x, y)

    def excess(rate: float) -> float:
        path = linear.descend(
            lambda at, k: linear.squared_error_gradient(at, x, y), line, [rate] * 1500
        )
        return float(linear.squared_error(path[-1], x, y) - best)

    assert excess(0.99 * limit) < 1e-8
    assert excess(1.01 * limit) > 1e3


def test_equation_4_8(line, x, y) -> None:
    at = leaf(line)
    (linear.squared_error(at, x, y) + linear.l2_penalty(at, LAMBDA)).backward()
    assert float(linear.l2_penalty(line, LAMBDA)) == pytest.approx(
        LAMBDA / 2 * (0.4**2 + 1.3**2)
    )
    plain = linear.squared_error_gradient(line, x, y)
    torch.testing.assert_close(at.weight.grad, plain.weight + LAMBDA * line.weight)
    torch.testing.assert_close(at.bias.grad, plain.bias)


def test_equation_4_9(line, x, y) -> None:
    gradient = linear.squared_error_gradient(line, x, y)
    penalty = linear.sgd_step(line, gradient, ETA, l2=LAMBDA)
    decay = linear.sgd_step(line, gradient, ETA, decay=LAMBDA)
    torch.testing.assert_close(penalty.weight, decay.weight)
    written = line.weight - ETA * (gradient.weight + LAMBDA * line.weight)
    torch.testing.assert_close(penalty.weight, written)
    torch.testing.assert_close(
        decay.weight, (1 - ETA * LAMBDA) * line.weight - ETA * gradient.weight
    )


def adam_in_python(gradients: list[float], w: float, l2: float, decay: float) -> float:
    """Equations (4.10) and (4.11) for one weight, number by number."""
    m = v = 0.0
    for t, gradient in enumerate(gradients, start=1):
        g = gradient + l2 * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        step = m / (1 - 0.9**t) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
        w = (1 - ETA * decay) * w - ETA * step
    return w


def adam_steps(gradients: list[float], w: float, l2: float, decay: float) -> float:
    line = Line(torch.tensor([w], dtype=torch.float64), torch.tensor(0.0).double())
    state = linear.adam_start(line)
    for g in gradients:
        gradient = Line(
            torch.tensor([g], dtype=torch.float64), torch.tensor(0.0).double()
        )
        line, state = linear.adam_step(line, gradient, state, ETA, l2, decay)
    return float(line.weight[0])


GRADIENTS = [0.3, -0.2, 1.5, 0.01, -0.7, 0.4]


def test_equation_4_10() -> None:
    expected = adam_in_python(GRADIENTS, 0.8, LAMBDA, 0.0)
    assert adam_steps(GRADIENTS, 0.8, LAMBDA, 0.0) == pytest.approx(expected, rel=1e-12)


def test_equation_4_11() -> None:
    expected = adam_in_python(GRADIENTS, 0.8, 0.0, LAMBDA)
    found = adam_steps(GRADIENTS, 0.8, 0.0, LAMBDA)
    assert found == pytest.approx(expected, rel=1e-12)
    assert abs(found - adam_in_python(GRADIENTS, 0.8, LAMBDA, 0.0)) > 1e-3


def test_equation_4_12(line, x) -> None:
    z = linear.predict(line, x)
    p = [1 / (1 + math.exp(-value)) for value in z.tolist()]
    assert z.sigmoid().tolist() == pytest.approx(p, rel=1e-12)
    assert [math.log(q / (1 - q)) for q in p] == pytest.approx(z.tolist(), rel=1e-9)


def test_equation_4_13(line, x, label) -> None:
    z = sums(line, x)
    p = [1 / (1 + math.exp(-value)) for value in z]
    pairs = list(zip(p, label.tolist(), strict=True))
    likelihood = [-t * math.log(q) - (1 - t) * math.log(1 - q) for q, t in pairs]
    other = [
        math.log(1 + math.exp(v)) - t * v
        for v, t in zip(z, label.tolist(), strict=True)
    ]
    loss = float(linear.logistic_loss(line, x, label))
    assert loss == pytest.approx(sum(likelihood) / 25, rel=1e-12)
    assert loss == pytest.approx(sum(other) / 25, rel=1e-12)


def test_equation_4_14(line, x, label) -> None:
    at = leaf(line)
    linear.logistic_loss(at, x, label).backward()
    error = linear.predict(line, x).sigmoid() - label
    torch.testing.assert_close(at.weight.grad, (error[:, None] * x).mean(0))
    torch.testing.assert_close(at.bias.grad, error.mean())
    found = linear.logistic_gradient(line, x, label)
    torch.testing.assert_close(found.weight, at.weight.grad)
    torch.testing.assert_close(found.bias, at.bias.grad)


def test_equation_4_15(line, x, label) -> None:
    z = linear.predict(line, x)
    logits = torch.stack([torch.zeros_like(z), z], dim=1)
    left = -logits.log_softmax(1)[torch.arange(25), label.long()]
    torch.testing.assert_close(left, torch.log(1 + z.exp()) - label * z)


def test_without_its_bias_the_line_is_worse(x, y) -> None:
    def tied(at: Line, k: int) -> Line:
        gradient = linear.squared_error_gradient(at, x, y + 4)
        return Line(gradient.weight, torch.zeros_like(gradient.bias))

    end = linear.descend(tied, linear.zeros(2), [ETA] * 500)[-1]
    assert end.bias == 0
    best = linear.ridge(x, y + 4)
    tied_loss = linear.squared_error(end, x, y + 4)
    assert tied_loss > 2 * linear.squared_error(best, x, y + 4)


def test_safely_right_records_move_squared_error_only() -> None:
    """Ten positive records far out on the right side: both models have them right."""
    near = torch.tensor([-2.0, -1.5, -1, -0.4, 0.2, -0.2, 0.4, 1, 1.5, 2]).double()
    labels = torch.tensor([0.0] * 5 + [1.0] * 5).double()
    far = torch.cat([near, torch.full((10,), 12.0).double()])[:, None]
    more = torch.cat([labels, torch.ones(10).double()])

    def logistic(x: torch.Tensor, y: torch.Tensor) -> Line:
        def gradient(at: Line, k: int) -> Line:
            return linear.logistic_gradient(at, x, y)

        return linear.descend(gradient, linear.zeros(1), [0.1] * 3000)[-1]

    def edge(line: Line, level: float) -> float:
        return float((level - line.bias) / line.weight)

    squared = [linear.ridge(near[:, None], labels), linear.ridge(far, more)]
    curved = [logistic(near[:, None], labels), logistic(far, more)]
    for before in (squared[0], curved[0]):  # right about all ten before they came
        assert (linear.predict(before, far[10:]) > 0.5).all()
    assert abs(edge(squared[0], 0.5) - edge(squared[1], 0.5)) > 0.5
    assert abs(edge(curved[0], 0) - edge(curved[1], 0)) < 0.01
    assert (linear.predict(squared[1], far) > 1).any()
