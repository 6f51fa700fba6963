"""The gates as written out equal torch's kernels, in values and gradients."""

import json

import pytest
import torch
from torch.nn.functional import cross_entropy

from chapter2.errors import ModelError, UsageError
from chapter2.models import count_parameters
from chapter2.models.recurrent import (
    KERNELS,
    PRESETS,
    RecurrentConfig,
    RecurrentLM,
    load_recurrent,
    recurrent_parameters,
    unroll,
)

KINDS = ("rnn", "lstm", "gru")


def small(kind, **changes):
    sizes = {"kind": kind, "vocab_size": 23, "width": 12, "layers": 2, **changes}
    return RecurrentLM(RecurrentConfig(**sizes), seed=1)


def ids(batch=3, length=9, seed=0, vocab_size=23):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(vocab_size, (batch, length), generator=generator)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_equal_the_kernel(kind):
    torch.manual_seed(0)
    layer = KERNELS[kind](12, 12, batch_first=True).double()
    x = torch.randn(3, 9, 12, dtype=torch.double, requires_grad=True)
    weight = torch.randn(3, 9, 12, dtype=torch.double)  # makes every output count
    wanted = [x, *layer.parameters()]
    theirs = layer(x)[0]
    ours = unroll(kind, layer, x)
    torch.testing.assert_close(ours, theirs)
    gradients = [
        torch.autograd.grad((out * weight).sum(), wanted) for out in (ours, theirs)
    ]
    torch.testing.assert_close(*gradients)
    assert all(g.abs().sum() > 0 for g in gradients[0])


@pytest.mark.parametrize("kind", KINDS)
def test_logits_follow_the_word_table(kind):
    model = small(kind).eval()
    hidden, _ = model.cells(model.embedding(ids()))
    expected = hidden @ model.embedding.weight.T + model.bias
    torch.testing.assert_close(model(ids()), expected)
    assert model(ids()).shape == (3, 9, 23)


@pytest.mark.parametrize("kind", KINDS)
def test_reading_in_pieces_is_reading_at_once(kind):
    model, row = small(kind).eval(), ids()
    first, state = model.step(row[:, :4])
    rest, _ = model.step(row[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, rest], dim=1), model(row))


@pytest.mark.parametrize("kind", KINDS)
def test_no_token_sees_what_follows(kind):
    model, row = small(kind).eval(), ids()
    changed = row.clone()
    changed[:, 5] = (changed[:, 5] + 1) % 23
    assert torch.equal(model(row)[:, :5], model(changed)[:, :5])
    assert not torch.equal(model(row)[:, 5:], model(changed)[:, 5:])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 2])
def test_parameters_equal_the_formula(kind, layers):
    model = small(kind, layers=layers)
    assert count_parameters(model) == recurrent_parameters(model.config)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_model_knows_nothing_and_learns(kind):
    model, row = small(kind, width=32, layers=1), ids(4, 30)

    def loss():
        logits = model(row[:, :-1])
        return cross_entropy(logits.flatten(0, 1), row[:, 1:].flatten())

    first = loss()
    assert abs(first.item() - torch.log(torch.tensor(23.0)).item()) < 0.3
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(60):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss() < first / 2


def test_the_seed_alone_decides_the_weights():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    one, two = small("lstm"), small("lstm")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(map(torch.equal, one.parameters(), two.parameters()))
    other = RecurrentLM(one.config, seed=2)
    assert not torch.equal(one.embedding.weight, other.embedding.weight)


def test_dropout_is_on_in_training_only():
    model = small("gru", dropout=0.5)
    torch.manual_seed(0)
    assert not torch.equal(model(ids()), model(ids()))
    model.eval()
    assert torch.equal(model(ids()), model(ids()))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_saved_is_what_is_loaded(kind, tmp_path):
    model = small(kind).eval()
    again = load_recurrent(model.save(tmp_path / "model"))
    assert again.config == model.config
    assert torch.equal(again(ids()), model(ids()))
    assert not again.training


def test_faults_are_said(tmp_path):
    with pytest.raises(UsageError, match="use rnn, lstm or gru"):
        RecurrentConfig(kind="tree")
    with pytest.raises(UsageError, match="below 1"):
        RecurrentConfig(width=0)
    with pytest.raises(UsageError, match="no size 'huge'"):
        RecurrentConfig.preset("huge")
    with pytest.raises(ModelError, match="cannot be read as a recurrent model"):
        load_recurrent(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ModelError, match="another kind of model"):
        load_recurrent(tmp_path)


def test_presets_can_be_changed():
    assert set(PRESETS) == {"tiny", "mini", "small", "base"}
    changed = RecurrentConfig.preset("tiny", kind="gru", vocab_size=99)
    assert (changed.kind, changed.vocab_size, changed.width) == ("gru", 99, 128)


def test_the_table_learns_as_the_output_too():
    model = small("gru")
    model(torch.tensor([[1, 2, 3]])).logsumexp(dim=-1).sum().backward()
    assert (model.embedding.weight.grad[9] != 0).all()  # 9 was not read
