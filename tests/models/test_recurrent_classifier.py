"""The small recurrent classifier: padding, words of any script, the disk."""

import numpy as np
import pytest
import torch

from chapter2.errors import ModelError
from chapter2.models.recurrent_classifier import (
    GRUConfig,
    RecurrentClassifier,
    build_vocabulary,
    pieces,
    pooled,
)

TEXTS = ("A good film!", "a bad film", "这部电影很好", "good good good", "")
SMALL = GRUConfig(width=8, least=1, max_length=5)


@pytest.fixture
def model():
    return RecurrentClassifier.new(("no", "yes"), build_vocabulary(TEXTS, SMALL), SMALL)


def test_words_signs_and_chinese_characters_are_pieces():
    assert pieces("It's GOOD, 很好x!") == [
        "it",
        "'",
        "s",
        "good",
        ",",
        "很",
        "好",
        "x",
        "!",
    ]
    assert pieces("\n \t") == []


def test_the_vocabulary_is_by_frequency_then_name_and_bounded():
    texts = ["b b b a a c c d"]
    assert build_vocabulary(texts, GRUConfig(least=2)) == ("b", "a", "c")
    assert build_vocabulary(texts, GRUConfig(least=1, max_words=4)) == ("b", "a")


def test_a_text_gets_the_same_alone_and_beside_longer_ones(model):
    together = model.predict_proba(TEXTS)
    alone = np.concatenate([model.predict_proba([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-12)
    assert model.predict_proba([]).shape == (0, 2)


def test_maximum_and_mean_are_over_the_real_places():
    states = torch.tensor([[[1.0], [-3.0], [9.0]], [[2.0], [4.0], [6.0]]])
    found = pooled(states, torch.tensor([2, 3]))
    torch.testing.assert_close(found, torch.tensor([[1.0, -1.0], [6.0, 4.0]]))


def test_texts_are_cut_and_never_empty(model):
    assert [len(ids) for ids in model.encode(["a " * 9, ""])] == [5, 1]


def test_it_comes_back_from_disk_bit_for_bit(model, tmp_path):
    model.save(tmp_path)
    again = RecurrentClassifier.load(tmp_path)
    np.testing.assert_array_equal(
        again.predict_proba(TEXTS), model.predict_proba(TEXTS)
    )
    assert (again.config, again.words) == (SMALL, model.words)
    (tmp_path / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(ModelError, match="recurrent classifier"):
        RecurrentClassifier.load(tmp_path)


def test_the_seed_decides_the_weights_and_nothing_else_is_drawn(model):
    before = torch.get_rng_state()
    same = RecurrentClassifier.new(("no", "yes"), model.words, SMALL, seed=0)
    other = RecurrentClassifier.new(("no", "yes"), model.words, SMALL, seed=1)
    assert torch.equal(before, torch.get_rng_state())
    mine, theirs = model.model.classifier.weight, other.model.classifier.weight
    assert torch.equal(mine, same.model.classifier.weight)
    assert not torch.equal(mine, theirs)
