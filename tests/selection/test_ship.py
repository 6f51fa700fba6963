"""The check of the saved model: on some texts, and where it is too slow, on fewer."""

from types import SimpleNamespace

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.deployment import measure as measure_module
from chapter2.selection import ship
from chapter2.selection.ladder import ladder
from chapter2.selection.plan import Plan
from chapter2.selection.prepare import CHECKED
from chapter2.selection.runner import Runner
from chapter2.selection.trial import Outcome, Store, Trial

truth = np.random.default_rng(0).random((2000, 2))
texts = [str(i) for i in range(2000)]
test = TextDataset("test", tuple(texts), (0,) * 2000, ("a", "b"))
records = TextDataset("r", tuple(f"-{i}" for i in range(90)), (0,) * 90, ("a", "b"))
held = np.random.default_rng(1).random((90, 2))


@pytest.fixture
def asked(monkeypatch):
    """Each check: its texts, its time, the least. There is time for ``allowed`` texts;
    the saved model adds 1e-5 to a probability."""
    calls = SimpleNamespace(seen=[], allowed=10_000)

    def measure(folder, texts, *, expected=None, timeout=0.0, least=None):
        calls.seen.append((len(texts), timeout, least))
        places = [int(text) for text in texts[: max(least, calls.allowed)]]
        rows = np.array([held[-i] if i < 0 else truth[i] for i in places]) + 1e-5
        if expected is not None:
            both = min(len(rows), len(expected))
            assert np.abs(rows[:both] - expected[:both]).max() < 1e-4
        return SimpleNamespace(probabilities=rows)

    monkeypatch.setattr(measure_module, "measure", measure)
    return calls


def refitted(name="tfidf"):
    outcome = Outcome(Trial(name, -1, 90), np.arange(2000), truth, 1.0, 0.0)
    return ship._refitted(None, outcome, records, test, 100.0)


def of_a_fold(name="tfidf"):
    rows = np.arange(60, 90)
    outcome = Outcome(Trial(name, 0, 60), rows, held[rows], 1.0, 0.0)
    return ship._of_a_fold(None, outcome, records, test, 100.0)


def test_a_part_of_many_texts_is_predicted_again_and_held_against_the_fitted(asked):
    _, found, part = refitted()
    assert asked.seen == [(CHECKED, 100.0, ship.HELD)]
    assert part is None
    changed = (found != truth).any(axis=1)
    assert changed.sum() == CHECKED
    assert changed[[0, -1]].all()  # from the first to the last
    assert found == pytest.approx(truth, abs=1e-4)


def test_a_model_that_is_too_slow_is_checked_on_fewer_and_not_lost(asked):
    asked.allowed = 100
    _, found, part = refitted()
    assert part is None  # the last fit has predicted all
    changed = np.flatnonzero((found != truth).any(axis=1))
    assert len(changed) == 100
    assert changed.min() < 200
    assert changed.max() > 1800
    assert found == pytest.approx(truth, abs=1e-4)


def test_a_folds_model_is_held_against_its_fold_and_predicts_the_test_texts(asked):
    _, found, part = of_a_fold()
    assert asked.seen == [(2000 + ship.HELD, 100.0, 2 * ship.HELD)]
    assert part is None
    assert found == pytest.approx(truth, abs=1e-4)


def test_a_slow_model_of_a_fold_predicts_as_many_as_there_is_time_for(asked):
    """It was given all of them, and the run was lost."""
    asked.allowed = 50
    _, found, part = of_a_fold()
    assert len(part) == 50 - ship.HELD
    assert (np.diff(part) > 0).all()
    assert part.max() - part.min() > 1000  # from all over
    assert found == pytest.approx(truth[part], abs=1e-4)
    asked.allowed = 0
    assert len(of_a_fold()[2]) == ship.HELD


def test_a_service_is_sent_few_texts_again_and_its_answers_are_kept(asked):
    service = "endpoint:m@http://localhost:1"
    _, found, part = refitted(service)
    assert [call[0] for call in asked.seen] == [ship.RESENT]
    assert found is truth
    assert part is None
    asked.seen.clear()
    of_a_fold(service)  # it need not answer twice alike: nothing is held against it
    assert [call[0] for call in asked.seen] == [2000]


def test_the_last_fit_has_more_passes_where_there_is_time(tmp_path):
    """What was measured on half of its passes was shipped so, with time left."""
    runners = (Runner("words", True, False), Runner("a", False, True))
    plan = Plan(runners, ladder((800, 800, 800), 2), 1200, lambda o: 0.8, asked=600)
    half = Outcome(Trial("a", 0, 800, 0.5), np.arange(400), truth[:400], 40.0, 0.0)
    store = Store(tmp_path, "context")
    race = SimpleNamespace(plan=plan, outcomes=[half], left=121.0, store=store)
    assert plan.refit(Trial("a", 0, 800), [half]) == pytest.approx(
        1.15 * 40 * 1400 / (400 + 400 / 3)
    )
    assert ship.last_effort(race, "a", 0.5) == 1.0
    race.left = 120.0
    assert ship.last_effort(race, "a", 0.5) == 0.5
    race.left = 0.0  # not less than was measured, whatever the time
    assert ship.last_effort(race, "a", 0.5) == 0.5
    assert ship.last_effort(race, "words", 1.0) == 1.0
    # a run that was stopped had made it: it takes no time
    fuller = Trial("a", ship.REFIT, 1200)
    failed = Outcome.failure(fuller, "memory ran out")
    failed.save(store.path(fuller))
    assert ship.last_effort(race, "a", 0.5) == 0.5
    Outcome(fuller, np.arange(600), truth[:600], 80.0, 0.0).save(store.path(fuller))
    assert ship.last_effort(race, "a", 0.5) == 1.0
