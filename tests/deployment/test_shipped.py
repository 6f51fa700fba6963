"""A shipped folder: whole, checked, and at home on any machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chapter2.deployment.predictor import Predictor
from chapter2.deployment.shipped import MANIFEST, load_model, save_model
from chapter2.errors import ModelError, UsageError
from chapter2.tuning import tune

ROOT = Path(__file__).parents[2]
FRESH = """
import json, sys
from chapter2.deployment.shipped import load_model
texts = json.loads(sys.stdin.read())
print(json.dumps(load_model(sys.argv[1]).predict_proba(texts).tolist()))
print([name for name in ("torch", "transformers") if name in sys.modules])
"""


@pytest.fixture(params=["classifier", "onnx"])
def predictor(request, classifier, exported):
    return classifier if request.param == "classifier" else load_model(exported)


def test_a_folder_moved_to_another_user_gives_the_same(predictor, texts, tmp_path):
    wanted = predictor.predict_proba(texts)
    assert isinstance(predictor, Predictor)
    made = tmp_path / "made-here"
    save_model(predictor, made / "model", card="# A card\n")
    moved = tmp_path / "elsewhere"
    made.rename(moved)
    (tmp_path / "home").mkdir()
    home = str(tmp_path / "home")
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(moved / "model")],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": home,
            "HF_HOME": home,
            "CHAPTER2_CACHE": home,
            "HF_HUB_OFFLINE": "1",
        },
    )
    assert done.returncode == 0, done.stderr
    found, modules = done.stdout.splitlines()
    assert np.abs(np.array(json.loads(found)) - wanted).max() < 1e-6
    if type(predictor).__name__ == "OnnxClassifier":
        assert modules == "[]"  # neither torch nor transformers is waited for


def test_no_path_of_this_machine_lies_inside(predictor, tmp_path):
    folder = save_model(predictor, tmp_path / "model")
    places = {str(tmp_path), str(ROOT), str(Path.home() / ".cache"), sys.prefix}
    places |= {str(getattr(predictor, "folder", tmp_path))}
    for path in folder.rglob("*"):
        content = path.read_bytes()
        assert [place for place in places if place.encode() in content] == []
        assert path.suffix not in (".pkl", ".pt", ".bin", ".joblib")


def test_the_manifest_states_kind_labels_and_every_file(predictor, tmp_path):
    folder = save_model(predictor, tmp_path / "model", card="# A card\n")
    stated = json.loads((folder / MANIFEST).read_text())
    assert stated["kind"] in ("classifier", "onnx")
    assert stated["label_names"] == ["blame", "praise"]
    there = {path.name for path in folder.iterdir()}
    assert set(stated["files"]) == there - {MANIFEST, "README.md"}
    (folder / "README.md").write_text("# Edited by its owner\n")
    assert load_model(folder).label_names == ("blame", "praise")


def test_a_changed_or_missing_file_is_named(exported, tmp_path):
    folder = save_model(load_model(exported), tmp_path / "model")
    graph = folder / "model.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelError, match=r"model\.onnx is not the file .* SHA-256"):
        load_model(folder)
    graph.unlink()
    with pytest.raises(ModelError, match=r"model\.onnx is missing"):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [({"format": 99}, "update chapter2"), ({"kind": "oracle"}, "kind 'oracle'")],
)
def test_a_newer_manifest_is_not_guessed_at(exported, tmp_path, change, says):
    folder = save_model(load_model(exported), tmp_path / "model")
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=says):
        load_model(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "x"}'])
def test_a_damaged_manifest_is_one_sentence(tmp_path, content):
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path)


def test_a_plain_hugging_face_folder_is_a_classifier(classifier, texts, tmp_path):
    classifier.save(tmp_path)
    found = load_model(tmp_path)
    assert np.array_equal(found.predict_proba(texts), classifier.predict_proba(texts))


def test_our_own_folder_is_replaced_and_no_other(classifier, exported, tmp_path):
    save_model(classifier, tmp_path / "model")
    save_model(load_model(exported), tmp_path / "model")
    assert not (tmp_path / "model" / "model.safetensors").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        save_model(classifier, tmp_path / "mine")
    assert {path.name for path in tmp_path.iterdir()} == {"model", "mine"}


def test_an_error_while_saving_leaves_the_old_folder(classifier, tmp_path, monkeypatch):
    folder = save_model(classifier, tmp_path / "model")

    def fails(self, place):
        Path(place, "half").write_text("")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(classifier), "save", fails)
    with pytest.raises(ModelError, match="No space left"):
        save_model(classifier, folder)
    monkeypatch.undo()
    assert load_model(folder).label_names == ("blame", "praise")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_is_no_whole_model_is_refused(classifier, tmp_path):
    with pytest.raises(UsageError, match="merged"):
        save_model(tune(classifier, "lora", rank=2), tmp_path / "model")
    with pytest.raises(UsageError, match="cannot be shipped"):
        save_model(object(), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
