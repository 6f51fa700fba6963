import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fake_candidates
import numpy as np
import pytest

from chapter2.selection import race as race_module
from chapter2.selection.budget import Budget
from chapter2.selection.candidates import CANDIDATES
from chapter2.selection.first_answer import FirstAnswer
from chapter2.selection.prepare import is_light, plan_for, prepare, store_for
from chapter2.selection.race import Race, subset
from chapter2.selection.recommend import Yardstick
from chapter2.selection.trial import Trial

HERE = Path(__file__).parent


def race_of(records, names, folder, seconds=60.0, reserve=0.0, jobs=2):
    prepared = prepare(records, None, 0)
    entries = [CANDIDATES[name].entry for name in names]
    return Race(
        records=prepared.development,
        folds=prepared.folds,
        plan=plan_for(prepared, entries, "accuracy", 0),
        store=store_for(prepared, folder, {}),
        budget=Budget(seconds),
        reserve=reserve,
        light=frozenset(e.name for e in entries if is_light(e)),
        jobs=jobs,
        say=lambda line: None,
    )


@pytest.fixture(autouse=True)
def nurseries(monkeypatch):
    """Both nurseries know the fake candidates, and neither imports torch."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.setenv("FAKE_CANDIDATES", "1")
    for name, fake in fake_candidates.BY_NAME.items():
        monkeypatch.setitem(CANDIDATES, name, fake)
    for name in ("LIGHT", "HEAVY"):
        modules = (*race_module.LIGHT, "fake_candidates")
        monkeypatch.setattr(race_module, name, modules)


def scores(outcomes, race):
    return {o.trial.title: race.plan.score(o) for o in outcomes if not o.failed}


def test_baselines_are_measured_on_every_record_once(snippets, tmp_path):
    with race_of(snippets, ["majority", "tfidf"], tmp_path) as race:
        outcomes = race.run()
    for name in ("majority", "tfidf"):
        rows = [o.rows for o in outcomes if o.trial.candidate == name]
        together = np.sort(np.concatenate(rows))
        assert (together == np.arange(len(race.records))).all()
    assert all(o.memory_mb > 10 for o in outcomes)
    assert race._heavy is None  # nothing needed torch, which takes seconds to import


def test_torch_is_imported_once_the_first_answer_is_out(snippets, tmp_path):
    """It held a core that the cheap candidates were waiting for."""
    race = race_of(snippets, ["majority", "tfidf", "brisk"], tmp_path)
    yard = Yardstick(np.asarray(race.records.labels), "accuracy", 2)
    whole = {i: len(train) for i, (train, _) in enumerate(race.folds)}
    lines = []
    say = lines.append
    race.first = FirstAnswer(race.plan, whole, yard, race.budget, say)
    with race:
        while not race.first.over.is_set():
            assert race._heavy is None
            race._step()
        assert race._heavy is not None
    assert lines[0].startswith("First answer after")


def test_what_fails_in_any_way_is_told_and_the_rest_goes_on(snippets, tmp_path):
    names = ["tfidf", "exits", "refuses", "grows"]
    with race_of(snippets, names, tmp_path) as race:
        outcomes = race.run()
    why = {o.trial.candidate: o.error for o in outcomes if o.failed}
    assert "ended with code 3" in why["exits"]
    assert why["refuses"] == "These texts cannot be learnt; add others."
    assert "memory" in why["grows"]
    assert {o.trial.candidate for o in outcomes if not o.failed} == {"tfidf"}


def test_a_slow_trial_has_all_cores_and_cheap_ones_share_them(
    snippets, tmp_path, monkeypatch
):
    """In one thread each, two looks at once took all the time of a small budget."""
    monkeypatch.setattr(race_module, "cores", lambda: 2)
    started = []

    class Watched(Race):
        def _launch(self, trial, order):
            beside = [t.candidate for t in self._in_hand()]
            started.append((trial.candidate, order.threads, beside))
            return super()._launch(trial, order)

    names = ["majority", "tfidf", "brisk", "hangs"]
    with Watched(**vars(race_of(snippets, names, tmp_path))) as race:
        race.run()
    slow = {"brisk", "hangs"}
    assert {threads for name, threads, _ in started if name in slow} == {2}
    assert {threads for name, threads, _ in started if name not in slow} == {1}
    assert not any(slow & {*beside} for _, _, beside in started)
    assert any(beside for name, _, beside in started if name not in slow)


def test_the_budget_ends_a_trial_that_would_not_end(snippets, tmp_path, monkeypatch):
    monkeypatch.setattr(race_module, "PATIENCE", 1.0)
    race = race_of(snippets, ["tfidf", "slow"], tmp_path, seconds=30, reserve=10)
    began = time.monotonic()
    with race:
        outcomes = race.run()
    took = time.monotonic() - began
    assert took < 30
    assert race.budget.left > 0
    assert {o.trial.candidate for o in outcomes} == {"tfidf"}
    ((trial, seconds),) = race.ended.items()
    assert trial.candidate == "slow"
    assert 5 < seconds < 25


def test_a_look_after_which_no_whole_fold_would_fit_is_ended(
    snippets, tmp_path, monkeypatch
):
    """It is not begun again, and what is left goes to others."""
    monkeypatch.setattr(race_module, "PATIENCE", 0.25)
    said = []
    race = race_of(snippets, ["slow", "brisk"], tmp_path, seconds=80)
    race.say = said.append
    with race:
        outcomes = race.run()
        assert race.left > 30
    assert {o.trial.candidate for o in outcomes} == {"brisk"}
    assert [trial.candidate for trial in race.ended] == ["slow"]
    assert any(line.endswith("a whole fold would take too long.") for line in said)


def test_a_second_run_finds_what_the_first_had_measured(snippets, tmp_path):
    with race_of(snippets, ["tfidf", "brisk"], tmp_path) as first:
        before = scores(first.run(), first)
    race = race_of(snippets, ["tfidf", "brisk"], tmp_path)
    with race:
        began = time.monotonic()
        after = scores(race.run(), race)
        assert time.monotonic() - began < 2
    assert after == before


def test_other_records_find_nothing(snippets, tmp_path):
    with race_of(snippets, ["majority"], tmp_path) as first:
        first.run()
    other = race_of(snippets.take(200, seed=1), ["majority"], tmp_path)
    with other:
        trial = other.plan.next([], [], 100)
        assert other.store.find(trial) is None


CHILD = """
import sys, json
sys.path.insert(0, sys.argv[1])
import fake_candidates
from test_race import race_of, scores
from chapter2 import data
from chapter2.selection import race as module
from pathlib import Path
module.LIGHT = module.HEAVY = (*module.LIGHT, "fake_candidates")
records = data.load("movie-snippets").take(300, seed=0)
race = race_of(records, ["majority", "tfidf", "brisk"], Path(sys.argv[2]))
race.say = lambda line: print(line, flush=True)
with race:
    found = scores(race.run(), race)
print("RESULT", json.dumps(found), race.budget.used)
"""


def test_killed_and_run_again_gives_the_same_and_counts_the_time(snippets, tmp_path):
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", CHILD, str(HERE), str(tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    for _ in range(3):  # some trials have ended
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    found, _, used = done.stdout.split("RESULT ")[1].strip().rpartition(" ")
    with race_of(snippets, ["majority", "tfidf", "brisk"], tmp_path / "whole") as race:
        whole = scores(race.run(), race)
    assert json.loads(found) == whole
    assert float(used) > 1


def test_smaller_subsets_are_nested_and_keep_the_balance(snippets):
    rows = np.arange(50, 250)
    small, large = (set(subset(snippets, rows, n, 0)) for n in (40, 120))
    assert small < large < set(rows)
    labels = np.asarray(snippets.labels)
    share = labels[rows].mean()
    assert abs(labels[sorted(small)].mean() - share) < 0.03


def test_a_small_rung_predicts_as_few_as_it_needs_to_rank(
    snippets, tmp_path, monkeypatch
):
    monkeypatch.setattr(race_module, "LEAST", 6)
    race = race_of(snippets, ["tfidf"], tmp_path)
    orders = []
    monkeypatch.setattr(race, "_launch", lambda trial, order: orders.append(order))
    race._running = {}
    train, held_out = race.folds[0]
    sizes = (4, 10, len(train))
    for records in sizes:
        race._start(Trial("tfidf", 0, records))
    assert [len(order.train) for order in orders] == list(sizes)
    assert [len(order.held_out) for order in orders] == [6, 10, len(held_out)]
    assert set(orders[0].held_out) <= set(orders[1].held_out) <= set(held_out)
