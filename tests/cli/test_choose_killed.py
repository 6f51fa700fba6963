"""``chapter2 choose`` killed at five random moments gives the same recommendation."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from chapter2 import data

pytestmark = pytest.mark.timeout(1800)  # processes start slowly on a busy machine
RACING = "majority,lexicon,tfidf,char-ngrams"  # none needs torch: seconds
SAME = ("recommended", "best", "test", "answer", "front", "records", "confusion")
KILLS = 5


@pytest.fixture(scope="module")
def snippets(tmp_path_factory):
    """A file of 120 film snippets."""
    some = data.load("movie-snippets").take(120, seed=0)
    path = tmp_path_factory.mktemp("texts") / "films.jsonl"
    lines = [
        json.dumps({"text": text, "label": some.label_names[label]})
        for text, label in zip(some.texts, some.labels, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def started(snippets, out):
    """Start the command in a process of its own, with time enough for all trials."""
    command = [sys.executable, "-m", "chapter2", "choose", str(snippets), "--quiet"]
    command += ["--out", str(out), "--candidates", RACING, "--budget", "20m"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def finished(snippets, out):
    """Run the command to its end; return its report."""
    process = started(snippets, out)
    _, said = process.communicate()
    assert process.returncode == 0, said
    return json.loads((out / "report.json").read_text())


def test_five_kills_change_no_recommendation(snippets, tmp_path):
    began = time.monotonic()
    whole = finished(snippets, tmp_path / "whole")
    seconds = time.monotonic() - began
    seed = int(os.environ.get("CHAPTER2_KILLS", time.time_ns() % 10**6))
    moments = [random.Random(seed).uniform(0, 0.8) for _ in range(KILLS)]
    done = []
    for moment in moments:
        process = started(snippets, tmp_path / "cut")
        time.sleep(moment * seconds / 2)  # what stands already is not done again
        done.append(process.poll() is None)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    cut = finished(snippets, tmp_path / "cut")
    told = f"CHAPTER2_KILLS={seed}: {moments}"
    assert any(done), told  # some were still at work
    for field in SAME:
        assert cut[field] == whole[field], f"{field}, {told}"
    scores = [
        {c["name"]: c["score"] for c in report["contenders"]} for report in (cut, whole)
    ]
    assert scores[0] == scores[1], told
    assert len(scores[0]) == len(RACING.split(","))
