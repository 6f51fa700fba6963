"""Forecasts of trials, against candidates whose costs are known."""

import numpy as np
import pytest

from chapter2.selection.forecasts import of_reading, of_work
from chapter2.selection.trial import Outcome, Trial

DEVELOPMENT, WHOLE, ASKED = 1200, 800, 300
FITTING, RATE = 2.0, 0.05  # seconds to fit; to read a text


def took(trial, seconds):
    return Outcome(trial, np.arange(3), np.ones((3, 1)), seconds, 0.0)


def forecast(trial, known):
    return of_reading(trial, known, DEVELOPMENT, WHOLE, ASKED)


def test_work_is_linear_through_the_last_two_sizes():
    known = [took(Trial("a", 0, n), 10 + 0.02 * n) for n in (100, 200)]

    def work(trial):
        return trial.records * trial.effort

    assert of_work(Trial("a", 0, 800), known, work) == pytest.approx(26)
    assert of_work(Trial("a", 0, 800, effort=0.5), known, work) == pytest.approx(18)
    assert of_work(Trial("a", 0, 800), [], work) is None


def test_what_was_read_costs_nothing_again():
    small = took(Trial("a", 0, 100), RATE * (100 + 200))  # 200 are predicted at least
    # the whole fold reads all others, the ones that it predicts among them
    needed = forecast(Trial("a", 0, WHOLE), [small])
    assert needed == pytest.approx(RATE * (DEVELOPMENT - 300))
    whole = took(Trial("a", 0, WHOLE), needed)
    spent = RATE * DEVELOPMENT
    again = forecast(Trial("a", 1, WHOLE), [small, whole])
    assert 0 < again < 0.5 * spent  # nothing new: fitting alone
    later = took(Trial("a", 1, WHOLE), FITTING)
    known = [small, whole, later]
    assert forecast(Trial("a", 2, WHOLE), known) == pytest.approx(FITTING)
    # the last fit is to texts that were read, and predicts some that were not
    last = forecast(Trial("a", -1, DEVELOPMENT), known)
    assert last == pytest.approx(FITTING + RATE * ASKED)


def test_a_machine_that_measured_later_folds_only_goes_by_them():
    known = [took(Trial("a", 1, WHOLE), 40.0), took(Trial("a", 2, WHOLE), 3.0)]
    assert forecast(Trial("a", 3, WHOLE), known) == 40.0
    assert forecast(Trial("a", 3, WHOLE), []) is None
