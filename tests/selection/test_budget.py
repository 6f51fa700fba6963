"""The phases of a run: together they are the time that was used."""

import time

import pytest

from chapter2.selection.budget import EARLIER, Budget, Phases


def test_every_second_belongs_to_one_phase():
    budget = Budget(100, used_before=3)
    phases = Phases(budget)
    time.sleep(0.2)  # what nobody names falls to the phase that ends next
    assert phases.run("trials", lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        phases.run("costs", lambda: 1 / 0)
    phases.end("trials")  # it goes on: the seconds are added
    assert list(phases.ended) == ["reading", "trials", "costs"]
    assert phases.ended["reading"] == pytest.approx(3, abs=0.1)
    assert phases.ended["trials"] >= 0.2
    assert sum(phases.ended.values()) == pytest.approx(budget.used, abs=0.1)


def test_what_a_stopped_run_had_used_is_a_phase_of_its_own():
    budget = Budget(100, used_before=3)
    phases = Phases(budget)
    budget.used_before += 20  # as the race does, which finds the clock
    phases.end("preparation")
    phases.end("trials")
    assert phases.ended[EARLIER] == pytest.approx(20)
    assert phases.ended["preparation"] < 1
    assert sum(phases.ended.values()) == pytest.approx(budget.used, abs=0.1)
