"""The monitor's alarms: false ones on a calm stream, delays on streams with a shift.

Beside CUSUM stands the simplest way, to look at each window's z alone. Its limit is set
for as many false alarms, from the same reference.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from monitor_streams import ASKED, STRENGTHS, count, stream

from chapter2.applications.financial_opinion import (
    Settings,
    alarms,
    detector,
    store,
    trend,
)
from chapter2.applications.financial_opinion import simulation as sim
from chapter2.applications.financial_opinion.calibration import settings_from
from chapter2.applications.financial_opinion.trend import poisson_interval
from chapter2.evaluation import mean_interval, wilson_interval

AFTER = 24  # hours before the shift
WITHIN = 36  # hours in which it is to be found; what is not counts as so many
TEXTS = 3900  # at 60 an hour: 65 hours, more than the two together
ALL = 1_000_000  # windows, alarms: as many as there are
FOREVER = 10**9  # seconds that ids are kept


def calibrated(
    options: argparse.Namespace, learnt: dict[str, Any], folder: Path
) -> tuple[Settings, dict[str, float]]:
    """Return what a calm reference gives: the settings, and each topic's limit of z."""
    scorer = learnt["scorers"]["linear"]
    reference = stream(learnt, folder, "reference.jsonl", options.texts, 1)
    settings = settings_from(reference, scorer, run_length=ASKED)
    path, _ = count(reference, scorer, replace(settings, remember=FOREVER))
    return settings, limits(path, settings)


def limits(path: Path, settings: Settings) -> dict[str, float]:
    """Return, by topic, the |z| above which each z alone alarms as often as asked.

    The windows are drawn as those are from which CUSUM has its threshold.
    """
    found = {}
    share = 1 / (ASKED * len(settings.references))  # of a topic's windows
    for topic, reference in settings.references.items():
        place = settings.topics.index(topic)
        with closing(store.connect(path)) as connection:
            rows = connection.execute(
                "SELECT score FROM messages WHERE topic = ?", [place]
            ).fetchall()
            counts = [each.texts for each in trend(connection, topic, ALL)]
        scores = np.array([score for (score,) in rows]) / store.UNIT
        standard = (scores - reference.mean) / reference.deviation
        draw = detector.windows_like(standard, np.array(counts))
        rng = np.random.default_rng(place)
        chunks = range(detector.DRAWS // detector.CHUNK)
        z = np.concatenate([draw(rng, detector.CHUNK) for _ in chunks])
        found[topic] = float(np.quantile(np.abs(z), 1 - share))
    return found


def observations(path: Path, topic: str) -> list[tuple[int, float]]:
    """Return the end of each window of a topic, and its z."""
    with closing(store.connect(path)) as connection:
        settings = store.settings_of(connection)
        reference = settings.references[topic]
        return [
            (
                each.start + settings.window,
                detector.observation(each.mean, each.texts, reference),
            )
            for each in trend(connection, topic, ALL)
        ]


def false_alarms(
    options: argparse.Namespace,
    learnt: dict[str, Any],
    settings: Settings,
    limit: dict[str, float],
    folder: Path,
) -> dict[str, Any]:
    """Count the alarms of both ways on a calm stream that is not the reference."""
    calm = stream(learnt, folder, "calm.jsonl", options.calm, 2)
    path, _ = count(calm, learnt["scorers"]["linear"], settings)
    with closing(store.connect(path)) as connection:
        (windows,) = connection.execute(
            "SELECT count(DISTINCT start) FROM windows"
        ).fetchone()
        raised = len(alarms(connection, ALL))
    alone = sum(
        abs(z) > limit[topic]
        for topic in settings.references
        for _, z in observations(path, topic)
    )
    found: dict[str, Any] = {"asked": 1 / ASKED, "windows": windows}
    for name, number in (("cusum", raised), ("alone", alone)):
        low, high = poisson_interval(number)
        rate = {"rate": number / windows, "low": low / windows, "high": high / windows}
        found[name] = {"alarms": number, **rate}
    return {**found, "watched": list(settings.references)}


def delays(
    options: argparse.Namespace,
    learnt: dict[str, Any],
    settings: Settings,
    limit: dict[str, float],
    folder: Path,
) -> list[dict[str, Any]]:
    """Inject shifts of two strengths on a frequent and on a rarer topic."""
    rows = []
    for topic in [t for t in ("earn", "crude") if t in settings.references]:
        for strength, shares in STRENGTHS.items():
            shift = sim.Shift(topic, AFTER * 3600, shares)
            waits: dict[str, list[float | None]] = {"cusum": [], "alone": []}
            for i in range(options.streams):
                source = stream(
                    learnt, folder, "shift.jsonl", TEXTS, 100 + i, shifts=[shift]
                )
                path, _ = count(source, learnt["scorers"]["linear"], settings)
                for way, ends in fallen(path, topic, limit[topic]).items():
                    waits[way].append(first_after(ends, sim.BEGIN + shift.after))
                path.unlink()
            row = {"topic": topic, "strength": strength, "shares": shares}
            rows.append({**row, **summary(waits)})
    return rows


def fallen(path: Path, topic: str, limit: float) -> dict[str, list[int]]:
    """Return the ends of the windows in which each way says: opinion has fallen."""
    with closing(store.connect(path)) as connection:
        width = store.settings_of(connection).window
        raised = [
            alarm["window"] + width
            for alarm in alarms(connection, ALL)
            if alarm["topic"] == topic and alarm["direction"] == -1
        ]
    alone = [end for end, z in observations(path, topic) if z < -limit]
    return {"cusum": raised, "alone": alone}


def first_after(ends: Sequence[int], begin: float) -> float | None:
    """Return the hours from ``begin`` to the first of ``ends`` within WITHIN."""
    hours = [(end - begin) / 3600 for end in ends]
    return min((each for each in hours if 0 < each <= WITHIN), default=None)


def summary(waits: dict[str, list[float | None]]) -> dict[str, Any]:
    """Return how many shifts each way found and after how long, with intervals.

    The delay is the mean over the streams within WITHIN hours: a shift that is not
    found counts as WITHIN. ``alone_minus_cusum`` is paired, stream by stream.
    """
    row: dict[str, Any] = {"streams": len(waits["cusum"]), "within": WITHIN}
    cut = {
        way: np.array([WITHIN if wait is None else wait for wait in found], float)
        for way, found in waits.items()
    }
    for way, found in waits.items():
        number = sum(wait is not None for wait in found)
        row[way] = {
            "hours": found,
            "found": wilson_interval(number, len(found)).to_dict(),
            "delay": mean_interval(cut[way]).to_dict(),
        }
    row["alone_minus_cusum"] = mean_interval(cut["alone"] - cut["cusum"]).to_dict()
    return row
