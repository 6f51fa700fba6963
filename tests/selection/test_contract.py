"""The budget is a contract, and what fails its check does not ship."""

import json
import threading
import time
from concurrent.futures import Future
from types import SimpleNamespace

import numpy as np
import pytest
from test_race import nurseries, race_of

from chapter2.data import TextDataset
from chapter2.errors import ModelError
from chapter2.selection import choose as choose_module
from chapter2.selection.budget import GRACE, Budget, beside
from chapter2.selection.choose import BRIEF, Options, Run, choose, sample
from chapter2.selection.delivery import predicted
from chapter2.selection.nursery import Child
from chapter2.selection.prepare import prepare
from chapter2.selection.report import as_text, write_report
from chapter2.selection.requirements import Requirements
from chapter2.selection.trial import Outcome, Trial

__all__ = ["nurseries"]  # the nurseries know the fake candidates here too
pytestmark = pytest.mark.timeout(300)  # processes start slowly on a busy machine


def asked(*names, seconds):
    """Return the arguments of a choice among ``names``."""
    return {
        "requirements": Requirements(budget_seconds=seconds),
        "options": Options(candidates=names, jobs=1),
        "say": lambda line: None,
    }


def test_a_last_fit_that_takes_too_long_is_ended_and_a_folds_model_ships(
    snippets, tmp_path
):
    """After the limit came a refit, or a check of at least a minute."""
    began = time.monotonic()
    out = tmp_path / "choice"
    choice = choose(snippets, out=out, **asked("majority", "lingers", seconds=30))
    choice = write_report(choice, out)
    assert time.monotonic() - began <= 30 * (1 + GRACE)
    assert choice.timing.used <= 30 * (1 + GRACE)
    assert choice.shipped.name == choice.recommendation.name == "lingers"
    assert not choice.shipped.refit
    assert choice.shipped.probabilities.shape == (60, 2)
    assert (out / "model" / "chapter2.json").exists()
    assert not (out / "trials" / "made").exists()
    told = " ".join(as_text(choice).split())
    assert "fitted to 160 of the 240 development records" in told


def test_a_model_that_changes_on_saving_does_not_ship(snippets, tmp_path):
    """It stood in the folder, ready to be used."""
    with pytest.raises(ModelError, match="not the one that was measured"):
        choose(snippets, out=tmp_path, **asked("drifts", seconds=60))
    assert {path.name for path in tmp_path.iterdir()} == {"trials"}
    trials = tmp_path / "trials"
    assert list(trials.glob("*.model"))  # of the fold; what was measured is kept
    assert not (trials / "made").exists()
    assert not list(trials.glob("clock-*"))  # it has ended: the next has all its time


def test_the_end_of_another_child_is_not_that_of_the_last_fit(
    snippets, tmp_path, monkeypatch
):
    """A trial that the race had ended was taken for it, and no last fit was made."""
    race = race_of(snippets, ["tfidf"], tmp_path)
    trial = Trial("tfidf", -1, 240)
    made = Outcome(trial, np.arange(2), np.eye(2), 1.0, 1.0)
    waiting = ["minilm-full-f0-n80", trial.title]
    place = SimpleNamespace(wait=lambda seconds: Child(waiting.pop(0), tmp_path))
    monkeypatch.setattr(race, "_launch", lambda trial, order: None)
    monkeypatch.setattr(race, "_place", lambda trial: place)
    find = lambda store, trial: None if waiting else made  # noqa: E731
    monkeypatch.setattr(type(race.store), "find", find)
    assert race.outcome_of(trial, None) is made


def test_a_run_that_is_ended_before_its_report_is_written_goes_on(snippets, tmp_path):
    """The repeat had a whole budget again."""

    def ended(choice):
        raise KeyboardInterrupt

    named = asked("majority", seconds=30)
    with pytest.raises(KeyboardInterrupt):
        choose(snippets, out=tmp_path, report=ended, **named)
    (clock,) = (tmp_path / "trials").glob("clock-*")
    before = Budget.noted(clock)
    assert 1 < before < 30

    def drawn(choice):
        assert Budget.noted(clock) > before
        return write_report(choice, tmp_path)

    choice = choose(snippets, out=tmp_path, report=drawn, **named)
    assert choice.timing.used > before
    assert "report" in choice.timing.phases
    assert not clock.exists()


def late_run(seconds):
    records = TextDataset("r", ("a text",) * 4, (0, 1, 0, 1), ("a", "b"))
    limits = Requirements(budget_seconds=seconds)
    return Run(records, None, None, limits, Options(), None, {}, None)


def test_a_profile_that_is_late_is_not_waited_for(monkeypatch):
    looked = []
    monkeypatch.setattr(
        choose_module, "analyse", lambda dataset, *, limit, **_: looked.append(limit)
    )
    budget = Budget(10.0, used_before=9.5)
    race = SimpleNamespace(budget=budget, imports=lambda light: 0.0)
    began = time.monotonic()
    late_run(10.0)._known(Future(), race)
    assert time.monotonic() - began < 1
    assert looked == [BRIEF]


def test_the_profile_of_long_texts_is_that_of_fewer():
    def many(letters):
        texts = tuple(f"{i} ".ljust(letters, "x") for i in range(1000))
        return TextDataset("r", texts, (0, 1) * 500, ("a", "b"))

    limits = Requirements(budget_seconds=100.0)
    assert sample(limits, many(100)) == 5000
    assert sample(limits, many(4000)) == 500
    assert sample(limits, many(400_000)) == BRIEF


def test_an_error_beside_is_raised_where_its_result_is_asked_for():
    with pytest.raises(ZeroDivisionError):
        beside(lambda: 1 / 0).result(5)
    thread = beside(threading.current_thread).result(5)
    assert thread.daemon  # the end of the process does not wait for it


def test_test_records_that_there_was_no_time_for_are_not_reported_on(snippets):
    prepared = prepare(snippets, None, 0)
    assert predicted(prepared, SimpleNamespace(asked=None)) is prepared
    some = predicted(prepared, SimpleNamespace(asked=np.array([2, 5])))
    assert some.test.texts == (prepared.test.texts[2], prepared.test.texts[5])
    assert some.notices[-1] == (
        "There was time to predict 2 of the 60 test records; what is told of the test "
        "part rests on these."
    )
    assert json.dumps(some.test.labels)
