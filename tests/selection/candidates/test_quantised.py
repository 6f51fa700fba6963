"""A fine-tuned encoder with weights of 8 bits, made of a model that is there."""

from dataclasses import replace

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.deployment.shipped import load_model, save_model
from chapter2.errors import ModelError, UsageError
from chapter2.selection.candidates.quantised import Quantised
from chapter2.selection.candidates.schedule import Schedule
from chapter2.selection.candidates.tuned import FULL

BRIEF = Schedule(epochs=2, least_steps=2, most_epochs=2, batch_size=8)
PARENT = replace(FULL, encoder="tiny-random", schedule=BRIEF)
TEXTS = ["a good film", "", "很好", "bad " * 200]
# whatever is fitted, not found: what only changes a model never asks for it
NO_PARENT = Quantised(replace(FULL, encoder="no/such/folder"))


@pytest.fixture(scope="module")
def records():
    words = ("good", "bad")
    texts = tuple(f"film {i} was {words[i % 2]}" for i in range(40))
    return TextDataset("made", texts, tuple(i % 2 for i in range(40)), ("yes", "no"))


@pytest.fixture(scope="module")
def fitted(records):
    return PARENT.fit(records, seed=1)


def test_a_stored_model_is_changed_and_nothing_is_fitted(fitted, records, tmp_path):
    save_model(fitted, tmp_path / "parent")
    changed = NO_PARENT.changed(str(tmp_path / "parent"))
    with pytest.raises(ModelError):
        NO_PARENT.fit(records)
    assert changed.precision == "int8"
    found, wanted = changed.predict_proba(TEXTS), fitted.predict_proba(TEXTS)
    assert 0 < np.abs(found - wanted).max() < 0.05  # seven bits are not thirty-two
    same = Quantised(PARENT).fit(records, seed=1)  # the parent fitted again
    np.testing.assert_array_equal(same.predict_proba(TEXTS), found)


def test_it_ships_as_onnx_and_its_scratch_goes_with_it(fitted, tmp_path):
    changed = NO_PARENT.changed(fitted)
    found, scratch = changed.predict_proba(TEXTS), changed.folder
    save_model(changed, tmp_path / "shipped")
    assert scratch.is_dir()
    del changed
    assert not scratch.exists()
    loaded = load_model(tmp_path / "shipped")
    assert (loaded.precision, loaded.label_names) == ("int8", ("yes", "no"))
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), found)
    save_model(fitted, tmp_path / "parent")
    size, before = (
        sum(path.stat().st_size for path in (tmp_path / name).iterdir())
        for name in ("shipped", "parent")
    )
    assert size < before


def test_a_model_without_a_graph_is_refused(snippets, tmp_path):
    from chapter2.selection.candidates import CANDIDATES

    save_model(CANDIDATES["tfidf"].fit(snippets), tmp_path / "words")
    with pytest.raises(UsageError, match="no graph to export"):
        NO_PARENT.changed(str(tmp_path / "words"))
