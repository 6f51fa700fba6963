"""The live view's server, the command line, and a model that is saved and loaded."""

import json
import os
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from children import CTRL_C

from chapter2 import data
from chapter2.applications.financial_opinion import (
    Monitor,
    Reference,
    Settings,
)
from chapter2.applications.financial_opinion import store as store_module
from chapter2.applications.financial_opinion.calibration import settings_from
from chapter2.applications.financial_opinion.live import serving
from chapter2.applications.financial_opinion.page import PAGE
from chapter2.applications.financial_opinion.scorers import (
    EncoderScorer,
    LinearScorer,
    first_words,
    load_scorer,
    rated_sentences,
)
from chapter2.applications.financial_opinion.simulation import (
    BEGIN,
    Shift,
    Trouble,
    lines,
    simulate,
    write,
)
from chapter2.errors import DataError, UsageError
from chapter2.models.embedding import load_embedder

sys.path.insert(0, str(Path(__file__).parent))

from opinion_stream import TOPICS, Told, contents, line, stream
from opinion_stream import write as write_lines

HOUR = 3600


@pytest.fixture(scope="module")
def news():
    found = first_words(data.load("reuters-r8", limit=700))
    return found.select(i for i, y in enumerate(found.labels) if y in (0, 1, 2))


@pytest.fixture(scope="module")
def rated():
    return rated_sentences(limit=300)


@pytest.fixture(scope="module")
def linear(news, rated):
    return LinearScorer.fit(news, rated)


# --- the server ---------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    settings = Settings(TOPICS, references={"oil": Reference(0.0, 0.3, 5.0)})
    path = tmp_path / "m.db"
    source = write_lines(tmp_path / "s", [*stream(200, 0), line("x", 9e5), "{bad\n"])
    Monitor(path, Told(), settings).run(source)
    return path


def get(address, **headers):
    with urllib.request.urlopen(urllib.request.Request(address, None, headers)) as got:
        return got.read().decode(), got.headers


def test_the_state_is_what_the_store_holds(store):
    with serving(store) as address:
        state = json.loads(get(f"{address}state.json")[0])
    held = contents(store)
    assert state["tally"] == dict(held["tally"])
    texts = {t: sum(w["texts"] for w in found) for t, found in state["topics"].items()}
    assert sum(texts.values()) == state["tally"]["counted"]
    assert set(texts) == set(TOPICS)
    assert len(state["alarms"]) == len(held["alarms"])
    assert state["rejects"][0]["begins"] == "{bad"
    assert state["late"][0]["id"] == "x"


def test_the_page_is_self_contained_and_runs_its_own_script_alone(store):
    assert not re.search(r'(src|href)="(?!data:)', PAGE)
    assert "innerHTML" not in PAGE
    with serving(store) as address:
        page, headers = get(address)
        again, _ = get(address)
    nonce = re.search(r'nonce="([^"]+)"', page)[1]
    assert f"script-src 'nonce-{nonce}'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert nonce not in again


def test_what_is_not_offered_or_not_from_here_is_refused(store):
    with serving(store) as address:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{address}m.db")
        with pytest.raises(urllib.error.HTTPError, match="400"):
            get(f"{address}state.json", Host="elsewhere.example:80")
        port = int(address.rsplit(":", 1)[1].strip("/"))
        with (
            pytest.raises(UsageError, match=f"Port {port} of 127.0.0.1 cannot"),
            serving(store, port),
        ):
            pass


def test_there_is_no_view_without_a_store(tmp_path):
    with pytest.raises(DataError, match="is no store"), serving(tmp_path / "none"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["deleted", "no database", "another", "locked"])
def test_a_store_that_cannot_be_read_is_said_and_the_view_goes_on(
    store, tmp_path, what, monkeypatch, capfd
):
    monkeypatch.setattr(store_module, "BUSY", 0.05)
    kept = store.read_bytes()
    with serving(store) as address, closing(sqlite3.connect(store)) as holder:
        if what == "locked":
            holder.execute("PRAGMA locking_mode=EXCLUSIVE")
            holder.execute("BEGIN EXCLUSIVE")
            holder.execute("UPDATE clock SET newest = newest")
        else:
            holder.close()
            store.unlink()
        if what == "no database":
            store.write_bytes(b"no database at all" * 99)
        elif what == "another":
            with closing(sqlite3.connect(store)) as new:
                new.execute("CREATE TABLE settings (value TEXT NOT NULL)")
                new.execute("INSERT INTO settings VALUES (?)", [Settings(()).dumps()])
                new.commit()
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            get(f"{address}state.json")
        told = json.loads(refused.value.read())
        assert told == {"error": "The store cannot be read."}
        holder.close()
        store.write_bytes(kept)
        assert json.loads(get(f"{address}state.json")[0])["tally"]["read"] > 0
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("linger", [0, 1])
def test_a_tab_closed_while_it_is_answered_is_no_error(store, linger, capfd):
    """Closed in order, or (linger for 0 s) reset."""
    with serving(store) as address:
        port = int(address.rsplit(":", 1)[1].strip("/"))
        for _ in range(20):
            tab = socket.create_connection(("127.0.0.1", port))
            how = struct.pack("ii", 1 - linger, 0)
            tab.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, how)
            tab.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            tab.close()
        assert "Financial opinion" in get(address)[0]
    assert capfd.readouterr().err == ""


# --- models -------------------------------------------------------------------------


def test_the_rated_sentences_have_the_band_that_was_asked_for():
    wide, narrow = rated_sentences(1.0), rated_sentences()
    assert wide.texts == narrow.texts
    assert narrow.counts() == {"negative": 3018, "neutral": 2943, "positive": 2937}
    assert wide.counts() == {"negative": 1937, "neutral": 4889, "positive": 2072}
    with pytest.raises(UsageError, match="band is 5"):
        rated_sentences(5)


def test_a_linear_scorer_is_the_same_when_loaded(linear, tmp_path, news):
    texts = [*news.texts[:5], "good", ""]
    topics, chances = linear.score(texts)
    assert chances.shape == (7, 3)
    assert chances.sum(axis=1) == pytest.approx(1)
    again = load_scorer(linear.save(tmp_path / "m"))
    assert again.topics == news.label_names
    assert np.array_equal(again.score(texts)[0], topics)
    assert again.score(texts)[1] == pytest.approx(chances, abs=1e-12)


def test_an_encoder_scorer_is_the_same_when_loaded(tmp_path, news, rated):
    embedder = load_embedder("tiny-random")
    scorer = EncoderScorer.fit(embedder, news.take(60), rated.take(60))
    topics, chances = scorer.score(list(news.texts[:9]))
    again = load_scorer(scorer.save(tmp_path / "m"))
    assert isinstance(again, EncoderScorer)
    assert np.array_equal(again.score(list(news.texts[:9]))[0], topics)
    assert again.score(list(news.texts[:9]))[1] == pytest.approx(chances, abs=1e-6)


# --- the simulated stream -----------------------------------------------------------


def test_the_simulation_knows_its_truth(news, rated):
    shift = Shift("acq", 50 * HOUR, (1, 0, 0))
    sent = simulate(news, rated, 3000, seed=0, rate=30, shifts=[shift])
    hours = (sent[-1].time - BEGIN) / HOUR
    assert hours == pytest.approx(100, rel=0.1)  # 3000 messages, 30 an hour
    after = [s for s in sent if s.topic == "acq" and s.time >= BEGIN + 50 * HOUR]
    assert {s.opinion for s in after} == {0}
    others = [s.opinion for s in sent if s not in after]
    assert np.bincount(others) / len(others) == pytest.approx([0.3, 0.4, 0.3], abs=0.05)
    assert simulate(news, rated, 5, seed=1) == simulate(news, rated, 5, seed=1)
    with pytest.raises(UsageError, match="A shift is of 'tin'"):
        simulate(news, rated, 5, 0, shifts=[Shift("tin", 0)])


def test_trouble_on_the_way_is_noticed(news, rated, linear, tmp_path):
    sent = simulate(news, rated, 400, seed=0)
    trouble = Trouble(repeated=0.1, late=0.1, malformed=0.1, delay=5 * HOUR)
    source = write(tmp_path / "s.jsonl", lines(sent, 0, trouble))
    path = tmp_path / "m.db"
    Monitor(path, linear, Settings(linear.topics, allowance=60)).run(source)
    found = dict(contents(path)["tally"])
    assert found["counted"] + found["late"] == 400
    assert min(found["late"], found["repeated"], found["rejected"]) > 15
    assert [each.line() for each in sent] == lines(sent, 0)


# --- the command line ---------------------------------------------------------------


PROGRAM = CTRL_C + (
    "from chapter2.applications.financial_opinion.__main__ import main;"
    "raise SystemExit(main())"
)


def command(*arguments, **options):
    program = [sys.executable, "-c", PROGRAM]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*program, *map(str, arguments)], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def test_a_shift_raises_an_alarm_from_the_command_line(news, rated, linear, tmp_path):
    """Calibrate on a calm stream, count one with a shift, show it until Ctrl-C."""
    model = linear.save(tmp_path / "model")
    calm = write(tmp_path / "calm", lines(simulate(news, rated, 1200, seed=1), 0))
    shift = Shift("earn", 12 * HOUR, (1, 0, 0))
    shifted = lines(simulate(news, rated, 1500, seed=2, shifts=[shift]), 0)
    source, path = write(tmp_path / "stream", shifted), tmp_path / "m.db"
    given = ["--model", model, "--store", path]
    out, err = command("calibrate", calm, *given, "--false-alarms", 500).communicate()
    assert "watched:" in out, err
    process = command("run", source, *given, "--port", 0)
    address = re.search(r"http://127.0.0.1:\d+/", process.stdout.readline())[0]
    assert process.stdout.readline().startswith("All is counted")
    state = json.loads(get(f"{address}state.json")[0])
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert state["tally"]["counted"] == 1500
    earn = [a for a in state["alarms"] if a["topic"] == "earn"]
    assert min(a["window"] for a in earn) < BEGIN + 22 * HOUR
    assert earn[-1]["direction"] == -1


def test_what_cannot_be_is_said_in_one_sentence(tmp_path):
    given = ["--model", tmp_path, "--store", tmp_path / "m.db"]
    process = command("run", tmp_path / "s", *given)
    out, err = process.communicate()
    assert (process.returncode, out) == (6, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


def test_a_reference_without_messages_is_refused(tmp_path):
    source = write_lines(tmp_path / "s", ["{bad\n"])
    with pytest.raises(DataError, match="holds no message"):
        settings_from(source, Told())


def test_a_reference_counts_a_repeated_id_once(tmp_path):
    rng = np.random.default_rng(0)
    written = [
        line(i, i * HOUR / 3, f"oil {score:.2f}")
        for i, score in enumerate(rng.normal(0, 0.2, 90))
    ]
    once = settings_from(write_lines(tmp_path / "s", written), Told(), say=list)
    twice = settings_from(write_lines(tmp_path / "s", written * 2), Told(), say=list)
    assert once == twice
    assert list(once.references) == ["oil"]
