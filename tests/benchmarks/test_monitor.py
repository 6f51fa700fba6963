"""The monitor's benchmark at a tiny size; no figure is judged but the kills'."""

import json
import signal
import sqlite3
import sys
from contextlib import closing

import numpy as np
import pytest

from chapter2.applications.financial_opinion import Reference, Settings, store

KILLS, TEXTS = 3, 4000


def test_what_was_measured_is_stored(stored):
    sizes = {"records": 600, "texts": TEXTS, "calm": 1200, "streams": 2}
    sizes |= {"seconds": 1, "kills": KILLS}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    _, result = stored("monitor.py", *options, "--encoder", "tiny-random")
    check_kills(result["kills"])
    assert result["load"]["linear"]["texts_per_second"] > 0
    models = [row["model"] for row in result["quality"]["opinions"]["macro_f1"]]
    assert models == ["majority", "always neutral", "linear", "encoder"]
    calm = result["false_alarms"]
    assert calm["asked"] == 1 / 200
    for way in ("cusum", "alone"):
        assert calm[way]["rate"] == calm[way]["alarms"] / calm["windows"]
        assert calm[way]["low"] <= calm[way]["rate"] <= calm[way]["high"]
    assert {"earn"} <= {row["topic"] for row in result["delays"]}
    for row in result["delays"]:
        for way in ("cusum", "alone"):
            assert len(row[way]["hours"]) == row["streams"] == 2
            assert 0 < row[way]["delay"]["value"] <= row["within"]
        gap = row["alone"]["delay"]["value"] - row["cusum"]["delay"]["value"]
        assert row["alone_minus_cusum"]["value"] == pytest.approx(gap)


def check_kills(kills):
    """Each kill met a monitor that counted; there was something of each kind."""
    assert kills["equal"]
    assert kills["killed_while_counting"] == KILLS
    places = [0, *kills["bytes_at_kills"], kills["bytes"]]
    assert places == sorted(set(places))  # each run counted something, none all
    assert all(
        place > kills["bytes"] * i / KILLS
        for i, place in enumerate(kills["bytes_at_kills"])
    )  # each in its own part of the file
    assert kills["rows"]["alarms"] > 0
    assert kills["rows"]["late"] == kills["tally"]["late"] > 0
    assert kills["tally"]["counted"] + kills["tally"]["late"] == TEXTS


@pytest.fixture
def place(tmp_path):
    """A store in which nothing is counted yet."""
    path = tmp_path / "m.db"
    store.make(path, Settings(("oil",)))
    return path


# counts one byte at a time, a few milliseconds each
COUNTS = """
import sqlite3, sys, time
for place in range(1, int(sys.argv[2])):
    with sqlite3.connect(sys.argv[1]) as db:
        query = "INSERT OR REPLACE INTO source VALUES ('s', ?, 0, '')"
        db.execute(query, [place])
    time.sleep(float(sys.argv[3]))
"""


def counting(place, upto, seconds):
    return [sys.executable, "-c", COUNTS, str(place), str(upto), str(seconds)]


def test_a_kill_that_meets_no_counting_is_refused(script, place):
    kills = script("monitor_kills")
    with pytest.raises(SystemExit, match="Process 1 ended before its kill"):
        kills.killed(counting(place, 5, 0), place, 1000, 1)
    assert kills.place_in(place) == 4
    with pytest.raises(SystemExit, match="Kill 1 met no counting"):
        kills.killed(counting(place, 10_000, 0.001), place, 4, 1)


def test_kills_are_spread_over_the_source(script, place, monkeypatch):
    kills = script("monitor_kills")
    ended = []
    real = kills.subprocess.Popen.wait
    monkeypatch.setattr(
        kills.subprocess.Popen,
        "wait",
        lambda self: ended.append(real(self)) or ended[-1],
    )
    # it begins at 1 again: what is read is its own place, so the second goes on further
    places = kills.killed(counting(place, 10_000, 0.002), place, 100, 2)
    assert 0 < places[0] < places[1] < 100
    assert places[1] > 50
    assert ended == [-signal.SIGKILL] * 2


def test_each_z_alone_has_a_limit_of_the_same_rate(script, tmp_path):
    """Of normal opinions, one text a window, the limit is the normal quantile."""
    alarms = script("monitor_alarms")
    reference = Reference(0.1, 0.2, 5.0)
    settings = Settings(("oil",), references={"oil": reference})
    path = tmp_path / "m.db"
    store.make(path, settings)
    scores = np.random.default_rng(0).normal(0.1, 0.2, 20_000)
    with closing(sqlite3.connect(path)) as db:
        for i, score in enumerate(np.rint(scores * store.UNIT).astype(int).tolist()):
            db.execute("INSERT INTO messages VALUES (?, ?, 0, 1, ?)", [i, i, score])
            row = [3600 * i, score, score * score]
            db.execute("INSERT INTO windows VALUES (0, ?, 1, 0, 1, 0, ?, ?)", row)
        db.commit()
    (limit,) = alarms.limits(path, settings).values()
    assert limit == pytest.approx(2.81, abs=0.15)  # P(|z| > 2.81) = 1 / 200
    z = [z for _, z in alarms.observations(path, "oil")]
    assert np.mean(np.abs(z) > limit) == pytest.approx(1 / 200, rel=0.35)


def test_a_shift_that_is_not_found_counts_as_the_longest_delay(script):
    alarms = script("monitor_alarms")
    ends = [10 * 3600, 30 * 3600, 90 * 3600]
    assert alarms.first_after(ends, 20 * 3600) == 10
    assert alarms.first_after(ends, 40 * 3600) is None  # 50 hours are too many
    row = alarms.summary({"cusum": [2.0, 4.0], "alone": [6.0, None]})
    assert row["cusum"]["delay"]["value"] == 3
    assert row["alone"]["delay"]["value"] == (6 + 36) / 2
    assert row["alone"]["found"]["value"] == 0.5
    assert row["alone_minus_cusum"]["value"] == 18
    assert json.loads(json.dumps(row)) == row
