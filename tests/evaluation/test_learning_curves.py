"""Learning curves: nested parts, scores that can be checked, and an honest band."""

from __future__ import annotations

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.errors import DataError, UsageError
from chapter2.evaluation import extrapolate, learning_curve, tfidf_logistic


def law(n, a=0.9, b=0.8, c=0.4):
    return a - b * np.asarray(n, dtype=float) ** -c


def test_without_noise_a_long_curve_is_found_again():
    sizes = [50, 100, 200, 400, 800, 1600]
    found = extrapolate(sizes, law(sizes), at=6400, noise=0.0005)
    assert found.value == pytest.approx(law(6400), abs=0.003)
    assert found.low < law(6400) < found.high
    assert found.high - found.low < 0.02


@pytest.mark.parametrize("points", [3, 5])
def test_the_band_covers_the_truth_as_often_as_it_says(points):
    """Random curves of the family, noise 0.01, four times beyond the last size."""
    random = np.random.default_rng(points)
    covered = []
    for _ in range(60):
        a, c = random.uniform(0.7, 0.98), random.uniform(0.15, 1.2)
        start = random.uniform(0.5, a)
        sizes = 100 * 2 ** np.arange(points)
        b = (a - start) * 100**c  # the curve begins at `start`
        scores = law(sizes, a, b, c) + random.normal(0, 0.01, points)
        found = extrapolate(sizes, scores, at=4 * sizes[-1], noise=0.01)
        covered.append(found.low <= law(4 * sizes[-1], a, b, c) <= found.high)
    assert np.mean(covered) >= 0.88  # 0.95 less 2.5 standard errors of 60 draws


def test_the_band_widens_with_the_distance_and_the_noise():
    sizes = [100, 200, 400, 800]
    near, far = (extrapolate(sizes, law(sizes), n) for n in (1600, 12800))
    assert far.high - far.low > near.high - near.low
    rough = extrapolate(sizes, law(sizes), 1600, noise=0.03)
    assert rough.high - rough.low > near.high - near.low


def test_scatter_about_the_curve_widens_the_band():
    sizes = [100, 200, 400, 800, 1600]
    shaken = law(sizes) + 0.03 * np.array([1, -1, 1, -1, 1])
    calm, rough = extrapolate(sizes, law(sizes), 3200), extrapolate(sizes, shaken, 3200)
    assert rough.high - rough.low > 1.5 * (calm.high - calm.low)


def test_a_flat_curve_stays_flat_and_a_falling_one_does_not_go_on_falling():
    flat = extrapolate([100, 200, 400], [0.8, 0.8, 0.8], 1600)
    assert flat.low < 0.81
    assert 0.78 < flat.value < 0.84
    fallen = extrapolate([100, 200, 400], [0.85, 0.83, 0.80], 1600)
    assert fallen.value > 0.8


def test_nothing_is_promised_beyond_the_ceiling():
    found = extrapolate([10, 20, 40], [0.5, 0.75, 0.95], 10_000)
    assert found.high <= 1
    error = extrapolate([10, 20, 40], [-3.0, -2.0, -1.5], 1000, noise=0.05, ceiling=0)
    assert -1.5 < error.value <= error.high <= 0


def test_the_order_of_the_points_does_not_matter():
    one = extrapolate([100, 200, 400], [0.7, 0.75, 0.78], 800)
    assert extrapolate([400, 100, 200], [0.78, 0.7, 0.75], 800) == one


@pytest.mark.parametrize(
    ("sizes", "scores", "sentence"),
    [
        ([1, 2], [0.1, 0.2], "2 size"),
        ([1, 1, 2], [0.1, 0.2, 0.3], "2 size"),
        ([1, 2, 3], [0.1, 0.2, float("nan")], "finite"),
        ([0, 2, 3], [0.1, 0.2, 0.3], "above 0"),
    ],
)
def test_points_that_make_no_curve_are_refused(sizes, scores, sentence):
    with pytest.raises(DataError, match=sentence):
        extrapolate(sizes, scores, 10)


def test_a_level_of_one_is_refused():
    with pytest.raises(UsageError, match="level"):
        extrapolate([1, 2, 3], [0.1, 0.2, 0.3], 10, level=1)


def texts(n: int, name: str = "set") -> TextDataset:
    words = ["good fine", "bad awful"]
    rows = tuple(f"{words[i % 2]} film {i}" for i in range(n))
    return TextDataset(name, rows, tuple(i % 2 for i in range(n)), ("p", "n"))


def test_parts_are_nested_and_every_seed_is_asked():
    seen = {}

    def fit(train, seed):
        seen[seed, len(train)] = set(train.texts)
        return tfidf_logistic(train)

    curve = learning_curve(fit, texts(60), texts(20), [4, 10, 30], seeds=(0, 1))
    assert set(seen) == {(s, n) for s in (0, 1) for n in (4, 10, 30)}
    for seed in (0, 1):
        assert seen[seed, 4] < seen[seed, 10] < seen[seed, 30]
    assert seen[0, 10] != seen[1, 10]
    assert [point.records for point in curve] == [4, 10, 30]
    for point in curve:
        assert point.score.value == pytest.approx(np.mean(point.seeds))
        assert point.score.low <= point.score.value <= point.score.high
    assert curve.points[-1].score.value == 1
    assert len(curve) == 3
    assert curve.extrapolate(100).value > 0.9


@pytest.mark.parametrize("sizes", [[], [0, 3], [5, 5], [10, 5], [4, 61]])
def test_sizes_that_cannot_be_taken_are_refused(sizes):
    with pytest.raises(UsageError, match="rising numbers from 1 to the 60"):
        learning_curve(lambda *_: None, texts(60), texts(20), sizes)
