"""Vectors of texts: the mean over real tokens, of length 1; the disk."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from chapter2.errors import ModelError
from chapter2.models.embedding import EmbeddingLinear, load_embedder, mean_vectors
from chapter2.models.linear_head import LinearHead

TEXTS = ["a good film", "bad", "the story of a man and his " + "very " * 40, ""]


@pytest.fixture(scope="module")
def embedder():
    return load_embedder("tiny-random", 32)


def test_a_vector_is_the_mean_of_the_outputs_of_a_text_alone(embedder):
    found = embedder.embed(TEXTS)
    for text, vector in zip(TEXTS, found, strict=True):
        ids = embedder.tokenizer(
            text, truncation=True, max_length=32, return_tensors="pt"
        )["input_ids"]
        with torch.no_grad():
            mean = embedder.model(ids).last_hidden_state[0].mean(dim=0)
        expected = (mean / mean.norm()).numpy()
        np.testing.assert_allclose(vector, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert embedder.embed([]).shape == (0, 32)


def test_padding_does_not_count(embedder):
    ids = torch.tensor([[2, 5, 6, 3]])
    padded = torch.tensor([[2, 5, 6, 3, 0, 0]])
    with torch.no_grad():
        alone = mean_vectors(
            embedder.model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        )
        beside = mean_vectors(
            embedder.model,
            {"input_ids": padded, "attention_mask": (padded != 0).long()},
        )
    torch.testing.assert_close(alone, beside, atol=1e-6, rtol=0)


def test_it_comes_back_from_disk(embedder, tmp_path):
    fitted = LogisticRegression().fit(embedder.embed(TEXTS), [1, 0, 0, 2])
    model = EmbeddingLinear(("a", "b", "c"), embedder, LinearHead.of(fitted, 3))
    model.save(tmp_path)
    again = EmbeddingLinear.load(tmp_path)
    np.testing.assert_array_equal(
        again.predict_proba(TEXTS), model.predict_proba(TEXTS)
    )
    assert (again.label_names, again.embedder.max_length) == (("a", "b", "c"), 32)
    (tmp_path / "encoder" / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json"):
        EmbeddingLinear.load(tmp_path)
