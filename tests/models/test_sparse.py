"""The baselines as shipped models: what comes back from disk gives the same numbers."""

import json
import subprocess
import sys

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.errors import ModelError, UsageError
from chapter2.evaluation import baselines, majority, tfidf_logistic
from chapter2.models.sparse import Majority, SparseLinear

WORDS = ("good", "bad", "fine", "dull", "I don't", "né", "plot", "a", "\ud800 half")


def made(n=90, classes=("no", "yes", "it's")):
    draw = np.random.default_rng(0)
    labels = tuple(i % len(classes) for i in range(n))
    texts = tuple(
        " ".join(draw.choice(WORDS, size=5)) + f" {classes[label]}" for label in labels
    )
    return TextDataset("made", texts, labels, classes)


CHINESE = TextDataset(
    "reviews",
    ("房间很好", "服务很差", "位置好", "太差了") * 5,
    (1, 0, 1, 0) * 5,
    ("差", "好"),
)


@pytest.mark.parametrize(
    ("records", "features"),
    [(made(), "words"), (made(), "characters"), (CHINESE, "characters")],
)
def test_predictions_equal_scikit_learns_before_and_after_disk(
    records, features, tmp_path
):
    baseline = tfidf_logistic(records, features=features)
    model = SparseLinear.of(baseline)
    texts = [*records.texts, "", "unseen words", "没有"]
    expected = baseline.predict_proba(texts)
    np.testing.assert_allclose(model.predict_proba(texts), expected, atol=1e-12)
    model.save(tmp_path / "new")
    again = SparseLinear.load(tmp_path / "new")
    np.testing.assert_allclose(again.predict_proba(texts), expected, atol=1e-12)
    assert again.label_names == records.label_names


def test_majority_comes_back_as_it_was(tmp_path):
    model = Majority.of(majority(made().select(range(10))))
    model.save(tmp_path)
    again = Majority.load(tmp_path)
    assert again == model
    np.testing.assert_array_equal(again.predict_proba(["a", "b"])[1], [0.4, 0.3, 0.3])
    assert again.predict_proba([]).shape == (0, 3)


def test_nothing_on_disk_can_run_code(tmp_path):
    SparseLinear.of(tfidf_logistic(made())).save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"settings.json", "head.npz"}
    with np.load(tmp_path / "head.npz", allow_pickle=False) as stored:
        assert {x.dtype.kind for x in dict(stored).values()} == {"f"}


def test_a_folder_that_is_not_whole_is_refused(tmp_path):
    with pytest.raises(ModelError, match="settings"):
        SparseLinear.load(tmp_path)
    SparseLinear.of(tfidf_logistic(made())).save(tmp_path)
    path = tmp_path / "settings.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "vocabulary": stored["vocabulary"][1:]}))
    with pytest.raises(ModelError, match="do not fit"):
        SparseLinear.load(tmp_path)
    path.write_text(json.dumps({"label_names": ["a", "b"]}))
    with pytest.raises(ModelError, match="it lacks"):
        SparseLinear.load(tmp_path)


def test_the_number_of_weights_is_bounded(monkeypatch):
    monkeypatch.setattr(baselines, "MOST_WEIGHTS", 60)
    model = SparseLinear.of(tfidf_logistic(made(), features="characters"))
    assert model.head.weights.size == 60


def test_unknown_features_are_refused():
    with pytest.raises(UsageError, match="features"):
        tfidf_logistic(made(), features="syllables")


def test_it_is_loaded_and_asked_without_torch(tmp_path):
    SparseLinear.of(tfidf_logistic(made())).save(tmp_path)
    code = (
        "import sys; from chapter2.models.sparse import SparseLinear as S; "
        "S.load(sys.argv[1]).predict_proba(['good']); "
        "print(*[m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
