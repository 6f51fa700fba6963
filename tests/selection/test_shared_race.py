"""One race on several machines: here, several processes and one journal."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import fake_candidates
import numpy as np
import pytest
import sharing
from optuna.trial import TrialState
from test_race import race_of, scores

import chapter2
from chapter2.errors import DataError, UsageError
from chapter2.selection import closing as closing_module
from chapter2.selection import join as join_module
from chapter2.selection import race as race_module
from chapter2.selection import study as study_module
from chapter2.selection.candidates import CANDIDATES
from chapter2.selection.contenders import contenders
from chapter2.selection.join import find
from chapter2.selection.prepare import prepare
from chapter2.selection.recommend import Yardstick, recommend
from chapter2.selection.shared_race import shared, study_name
from chapter2.selection.study import lead
from chapter2.selection.trial import Outcome, Trial
from chapter2.selection.worker import write_records
from chapter2.studies import open_storage

HERE = Path(__file__).parent
TRIAL = Trial("tfidf", 1, 160)


@pytest.fixture(autouse=True, scope="module")
def fast():
    """Machines look often; the nurseries know the fake candidates, and no torch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE))
        patch.setenv("FAKE_CANDIDATES", "1")
        for name, fake in fake_candidates.BY_NAME.items():
            patch.setitem(CANDIDATES, name, fake)
        modules = (*race_module.LIGHT, "fake_candidates")
        for name in ("LIGHT", "HEAVY"):
            patch.setattr(race_module, name, modules)
        for name, seconds in {**sharing.FAST, "POLL": 0.0}.items():
            patch.setattr(study_module, name, seconds)
        patch.setattr(join_module, "PATIENCE", 0.5)
        patch.setattr(join_module, "POLL", 0.1)
        yield


@pytest.fixture
def process(snippets, tmp_path):
    """Start a machine as a process; whatever still runs at the end is killed."""
    started, records = [], tmp_path / "records.json"
    write_records(records, snippets)

    def start(role, place, folder, names=sharing.NAMES, **env):
        command = [sys.executable, HERE / "sharing.py", role, place, folder, *names]
        out = subprocess.PIPE
        env = {**os.environ, **env, "RECORDS": str(records)}
        started.append(subprocess.Popen(command, stdout=out, text=True, env=env))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait()
        each.stdout.close()


def told(one):
    """Return the scores that a process gave at its end."""
    return json.loads(one.communicate(timeout=120)[0].split("RESULT ")[1])


def trials_at(place):
    """Return the Optuna trials of the one study at ``place``."""
    storage = open_storage(place)
    (study,) = storage.get_all_studies()
    return storage.get_all_trials(storage.get_study_id_from_name(study.study_name))


def measured(place):
    """Return how often each trial was measured, and by which machines."""
    done = [t for t in trials_at(place) if t.state is TrialState.COMPLETE]
    titles = Counter(Trial(**t.user_attrs["trial"]).title for t in done)
    return titles, Counter(t.user_attrs["machine"] for t in done)


@pytest.fixture(scope="module")
def alone(fast, snippets, tmp_path_factory):
    """The race of one process."""
    folder = tmp_path_factory.mktemp("alone")
    with sharing.alone(snippets, folder) as race:
        race.run()
    return race


def recommended(race, snippets):
    prepared = prepare(snippets, None, 0)
    simplicity = {"majority": 0, "tfidf": 1, "brisk": 2}
    found = contenders(race.outcomes, prepared.whole, simplicity)
    return recommend(found, Yardstick(prepared.labels, "accuracy", 2))


def test_two_machines_share_the_trials_and_choose_as_one_alone(
    alone, snippets, process, tmp_path
):
    place = tmp_path / "journal"
    joiner = process("join", place, tmp_path / "there")
    assert joiner.stdout.readline().startswith("Waiting for the choice to begin")
    with sharing.machine(snippets, "lead", place, tmp_path / "here") as race:
        race.run()
    assert told(joiner) == scores(race.outcomes, race) == scores(alone.outcomes, alone)
    titles, machines = measured(place)
    assert set(titles.values()) == {1}  # nothing is done twice
    assert len(machines) == 2
    mine = {o.trial for o in race.outcomes if not o.elsewhere}
    assert len(mine) == machines[race.study.machine] < len(race.outcomes)
    here, there = recommended(race, snippets), recommended(alone, snippets)
    assert here.name == there.name
    assert here.scores == there.scores
    # what may be shipped or measured has left its model here
    assert all(race.store.model(t).is_dir() for t in mine if race._on_first(t))
    assert {o.trial for o in race.outcomes if race._on_first(o.trial)} <= mine


def test_what_a_dead_machine_had_in_hand_is_taken_over(snippets, process, tmp_path):
    place = tmp_path / "journal"
    race = sharing.machine(snippets, "lead", place, tmp_path / "here", ("hangs",))
    joiner = process("join", place, tmp_path / "there", ("hangs",), HANG="1")
    until = time.monotonic() + 60
    while not race.study.held and time.monotonic() < until:
        time.sleep(0.1)
        assert race.study.news(60.0) == []
    (trial,) = race.study.held
    joiner.send_signal(signal.SIGKILL)
    began = time.monotonic()
    with race:
        race.run()
    assert time.monotonic() - began > sharing.FAST["GONE"] - 1
    assert trial.records < len(race.folds[0][0])  # of the small rung
    assert {o.trial.fold for o in race.outcomes} == {0, 1, 2}
    assert not any(o.failed or o.elsewhere for o in race.outcomes)
    first, *others = trials_at(place)
    assert first.state is TrialState.FAIL
    assert {each.state for each in others} == {TrialState.COMPLETE}


def test_a_leader_that_was_killed_goes_on_with_what_was_told(alone, process, tmp_path):
    place = tmp_path / "journal"
    joiner = process("join", place, tmp_path / "there")
    joiner.stdout.readline()
    leader = process("lead", place, tmp_path / "here")
    for _ in range(5):  # some trials have ended
        leader.stdout.readline()
    leader.send_signal(signal.SIGKILL)
    leader.communicate()
    before, _ = measured(place)
    assert len(before) >= 4
    again = process("lead", place, tmp_path / "here")
    assert told(again) == told(joiner) == scores(alone.outcomes, alone)
    after, machines = measured(place)
    assert set(after.values()) == {1}
    assert after.keys() > before.keys()
    assert len(machines) == 3


def test_what_was_measured_before_it_was_shared_is_told(alone, snippets, tmp_path):
    place, folder = tmp_path / "journal", tmp_path / "run"
    shutil.copytree(alone.store.folder, folder)
    with sharing.machine(snippets, "lead", place, folder) as race:
        race.run()
    assert scores(race.outcomes, race) == scores(alone.outcomes, alone)
    titles, _ = measured(place)
    assert titles == Counter(o.trial.title for o in alone.outcomes)
    here, there = ({o.trial: o.seconds for o in r.outcomes} for r in (race, alone))
    assert here == there


def test_what_is_stored_counts_though_a_joiner_is_at_it_again(
    alone, snippets, tmp_path
):
    """It was waited for until there was no time."""
    place, folder = tmp_path / "journal", tmp_path / "run"
    shutil.copytree(alone.store.folder, folder)
    sharing.machine(snippets, "lead", place, tmp_path / "none")
    joiner = sharing.machine(snippets, "join", place, tmp_path / "there")
    for outcome in alone.outcomes:
        assert joiner.study.claim(outcome.trial)
    late = sharing.machine(snippets, "lead", place, folder)
    assert len(late.study.held) == len(alone.outcomes)
    late.budget.seconds = late.budget.used
    with late:
        late.run()
    assert scores(late.outcomes, late) == scores(alone.outcomes, alone)


def test_the_budget_ends_the_wait_for_another_machine(snippets, tmp_path, monkeypatch):
    monkeypatch.setattr(study_module, "GONE", 600.0)
    monkeypatch.setattr(closing_module, "MOST_RESERVED", 0.0)  # as long as is stated
    place = tmp_path / "journal"
    race = sharing.machine(snippets, "lead", place, tmp_path / "a", ("hangs",))
    other = sharing.machine(snippets, "join", place, tmp_path / "b", ("hangs",))
    assert other.study.claim(other.plan.next([], [], 100.0))
    race.budget.seconds = race.budget.used + 3.0
    race.reserve = 1.0
    with race:
        assert race.run() == []
    assert 0 < race.budget.left < 1.1  # it waited as long as it might, and no longer


@pytest.fixture(params=["journal", "sqlite"])
def two(request, snippets, tmp_path):
    """The studies of a leader and of a joiner, without a race."""
    names = {"journal": tmp_path / "j", "sqlite": f"sqlite:///{tmp_path / 'd'}"}
    place = names[request.param]
    leader = lead(place, "choose", ["tfidf"], 50.0, lambda line: None)
    joiner, candidates = find(place, "choose", lambda line: None)
    assert candidates == ("tfidf",)
    return leader, joiner


def test_of_two_claims_at_once_one_wins(two, monkeypatch):
    both = Barrier(2)
    results = {}

    def claim(study):
        look = study._look
        monkeypatch.setattr(study, "_look", lambda: (both.wait(20), look()))
        results[study.leads] = study.claim(TRIAL)

    threads = [Thread(target=claim, args=(study,)) for study in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results.values()) == [False, True]
    trials = two[0].storage.get_all_trials(two[0].study)
    first, second = sorted(trials, key=lambda each: each.number)
    assert first.state is TrialState.RUNNING  # the lower number has it
    assert second.state is TrialState.FAIL
    leads = first.user_attrs["machine"] == two[0].machine
    assert leads == results[True]


def made(trial=TRIAL, **facts):
    rows = np.arange(5)
    facts = {"seconds": 2.5, "memory_mb": 90.0, "notices": ("cut",), **facts}
    return Outcome(trial, rows, np.random.default_rng(0).random((5, 2)), **facts)


def test_an_outcome_reaches_the_others_once_and_as_it_was(two):
    leader, joiner = two
    assert joiner.claim(TRIAL)
    leader.news(50.0)
    assert leader.held == [TRIAL]
    assert not leader.claim(TRIAL)
    joiner.tell(made(), 0.75)
    assert not leader.claim(TRIAL)  # measured since the last look
    (found,) = leader.news(50.0)
    assert (found.probabilities == made().probabilities).all()
    assert (found.rows == made().rows).all()
    assert found.elsewhere
    assert (found.trial, found.seconds, found.notices) == (TRIAL, 2.5, ("cut",))
    assert leader.news(50.0) == leader.held == joiner.news(0.0) == []
    assert leader.keeps(TRIAL)
    joiner.close()
    leader.news(50.0)
    assert not leader.keeps(TRIAL)  # it went, and its model with it


def test_what_failed_on_a_joiner_may_go_well_elsewhere(two):
    leader, joiner = two
    other = replace(TRIAL, fold=2)
    for study, trial in ((joiner, TRIAL), (leader, other)):
        assert study.claim(trial)
        study.tell(Outcome.failure(trial, "memory ran out"), 0.0)
    assert leader.news(50.0) == []
    assert leader.claim(TRIAL)
    (found,) = joiner.news(0.0)
    assert (found.trial, found.error) == (other, "memory ran out")


def test_what_failed_on_one_that_led_before_is_tried_again(two):
    """A service that was not reached then was never asked again."""
    first, _ = two
    assert first.claim(TRIAL)
    first.tell(Outcome.failure(TRIAL, "no key"), 0.0)
    second = lead(first.place, "choose", ["tfidf"], 50.0, lambda line: None)
    joiner, _ = find(first.place, "choose", lambda line: None)
    assert second.news(50.0) == joiner.news(0.0) == []
    assert second.claim(TRIAL)


def test_a_joiner_has_the_time_of_its_leader_and_ends_with_it(two):
    leader, joiner = two
    assert 40 < joiner.left <= 50
    time.sleep(sharing.FAST["SIGN"])
    leader.news(30.0)
    joiner.news(0.0)
    assert 25 < joiner.left <= 30
    assert joiner.claim(TRIAL)
    leader.close()
    joiner.news(0.0)
    assert joiner.left <= 0
    with pytest.raises(UsageError, match="No choice on these records"):
        find(leader.place, "choose", print)  # it has ended
    joiner.close()
    (trial,) = leader.storage.get_all_trials(leader.study)
    assert trial.state is TrialState.FAIL  # dropped, not left in hand


def test_of_two_leaders_the_last_one_leads(two):
    first, _ = two
    second = lead(first.place, "choose", ["tfidf"], 50.0, lambda line: None)
    time.sleep(sharing.FAST["SIGN"])
    with pytest.raises(UsageError, match="Another process leads this choice"):
        first.news(50.0)
    first.close()
    assert second.news(50.0) == []


def test_a_leader_goes_on_alone_and_a_joiner_ends_where_the_study_is_lost(
    two, monkeypatch
):
    leader, joiner = two
    lines = []
    leader.say = lines.append

    def lost(*_, **__):
        raise OSError(5, "Input/output error")

    for study in two:
        monkeypatch.setattr(study.storage, "get_study_user_attrs", lost)
    assert leader.claim(TRIAL)
    (line,) = lines
    assert "is out of reach: Input/output error. This machine goes on alone." in line
    leader.tell(made(), 0.5)
    assert leader.news(50.0) == leader.held == []
    with pytest.raises(DataError, match="is out of reach: Input/output error"):
        joiner.news(0.0)


def test_a_machine_with_other_records_finds_no_choice(snippets, tmp_path):
    place = tmp_path / "journal"
    mine = race_of(snippets, ["majority"], tmp_path / "a")
    other = race_of(snippets.take(200, seed=1), ["majority"], tmp_path / "b")
    shared(mine, place, "accuracy")
    for name in (study_name(other, "accuracy"), study_name(mine, "macro_f1")):
        with pytest.raises(UsageError, match="No choice on these records, with these"):
            find(place, name, print)
    assert find(place, study_name(mine, "accuracy"), print)
    with pytest.raises(UsageError, match="No choice on these records"):
        find(tmp_path / "none", study_name(mine, "accuracy"), print)
    assert not (tmp_path / "none").exists()


def test_a_change_goes_to_the_machine_that_has_the_model(snippets, tmp_path):
    """And the whole first fold to the leader, whose models may be shipped."""
    names, place = ("tiny", "tiny-int8"), tmp_path / "journal"
    leader = sharing.machine(snippets, "lead", place, tmp_path / "a", names)
    joiner = sharing.machine(snippets, "join", place, tmp_path / "b", names)
    parent = Trial("tiny", 1, len(leader.folds[1][0]))
    change = replace(parent, candidate="tiny-int8")
    joiner.store.folder.mkdir()
    joiner.study.tell(made(parent), 0.5)
    made(parent).save(joiner.store.path(parent))
    joiner.store.model(parent).mkdir()
    leader.study.news(50.0)
    assert not leader._takes(change)
    assert joiner._takes(change)
    joiner.study.close()  # with it goes the model: the child will fit the parent first
    leader.study.news(50.0)
    assert leader._takes(change)
    first = replace(parent, fold=0, records=len(leader.folds[0][0]))
    another = sharing.machine(snippets, "join", place, tmp_path / "c", names)
    assert not another._takes(first)
    assert another._takes(replace(first, records=80))
    assert leader._takes(first)


def test_a_forecast_is_of_this_machine_where_it_measured_anything(alone):
    plan, whole = alone.plan, len(alone.folds[0][0])
    here = made(Trial("tfidf", 0, whole), seconds=10.0)
    there = made(Trial("tfidf", 1, whole), seconds=1.0, elsewhere=True)
    asked = Trial("tfidf", 2, whole)
    own = plan.forecast(asked, [here])
    assert plan.forecast(asked, [here, there]) == own
    assert plan.forecast(asked, [there]) == pytest.approx(own / 10)


@pytest.mark.parametrize(
    ("place", "error", "said"),
    [
        ("{}", DataError, "cannot be opened: Is a directory."),
        ("{}/a.csv", DataError, "is not a journal of Optuna"),
        ("{}/a.csv/j", DataError, "cannot be opened"),
        ("sqlite:///{}/none/x", DataError, "unable to open database file"),
        ("sqlite:///{}/a.csv", DataError, "file is not a database"),
        ("redis://me:secret@here/0", UsageError, "one of sqlite, postgresql"),
        ("postgresql+none://me:secret@here/x", DataError, "Can't load plugin"),
    ],
)
def test_a_place_that_cannot_serve_is_one_sentence(tmp_path, place, error, said):
    (tmp_path / "a.csv").write_text("text,label\ngood,1\n" * 99)
    with pytest.raises(error) as caught:
        lead(place.format(tmp_path), "choose", [], 9.0, print)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_choosing_alone_loads_no_optuna(words_of):
    code = (
        "import sys, chapter2.selection.choose\n"
        "print(*[m for m in ('optuna', 'torch') if m in sys.modules])"
    )
    assert words_of(code) == []
    assert chapter2.join is join_module.join


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_missing_driver_is_said_by_its_name(monkeypatch, driver):
    monkeypatch.setitem(sys.modules, driver, None)
    said = rf"driver of .*me:\*\*\*@here/x is not installed; install {driver},"
    with pytest.raises(UsageError, match=said):
        lead(f"postgresql+{driver}://me:secret@here/x", "choose", [], 9.0, print)
