"""peft behind the same door: its classes, its seed, its training, and what it lacks."""

import pytest
import torch

from chapter2.errors import UsageError
from chapter2.models import load_encoder
from chapter2.training import TrainingConfig, fine_tune
from chapter2.tuning import tune
from chapter2.tuning.peft_backend import METHODS


@pytest.fixture(scope="module")
def base():
    return load_encoder("tiny-random", ("a", "b"), seed=3)


@pytest.mark.parametrize("method", METHODS)
def test_the_model_is_pefts_and_trains_as_many_parameters_as_ours(base, method):
    from peft import PeftModelForSequenceClassification

    theirs, ours = tune(base, method, backend="peft"), tune(base, method)
    assert isinstance(theirs.model, PeftModelForSequenceClassification)
    assert theirs.trainable == ours.trainable
    assert theirs.method.name == method


def test_the_seed_decides_and_the_global_generator_stands(base):
    state = torch.random.get_rng_state()
    models = [tune(base, "lora", backend="peft", seed=s).model for s in (1, 1, 2)]
    drawn = [
        next(p for name, p in model.named_parameters() if "lora_A" in name)
        for model in models
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert torch.equal(state, torch.random.get_rng_state())


def test_adalora_ends_with_the_budget(base, data):
    tuned = tune(base, "adalora", backend="peft", initial_rank=6, rank=3)
    config = TrainingConfig(
        epochs=2, batch_size=4, learning_rate=0.01, precision="fp32"
    )
    fine_tune(tuned, data(48), None, config, progress=False)
    named = tuned.model.named_parameters()
    ranks = [int((p != 0).sum()) for name, p in named if "lora_E" in name]
    assert sum(ranks) == 4 * 3


def test_prefix_is_refused_until_peft_reads_this_transformers(base):
    """Should this fail: peft has caught up, and prefix can be opened by the door."""
    from peft import PrefixTuningConfig, get_peft_model

    ids = {"input_ids": torch.tensor([[2, 40, 3]]), "attention_mask": torch.ones(1, 3)}
    config = PrefixTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=2)
    fresh = load_encoder("tiny-random", ("a", "b")).model
    with pytest.raises(ValueError, match="past key values"):
        get_peft_model(fresh, config)(**ids)
    with pytest.raises(UsageError, match="no method 'prefix'"):
        tune(base, "prefix", backend="peft")
