"""The search: shared by processes, resumed after a kill, pruned, and picky."""

import os
import signal
import subprocess
import sys
import time

import pytest

from chapter2.errors import DataError, UsageError
from chapter2.training import TrainingConfig
from chapter2.tuning.search import Found, Validations, search

SPACE = {"learning_rate": (1e-6, 1e-2, "log"), "epochs": (1, 4), "warmup": [0.0, 0.1]}

WORKER = """
import sys, time
from chapter2.tuning.search import search
def objective(config, validations):
    print(config.learning_rate, flush=True)
    time.sleep(float(sys.argv[2]))
    return config.learning_rate
search(objective, {"learning_rate": (1e-6, 1e-2, "log")}, trials=8, journal=sys.argv[1])
"""


def worker(journal, seconds):
    command = [sys.executable, "-c", WORKER, str(journal), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def distance(config, validations):
    return abs(config.learning_rate - 1e-4) + config.epochs


def trials_of(journal):
    import optuna

    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    storage = optuna.storages.JournalStorage(backend)
    return optuna.load_study(study_name="search", storage=storage).trials


def test_the_best_settings_come_back_as_a_config(tmp_path):
    base = TrainingConfig(batch_size=8)
    found = search(distance, SPACE, trials=12, journal=tmp_path / "j", config=base)
    assert isinstance(found, Found)
    assert found.completed == 12
    assert found.config.batch_size == 8
    assert found.changes.keys() == SPACE.keys()
    assert found.value == distance(found.config, None)
    assert found.value == min(trial.value for trial in trials_of(tmp_path / "j"))
    assert isinstance(found.config.epochs, int)


def test_a_search_can_look_for_the_most(tmp_path):
    found = search(distance, SPACE, trials=5, journal=tmp_path / "j", maximise=True)
    assert found.value == max(trial.value for trial in trials_of(tmp_path / "j"))


def test_stopping_in_between_changes_no_proposal(tmp_path):
    search(distance, SPACE, trials=12, journal=tmp_path / "whole", seed=3)
    for trials in (5, 12):
        search(distance, SPACE, trials=trials, journal=tmp_path / "parts", seed=3)
    whole, parts = (trials_of(tmp_path / name) for name in ("whole", "parts"))
    assert [trial.params for trial in whole] == [trial.params for trial in parts]
    assert len({trial.params["learning_rate"] for trial in whole}) == 12


def test_poor_trials_are_pruned_at_a_validation(tmp_path):
    def objective(config, validations):
        loss = config.learning_rate
        validations.start({}, 0)
        for step in (1, 2, 3):
            validations.log(step, {"train/loss": -1.0})
            validations.log(step, {"validation/loss": loss})
        validations.finish()
        return loss

    space = {"learning_rate": (1e-6, 1e-2)}
    found = search(objective, space, trials=15, journal=tmp_path / "j")
    assert found.completed + found.pruned == 15
    assert found.pruned > 0
    ended = trials_of(tmp_path / "j")
    assert min(trial.params["learning_rate"] for trial in ended) == found.value
    cut = [trial for trial in ended if trial.state.name == "PRUNED"]
    assert all(len(trial.intermediate_values) < 3 for trial in cut)


def test_the_monitored_figure_is_what_a_trial_hears():
    class Trial:
        heard = ()

        def report(self, value, step):
            self.heard = (value, step)

        def should_prune(self):
            return False

    trial = Trial()
    figures = {"validation/accuracy": 0.5, "validation/loss": 2.0}
    Validations(trial, "accuracy").log(7, figures)
    assert trial.heard == (0.5, 7)


def test_two_processes_share_one_study(tmp_path):
    journal = tmp_path / "j"
    workers = [worker(journal, 0.2) for _ in range(2)]
    tried = [each.communicate(timeout=60)[0].split() for each in workers]
    assert [each.returncode for each in workers] == [0, 0]
    trials = trials_of(journal)
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 8
    assert len({trial.value for trial in trials}) == 8
    rates = sorted(str(trial.params["learning_rate"]) for trial in trials)
    assert rates == sorted([*tried[0], *tried[1]])


def test_a_killed_search_resumes_and_replaces_its_trial(tmp_path):
    journal = tmp_path / "j"
    killed = worker(journal, 60)
    assert killed.stdout.readline()  # in the middle of its first trial
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    with journal.open("ab") as file:
        file.write(b'{"op_code":6,"wor')  # as a kill within a write leaves it
    assert [trial.state.name for trial in trials_of(journal)] == ["RUNNING"]
    began = time.monotonic()
    resumed = worker(journal, 0)
    resumed.communicate(timeout=60)
    assert resumed.returncode == 0
    assert time.monotonic() - began < 30  # the dead one is not waited for
    states = [trial.state.name for trial in trials_of(journal)]
    assert states == ["FAIL"] + ["COMPLETE"] * 8
    assert {path.name for path in tmp_path.iterdir()} <= {"j", "j.begin"}


def test_an_error_of_the_objective_is_not_swallowed(tmp_path):
    def broken(config, validations):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        search(broken, SPACE, trials=2, journal=tmp_path / "j")
    assert [trial.state.name for trial in trials_of(tmp_path / "j")] == ["FAIL"]


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({}, "space is empty"),
        ({"learning_rat": (1e-6, 1e-2)}, "no setting 'learning_rat'"),
        ({"learning_rate": (1e-2, 1e-6)}, "low below high"),
        ({"learning_rate": (1e-2,)}, "low below high"),
        ({"learning_rate": (1e-6, 1e-2, "cubic")}, "low below high"),
        ({"learning_rate": (1e-6, 20.0)}, "between 0 and 10"),
        ({"weight_decay": (0.0, 1.0, "log")}, "log needs above 0"),
        ({"precision": []}, "is empty"),
        ({"precision": ["fp32", "fp8"]}, "auto or bf16 or fp32"),
    ],
)
def test_what_is_no_space_is_refused(tmp_path, space, words):
    with pytest.raises(UsageError, match=words):
        search(distance, space, trials=1, journal=tmp_path / "j")
    assert not (tmp_path / "j").exists()


def test_a_search_needs_a_trial(tmp_path):
    with pytest.raises(UsageError, match="at least 1"):
        search(distance, SPACE, trials=0, journal=tmp_path / "j")


@pytest.mark.parametrize("content", ["text,label\ngood,1", "text\n", '{"a": 1}\n'])
def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(DataError, match="not a journal of Optuna"):
        search(distance, SPACE, trials=1, journal=path)
    assert path.read_text() == content


def test_another_space_in_the_same_study_is_refused(tmp_path):
    search(distance, SPACE, trials=1, journal=tmp_path / "j")
    with pytest.raises(UsageError, match="another space"):
        search(distance, {"epochs": (1, 2)}, trials=1, journal=tmp_path / "j")
