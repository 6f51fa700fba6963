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
RACING = ("majority", "tfidf")  # neither needs torch: seconds
SAME = ("recommended", "best", "test", "answer", "front", "records", "confusion")
KILLS = 5


@pytest.fixture(scope="module")
def snippets(tmp_path_factory):
    """A file of 270 film snippets: fewer make no ladder."""
    some = data.load("movie-snippets").take(270, seed=0)
    path = tmp_path_factory.mktemp("texts") / "films.jsonl"
    lines = [
        json.dumps({"text": text, "label": some.label_names[label]})
        for text, label in zip(some.texts, some.labels, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def started(snippets, tiny, out):
    """Start the command in a process of its own, with time enough for all trials."""
    names = ",".join((*RACING, f"hub:{tiny}"))  # the last is trained by epochs
    command = [sys.executable, "-m", "chapter2", "choose", str(snippets), "--jobs", "1"]
    command += ["--out", str(out), "--candidates", names, "--budget", "20m"]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **pipes)


def trials_of(lines):
    """Yield the lines that tell of a trial that has ended, measured or found again."""
    return (line for line in lines if "-f" in line and line.endswith(" s\n"))


def finished(snippets, tiny, out):
    """Run the command to its end; return its report and how many trials it told of."""
    process = started(snippets, tiny, out)
    _, said = process.communicate()
    assert process.returncode == 0, said
    told = sum(1 for _ in trials_of(said.splitlines(keepends=True)))
    return json.loads((out / "report.json").read_text()), told


def killed(snippets, tiny, out, trials, seconds):
    """Kill the command so many ``seconds`` after so many of its trials."""
    process = started(snippets, tiny, out)
    told = trials_of(process.stderr)
    for _ in range(trials):
        next(told)
    time.sleep(seconds)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return alive


def test_five_kills_change_no_recommendation(snippets, tiny, tmp_path):
    whole, trials = finished(snippets, tiny, tmp_path / "whole")
    by_epochs = [t for t in whole["trials"] if t["candidate"].startswith("hub:")]
    assert {t["effort"] for t in by_epochs} > {1.0}  # looks, and whole schedules
    assert trials == len(whole["trials"])
    seed = int(os.environ.get("CHAPTER2_KILLS", time.time_ns() % 10**6))
    draw = random.Random(seed)
    # after the last trial come the refit, a fresh process and the report: seconds
    moments = [(draw.randint(0, trials), draw.uniform(0, 0.5)) for _ in range(KILLS)]
    told = f"CHAPTER2_KILLS={seed}: {moments}"
    for moment in moments:
        assert killed(snippets, tiny, tmp_path / "cut", *moment), told
    cut, _ = finished(snippets, tiny, tmp_path / "cut")
    for field in SAME:
        assert cut[field] == whole[field], f"{field}, {told}"
    scores = [
        {c["name"]: c["score"] for c in report["contenders"]} for report in (cut, whole)
    ]
    assert scores[0] == scores[1], told
    assert set(scores[0]) == {*RACING, "hub:tiny"}
