"""A tiny classifier, texts of all lengths, and labels that it answers rightly."""

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.models import load_encoder

LABELS = ("blame", "praise")


@pytest.fixture(scope="session")
def texts():
    """Return 40 texts of 1 to 40 words, a Chinese one and an odd one among them."""
    rng = np.random.default_rng(0)
    words = ["good", "bad", "film", "story", "the", "so", "love", "and", "never"]
    made = [" ".join(rng.choice(words, size=n)) for n in range(1, 39)]
    return (*made, "这部电影很好看", "\ud83d \t 🙂 x")


@pytest.fixture(scope="session")
def classifier(texts):
    """Return large random weights, so that the answers differ: half are praise."""
    made = load_encoder("tiny-random", LABELS, seed=1)
    for parameter in made.model.parameters():
        parameter.data.mul_(4.0)
    made.model.classifier.weight.data.mul_(3.0)
    odds = np.log(made.predict_proba(texts))
    made.model.classifier.bias.data[1] -= float(np.median(odds[:, 1] - odds[:, 0]))
    return made


@pytest.fixture(scope="session")
def labelled(classifier, texts):
    """Return records whose labels are the model's own answers: it is always right."""
    answers = classifier.predict(texts)
    return TextDataset("answers", texts, tuple(map(int, answers)), LABELS)


@pytest.fixture(scope="session")
def exported(classifier, tmp_path_factory):
    """Return the folder of ``classifier`` as ONNX in float32."""
    from chapter2.deployment.export import export

    folder = tmp_path_factory.mktemp("onnx") / "model"
    export(classifier, folder)
    return folder
