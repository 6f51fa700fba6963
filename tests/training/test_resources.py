"""The estimator against what torch keeps: every saved tensor, each storage once."""

from functools import partial

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from chapter2.errors import ModelError, UsageError
from chapter2.models.fast_bert import classify
from chapter2.objectives import classification
from chapter2.objectives.classification import call
from chapter2.training import TrainingConfig, make_optimizer
from chapter2.training.activations import Way, activation_bytes
from chapter2.training.recompute import recomputing
from chapter2.training.resources import estimate, heap_bytes
from chapter2.training.step_time import Machine, measure_machine, operations
from chapter2.tuning import prefix, prompt
from chapter2.tuning.adapters import AdapterOptions
from chapter2.tuning.adapters import apply as adapters
from chapter2.tuning.lora import LoRAOptions
from chapter2.tuning.lora import apply as lora

SIZES = {"tiny": (32, 2, 2, 64), "minilm": (384, 6, 12, 1536)}
HEAD = ("classifier", "bert.pooler")
FP32 = TrainingConfig(precision="fp32")


def bert(size="tiny", **changes):
    width, layers, heads, inner = SIZES[size]
    shape = {"vocab_size": 200, "hidden_size": width, "num_hidden_layers": layers}
    shape |= {"num_attention_heads": heads, "intermediate_size": inner}
    config = BertConfig(**shape, **changes)
    return BertForSequenceClassification(config).train()


def train_only(model, *beginnings, end="\n"):
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(beginnings) or name.endswith(end))
    return model


def top_layer(model):
    last = model.config.num_hidden_layers - 1
    return train_only(model, *HEAD, f"bert.encoder.layer.{last}.")


METHODS = {
    "full": lambda model: model,
    "head": lambda model: train_only(model, *HEAD),
    "bitfit": lambda model: train_only(model, *HEAD, end="bias"),
    "top": top_layer,
    "lora": lambda model: lora(model, LoRAOptions(rank=4), 0)[0],
    "adapters": lambda model: adapters(model, AdapterOptions(bottleneck=8), 0)[0],
}


VIRTUAL = [
    (prefix.apply, prefix.PrefixOptions(length=8)),
    (prompt.apply, prompt.PromptOptions(length=8)),
]


def tokens(batch, length):
    ids = torch.randint(5, 100, (batch, length))
    return {"input_ids": ids, "labels": torch.zeros(batch, dtype=torch.long)}


def saved_bytes(model, batch, length, half=False, logits_of=classify):
    """Return the bytes that one forward pass keeps, parameters and inputs apart."""
    given = tokens(batch, length)
    known = {p.untyped_storage().data_ptr() for p in model.parameters()}
    known |= {t.untyped_storage().data_ptr() for t in given.values()}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage  # held: its address stays its own
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=half),
    ):
        classification(model, given, logits_of=logits_of)
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize("shape", [(8, 32), (2, 96)])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", SIZES)
def test_activations_are_what_the_backward_pass_keeps(size, method, shape):
    model = METHODS[method](bert(size))
    found = sum(activation_bytes(model, Way(*shape)))
    assert found == pytest.approx(saved_bytes(model, *shape), rel=0.05)


@pytest.mark.parametrize(("apply", "options"), VIRTUAL)
def test_activations_with_virtual_tokens(apply, options):
    model, _ = apply(bert("minilm"), options, 0)
    found = estimate(model.train(), 8, 32, FP32).activations
    assert found == pytest.approx(saved_bytes(model, 8, 32), rel=0.05)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_activations_in_half_precision(method):
    model = METHODS[method](bert("minilm"))
    found = sum(activation_bytes(model, Way(4, 32, half=True)))
    assert found == pytest.approx(saved_bytes(model, 4, 32, half=True), rel=0.05)


def test_activations_of_the_models_own_way():
    for method in ("full", "head"):
        model = METHODS[method](bert("minilm"))
        found = sum(activation_bytes(model, Way(8, 32, short=False)))
        saved = saved_bytes(model, 8, 32, logits_of=call)
        assert found == pytest.approx(saved, rel=0.05)


def test_without_dropout_no_mask_and_no_attention_weights_are_kept():
    model = bert("minilm", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    found = sum(activation_bytes(model, Way(4, 64)))
    # the head's dropout follows hidden_dropout_prob
    assert found == pytest.approx(saved_bytes(model, 4, 64), rel=0.05)


def test_the_closed_form_of_one_layer():
    model = bert("minilm")
    batch, length, width, heads, inner = 8, 32, 384, 12, 1536
    n = batch * length
    numbers = 10 * n * width + 2 * n * inner + 3 * batch * heads * length**2 + 4 * n
    assert activation_bytes(model, Way(batch, length))[1] == 4 * numbers


def test_checkpointing_keeps_the_inputs_of_the_layers():
    model = bert("minilm")
    config = TrainingConfig(precision="fp32", checkpointing=True)
    found = estimate(model, 8, 32, config).activations
    with recomputing(model, True):
        assert found == pytest.approx(saved_bytes(model, 8, 32), rel=0.05)


@pytest.mark.parametrize("name", ["adamw", "sgd", "adafactor"])
def test_the_optimisers_state_is_counted(name):
    model = bert()
    config = TrainingConfig(precision="fp32", optimizer=name)
    found = estimate(model, 4, 8, config)
    optimizer = make_optimizer(model, config)
    loss, _ = classification(model, tokens(4, 8), logits_of=classify)
    loss.backward()
    assert found.gradients == sum(
        p.grad.nbytes for p in model.parameters() if p.grad is not None
    )
    optimizer.step()
    held = [
        value.nbytes
        for state in optimizer.state.values()
        for value in state.values()
        if torch.is_tensor(value) and value.numel() > 1
    ]
    assert found.optimizer == pytest.approx(sum(held), rel=0.01)


def live_peak(model, config, batch, length):
    """Return the most bytes in use at once within a step, above its start."""
    objective = partial(classification, logits_of=classify)
    optimizer = make_optimizer(model, config)
    with (
        recomputing(model, config.checkpointing),
        torch.profiler.profile(profile_memory=True) as profiled,
    ):
        objective(model, tokens(batch, length))[0].backward()
        optimizer.zero_grad()
    events = profiled.profiler.kineto_results.events()
    changes = [e for e in events if e.name() == "[memory]"]
    live = peak = 0
    for change in sorted(changes, key=lambda e: e.start_ns()):
        live += change.nbytes()
        peak = max(peak, live)
    return peak


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_peak_is_what_torch_asks_for(method, checkpointing):
    model = METHODS[method](bert("minilm"))
    config = TrainingConfig(precision="fp32", checkpointing=checkpointing)
    found = estimate(model, 4, 64, config)
    step = found.total - found.weights - found.optimizer
    asked = live_peak(model, config, 4, 64)
    assert step - heap_bytes(model, Way(4, 64)) == pytest.approx(asked, rel=0.1)


def test_less_is_needed_where_less_is_trained():
    full, frozen = (
        estimate(METHODS[m](bert("minilm")), 8, 32, FP32) for m in ("full", "lora")
    )
    assert frozen.weights >= full.weights  # LoRA's own on top
    assert frozen.gradients < 0.05 * full.gradients
    assert frozen.total < full.total
    head = estimate(METHODS["head"](bert("minilm")), 8, 32, FP32)
    assert head.total < frozen.total


def test_products_count_six_operations_per_weight_and_token():
    model = bert("minilm")
    n, width, length = 8 * 32, 384, 32
    matrices = 6 * 12 * width**2
    attention = 6 * 12 * n * length * width  # three times 4 B L^2 D, per layer
    expected = 6 * n * matrices + attention
    assert operations(model, Way(8, 32, short=False)) == pytest.approx(expected)
    frozen = METHODS["head"](model)
    found = operations(frozen, Way(8, 32, short=False))
    assert found == pytest.approx(expected / 3)
    again = Way(8, 32, short=False, checkpointing=True)
    assert operations(bert("minilm"), again) == pytest.approx(expected * 4 / 3)


def test_time_follows_the_machine_and_the_number_of_steps():
    model, slow = bert(), Machine(rate=1e9, bandwidth=1e9)
    fast = Machine(rate=2e9, bandwidth=2e9)
    one = estimate(model, 8, 32, FP32, machine=slow)
    assert one.seconds(10) == pytest.approx(10 * one.seconds_per_step)
    two = estimate(model, 8, 32, FP32, machine=fast)
    assert two.seconds_per_step == pytest.approx(one.seconds_per_step / 2)
    assert estimate(model, 8, 32, FP32).seconds(10) is None
    measured = measure_machine("cpu")
    assert measured.rate > 1e8
    assert measured.bandwidth > 1e8


def test_the_table_names_each_part():
    text = estimate(bert(), 8, 32, FP32, machine=Machine(1e9, 1e9)).table()
    names = [line.split()[0] for line in text.splitlines()]
    assert names == ["weights", "gradients", "optimizer", "activations", "peak", "step"]


def test_what_cannot_be_estimated_is_refused():
    with pytest.raises(ModelError, match="the model is Linear"):
        estimate(nn.Linear(2, 2), 8, 32, FP32)
    with pytest.raises(UsageError, match="at least 1"):
        estimate(bert(), 0, 32, FP32)
