"""Reading an exported folder, and what can be wrong with it."""

import os

import numpy as np
import pytest

from chapter2.deployment.onnx_model import OnnxClassifier, default_threads
from chapter2.deployment.parity import to_int8
from chapter2.errors import ModelError


def test_threads_are_what_the_user_or_the_scheduler_gives(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert default_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert default_threads() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert default_threads() == len(os.sched_getaffinity(0))


def test_the_session_has_the_stated_threads(exported):
    loaded = OnnxClassifier.load(exported, threads=2)
    assert loaded.session.get_session_options().intra_op_num_threads == 2


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "settings.json"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_each_missing_or_cut_file_is_one_sentence(exported, tmp_path, name, damage):
    OnnxClassifier.load(exported).save(tmp_path)
    path = tmp_path / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ModelError) as error:
        OnnxClassifier.load(tmp_path)
    assert "\n" not in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_a_folder_that_has_gone_cannot_be_copied(exported, tmp_path):
    OnnxClassifier.load(exported).save(tmp_path / "first")
    loaded = OnnxClassifier.load(tmp_path / "first")
    (tmp_path / "first").rename(tmp_path / "moved")
    with pytest.raises(ModelError, match="cannot be copied"):
        loaded.save(tmp_path / "second")


def test_in_8_bits_an_answer_does_not_depend_on_the_texts_beside_it(
    exported, texts, tmp_path
):
    """A check on a part of the texts took a good model for another one."""
    OnnxClassifier.load(exported).save(tmp_path)
    to_int8(tmp_path)
    loaded = OnnxClassifier.load(tmp_path)
    assert loaded.precision == "int8"
    whole = loaded.predict_proba(texts)
    assert np.array_equal(loaded.predict_proba(texts[10:20]), whole[10:20])
