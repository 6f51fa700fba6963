"""Adversarial training: closed forms where there are some, and a model left clean."""

import copy
import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from chapter2.errors import UsageError
from chapter2.models import load_encoder
from chapter2.models.fast_bert import classify
from chapter2.objectives import classification, r_drop
from chapter2.training import TrainingConfig, adversarial, train
from chapter2.training.adversarial import fgm, free_lb, pgd

EPSILON = 0.5
FAST = partial(classification, logits_of=classify)
WAYS = {
    "fgm": lambda objective=classification: fgm(objective, EPSILON),
    "pgd": lambda objective=classification: pgd(objective, EPSILON, 0.3, 3),
    "free_lb": lambda objective=classification: free_lb(
        objective, 0.3, 3, magnitude=0.1, norm=EPSILON
    ),
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


class Linear(nn.Module):
    """Logits that are linear in the embeddings: of their mean over the real tokens."""

    def __init__(self, seed=0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.table = nn.Embedding(20, 6)
            self.head = nn.Linear(6, 2)

    def get_input_embeddings(self):
        return self.table

    def forward(self, input_ids, attention_mask):
        mask = attention_mask.unsqueeze(-1)
        mean = (self.table(input_ids) * mask).sum(1) / mask.sum(1)
        return self.head(mean)


LENGTHS = torch.tensor([5, 2, 4])


@pytest.fixture
def batch():
    ids = torch.arange(1, 16).view(3, 5)
    mask = (torch.arange(5) < LENGTHS[:, None]).long()
    labels = torch.tensor([0, 1, 1])
    return {"input_ids": ids * mask, "attention_mask": mask, "labels": labels}


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("tiny-random", ("a", "b"), seed=1).model.train()


def worst(model, batch, radius):
    """Return the largest loss of each record in the ball, by its closed form.

    With m the difference of the two logits in favour of the label, and u that of the
    two rows of the head, the loss log(1 + exp(-m)) falls with m, and a perturbation of
    norm r lowers m by at most r |u| / sqrt(n): r / sqrt(n) at each of n tokens, all in
    the direction of u.
    """
    logits = model(batch["input_ids"], batch["attention_mask"])
    margin = (logits[:, 1] - logits[:, 0]) * (2 * batch["labels"] - 1)
    u = model.head.weight[1] - model.head.weight[0]
    return F.softplus(-(margin - radius * u.norm() / LENGTHS.sqrt()))


def gradients(model, objective, batch):
    loss, count = objective(model, batch)
    return torch.autograd.grad(loss / count, list(model.parameters()))


def assert_same(found, expected, atol=1e-6):
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, atol=atol, rtol=1e-4)


def listening(objective, seen):
    """Return the objective; what the embedding layer returns is put into ``seen``."""

    def heard(model, batch):
        table = adversarial.embedding_of(model)
        hook = table.register_forward_hook(lambda _, __, e: seen.append(e.detach()))
        try:
            return objective(model, batch)
        finally:
            hook.remove()

    return heard


def moves(way, model, batch):
    """Return the perturbation of each pass of the objective, each (B, L, D)."""
    seen = []
    way(listening(classification, seen))(model, batch)
    plain = adversarial.embedding_of(model)(batch["input_ids"]).detach()
    return [e - plain for e in seen]


def norms(delta):
    return delta.flatten(1).norm(dim=1)


# -- closed forms --------------------------------------------------------------


def test_fgm_of_a_linear_model_finds_the_worst_place(batch):
    model = Linear()
    loss, count = fgm(classification, EPSILON)(model, batch)
    expected = (worst(model, batch, 0).sum() + worst(model, batch, EPSILON).sum()) / 2
    torch.testing.assert_close(loss, expected)
    assert count == 3


@pytest.mark.parametrize("step_size", [0.2, 0.5, 3.0])
def test_pgd_of_a_linear_model_finds_the_worst_place(batch, step_size):
    model = Linear()
    loss, count = pgd(classification, EPSILON, step_size, steps=3)(model, batch)
    torch.testing.assert_close(loss, worst(model, batch, EPSILON).sum())
    assert count == 3


def test_pgd_with_too_few_steps_stops_on_the_way(batch):
    model = Linear()
    loss, _ = pgd(classification, EPSILON, 0.1, steps=2)(model, batch)
    torch.testing.assert_close(loss, worst(model, batch, 0.2).sum())


def test_free_lb_of_a_linear_model_averages_the_way_to_the_worst_place(batch):
    model = Linear()
    loss, count = free_lb(classification, 0.3, steps=4, norm=EPSILON)(model, batch)
    # 0.9 is outside the ball, so the fourth pass is at its edge as the third is
    on_the_way = [worst(model, batch, r).sum() for r in (0.0, 0.3, 0.5, 0.5)]
    torch.testing.assert_close(loss, torch.stack(on_the_way).mean())
    assert count == 3


def test_the_gradient_takes_the_perturbation_as_given(batch):
    """That of the loss at e + delta, delta a constant: Danskin's theorem."""
    model = Linear()
    delta = moves(lambda o: pgd(o, EPSILON, 0.5, 2), model, batch)[-1]
    mask = batch["attention_mask"].unsqueeze(-1)

    def at_delta(model, batch):
        e = model.table(batch["input_ids"]) + delta
        logits = model.head((e * mask).sum(1) / mask.sum(1))
        return F.cross_entropy(logits, batch["labels"], reduction="sum"), 3

    found = gradients(model, pgd(classification, EPSILON, 0.5, 2), batch)
    assert_same(found, gradients(model, at_delta, batch))


def test_free_lb_with_two_steps_from_0_is_fgm(encoder, batch):
    states = []
    for objective in (fgm(FAST, EPSILON), free_lb(FAST, EPSILON, steps=2)):
        torch.manual_seed(0)
        states.append(gradients(encoder, objective, batch))
    assert_same(*states, atol=0)


def test_free_lb_with_one_step_from_0_is_the_plain_loss(encoder, batch):
    found = []
    for objective in (classification, free_lb(classification, EPSILON, steps=1)):
        torch.manual_seed(0)
        found.append(gradients(encoder, objective, batch))
    assert_same(*found, atol=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: fgm(o, 0.0),
        lambda o: pgd(o, 0.0, 0.1),
        lambda o: free_lb(o, 0.3, norm=0.0, magnitude=0.2),
    ],
)
def test_a_ball_of_radius_0_gives_the_plain_loss_once(batch, make):
    model = Linear()
    plain, adversarial = classification(model, batch), make(classification)
    torch.testing.assert_close(adversarial(model, batch)[0], plain[0])
    assert adversarial(model, batch)[1] == plain[1]
    found = gradients(model, adversarial, batch)
    assert_same(found, gradients(model, classification, batch))


# -- the perturbation ----------------------------------------------------------


def test_fgm_moves_each_record_by_epsilon(encoder, batch):
    clean, moved = moves(lambda o: fgm(o, EPSILON), encoder, batch)
    assert not clean.any()
    torch.testing.assert_close(norms(moved), torch.full((3,), EPSILON))


def test_pgd_and_free_lb_stay_in_the_ball(encoder, batch):
    for name in ("pgd", "free_lb"):
        found = torch.stack([norms(d) for d in moves(WAYS[name], encoder, batch)])
        assert found.max() <= EPSILON * (1 + 1e-5)
        assert found[-1].min() > 0.4  # and go to its edge


@every_way
def test_padding_is_not_moved(encoder, batch, way):
    padding = batch["attention_mask"] == 0
    for delta in moves(way, encoder, batch):
        assert not delta[padding].any()


def test_without_a_mask_every_token_is_moved(encoder, batch):
    del batch["attention_mask"]
    moved = moves(lambda o: fgm(o, EPSILON), encoder, batch)[-1]
    assert (moved.abs().sum(-1) > 0).all()
    torch.testing.assert_close(norms(moved), torch.full((3,), EPSILON))


def test_the_start_of_free_lb_is_noise_of_the_stated_norm(encoder, batch):
    start, _ = moves(lambda o: free_lb(o, 0.1, 2, magnitude=0.3), encoder, batch)
    assert (norms(start) <= 0.3).all()
    # the mean square of U(-1, 1) is 1/3
    torch.testing.assert_close(
        norms(start), torch.full((3,), 0.3 / math.sqrt(3)), atol=0.02, rtol=0
    )


def test_a_record_without_a_gradient_is_not_moved(batch):
    batch["labels"][1] = -100
    _, moved = moves(lambda o: fgm(o, EPSILON), Linear(), batch)
    expected = torch.tensor([EPSILON, 0.0, EPSILON])
    torch.testing.assert_close(norms(moved), expected)


def test_the_loss_is_larger_there(encoder, batch):
    for make in WAYS.values():
        torch.manual_seed(0)
        plain = classification(encoder, batch)[0].detach()
        torch.manual_seed(0)
        assert make()(encoder, batch)[0].detach() > plain


def test_both_ways_through_bert_agree(batch):
    model = load_encoder("tiny-random", ("a", "b"), seed=1).model.eval()
    for make in (WAYS["fgm"], WAYS["pgd"]):
        found = gradients(model, make(FAST), batch)
        assert_same(found, gradients(model, make(), batch), atol=1e-5)


# -- dropout -------------------------------------------------------------------


@every_way
@pytest.mark.parametrize("objective", [classification, FAST])
def test_all_passes_drop_the_same(encoder, batch, way, objective):
    losses = []

    def twice(model, batch):
        loss, count = objective(model, batch)
        losses.append(torch.rand(3))
        return loss, count

    way(twice)(encoder, batch)
    assert len(losses) > 1
    assert all(torch.equal(losses[0], other) for other in losses)


def test_the_next_batch_drops_others(encoder, batch):
    objective = fgm(FAST, 0.0)
    assert objective(encoder, batch)[0] != objective(encoder, batch)[0]


# -- what is left behind -------------------------------------------------------


def hooks_of(model):
    return [hook for module in model.modules() for hook in module._forward_hooks]


@every_way
def test_model_and_gradients_are_as_they_were(encoder, batch, way):
    before = copy.deepcopy(encoder.state_dict())
    loss, _ = way(FAST)(encoder, batch)
    assert all(p.grad is None for p in encoder.parameters())
    assert not hooks_of(encoder)
    after = encoder.state_dict()
    assert all(torch.equal(after[name], x) for name, x in before.items())
    assert loss.requires_grad


@every_way
@pytest.mark.parametrize("failing", [1, 2])
def test_nothing_is_left_when_the_model_raises(encoder, batch, way, failing):
    calls = []

    def objective(model, batch):
        calls.append(classification(model, batch))
        if len(calls) == failing:
            raise RuntimeError("out of memory")
        return calls[-1]

    with pytest.raises(RuntimeError, match="out of memory"):
        way(objective)(encoder, batch)
    assert not hooks_of(encoder)


@every_way
def test_it_can_be_evaluated_without_gradients(batch, way):
    model = Linear()
    torch.manual_seed(0)
    expected = way()(model, batch)[0]
    torch.manual_seed(0)
    with torch.no_grad():
        found, count = way()(model, batch)
    assert not found.requires_grad
    torch.testing.assert_close(found, expected.detach())
    assert count == 3


def test_a_frozen_encoder_is_attacked_too(batch):
    model = load_encoder("tiny-random", ("a", "b"), seed=1).model.train()
    model.bert.requires_grad_(False)
    fgm(FAST, EPSILON)(model, batch)[0].backward()
    assert all(p.grad is None for p in model.bert.parameters())
    assert model.classifier.weight.grad.any()


def test_recomputed_activations_change_nothing(batch):
    found = []
    for recompute in (False, True):
        model = load_encoder("tiny-random", ("a", "b"), seed=1).model.train()
        if recompute:
            options = {"use_reentrant": False}
            model.gradient_checkpointing_enable(options)
        torch.manual_seed(0)
        fgm(classification, EPSILON)(model, batch)[0].backward()
        found.append([p.grad for p in model.parameters()])
    assert_same(*found)


def test_a_wrapped_model_is_found_and_another_refused(encoder, batch):
    wrapped = nn.Sequential(encoder)
    table = encoder.get_input_embeddings()
    assert adversarial.embedding_of(wrapped) is table
    with pytest.raises(UsageError, match="Linear has no get_input_embeddings"):
        fgm(classification, EPSILON)(nn.Linear(2, 2), batch)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: fgm(classification, -1), "epsilon is -1"),
        (lambda: fgm(classification, float("nan")), "epsilon is nan"),
        (lambda: pgd(classification, float("inf"), 0.1), "epsilon is inf"),
        (lambda: pgd(classification, 1, -0.1), "step_size is -0.1"),
        (lambda: pgd(classification, 1, 0.1, 0), "steps is 0; .* from 1 upwards"),
        (lambda: free_lb(classification, 1, magnitude=-1), "magnitude is -1"),
        (lambda: free_lb(classification, 1, norm=-1), "norm is -1"),
    ],
)
def test_sizes_that_are_none_are_refused(make, sentence):
    with pytest.raises(UsageError, match=sentence):
        make()


# -- in the loop ---------------------------------------------------------------


class Two:
    """Two batches of one epoch."""

    def __init__(self, batch):
        self.batch = batch

    def epoch(self, k):
        return [0, 1]

    def collate(self, item):
        return dict(self.batch)


@every_way
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_loop_takes_it(batch, way, precision):
    model = load_encoder("tiny-random", ("a", "b"), seed=1).model
    before = copy.deepcopy(model.state_dict())
    config = TrainingConfig(learning_rate=1e-3, epochs=1, precision=precision)
    history = train(model, way(FAST), Two(batch), config, progress=False)
    assert len(history.losses) == 2
    assert all(math.isfinite(loss) for loss in history.losses)
    assert not torch.equal(model.classifier.weight, before["classifier.weight"])
    assert not hooks_of(model)


def test_accumulating_equals_the_large_batch(batch):
    """Records are attacked one by one, so it does not matter how they are batched."""
    model = Linear()
    objective, found = fgm(classification, EPSILON), []
    expected = gradients(model, objective, batch)
    for rows in ([0], [1, 2]):
        part = {name: x[rows] for name, x in batch.items()}
        found.append(gradients(model, lambda m, b: (objective(m, b)[0], 3), part))
    assert_same([a + b for a, b in zip(*found, strict=True)], expected)


def test_it_makes_one_of_any_objective(encoder, batch):
    torch.manual_seed(0)
    loss, count = fgm(r_drop(1.0, logits_of=classify), EPSILON)(encoder, batch)
    assert math.isfinite(loss.item())
    assert count == 3
