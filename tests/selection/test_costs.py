"""The costs of each contender, within a time that leaves enough for the last fit."""

from types import SimpleNamespace

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.deployment import measure as measure_module
from chapter2.deployment.measure import OutOfTimeError
from chapter2.selection.contenders import Contender
from chapter2.selection.costs import measure_costs
from chapter2.selection.requirements import Requirements
from chapter2.selection.trial import Outcome, Trial

ROWS = np.arange(4)
RECORDS = TextDataset("r", ("a text",) * 12, (0, 1) * 6, ("a", "b"))
LIMITS = Requirements(maximum={"size_mb": 1.0})
SCORES = {"minilm-full": 0.9, "minilm-frozen": 0.8, "tfidf": 0.7, "majority": 0.5}


@pytest.fixture
def measured(monkeypatch):
    """Measure with ``left`` seconds; a slow model takes all that it is given."""

    def carry_out(left, slow=(), limits=LIMITS, refit=10.0):
        given = {}
        race = SimpleNamespace(
            outcomes=[Outcome(Trial(n, 0, 8), ROWS, np.eye(4), 1, 1) for n in SCORES],
            folds=((np.arange(8), ROWS),),
            light=frozenset(["tfidf", "majority"]),
            budget=SimpleNamespace(left=left, seconds=600.0),
            left=left - 20,
            imports=lambda light: 1.0 if light else 4.0,
            plan=SimpleNamespace(
                score=lambda o: SCORES[o.trial.candidate],
                refit=lambda trial, outcomes: refit,
            ),
            store=SimpleNamespace(
                model=lambda trial: SimpleNamespace(
                    name=trial.candidate, is_dir=lambda: True
                )
            ),
            said=[],
        )
        race.say = race.said.append

        def measure(folder, texts, *, timeout, least):
            took = timeout if folder.name in slow else 3.0
            given[folder.name] = timeout
            race.budget.left -= min(took, timeout)
            if took >= timeout:
                raise OutOfTimeError("too slow")
            names = ("latency_ms_p50", "latency_ms_p95", "batch_ms_per_text")
            return SimpleNamespace(
                **dict.fromkeys((*names, "memory_mb", "size_mb"), 0.5)
            )

        monkeypatch.setattr(measure_module, "measure", measure)
        found = [Contender(n, i, ROWS, ROWS, 1.0, {}) for i, n in enumerate(SCORES)]
        entrants = measure_costs(race, found, limits, RECORDS)
        assert [e.name for e in entrants] == [*SCORES]  # in their order
        return given, {e.name for e in entrants if e.costs}, race

    return carry_out


def test_without_a_limit_on_costs_none_is_measured(measured):
    assert measured(100.0, limits=Requirements())[:2] == ({}, set())


def test_the_light_ones_come_first_and_then_the_best(measured):
    given, known, _ = measured(200.0)
    assert [*given] == ["tfidf", "majority", "minilm-full", "minilm-frozen"]
    assert known == SCORES.keys()


def test_a_slow_one_leaves_time_to_the_others_and_to_the_last_fit(measured):
    """It had all the time that was left, and the others were not measured."""
    given, known, race = measured(60.0, slow=["tfidf"])
    keep = 10 + 4 + 1 + 1 + 6  # the last fit, imports, a spare one, check and report
    assert given["tfidf"] == pytest.approx((60 - keep) / 2)
    assert known == {"majority", "minilm-full", "minilm-frozen"}
    assert race.budget.left >= keep
    assert any(line.startswith("tfidf: its costs were not") for line in race.said)


def test_a_last_fit_for_which_there_is_no_time_anyway_is_not_waited_for(measured):
    given, known, _ = measured(60.0, refit=500.0)
    assert given["tfidf"] == pytest.approx((60 - 12) / 2)
    assert known == SCORES.keys()


def test_the_last_one_has_all_the_time_that_is_left(measured):
    """It was left out for want of time, and 17 of 60 seconds were not used."""
    given, _, _ = measured(44.0, refit=500.0)
    assert given["minilm-frozen"] == pytest.approx(44 - 12 - 3 * 3)


def test_torch_is_not_begun_without_the_time_to_import_it(measured):
    given, known, race = measured(14.0)
    assert [*given] == ["tfidf", "majority"]
    assert known == {"tfidf"}
    told = "minilm-full: its costs were not measured: no time was left."
    assert told in race.said
