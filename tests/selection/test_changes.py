"""A variant of 8 bits in the race: made of the model that its parent has left."""

from dataclasses import replace
from pathlib import Path

import fake_candidates
import numpy as np
import pytest
from test_race import race_of

from chapter2.data import TextDataset
from chapter2.deployment.shipped import load_model, save_model
from chapter2.selection import race as race_module
from chapter2.selection import worker
from chapter2.selection.candidates import CANDIDATES
from chapter2.selection.contenders import contenders
from chapter2.selection.prepare import prepare
from chapter2.selection.ship import ship
from chapter2.selection.trial import Outcome, Trial

HERE = Path(__file__).parent
NAMES = ("tiny", "tiny-int8")
pytestmark = pytest.mark.timeout(600)  # processes start slowly on a busy machine


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    """The nursery of those that need torch knows the tiny encoder too."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.setenv("FAKE_CANDIDATES", "1")
    for name in NAMES:
        monkeypatch.setitem(CANDIDATES, name, fake_candidates.BY_NAME[name])
    heavy = (*race_module.HEAVY, "fake_candidates")
    monkeypatch.setattr(race_module, "HEAVY", heavy)


def test_it_is_made_of_the_stored_model_and_shipped_as_it_was_measured(
    snippets, tmp_path
):
    with race_of(snippets, NAMES, tmp_path, seconds=500) as race:
        outcomes = race.run()
        shipped = ship(
            race, "tiny-int8", 1.0, prepare(snippets, None, 0).test, tmp_path / "out"
        )
    assert [o.error for o in outcomes if o.failed] == []
    mine = {
        name: {o.trial.fold: o for o in outcomes if o.trial.candidate == name}
        for name in NAMES
    }
    assert mine["tiny-int8"].keys() == set(range(len(race.folds)))
    whole = {i: len(train) for i, (train, _) in enumerate(race.folds)}
    for fold, changed in mine["tiny-int8"].items():
        parent = mine["tiny"][fold]
        assert changed.trial == replace(parent.trial, candidate="tiny-int8")
        assert changed.before == parent.seconds > 0
        apart = np.abs(changed.probabilities - parent.probabilities).max()
        assert 0 < apart < 0.1  # the same model but for its bits
        assert load_model(race.store.model(changed.trial)).precision == "int8"
    found = contenders(outcomes, whole, {"tiny": 1, "tiny-int8": 2})
    parent, variant = (next(e for e in found if e.name == name) for name in NAMES)
    assert variant.seconds > parent.seconds  # its training counts as its own
    assert shipped.refit
    model = load_model(tmp_path / "out")
    assert model.precision == "int8"
    # the fresh process gave the probabilities that the child had: ship compares them
    assert shipped.probabilities.shape == (60, 2)
    assert shipped.footprint.latency_ms_p50 > 0


def test_an_order_names_the_stored_model_only_where_it_is_whole(snippets, tmp_path):
    race = race_of(snippets, NAMES, tmp_path)
    rows = len(race.folds[0][0])
    parent, trial = (Trial(name, 0, rows) for name in NAMES)

    def begun():
        order = race.order(trial, [0], [1], tmp_path / "records.json", keep=True)
        return order.begun, order.before

    assert begun() == (None, 0.0)
    outcome = Outcome(parent, np.array([1]), np.eye(2)[:1], 7.5, 1.0)
    outcome.save(race.store.path(parent))
    assert begun() == (None, 0.0)  # its model was not kept
    race.store.model(parent).mkdir()
    assert begun() == (str(race.store.model(parent)), 7.5)
    other = replace(trial, effort=0.5)  # of another schedule: not that model
    order = race.order(other, [0], [1], tmp_path / "records.json", keep=True)
    assert order.begun is None


def test_a_trial_with_a_stored_model_fits_nothing(monkeypatch, tmp_path):
    tiny = fake_candidates.BY_NAME["tiny"]
    texts = tuple(f"film {i} was {('good', 'bad')[i % 2]}" for i in range(40))
    records = TextDataset("r", texts, tuple(i % 2 for i in range(40)), ("a", "b"))
    save_model(tiny.fit(records), tmp_path / "parent")
    worker.write_records(tmp_path / "records.json", records)
    monkeypatch.setattr(worker, "limit_threads", lambda threads: None)
    broken = replace(tiny, encoder="no/such/folder")  # whose fit would be refused
    variant = replace(fake_candidates.BY_NAME["tiny-int8"], parent=broken)
    monkeypatch.setitem(CANDIDATES, "tiny-int8", variant)

    def carried_out(begun, before):
        order = worker.Order(
            trial=Trial("tiny-int8", 0, 30),
            train=tuple(range(30)),
            held_out=tuple(range(30, 40)),
            records=str(tmp_path / "records.json"),
            result=str(tmp_path / "result"),
            model=None,
            threads=1,
            begun=begun,
            before=before,
        )
        worker.run(order.save(tmp_path / "one.order"))
        return Outcome.load(tmp_path / "result")

    made = carried_out(str(tmp_path / "parent"), 3.5)
    assert (made.error, made.before) == (None, 3.5)
    assert made.probabilities.shape == (10, 2)
    assert carried_out(None, 0.0).failed
