"""What ships: judged on itself, given up for the next, and never half there."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from chapter2.deployment.measure import OutOfTimeError
from chapter2.errors import DataError, ModelError
from chapter2.selection import delivery
from chapter2.selection.contenders import Contender
from chapter2.selection.delivery import LATE, SLOW, Delivery
from chapter2.selection.recommend import Yardstick, recommend
from chapter2.selection.requirements import Requirements
from chapter2.selection.ship import Shipped

N = 1000
LABELS = np.arange(N) % 2
YARD = Yardstick(LABELS, "accuracy", 2)
LIMITS = Requirements(maximum={"latency_ms_p95": 10.0})
# name: simplicity, accuracy, latency of a fold's model, latency as it ships
FIELD = {
    "tfidf": (1, 0.7, 1.0, 1.0),
    "minilm-head": (5, 0.8, 6.0, 6.0),
    "minilm-full": (9, 0.9, 9.0, 12.0),
}


def contender(name):
    simplicity, accuracy, latency, _ = FIELD[name]
    right = np.arange(N) < accuracy * N
    predicted = np.where(right, LABELS, 1 - LABELS)
    costs = {"latency_ms_p95": latency}
    return Contender(name, simplicity, np.arange(N), predicted, 1.0, costs)


def judge(found, barred):
    unmet = {e.name: tuple(LIMITS.unmet(e.costs)) for e in found}
    return recommend(found, YARD, unmet=unmet, barred=barred)


@pytest.fixture
def deliver(tmp_path, monkeypatch):
    """Deliver in ``seconds``; each model takes ten, or ends with one of ``errors``."""

    def carry_out(seconds, limits=LIMITS, errors=None, names=tuple(FIELD)):
        race = SimpleNamespace(
            store=SimpleNamespace(folder=tmp_path / "trials"),
            budget=SimpleNamespace(seconds=seconds, grace=seconds, used=0.0),
            light=frozenset(["tfidf"]),
            imports=lambda light: 1.0 if light else 5.0,
            plan=SimpleNamespace(runners=()),
            reserve=9.0,
            said=[],
        )
        race.say = race.said.append

        def ship(race, name, effort, test, out, kept):
            race.budget.grace -= 10
            if name in (errors or {}):
                raise errors[name]
            out.mkdir(parents=True)
            (out / "weights").write_text(name)
            cost = SimpleNamespace(
                **dict.fromkeys(("latency_ms_p50", "batch_ms_per_text"), 1.0),
                latency_ms_p95=FIELD[name][3],
                memory_mb=1.0,
                size_mb=1.0,
            )
            return Shipped(name, out, True, LABELS, cost, 1.0)

        monkeypatch.setattr(delivery, "ship", ship)
        found = [contender(name) for name in names]
        made = Delivery(race, found, judge(found, {}), judge, limits)
        return made, lambda: made.carry_out(None, tmp_path / "model")

    return carry_out


def shipped_in(tmp_path):
    assert not (tmp_path / "trials" / "made").exists()
    return [(path.name, path.read_text()) for path in (tmp_path / "model").iterdir()]


def test_where_what_ships_breaks_a_limit_the_next_is_made(deliver, tmp_path):
    """The report said that the limit was kept, beside a latency above it."""
    made, carry_out = deliver(100.0)
    assert made.answer.name == "minilm-full"  # by the model of a fold
    shipped = carry_out()
    assert shipped.name == made.answer.name == "minilm-head"
    assert made.answer.meets
    assert shipped_in(tmp_path) == [("weights", "minilm-head")]
    (told,) = made.race.said
    assert told.startswith(
        "minilm-full, as it ships: latency_ms_p95 is 12 ms; at most 10"
    )
    assert made.answer.unmet["minilm-full"]
    costs = {e.name: e.costs["latency_ms_p95"] for e in made.found}
    assert costs["minilm-full"] == 12.0  # what the report tells is what ships


def test_without_time_for_the_next_the_broken_limit_is_told(deliver, tmp_path):
    made, carry_out = deliver(16.0, names=("minilm-head", "minilm-full"))
    shipped = carry_out()
    assert shipped.name == made.answer.name == "minilm-full"
    assert not made.answer.meets
    assert made.answer.unmet["minilm-full"] == (
        "latency_ms_p95 is 12 ms; at most 10 ms is allowed.",
    )
    assert made.answer.barred["minilm-head"] == LATE
    assert shipped_in(tmp_path) == [("weights", "minilm-full")]


def test_where_the_next_breaks_one_too_the_better_one_stays(deliver, monkeypatch):
    for name, told in FIELD.items():
        monkeypatch.setitem(FIELD, name, (*told[:3], 50.0))
    made, carry_out = deliver(100.0)
    assert carry_out().name == "minilm-full"
    assert not made.answer.meets
    assert len(made.race.said) == 3  # each was made, and breaks it


def test_without_a_limit_what_ships_is_what_was_recommended(deliver):
    made, carry_out = deliver(100.0, limits=Requirements())
    assert carry_out().name == "minilm-full"
    assert made.race.said == []


def test_what_is_too_slow_to_be_checked_gives_way(deliver, tmp_path):
    errors = {name: OutOfTimeError("slow") for name in ("minilm-full", "minilm-head")}
    made, carry_out = deliver(100.0, errors=errors)
    assert carry_out().name == "tfidf"
    assert made.answer.barred == dict.fromkeys(errors, SLOW)
    assert made.answer.best == "tfidf"
    assert shipped_in(tmp_path) == [("weights", "tfidf")]


def test_without_time_for_torch_the_light_one_is_taken(deliver):
    """Imports of torch take five seconds here; they are not begun with four left."""
    made, carry_out = deliver(8.0)
    assert carry_out().name == "tfidf"
    assert made.answer.barred == dict.fromkeys(("minilm-full", "minilm-head"), LATE)


def test_where_none_is_ready_in_time_it_is_said_and_nothing_ships(deliver, tmp_path):
    errors = dict.fromkeys(FIELD, OutOfTimeError("slow"))
    _, carry_out = deliver(100.0, errors=errors)
    with pytest.raises(DataError, match=r"of 100 s was too small.*Grant about"):
        carry_out()
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "trials" / "made").exists()


def test_a_mismatch_stops_and_nothing_ships(deliver, tmp_path):
    errors = {"minilm-full": ModelError("not the one that was measured")}
    _, carry_out = deliver(100.0, errors=errors)
    with pytest.raises(ModelError, match="not the one"):
        carry_out()
    assert not (tmp_path / "model").exists()


def test_what_is_barred_has_no_say_and_is_no_yardstick():
    found = [contender(name) for name in FIELD]
    answer = recommend(found, YARD, barred={"minilm-full": LATE})
    assert answer.best == answer.name == "minilm-head"
    assert {c.name for c in answer.comparisons} == {"tfidf"}
    assert answer.scores.keys() == FIELD.keys()
    broken = [replace(e, costs={"latency_ms_p95": 99.0}) for e in found]
    assert (
        judge(broken, {"minilm-full": LATE}).name == "minilm-head"
    )  # the nearest is one of them
