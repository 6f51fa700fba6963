"""Settings: what makes no sense is refused in one sentence."""

import dataclasses
import json

import pytest

from chapter2.errors import UsageError
from chapter2.training import TrainingConfig


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("token_budget", -1),
        ("accumulation", 0),
        ("patience", 0),
        ("validate_every", 0),
        ("checkpoint_every", 0),
        ("checkpoint_minutes", 0.0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", 5000.0),
        ("weight_decay", -0.1),
        ("warmup", 1.0),
        ("warmup", -0.1),
        ("max_grad_norm", 0.0),
        ("precision", "fp8"),
        ("optimizer", "adam"),
        ("schedule", "step"),
    ],
)
def test_senseless_settings_are_refused(name, value):
    with pytest.raises(UsageError, match=f"^{name} is .*; it must be .*\\.$"):
        TrainingConfig(**{name: value})


def test_none_is_a_value_where_it_means_never():
    config = TrainingConfig(patience=None, max_grad_norm=None, validate_every=None)
    assert config.patience is None


def test_settings_are_frozen_and_plain():
    config = TrainingConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.epochs = 3
    assert TrainingConfig(**json.loads(json.dumps(config.to_dict()))) == config


def test_patience_that_could_never_end_is_refused():
    with pytest.raises(UsageError, match="patience is 2; it must be None where"):
        TrainingConfig(patience=2, monitor="step")
