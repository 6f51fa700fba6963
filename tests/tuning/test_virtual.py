"""What adapters, prefixes and prompts have in common, and where the last two start."""

import copy

import pytest
import torch
import torch.nn.functional as F

from chapter2.models import load_encoder
from chapter2.models.fast_bert import classify
from chapter2.tuning import adapters, prefix, prompt
from chapter2.tuning.virtual import frequent_words

METHODS = {
    "adapters": (adapters.apply, adapters.AdapterOptions(bottleneck=8)),
    "prefix": (prefix.apply, prefix.PrefixOptions(length=4)),
    "prompt": (prompt.apply, prompt.PromptOptions(length=4)),
}
LABELS = torch.tensor([0, 2, 1, 1])


@pytest.fixture(params=METHODS)
def tuned(request, base):
    """Return a function of a seed that applies the method to a copy of the base."""
    apply, options = METHODS[request.param]
    return lambda seed=0: apply(copy.deepcopy(base), options, seed)


def trained(model):
    return {n: p for n, p in model.named_parameters() if p.requires_grad}


def two_steps(model, batch):
    optimizer = torch.optim.AdamW(trained(model).values(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(classify(model, batch()), LABELS).backward()
        optimizer.step()


def test_gradients_flow_to_what_is_trained_and_to_nothing_else(tuned, batch):
    model, _ = tuned()
    F.cross_entropy(classify(model, batch()), LABELS).backward()
    reached = {n for n, p in model.named_parameters() if p.grad is not None}
    assert reached == set(trained(model))
    assert all(p.grad.count_nonzero() for p in trained(model).values())


def test_two_steps_change_what_is_trained_and_nothing_else(tuned, batch):
    model, _ = tuned()
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    two_steps(model, batch)
    changed = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert changed == set(trained(model))


def test_the_trained_weights_alone_restore_the_logits(tuned, batch):
    model, _ = tuned(seed=0)
    two_steps(model, batch)
    other, _ = tuned(seed=1)
    with torch.no_grad():
        expected = classify(model.eval(), batch())
        assert not torch.allclose(classify(other.eval(), batch()), expected)
        other.load_state_dict(trained(model), strict=False)
        assert torch.equal(classify(other, batch()), expected)


def test_padding_changes_nothing(tuned, batch):
    model, _ = tuned()
    inputs = batch((6, 4))
    alone = {key: x[1:, :4] for key, x in inputs.items()}
    unmasked = {"input_ids": alone["input_ids"]}
    with torch.no_grad():
        together = classify(model.eval(), inputs)[1:]
        for single in (classify(model, alone), classify(model, unmasked)):
            torch.testing.assert_close(together, single, atol=1e-10, rtol=0)


def test_the_seed_alone_decides_the_start(tuned):
    def start(seed):
        return [p.detach() for p in trained(tuned(seed)[0]).values()]

    first, torch_state = start(0), torch.get_rng_state()
    again, other = start(0), start(1)
    assert all(torch.equal(x, y) for x, y in zip(first, again, strict=True))
    assert not all(torch.equal(x, y) for x, y in zip(first, other, strict=True))
    assert torch.equal(torch_state, torch.get_rng_state())


def test_training_and_evaluating_are_left_as_they_were(base):
    for training in (True, False):
        for apply, options in METHODS.values():
            model, _ = apply(copy.deepcopy(base).train(training), options, 0)
            assert {m.training for m in model.modules()} == {training}


def test_a_wrapped_model_has_the_base_device_and_configuration(base):
    for apply, options in (METHODS["prefix"], METHODS["prompt"]):
        model, _ = apply(copy.deepcopy(base), options, 0)
        assert model.device == base.device
        assert model.config.num_labels == base.config.num_labels


def test_vectors_start_from_frequent_words_of_the_vocabulary():
    tokenizer = load_encoder("minilm", ("negative", "positive")).tokenizer
    words = frequent_words(tokenizer.vocab_size, 50, seed=3)
    assert len(set(words.tolist())) == 50
    assert words.min() >= 1_996
    assert words.max() < 6_996
    assert tokenizer.convert_ids_to_tokens(1_996) == "the"
    assert not set(tokenizer.all_special_ids) & set(words.tolist())


def test_a_small_vocabulary_gives_words_too_and_more_than_once_if_need_be():
    assert sorted(frequent_words(8, 3, seed=0).tolist()) == [5, 6, 7]
    assert sorted(frequent_words(8, 6, seed=0).tolist()) == [5, 5, 6, 6, 7, 7]
