"""AdaLoRA against peft's: logits, gradients, regulariser, importance, ranks, budget.

Where peft departs from the paper (regulariser, the weight that belongs to a gradient)
the tests say which is held.
"""

import pytest
import torch

from chapter2.models import load_encoder
from chapter2.models.fast_bert import classify
from chapter2.training import TrainingConfig, fine_tune
from chapter2.training.plan import Step
from chapter2.tuning import tune
from chapter2.tuning.adalora import AdaLoRA, AdaLoRAOptions, budget
from chapter2.tuning.svd import orthogonality, svd_linears, svd_rows

D, LAYERS, C = 32, 2, 2  # of tiny-random
OPTIONS = {"initial_rank": 6, "rank": 3, "alpha": 12.0}
NAMES = {"P": "lora_B", "Lambda": "lora_E", "Q": "lora_A"}


@pytest.fixture(scope="module")
def base():
    """Return a tiny classifier of large weights: as drawn, layers hardly matter."""
    made = load_encoder("tiny-random", ("a", "b"), seed=3)
    with torch.no_grad():
        for parameter in made.model.parameters():
            if parameter.ndim == 2:
                parameter.mul_(8)
    return made


@pytest.fixture
def pair(base, stir):
    """Ours and peft's with the same weights, in float64."""
    ours = tune(base, "adalora", **OPTIONS)
    stir(ours.model)
    ours.model.double()
    theirs = tune(base, "adalora", backend="peft", **OPTIONS)
    theirs.model.double()
    with torch.no_grad():
        for mine, peft in partners(ours.model, theirs.model):
            peft.copy_(mine.view(peft.shape))
        for name, parameter in theirs.model.named_parameters():
            if "ranknum" in name:  # peft divides by r_0 + 1e-5; the paper by nothing
                parameter.sub_(1e-5)
    return ours, theirs


def partners(ours, theirs):
    """Yield our trained parameters, each with peft's of the same meaning."""
    found = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        if not parameter.requires_grad:
            continue
        head, _, last = name.rpartition(".")
        if last in NAMES:
            key = f"{head}.{NAMES[last]}.default"
        else:
            part = "pooler" if "pooler" in name else "classifier"
            key = name.replace(part, f"{part}.modules_to_save.default")
        yield parameter, found[f"base_model.model.{key}"]


def step(number):
    return Step(number, 0, 0, (), 0.1, False)


def test_starts_as_the_base(base, batch):
    tuned = tune(base, "adalora", **OPTIONS)
    frozen = tune(base, "head")  # torch picks its kernels by what is frozen
    same = classify(tuned.model, batch()), classify(frozen.model, batch())
    assert torch.equal(*same)


def test_trains_what_the_closed_formula_counts(base):
    head = (D * D + D) + (D * C + C)
    # r_0 (D_in + D_out + 1) for query and value of each layer
    expected = 2 * LAYERS * 6 * (D + D + 1) + head
    assert tune(base, "adalora", **OPTIONS).trainable == expected


def test_merged_equals_unmerged(base, batch, stir):
    tuned = tune(base, "adalora", **OPTIONS)
    stir(tuned.model)
    for dtype, tolerance in [(torch.float32, 1e-6), (torch.float64, 1e-13)]:
        tuned.model.to(dtype)
        plain = tuned.merged()
        assert svd_linears(plain.model) == []
        one, other = classify(tuned.model, batch()), classify(plain.model, batch())
        assert torch.allclose(one, other, rtol=0, atol=tolerance)


def test_same_logits_and_gradients_as_peft(pair, batch):
    logits = [classify(tuned.model, batch()) for tuned in pair]
    assert torch.allclose(*logits, rtol=0, atol=1e-12)
    for found in logits:
        found.square().sum().backward()
    for mine, peft in partners(pair[0].model, pair[1].model):
        assert mine.grad.abs().max() > 0
        assert torch.allclose(
            mine.grad, peft.grad.view(mine.shape), rtol=1e-9, atol=1e-12
        )


def test_same_regulariser_as_peft_which_is_not_the_papers(pair, batch):
    ours, theirs = pair
    labels = torch.tensor([0, 1, 0, 1])
    with torch.no_grad():
        bare = theirs.model.base_model.model(**batch(), labels=labels).loss
        gamma = AdaLoRAOptions().regularisation
        added = (theirs.model(**batch(), labels=labels).loss - bare) / gamma
    mine = orthogonality(svd_rows(ours.model))
    assert torch.allclose(mine, added, rtol=1e-10)
    # the paper's: squares, added up
    gaps = [m @ m.T - torch.eye(6, dtype=m.dtype) for m in svd_rows(ours.model)]
    assert not torch.allclose(mine, sum(gap.square().sum() for gap in gaps))


def test_the_objective_adds_the_regulariser_once_per_mean(pair, batch):
    ours, theirs = pair

    def objective(model, inputs):
        return torch.tensor(3.0), torch.tensor(4)

    for tuned in (ours, theirs):
        loss, count = tuned.method.objective(objective)(tuned.model, batch())
        mean = 3.0 / 4 + 0.1 * orthogonality(svd_rows(ours.model))
        assert torch.allclose(loss / count, mean, rtol=1e-9)


def test_same_importance_and_same_ranks_as_peft_after_several_steps(pair):
    """The same gradients at the same weights, which are moved by hand.

    peft reads the weights after the update; the paper, and we, at the gradient. Here
    nothing is updated in between, so both read the same.
    """
    ours, theirs = pair
    total = 12
    allocator = theirs.model.base_model.rankallocator
    for number in range(total):
        theirs.method.before_step(theirs.model, step(number), total)
        generator = torch.Generator().manual_seed(number)
        for mine, peft in partners(ours.model, theirs.model):
            mine.grad = torch.randn(mine.shape, generator=generator).double()
            peft.grad = mine.grad.view(peft.shape).clone()
        theirs.method.after_update(theirs.model, step(number), total)
        ours.method.after_backward(ours.model, step(number), total)
        ours.method.after_update(ours.model, step(number), total)
        if number < ours.method.phases(total)[1]:  # then peft forgets it
            compare_importance(ours.model, allocator)
        for mine, peft in partners(ours.model, theirs.model):
            assert torch.equal(mine, peft.view(mine.shape))
    ranks = [int((layer.Lambda != 0).sum()) for layer in svd_linears(ours.model)]
    assert sum(ranks) == 2 * LAYERS * 3
    assert len(set(ranks)) > 1  # not every matrix has the same


def compare_importance(model, allocator):
    for name, layer in model.named_modules():
        if layer not in svd_linears(model):
            continue
        for part, theirs in NAMES.items():
            key = f"{name}.{theirs}.default"
            for figure, known in [
                ("sensitivity", allocator.exp_avg_ipt),
                ("uncertainty", allocator.exp_avg_unc),
            ]:
                mine = getattr(layer, f"{figure}_{part}")
                assert torch.allclose(mine, known[key].view(mine.shape), rtol=1e-12)


def test_importance_is_the_papers_formula(base):
    layer = svd_linears(tune(base, "adalora", **OPTIONS).model)[0].double()
    means, doubts = {}, {}
    for number in range(3):
        generator = torch.Generator().manual_seed(number)
        for name in NAMES:
            weight = getattr(layer, name)
            weight.grad = torch.randn(weight.shape, generator=generator).double()
            now = (weight * weight.grad).abs().detach()
            means[name] = 0.85 * means.get(name, 0) + 0.15 * now
            doubts[name] = 0.85 * doubts.get(name, 0) + 0.15 * (now - means[name]).abs()
        layer.observe()
    s = {name: means[name] * doubts[name] for name in NAMES}
    expected = [
        s["Lambda"][i] + s["P"][:, i].sum() / D + s["Q"][i].sum() / D for i in range(6)
    ]
    assert torch.allclose(layer.importance(), torch.stack(expected), rtol=1e-12)


def test_the_budget_falls_by_a_cube_and_is_pefts(base):
    found = [budget(t, 24, 12, 2, 10) for t in range(14)]
    assert found[:3] == [24, 24, 24]
    assert found[10:] == [12] * 4
    assert found[6] == int(12 + 12 * (1 - 4 / 8) ** 3)
    assert found == sorted(found, reverse=True)
    theirs = tune(base, "adalora", backend="peft", **OPTIONS).model
    config, allocator = theirs.peft_config["default"], theirs.base_model.rankallocator
    config.total_step, config.tinit, config.tfinal = 14, 2, 4
    # at t = 10 itself peft is asked for its last, exact allocation
    assert found == [allocator.budget_schedule(t)[0] for t in range(14)]


def test_the_shortest_run_has_its_phases():
    method = AdaLoRA(AdaLoRAOptions())
    assert method.phases(1) == (0, 0)
    assert method.phases(100) == (10, 50)


def test_training_leaves_the_budget_and_the_base(base, data):
    before = {k: v.clone() for k, v in base.model.state_dict().items()}
    tuned = tune(base, "adalora", **OPTIONS)
    config = TrainingConfig(
        epochs=2, batch_size=4, learning_rate=0.01, precision="fp32"
    )
    fine_tune(tuned, data(48), None, config, progress=False)
    layers = svd_linears(tuned.model)
    assert sum(int((layer.Lambda != 0).sum()) for layer in layers) == 2 * LAYERS * 3
    names = dict(tuned.model.named_parameters())
    frozen = {
        k.replace(".base", ""): v for k, v in names.items() if not v.requires_grad
    }
    assert len(frozen) > 20
    assert all(torch.equal(before[name], value) for name, value in frozen.items())


class KilledError(Exception):
    """Stands for a run's end between two steps."""


def test_a_resumed_run_goes_on_exactly(base, tmp_path, data):
    """The importance is in the checkpoint: so are the ranks of the rest of the run."""
    config = TrainingConfig(
        epochs=2, batch_size=4, learning_rate=0.01, precision="fp32", checkpoint_every=1
    )
    whole, stopped, resumed = (tune(base, "adalora", **OPTIONS) for _ in range(3))
    fine_tune(whole, data(48), None, config, progress=False)

    class StoppingMethod(AdaLoRA):
        def before_step(self, model, step, total):
            if step.number == 9:  # between warmup (2) and the final steps (12)
                raise KilledError

    stopped.method = StoppingMethod(AdaLoRAOptions(**OPTIONS))
    with pytest.raises(KilledError):
        fine_tune(stopped, data(48), None, config, out=tmp_path / "run", progress=False)
    fine_tune(
        resumed,
        data(48),
        None,
        config,
        out=tmp_path / "run",
        resume=True,
        progress=False,
    )
    one, other = whole.model.state_dict(), resumed.model.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
