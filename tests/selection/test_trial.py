import json

import numpy as np
import pytest

from chapter2.selection import trial as trial_module
from chapter2.selection.budget import Budget
from chapter2.selection.trial import Outcome, Store, Trial, context_of


def made(candidate="words", effort=1.0):
    rows = np.array([3, 1, 4])
    trial = Trial(candidate, 1, 100, effort)
    return Outcome(trial, rows, np.eye(3), 1.5, 80.0, notices=("cut",))


def test_an_outcome_comes_back_as_it_was(tmp_path):
    store = Store(tmp_path, "context")
    outcome = made()
    outcome.save(store.path(outcome.trial))
    found = store.find(outcome.trial)
    assert found.trial == outcome.trial
    assert (found.rows == outcome.rows).all()
    assert (found.probabilities == outcome.probabilities).all()
    assert (found.seconds, found.notices) == (1.5, ("cut",))


def test_another_context_another_effort_another_seed_find_nothing(tmp_path):
    outcome = made()
    outcome.save(Store(tmp_path, "one").path(outcome.trial))
    assert Store(tmp_path, "two").find(outcome.trial) is None
    assert Store(tmp_path, "one").find(Trial("words", 1, 100, effort=0.5)) is None
    assert Store(tmp_path, "one").find(Trial("words", 1, 100, seed=1)) is None
    assert Store(tmp_path, "one").find(outcome.trial) is not None


@pytest.mark.parametrize("ending", [".json", ".npz"])
def test_a_damaged_outcome_counts_as_absent(tmp_path, ending):
    store = Store(tmp_path, "context")
    path = store.path(made().trial)
    made().save(path)
    whole = path.with_suffix(ending).read_bytes()
    for length in range(len(whole)):  # 0: as a power failure leaves it
        path.with_suffix(ending).write_bytes(whole[:length])
        assert store.find(made().trial) is None
        assert store.measured() == []


def test_the_arrays_are_on_the_disk_before_the_file_that_says_so(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(trial_module, "sync", lambda path: synced.append(path.suffix))
    monkeypatch.setattr(trial_module, "write_json", lambda path, _: synced.append("."))
    made().save(tmp_path / "one")
    assert synced == [".npz", "."]


def test_names_with_dots_and_slashes_and_efforts_do_not_meet_in_one_file(tmp_path):
    store = Store(tmp_path, "context")
    several = [made("hub/bert-v1.5"), made("hub/bert-v1.6"), made("hub/bert", 0.5)]
    several.append(made("hub/bert", 0.25))
    for outcome in several:
        outcome.save(store.path(outcome.trial))
    assert [store.find(o.trial).trial for o in several] == [o.trial for o in several]
    assert len(list(tmp_path.glob("*.json"))) == 4


def test_the_name_of_a_file_is_short_and_of_one_candidate():
    far = [f"hub:{'a/' * 200}{which}/model" for which in "xy"]
    first, second = (Trial(name, 0, 10).title for name in far)
    assert first != second
    assert max(len(first), len(second)) < 80
    assert Trial("tfidf", 0, 10).title == "tfidf-f0-n10-s0"


def test_an_outcome_without_its_last_file_is_absent(tmp_path):
    store = Store(tmp_path, "context")
    path = store.path(made().trial)
    made().save(path)
    path.with_suffix(".json").unlink()
    assert store.find(made().trial) is None


def test_a_failure_is_kept_with_its_reason(tmp_path):
    store = Store(tmp_path, "context")
    failure = Outcome.failure(Trial("a", 0, 10), "no memory", 2.0)
    failure.save(store.path(failure.trial))
    found = store.find(failure.trial)
    assert found.failed
    assert found.error == "no memory"
    assert json.loads(store.path(failure.trial).with_suffix(".json").read_text())


def test_a_run_that_begins_forgets_what_failed_before(tmp_path):
    store, other = Store(tmp_path, "context"), Store(tmp_path, "other")
    made().save(store.path(made().trial))
    failure = Outcome.failure(Trial("a", 0, 10), "no key")
    for each in (store, other):
        failure.save(each.path(failure.trial))
    assert store.measured() == [made().trial]
    assert store.find(failure.trial) is None
    assert other.find(failure.trial).failed  # of other records: not ours


def test_the_context_changes_with_records_folds_and_settings():
    contexts = {
        context_of("a", 3, {}),
        context_of("b", 3, {}),
        context_of("a", 5, {}),
        context_of("a", 3, {"seed": 1}),
    }
    assert len(contexts) == 4
    assert context_of("a", 3, {}) in contexts


def test_a_run_that_goes_on_has_used_what_it_had_used(tmp_path):
    path = tmp_path / "budget.json"
    assert Budget.noted(path) == 0.0
    Budget(100, used_before=40).note(path)
    again = Budget(100, used_before=Budget.noted(path))
    assert 59 < again.left <= 60
