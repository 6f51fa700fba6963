"""Alarms on a shift of opinion: a two-sided CUSUM on the windows of one topic.

A window's observation is its standardised mean, z = sqrt(n) (mean - mu) / sigma over
its n texts; mu and sigma are those of a stretch of stream in which nothing happened.
:mod:`run_length` gives the formula and the threshold. What the false-alarm rate rests
on: texts of one topic do not depend on one another, and mu is known. Real news comes in
bursts, and mu is estimated; both make false alarms more frequent than asked for (Jones,
Champ and Rigdon, 2004), so that a long reference pays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chapter2.applications.financial_opinion.run_length import (
    Draw,
    drawn,
    threshold,
)
from chapter2.errors import DataError

DRAWS = 100_000  # windows from which the threshold is found
CHUNK = 2_000  # of them, drawn at once
FEWEST = 30  # texts of a topic in the reference; below, its spread is not known


@dataclass(frozen=True)
class Reference:
    """What one topic is like while nothing happens, and when to alarm."""

    mean: float  # mu, of one text's opinion, -1 to 1
    deviation: float  # sigma, of one text
    threshold: float  # h, in standard deviations of a window's mean


@dataclass(frozen=True)
class State:
    """The two sums of one topic, and where each last left 0."""

    upper: float = 0.0  # S+
    lower: float = 0.0  # S-
    rose: int | None = None  # start of the first window of the present rise
    fell: int | None = None


@dataclass(frozen=True)
class Alarm:
    """A sum has passed the threshold."""

    window: int  # start of the window that did it
    direction: int  # 1: opinion has risen, -1: it has fallen
    since: int  # Page's estimate of the first window after the shift
    statistic: float  # the sum


def step(
    state: State, z: float, k: float, h: float, window: int
) -> tuple[State, Alarm | None]:
    """Return the state after one observation, and the alarm if it sets one off.

    After an alarm both sums begin again at 0.
    """
    # S+ = max(0, S+ + z - k), S- = max(0, S- - z - k)
    upper = max(0.0, state.upper + z - k)
    lower = max(0.0, state.lower - z - k)
    rose = _since(upper, state.rose, window)
    fell = _since(lower, state.fell, window)
    if max(upper, lower) <= h:
        return State(upper, lower, rose, fell), None
    if upper >= lower:
        return State(), Alarm(window, 1, _known(rose), upper)
    return State(), Alarm(window, -1, _known(fell), lower)


def _since(total: float, before: int | None, window: int) -> int | None:
    if total == 0:
        return None
    return window if before is None else before


def _known(since: int | None) -> int:
    assert since is not None  # a sum above h > 0 has left 0
    return since


def observation(mean: float, texts: int, reference: Reference) -> float:
    """Return z of a window with ``texts`` texts of the mean opinion ``mean``."""
    return float(texts**0.5 * (mean - reference.mean) / reference.deviation)


def calibrate(
    scores: np.ndarray,
    counts: np.ndarray,
    k: float,
    run_length: float,
    seed: int = 0,
) -> Reference:
    """Return the reference of a topic from a stretch in which nothing happened.

    Args:
        scores: (N,) opinions of its texts, -1 to 1.
        counts: (W,) texts of the topic in each window.
        k: half of the shift to find, in standard deviations of a window's mean.
        run_length: windows between two false alarms on this topic.
        seed: of the drawn windows for which the threshold is found: ``counts`` texts
            out of ``scores``, both with replacement. A mean of few texts is not normal.

    Raises:
        DataError: too few texts, or all of the same opinion.
    """
    scores, counts = np.asarray(scores, dtype=float), np.asarray(counts, dtype=int)
    if len(scores) < FEWEST or scores.std() == 0:
        raise DataError(
            f"The reference has {len(scores)} texts of a topic, with a spread of "
            f"{scores.std() if len(scores) else 0:.3f}; it needs {FEWEST}, not all of "
            "one opinion: take a longer stretch."
        )
    mean, deviation = float(scores.mean()), float(scores.std(ddof=1))
    draw = windows_like((scores - mean) / deviation, counts)
    rng = np.random.default_rng(seed)
    z = np.concatenate([draw(rng, CHUNK) for _ in range(DRAWS // CHUNK)])
    return Reference(mean, deviation, threshold(k, run_length, drawn(z)))


def windows_like(standard: np.ndarray, counts: np.ndarray) -> Draw:
    """Return a source of z: bootstrap windows of standardised scores (N,).

    Windows without a text give no observation, so only the others are drawn.
    """
    sizes = counts[counts > 0]

    def draw(rng: np.random.Generator, runs: int) -> np.ndarray:
        n = rng.choice(sizes, runs)  # (R,)
        drawn = rng.choice(standard, int(n.sum()))  # of all R windows, one by one
        starts = np.concatenate([[0], np.cumsum(n)[:-1]])
        return np.add.reduceat(drawn, starts) / np.sqrt(n)

    return draw


def references(
    topics: np.ndarray,
    scores: np.ndarray,
    windows: np.ndarray,
    names: tuple[str, ...],
    k: float,
    run_length: float,
    say: Callable[[str], None] = print,
) -> dict[str, Reference]:
    """Return the reference of each topic that has texts enough; say which has not.

    Args:
        topics: (N,) topic of each text, an index into ``names``.
        scores: (N,) its opinion.
        windows: (N,) the window it was written in.
        names: (T,)
        k: see :func:`calibrate`.
        run_length: windows between two false alarms, of all topics together: each of
            the T' topics that are watched gets T' times as many.
        say: told in one sentence which topics are not watched.

    Raises:
        DataError: the texts of a watched topic are all of one opinion.
    """
    sizes = np.bincount(topics, minlength=len(names))
    watched = [t for t in range(len(names)) if sizes[t] >= FEWEST]
    if left := [names[t] for t in range(len(names)) if t not in watched]:
        say(f"Fewer than {FEWEST} reference texts, not watched: {', '.join(left)}.")
    found = {}
    for t in watched:
        mine = topics == t
        _, counts = np.unique(windows[mine], return_counts=True)
        each = run_length * len(watched)
        found[names[t]] = calibrate(scores[mine], counts, k, each, seed=t)
    return found
