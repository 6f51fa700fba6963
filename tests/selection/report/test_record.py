"""``report.json``: valid, whole, without paths; its keys are those that are stated."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from chapter2.evaluation.intervals import Interval
from chapter2.selection.report import record
from chapter2.selection.report.record import as_record, plain


@pytest.fixture(scope="module")
def told(choice):
    return as_record(choice)


def test_it_is_json_that_any_reader_takes(told):
    text = json.dumps(told, allow_nan=False)
    assert json.loads(text) == told
    assert told["profile"]["share"] is None  # it was NaN
    assert "/home/someone" not in text


def test_every_key_is_documented(told):
    stated = set(re.findall(r"``(\w+)``", record.__doc__))
    assert set(told) <= stated


def test_the_numbers_are_those_of_the_choice(told, choice):
    assert told["recommended"] == "minilm-lora"
    best, *others = told["contenders"]
    assert (best["name"], best["difference"], best["accepted"]) == (
        "minilm-lora",
        None,
        True,
    )
    scores = [c["score"]["value"] for c in told["contenders"]]
    assert scores == sorted(scores, reverse=True)
    for contender in others:
        gap = contender["score"]["value"] - best["score"]["value"]
        assert contender["difference"]["value"] == pytest.approx(gap)
    assert told["test"]["accuracy"]["value"] == choice.test["accuracy"].value
    assert np.sum(told["confusion"]) == told["records"]["test"] == 225
    trace = np.trace(told["confusion"]) / 225
    assert trace == pytest.approx(told["test"]["accuracy"]["value"])
    assert len(told["trials"]) == len(choice.outcomes)
    assert told["not_measured"]["recurrent"] == "It failed: it broke; see x.log."


def test_the_errors_are_wrong_and_the_most_confident_first(told):
    sure = [e["probability"] for e in told["errors"]]
    assert len(sure) == 10
    assert sure == sorted(sure, reverse=True)
    assert all(e["true"] != e["predicted"] for e in told["errors"])


def test_hashes_come_from_the_manifest(choice, tmp_path):
    (tmp_path / "chapter2.json").write_text('{"files": {"weights.npz": "abc"}}')
    shipped = replace(choice.shipped, folder=tmp_path)
    hashes = record.repeat(replace(choice, shipped=shipped))["sha256"]
    assert hashes["model/weights.npz"] == "abc"
    assert hashes["test records"] == choice.prepared.test.fingerprint()


def test_plain_values():
    interval = Interval(0.5, math.nan, math.inf, 0.95, 10)
    found = plain({1: (interval, np.float64(0.5), np.arange(2), None, True)})
    assert found == {
        "1": [
            {"value": 0.5, "low": None, "high": None, "level": 0.95, "resamples": 10},
            0.5,
            [0, 1],
            None,
            True,
        ]
    }
