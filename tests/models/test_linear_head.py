"""The linear layer that replaces scikit-learn's: the same numbers, stored as arrays."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from chapter2.errors import ModelError
from chapter2.models.linear_head import FILE, LinearHead


def records(classes, n=60, seed=0):
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return draw.normal(size=(n, 5)) + labels[:, None], labels


@pytest.mark.parametrize("classes", [2, 3, 50])
def test_probabilities_equal_scikit_learns(classes):
    x, y = records(classes, n=200)
    fitted = LogisticRegression(max_iter=1000).fit(x, y)
    found = LinearHead.of(fitted, classes).predict_proba(x)
    np.testing.assert_allclose(found, fitted.predict_proba(x), atol=1e-12)
    assert found.dtype == np.float64


def test_a_class_that_training_lacked_gets_nothing():
    x, y = records(3)
    fitted = LogisticRegression().fit(x, np.array([0, 2, 4])[y])
    found = LinearHead.of(fitted, 6).predict_proba(x)
    assert found.shape == (60, 6)
    assert (found[:, [1, 3, 5]] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)


def test_far_logits_stay_numbers():
    head = LinearHead(np.array([[1.0], [-1.0]]), np.zeros(2))
    found = head.predict_proba(np.array([[1e4], [-1e4]]))
    np.testing.assert_array_equal(found, [[1, 0], [0, 1]])


def test_it_comes_back_from_disk_bit_for_bit(tmp_path):
    x, y = records(3)
    head = LinearHead.of(LogisticRegression().fit(x, y), 4)
    head.save(tmp_path, idf=np.arange(5.0))
    loaded, beside = LinearHead.load(tmp_path)
    np.testing.assert_array_equal(loaded.weights, head.weights)
    np.testing.assert_array_equal(loaded.bias, head.bias)
    np.testing.assert_array_equal(beside["idf"], np.arange(5.0))


def test_a_pickle_or_a_cut_file_is_refused(tmp_path):
    np.savez(tmp_path / FILE, weights=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ModelError, match="cannot be read"):
        LinearHead.load(tmp_path)
    (tmp_path / FILE).write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ModelError, match="cannot be read"):
        LinearHead.load(tmp_path)
