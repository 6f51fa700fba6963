"""Memory does not grow from trial to trial: each has a process of its own."""

import json
from pathlib import Path

import pytest

from chapter2.selection.budget import Budget
from chapter2.selection.candidates import CANDIDATES
from chapter2.selection.nursery import nursery
from chapter2.selection.prepare import is_light, plan_for, prepare, store_for
from chapter2.selection.race import Race

HERE = Path(__file__).parent
NAMES = ("majority", "tfidf", "char-ngrams")
GROWTH = 4.0  # MB in all; each trial holds its records and a few arrays of them

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc"
)


def resident(pid):
    """Return what a process holds, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (told,) = (line for line in lines if line.startswith("VmRSS"))
    return int(told.split()[1]) / 1000


class Watched(Race):
    """Notes what the nursery holds whenever a trial has ended."""

    def _take(self, child):
        self.held.append(resident(self._light.process.pid))
        super()._take(child)


def test_fifteen_trials_hold_no_more_than_the_first(snippets, tmp_path):
    prepared = prepare(snippets.take(180, 0), None, 0)
    entries = [CANDIDATES[name].entry for name in NAMES]
    race = Watched(
        records=prepared.development,
        folds=prepared.folds,
        plan=plan_for(prepared, entries, "accuracy", 0),
        store=store_for(prepared, tmp_path, {}),
        budget=Budget(600.0),
        reserve=0.0,
        light=frozenset(e.name for e in entries if is_light(e)),
        jobs=1,
        say=lambda line: None,
    )
    race.held = []
    with race:
        outcomes = race.run()
    assert len(outcomes) == len(race.held) == 15
    assert not [o.error for o in outcomes if o.failed]
    assert max(race.held) - race.held[0] < GROWTH, race.held
    for name in NAMES:
        peaks = [o.memory_mb for o in outcomes if o.trial.candidate == name]
        assert len(peaks) == 5
        assert max(peaks) - peaks[0] < GROWTH, (name, peaks)


def test_a_nursery_that_keeps_what_its_children_held_is_noticed(tmp_path, monkeypatch):
    """The gauge shows growth where there is some: in the process that forks."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    (tmp_path / "order.json").write_text(json.dumps({"say": "done"}))
    held = []
    with nursery(("hoarder",)) as place:
        for i in range(4):
            place.start(
                str(i), "child_work:run", tmp_path / "order.json", tmp_path / "l"
            )
            assert place.wait(60).code == 0
            held.append(resident(place.process.pid))
    assert held[-1] - held[0] > GROWTH, held
