"""A prompted model: its label scores equal ``score``, though the prefix is shared."""

import numpy as np
import pytest

from chapter2.errors import ModelError
from chapter2.models import load_causal, score
from chapter2.models.prompted import Prompted

LABELS = ("bad", "very good", "x")
EXAMPLES = (("dull", "bad"), ("a fine\nfilm", "very good"))


@pytest.fixture(scope="module")
def causal():
    return load_causal("tiny-random")


@pytest.fixture(scope="module", params=[(), EXAMPLES])
def model(causal, request):
    return Prompted(LABELS, causal, request.param)


def test_label_scores_equal_those_of_score(model, causal):
    for text in ("so so", "", "ünïcode 很好", "so so"):
        prompt = model.prefix + f"Text: {text}\nLabel:"
        expected = [score(causal, f" {label}", after=prompt).total for label in LABELS]
        np.testing.assert_allclose(
            model.log_probabilities(text), expected, atol=1e-4, rtol=0
        )


def test_probabilities_are_the_quotients_to_the_empty_text(model):
    found = model.predict_proba(["so so", ""])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(found[1], 1 / 3, atol=1e-5)  # nothing over nothing
    gain = model.log_probabilities("so so") - model.log_probabilities("")
    expected = np.exp(gain) / np.exp(gain).sum()
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    assert model.predict_proba([]).shape == (0, 3)


def test_examples_and_long_texts_stay_on_one_line_and_are_cut(causal):
    model = Prompted(LABELS, causal, EXAMPLES, text_tokens=4)
    assert "Text: a fi\nLabel: very good\n\n" in model.prefix  # a token is a byte here
    long, longer = (model.log_probabilities("abcd" + "e" * n) for n in (1, 50))
    np.testing.assert_allclose(long, longer, atol=1e-6)


def test_a_prompt_beyond_the_window_is_refused(causal):
    model = Prompted(LABELS, causal, EXAMPLES * 20)
    with pytest.raises(ModelError, match="fewer examples"):
        model.predict_proba(["a"])


def test_it_comes_back_from_disk(model, tmp_path):
    model.save(tmp_path)
    again = Prompted.load(tmp_path)
    texts = ["a good film", "很好"]
    np.testing.assert_array_equal(
        again.predict_proba(texts), model.predict_proba(texts)
    )
    assert (again.examples, again.causal.name) == (model.examples, "tiny-random")
