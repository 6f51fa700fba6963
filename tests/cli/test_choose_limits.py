"""Limits of ``chapter2 choose`` from the command to the report, and its budget."""

import json

import pytest

from chapter2.selection.budget import GRACE

pytestmark = pytest.mark.timeout(300)  # processes start slowly on a busy machine
SMALL = 0.001  # MB: of these two only the majority is smaller
NAMES = "majority,tfidf,minilm-frozen"


def within(told):
    return told["budget"]["used"] <= told["budget"]["seconds"] * (1 + GRACE)


def test_a_budget_too_small_for_anything_says_what_there_is_and_what_would_do(
    cli, reviews, tmp_path
):
    """It said only that more time should be granted."""
    out = tmp_path / "o"
    done = cli("choose", reviews, "--out", out, "--budget", "1s")
    assert (done.code, done.out) == (3, "")
    (said,) = (line for line in done.err.splitlines() if line.startswith("Error"))
    assert "The budget of 1 s was too small to measure a candidate" in said
    assert "No trial was begun." in said or "was ended after" in said
    assert "Grant about " in said
    assert "Traceback" not in done.err
    assert not (out / "model").exists()
    assert not (out / "report.json").exists()
    assert not list((out / "trials").glob("clock-*"))  # a new run has all its time


def test_a_limit_on_the_size_changes_the_answer(cli, reviews, tmp_path):
    limits = tmp_path / "limits.yaml"
    limits.write_text(f"max: {{size_mb: {SMALL}}}\nbudget: 60s\nlicences: [MIT]\n")
    named = ("--requirements", limits, "--candidates", NAMES, "--jobs", "1")
    done = cli("choose", reviews, "--out", tmp_path / "o", "--json", *named)
    assert done.code == 0, done.err
    told = done.json()
    assert told["recommended"] == told["shipped"]["name"] == "majority"
    assert told["meets_limits"]
    assert told["shipped"]["size_mb"] <= SMALL
    found = {c["name"]: c for c in told["contenders"]}
    assert found["tfidf"]["score"]["value"] > found["majority"]["score"]["value"]
    assert found["tfidf"]["costs"]["size_mb"] > SMALL
    (broken,) = found["tfidf"]["unmet"]
    assert broken.startswith("size_mb is ")
    costs = found["majority"]["costs"]  # of what ships, by which it was judged
    assert costs["latency_ms_p95"] == told["shipped"]["latency_ms_p95"]
    assert "licence" in told["not_measured"]["minilm-frozen"]
    assert within(told)


def test_where_nothing_keeps_the_limits_the_nearest_ships_and_it_is_said(
    cli, reviews, tmp_path
):
    named = ("--candidates", NAMES, "--explainable", "--licence", "MIT,Apache-2.0")
    asked = ("--min", "accuracy=0.9", "--max", f"size_mb={SMALL}", "--budget", "60s")
    out = tmp_path / "o"
    done = cli("choose", reviews, "--out", out, "--jobs", "1", *named, *asked)
    assert done.code == 0, done.err
    assert "Nothing meets your limits." in done.out
    told = json.loads((out / "report.json").read_text())
    assert not told["meets_limits"]
    assert told["recommended"] == told["shipped"]["name"] == "tfidf"
    assert told["answer"][1].startswith("The nearest is TF-IDF")
    assert "size_mb is" in told["answer"][1]
    assert "read" in told["not_measured"]["minilm-frozen"]  # no weights that one can
    page = (out / "report.html").read_text()
    assert ">Nothing meets your limits</h2>" in page
    assert ">broken</td>" in page
    assert within(told)
