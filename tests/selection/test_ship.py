"""The check of the saved model: on some texts, and where it is too slow, on fewer."""

from types import SimpleNamespace

import numpy as np
import pytest

from chapter2.deployment import measure as measure_module
from chapter2.deployment.measure import OutOfTimeError
from chapter2.selection import ship
from chapter2.selection.ladder import ladder
from chapter2.selection.plan import Plan
from chapter2.selection.prepare import CHECKED
from chapter2.selection.runner import Runner
from chapter2.selection.trial import Outcome, Trial


@pytest.fixture
def asked(monkeypatch):
    """How many texts each check asked; the saved model adds 1e-5 to a probability."""
    calls = []

    def measure(folder, texts, *, expected=None, timeout=0.0):
        calls.append((len(texts), timeout))
        if len(texts) > calls_allowed["texts"]:
            raise OutOfTimeError("too slow")
        place = np.array([int(text) for text in texts])
        return SimpleNamespace(probabilities=truth[place] + 1e-5, expected=expected)

    monkeypatch.setattr(measure_module, "measure", measure)
    return calls


truth = np.random.default_rng(0).random((2000, 2))
texts = [str(i) for i in range(2000)]
calls_allowed = {"texts": 10_000}


def check(expected, remote=False):
    return ship._checked(None, texts, expected, remote, 100.0)


def test_a_part_of_many_texts_is_predicted_again_and_held_against_the_fitted(asked):
    footprint, found = check(truth)
    assert asked == [(CHECKED, 100.0)]
    assert np.array_equal(footprint.expected, footprint.probabilities - 1e-5)
    changed = (found != truth).any(axis=1)
    assert changed.sum() == CHECKED
    assert changed[[0, -1]].all()  # from the first to the last
    assert found == pytest.approx(truth, abs=1e-4)


def test_without_a_fitted_model_all_texts_are_predicted(asked):
    _, found = check(None)
    assert asked == [(2000, 100.0)]
    assert found == pytest.approx(truth, abs=1e-4)


def test_a_model_that_is_too_slow_is_checked_on_fewer_and_not_lost(asked, monkeypatch):
    monkeypatch.setitem(calls_allowed, "texts", 100)
    _, found = check(truth)
    assert asked == [(CHECKED, 100.0), (ship.RESENT, ship.CHECK)]
    assert (found != truth).any(axis=1).sum() == ship.RESENT


def test_a_service_is_sent_few_texts_again_and_its_answers_are_kept(asked):
    _, found = check(truth, remote=True)
    assert asked == [(ship.RESENT, 100.0)]
    assert found is truth


def test_the_last_fit_has_more_passes_where_there_is_time():
    """What was measured on half of its passes was shipped so, with time left."""
    runners = (Runner("words", True, False), Runner("a", False, True))
    plan = Plan(runners, ladder((800, 800, 800), 2), 1200, lambda o: 0.8, asked=600)
    half = Outcome(Trial("a", 0, 800, 0.5), np.arange(400), truth[:400], 40.0, 0.0)
    race = SimpleNamespace(
        plan=plan, folds=((range(800), range(400)),), outcomes=[half], left=121.0
    )
    assert plan.refit(Trial("a", 0, 800), [half]) == pytest.approx(
        1.15 * 40 * 1400 / (400 + 400 / 3)
    )
    assert ship.last_effort(race, "a", 0.5) == 1.0
    race.left = 120.0
    assert ship.last_effort(race, "a", 0.5) == 0.5
    race.left = 0.0  # not less than was measured, whatever the time
    assert ship.last_effort(race, "a", 0.5) == 0.5
    assert ship.last_effort(race, "words", 1.0) == 1.0
