"""The monitor: what is counted, late, repeated or refused, and what a kill leaves."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.applications.financial_opinion import (
    Monitor,
    Reference,
    Settings,
    alarms,
    store,
    trend,
)
from chapter2.applications.financial_opinion.messages import Line, Message, Reject, read
from chapter2.applications.financial_opinion.monitor import _Turn
from chapter2.applications.financial_opinion.source import Pace, Place, lines
from chapter2.applications.financial_opinion.trend import (
    poisson_interval,
    snapshot,
    student,
)
from chapter2.errors import DataError, UsageError

sys.path.insert(0, str(Path(__file__).parent))

from opinion_stream import TOPICS, Told, contents, line, stream, write

HOUR = 3600
REFERENCE = Reference(0.0, 0.3, 5.0)
SETTINGS = Settings(TOPICS, references=dict.fromkeys(TOPICS, REFERENCE))


def counted(folder, written, settings=SETTINGS, **options):
    """Count lines with a new store; return its path."""
    path = folder / f"{len(list(folder.iterdir()))}.db"
    source = write(folder / "stream.jsonl", written)
    Monitor(path, Told(), settings).run(source, **options)
    return path


def tally(path):
    return dict(contents(path)["tally"])


# --- lines --------------------------------------------------------------------------


def told(raw):
    return read(Line(7, raw, len(raw)), now=lambda: 2e9)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("1700000000", 1.7e9),
        ("1.5", 1.5),
        ('"2023-11-14T22:13:20Z"', 1.7e9),
        ('"2023-11-14T23:13:20+01:00"', 1.7e9),
    ],
)
def test_a_line_is_read(time, seconds):
    raw = f'{{"id": 5, "time": {time}, "text": "rates rise", "more": 1}}'
    assert told(raw.encode()) == Message("5", seconds, "rates rise")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"{broken", "not JSON"),
        (b"\n", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"time": 1, "text": "a"}', "no id"),
        (b'{"id": true, "time": 1, "text": "a"}', "id is neither"),
        (b'{"id": "a", "text": "a"}', "no time"),
        (b'{"id": "a", "time": NaN, "text": "a"}', "not finite"),
        (b'{"id": "a", "time": 1' + b"0" * 400 + b', "text": "a"}', "not finite"),
        (b'{"id": "a", "time": -1, "text": "a"}', "before 1970"),
        (b'{"id": "a", "time": "1960-01-01T00:00:00Z", "text": "a"}', "before 1970"),
        (b'{"id": "a", "time": "now", "text": "a"}', "not ISO 8601"),
        (b'{"id": "a", "time": "2023-11-14T22:13:20", "text": "a"}', "no zone"),
        (b'{"id": "a", "time": 2000000061, "text": "a"}', "in the future"),
        (b'{"id": "a", "time": 1, "text": " "}', "empty"),
        (b'{"id": "a", "time": 1, "text": 3}', "not a text"),
        (b'{"id": "a", "time": 1, "text": "\\ud800"}', "half a character"),
        (b'{"id": "a", "time": 1, "text": "' + b"a" * 20_001 + b'"}', "longer than"),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(raw, reason):
    found = told(raw)
    assert isinstance(found, Reject)
    assert reason in found.reason
    assert found.line == 7
    assert len(found.begins) <= 200


@given(st.binary(max_size=60))
def test_no_bytes_raise(raw):
    assert isinstance(told(raw), Message | Reject)


def test_a_line_that_is_still_being_written_is_left(tmp_path):
    path = tmp_path / "s"
    path.write_bytes(b"one\ntw")
    assert [each.raw for each in lines(path, Place(), whole=False)] == [b"one\n"]
    assert [each.end for each in lines(path, Place())] == [4, 6]


# --- counting -----------------------------------------------------------------------


def test_texts_are_counted_in_the_windows_of_their_own_times(tmp_path):
    written = [
        line("a", 10 * HOUR + 5, "oil 0.5"),
        line("b", 10 * HOUR + 9, "oil -0.8"),
        line("c", 10 * HOUR + 9, "gold 0.1"),
        line("d", 11 * HOUR, "oil 1.0"),
    ]
    path = counted(tmp_path, written)
    with closing(store.connect(path)) as db:
        first, second = trend(db, "oil")
        (gold,) = trend(db, "gold")
    assert (first.start, second.start) == (10 * HOUR, 11 * HOUR)
    assert first.texts == 2
    assert first.mean == pytest.approx(-0.15)
    assert first.opinions == (1, 1, 0)  # 0.5 against 0.5: the first of the two
    assert second.opinions == (0, 0, 1)
    assert gold.opinions == (0, 1, 0)
    assert (second.mean_low, second.mean_high) == (-1, 1)
    # Student's interval of two values: mean +- t(1) s / sqrt(2), s = 1.3 / sqrt(2)
    assert first.mean_high == 1.0
    assert first.texts_low == pytest.approx(0.2422, abs=1e-4)
    assert first.texts_high == pytest.approx(7.2247, abs=1e-4)


def test_the_interval_of_the_mean_is_students(tmp_path):
    from scipy import stats

    scores = np.round(np.random.default_rng(0).normal(0, 0.2, 30), 3)
    written = [line(i, HOUR, f"oil {score}") for i, score in enumerate(scores)]
    with closing(store.connect(counted(tmp_path, written))) as db:
        (found,) = trend(db, "oil")
    low, high = stats.t.interval(0.95, 29, scores.mean(), stats.sem(scores))
    assert (found.mean_low, found.mean_high) == pytest.approx((low, high), abs=1e-6)


def test_late_within_the_allowance_counts_and_later_is_noted(tmp_path):
    settings = Settings(TOPICS, window=HOUR, allowance=600)
    written = [
        line("a", 10 * HOUR + 60),
        line("b", 11 * HOUR + 599),
        line("within", 11 * HOUR - 1),  # its window is open for one second more
        line("c", 11 * HOUR + 600),
        line("behind", 11 * HOUR - 1),
        line("open", 11 * HOUR),
    ]
    path = counted(tmp_path, written, settings)
    assert tally(path) == {
        "read": 6, "counted": 5, "late": 1, "repeated": 0, "rejected": 0,
    }  # fmt: skip
    ((source, number, identity, time, behind),) = contents(path)["late"]
    assert (source, number, identity) == ("stream.jsonl", 5, "behind")
    assert (time, behind) == (11 * HOUR - 1, 601)
    with closing(store.connect(path)) as db:
        assert [window.texts for window in trend(db, "oil")] == [2, 3]


def test_a_repeated_id_is_counted_once(tmp_path):
    written = [line("a", HOUR), line("b", HOUR), line("a", HOUR), line("a", 5 * HOUR)]
    path = counted(tmp_path, written)
    assert (tally(path)["counted"], tally(path)["repeated"]) == (2, 2)


def test_ids_are_forgotten_only_behind_what_is_to_be_remembered(tmp_path):
    settings = Settings(TOPICS, remember=10 * HOUR)
    written = [line("a", HOUR), line("b", 8 * HOUR), line("c", 12 * HOUR)]
    path = counted(tmp_path, written, settings)
    assert [row[0] for row in contents(path)["messages"]] == ["b", "c"]


def test_refused_lines_stand_in_a_table_with_reason_and_line(tmp_path):
    path = counted(tmp_path, [line("a", HOUR), "{broken\n", '{"id": 1}\n'])
    assert contents(path)["rejects"] == [
        ("stream.jsonl", 2, "not JSON", "{broken"),
        ("stream.jsonl", 3, "no time", '{"id": 1}'),
    ]


def test_what_was_read_is_counted_late_repeated_or_rejected(tmp_path):
    found = tally(counted(tmp_path, stream(600, seed=3)))
    assert min(found.values()) > 0
    assert found.pop("read") == sum(found.values())


def test_batches_and_restarts_change_nothing(tmp_path):
    written = stream(700, seed=0, drop_after=400)
    whole = contents(counted(tmp_path, written, batch=1000))
    assert whole["alarms"]
    assert contents(counted(tmp_path, written, batch=7)) == whole
    # a source that grows between two runs, cut within a line
    raw = "".join(written)
    source, path = tmp_path / "stream.jsonl", tmp_path / "grown.db"
    monitor = Monitor(path, Told(), SETTINGS)
    for end in (len(raw) // 3, len(raw) // 2):
        source.write_text(raw[:end])
        stop = iter([False] * 3 + [True] * 1000)
        monitor.run(source, follow=True, stopped=lambda stop=stop: next(stop))
    source.write_text(raw)
    Monitor(path, Told()).run(source)
    assert contents(path) == whole
    Monitor(path, Told()).run(source)  # there is nothing behind
    assert contents(path) == whole


def test_a_failing_model_leaves_the_store_as_it_was(tmp_path):
    class Failing(Told):
        def score(self, texts):
            if "gold 7" in texts:
                raise RuntimeError
            return super().score(texts)

    source = write(tmp_path / "s", [line(i, HOUR) for i in range(20)])
    source.write_text(source.read_text() + line("x", HOUR, "gold 7"))
    path = tmp_path / "m.db"
    with pytest.raises(RuntimeError):
        Monitor(path, Failing(), SETTINGS).run(source, batch=8)
    assert tally(path)["counted"] == 16
    source.write_text(source.read_text().replace("gold 7", "gold 0.7"))
    Monitor(path, Told()).run(source)
    assert tally(path)["counted"] == 21


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_killed_monitor_loses_nothing_and_counts_nothing_twice(tmp_path):
    script = Path(__file__).with_name("killed_monitor.py")
    command = [sys.executable, str(script), str(tmp_path), "4"]
    tests = str(script.parents[1])  # where forking stands
    environment = {**os.environ, "PYTHONPATH": tests}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["killed"] >= 2
    assert len(set(found["places"])) >= 2  # killed while it counted
    assert found["equal"]
    assert found["rows"]["messages"] == 2500
    assert found["rows"]["alarms"] > 0


def test_a_disk_without_room_is_said_and_the_next_run_goes_on(tmp_path):
    written = [line(f"{i} {'x' * 200}", HOUR) for i in range(400)]
    whole = contents(counted(tmp_path, written))
    source, path = tmp_path / "stream.jsonl", tmp_path / "small.db"
    monitor = Monitor(path, Told(), SETTINGS)
    with closing(store.connect(path)) as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count={pages + 8}")
        turn = _Turn(monitor, db, source, 64, None)
        with pytest.raises(DataError, match=r"cannot be written \(database or disk is"):
            turn.read(whole=True, stopped=lambda: False)
    assert 0 < tally(path)["counted"] < 400
    Monitor(path, Told()).run(source)
    assert contents(path) == whole


def test_a_store_that_another_holds_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "BUSY", 0.05)
    path = counted(tmp_path, [line("a", HOUR)])
    source = write(tmp_path / "more.jsonl", [line("b", HOUR)])
    with closing(store.connect(path)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataError, match=r"cannot be written \(database is locked"):
            Monitor(path, Told()).run(source)
    Monitor(path, Told()).run(source)
    assert tally(path)["read"] == 2


def test_the_cause_is_kept_where_sqlite_has_rolled_back_by_itself(tmp_path):
    def change(db, then):
        with store.transaction(db):
            db.execute("UPDATE tally SET n = 9")
            db.execute(then)

    path = counted(tmp_path, [line("a", HOUR)])
    with closing(store.connect(path)) as db:
        for on_conflict in ("ROLLBACK", "ABORT"):  # by SQLite, or left to us
            with pytest.raises(DataError, match="UNIQUE constraint"):
                change(db, f"INSERT OR {on_conflict} INTO tally VALUES ('read', 0)")
            assert not db.in_transaction
    assert tally(path)["read"] == 1


def test_a_source_that_goes_away_meanwhile_is_said(tmp_path):
    class Taking(Told):
        def score(self, texts):
            source.unlink()
            return super().score(texts)

    source, path = write(tmp_path / "s", [line("a", HOUR)]), tmp_path / "m.db"
    with pytest.raises(DataError, match="s cannot be read"):
        Monitor(path, Taking(), SETTINGS).run(source)
    assert tally(path)["read"] == 0


def test_a_store_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file.txt").touch()
    with pytest.raises(DataError, match=r"x\.db cannot be made"):
        store.make(tmp_path / "file.txt" / "x.db", SETTINGS)


def test_a_live_view_that_looks_again_computes_no_interval_again(tmp_path, monkeypatch):
    from scipy import stats

    asked = []
    for law in (stats.t, stats.chi2):
        ppf = law.ppf
        monkeypatch.setattr(
            law, "ppf", lambda *given, ppf=ppf: asked.append(given) or ppf(*given)
        )
    for function in (student, poisson_interval):
        function.cache_clear()
    with closing(store.connect(counted(tmp_path, stream(300, seed=1)))) as db:
        first = snapshot(db)
        once = len(asked)
        assert snapshot(db) == first
    assert once == len(asked) > 0


# --- alarms -------------------------------------------------------------------------


def test_an_alarm_names_topic_direction_and_begin(tmp_path):
    written = []
    for number in range(400):
        score = -0.6 if number >= 300 else 0.3 * (-1) ** number
        written += [line(number, number * HOUR / 4, f"oil {score}")]
    path = counted(tmp_path, written)
    with closing(store.connect(path)) as db:
        first = alarms(db)[-1]
    assert (first["topic"], first["direction"]) == ("oil", -1)
    assert first["since"] == 75 * HOUR
    assert first["since"] <= first["window"] <= 78 * HOUR


def test_a_topic_without_reference_is_counted_and_not_watched(tmp_path):
    settings = Settings(TOPICS, references={"gold": REFERENCE})
    written = [line(i, i * HOUR, "oil -0.9") for i in range(50)]
    path = counted(tmp_path, written, settings)
    assert tally(path)["counted"] == 50
    assert contents(path)["cusum"] == contents(path)["alarms"] == []


# --- replay -------------------------------------------------------------------------


def test_a_replay_keeps_its_speed():
    clock = [100.0]
    waited = []

    def wait(seconds):
        waited.append(seconds)
        clock[0] += seconds

    pace = Pace(60, lambda: clock[0], wait)
    for moment in (0, 120, 60, 180):  # one comes after a newer one: at once
        assert pace.until(moment, stopped=lambda: False)
    assert waited == [0.5] * 6  # two seconds, and one


def test_a_replay_that_waits_can_be_stopped(tmp_path):
    # eight hours lie between the two lines
    source = write(tmp_path / "s", [line("a", HOUR), line("b", 9 * HOUR)])
    asked = iter([False] * 4 + [True] * 9)
    path = tmp_path / "m.db"
    Monitor(path, Told(), SETTINGS).run(source, speed=1, stopped=lambda: next(asked))
    assert tally(path)["read"] == 1
    Monitor(path, Told()).run(source)
    assert tally(path)["read"] == 2


def test_a_replay_counts_what_a_fast_run_counts(tmp_path):
    written = stream(60, seed=5)
    fast = contents(counted(tmp_path, written))
    assert contents(counted(tmp_path, written, speed=1e6)) == fast


# --- what is refused ----------------------------------------------------------------


def test_another_file_or_other_settings_are_refused(tmp_path):
    path = counted(tmp_path, [line("a", HOUR), line("b", HOUR)])
    other = write(tmp_path / "stream.jsonl", [line("x", HOUR), line("b", HOUR)])
    with pytest.raises(DataError, match="is not the file of which"):
        Monitor(path, Told()).run(other)
    write(other, [line("a", HOUR)])
    with pytest.raises(DataError, match="is not the file of which"):
        Monitor(path, Told()).run(other)
    with pytest.raises(UsageError, match="other settings"):
        Monitor(path, Told(), Settings(TOPICS))
    with pytest.raises(UsageError, match="take another file or model"):
        Monitor(path, Told(("oil",)))
    with pytest.raises(DataError, match="is no store"):
        Monitor(tmp_path / "none.db", Told())
    with pytest.raises(DataError, match="cannot be read"):
        Monitor(path, Told()).run(tmp_path / "none")


def test_a_database_of_another_program_is_refused(tmp_path):
    """Whatever tables it has: one called settings is a common one."""
    path = tmp_path / "browser.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE settings (value TEXT)")
        other.commit()
    before = path.read_bytes()
    for settings in (None, Settings(TOPICS)):
        with pytest.raises(DataError, match=r"is no store of a monitor \(another"):
            Monitor(path, Told(), settings)
    assert path.read_bytes() == before


def test_two_processes_do_not_count_one_source(tmp_path):
    written = [line(i, HOUR) for i in range(20)]

    class Meddling(Told):
        def score(self, texts):
            if not tally(path)["read"]:
                Monitor(path, Told()).run(source)
            return super().score(texts)

    source, path = write(tmp_path / "s", written), tmp_path / "m.db"
    with pytest.raises(UsageError, match="Another process counts s"):
        Monitor(path, Meddling(), SETTINGS).run(source, batch=5)
    assert tally(path)["counted"] == tally(path)["read"] == 20


@pytest.mark.parametrize(
    "values",
    [
        {"window": 0},
        {"allowance": -1},
        {"remember": 10},
        {"references": {"tin": REFERENCE}},
    ],
)
def test_settings_that_cannot_be_are_refused(values):
    with pytest.raises(UsageError):
        Settings(TOPICS, **values)


def test_settings_come_back_as_they_were():
    assert Settings.loads(SETTINGS.dumps()) == SETTINGS


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_at_which_nothing_comes_is_refused(speed):
    with pytest.raises(UsageError, match="speed is"):
        Pace(speed)
