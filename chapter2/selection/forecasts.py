"""How long a trial will take, from those of its candidate that have ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chapter2.selection.trial import Outcome, Trial

LEAST = 200  # records that are predicted at least: a share of them is known to 7 points
REFIT_SHARE = 0.3  # of the time of reading all, where fitting alone was not measured


def predicted(trial: Trial, development: int, whole: int, asked: int) -> int:
    """Return how many records a trial predicts, of ``development``.

    The last fit predicts the test records, and its model some of them again: ``asked``.
    """
    if trial.fold < 0:
        return asked
    held_out = development - whole
    if trial.fold > 0 or trial.records >= whole:
        return held_out
    return min(held_out, max(LEAST, trial.records))


def of_work(
    trial: Trial, known: Sequence[Outcome], work_of: Callable[[Trial], float]
) -> float | None:
    """Return seconds: linear in what training reads, through the last two sizes.

    Through one size it is proportional, which is too high where a part of the time is
    fixed. None without any.
    """
    took: dict[float, float] = {}
    for o in known:
        work = work_of(o.trial)
        took[work] = max(o.seconds, took.get(work, 0.0))
    if not took:
        return None
    *before, last = sorted(took)
    work = work_of(trial)
    slope = took[last] / last
    if before:
        rise = took[last] - took[before[-1]]
        slope = min(slope, max(0.0, rise / (last - before[-1])))
    return max(0.0, took[last] + slope * (work - last))


def of_reading(
    trial: Trial,
    known: Sequence[Outcome],
    development: int,
    whole: int,
    asked: int,
) -> float | None:
    """Return seconds of a candidate that reads each text once, whatever the folds.

    Args:
        trial: what is to be forecast.
        known: outcomes of the same candidate.
        development: records of all folds together.
        whole: training records of the whole first fold.
        asked: records that the last refit predicts, which nothing has read.
    """

    def texts(of: Trial) -> int:
        """What must have been read for it: its records and those that it predicts."""
        if of.fold != 0 or of.records >= whole:
            return development
        return of.records + predicted(of, development, whole, asked)

    first = [o for o in known if o.trial.fold == 0]
    again = [o.seconds for o in known if o.trial.fold > 0]
    if not first:
        return max(again, default=None)
    read = max(texts(o.trial) for o in first)
    spent = sum(o.seconds for o in first)
    # the last fit follows a whole fold, which has read all but what is then predicted
    new = asked if trial.fold < 0 else texts(trial) - read
    fitting = max(again, default=REFIT_SHARE * spent) if trial.fold != 0 else 0.0
    return fitting + spent / read * max(0, new)
