"""Full, head only and BitFit: which parameters are trained, and that no other moves."""

import pytest
import torch

from chapter2.models import load_encoder
from chapter2.training import TrainingConfig, fine_tune
from chapter2.tuning import tune
from chapter2.tuning.tuned import trained

D, FF, LAYERS, C = 32, 64, 2, 2  # of tiny-random
HEAD = (D * D + D) + (D * C + C)  # pooler, classifier
CONFIG = TrainingConfig(epochs=1, batch_size=8, learning_rate=0.01, precision="fp32")


@pytest.fixture(scope="module")
def base():
    return load_encoder("tiny-random", ("a", "b"), seed=3)


def test_trainable_counts_are_the_closed_formulas(base):
    total = sum(p.numel() for p in base.model.parameters())
    # query, key, value and attention output; FF in, FF out; LayerNorms
    biases = LAYERS * (4 * D + FF + D + 2 * D) + D
    expected = {"full": total, "head": HEAD, "bitfit": HEAD + biases}
    assert {name: tune(base, name).trainable for name in expected} == expected
    assert tune(base, "bitfit").total == total


@pytest.mark.parametrize("method", ["full", "head", "bitfit"])
def test_what_is_trained_moves_and_nothing_else_does(base, method, data):
    tuned = tune(base, method)
    chosen = set(trained(tuned.model, tuned.method))
    assert tuned.method.name == method
    fine_tune(tuned, data(32), None, CONFIG, progress=False)
    before, moved = dict(base.model.named_parameters()), set()
    for name, parameter in tuned.model.named_parameters():
        if not torch.equal(before[name], parameter):
            moved.add(name)
    # attention ignores a constant added to every score: its key bias has no gradient
    still = {name for name in chosen if name.endswith("key.bias")}
    assert chosen - still <= moved <= chosen


def test_bitfit_trains_the_biases_and_the_head(base):
    tuned = tune(base, "bitfit")
    names = set(trained(tuned.model, tuned.method))
    below = {
        name for name in names if ".pooler." not in name and "classifier" not in name
    }
    assert all(name.endswith(".bias") for name in below)
    assert {"bert.pooler.dense.weight", "classifier.weight"} <= names
