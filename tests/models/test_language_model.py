"""A model and its tokenizer as one thing."""

import pytest

from chapter2.errors import ModelError
from chapter2.models.language_model import new_language_model
from chapter2.models.tiny import tiny_random


def test_a_model_that_counted_nothing_is_not_written(tmp_path):
    subject = new_language_model("ngram", tiny_random(2, 0)[1])
    assert subject.parameters() == 0
    with pytest.raises(ModelError, match="has counted no text"):
        subject.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()
