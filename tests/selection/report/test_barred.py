"""What could not be made ready, or breaks a limit as it ships, is told everywhere."""

from dataclasses import replace

import pytest

from chapter2.selection.choose import Options
from chapter2.selection.delivery import LATE, SLOW
from chapter2.selection.judged import recommendation
from chapter2.selection.report import as_record, as_text, limits, sentences
from chapter2.selection.report.page import as_page, draw
from chapter2.selection.requirements import Requirements


def barred(choice, why, *names):
    """Return the choice where ``names`` could not be had."""
    bars = dict.fromkeys(names, why)
    told = (choice.entrants, choice.prepared, choice.requirements, Options(), bars)
    answer = recommendation(*told)
    shipped = replace(choice.shipped, name=answer.name)
    return replace(choice, recommendation=answer, shipped=shipped)


@pytest.fixture(scope="module")
def slow(choice):
    return barred(choice, SLOW, "minilm-lora")


@pytest.fixture(scope="module")
def broken(make_choice):
    """The one that ships breaks the limit; another kept it and was not made ready."""
    asked = Requirements(budget_seconds=300, maximum={"latency_ms_p95": 12.0})
    choice = make_choice(asked)
    found = tuple(
        replace(e, costs={"latency_ms_p95": 13.0}) if e.name == "minilm-frozen" else e
        for e in choice.entrants
    )
    names = [e.name for e in found if e.name != "minilm-frozen"]
    return barred(replace(choice, entrants=found), LATE, *names)


def test_the_answer_claims_no_more_than_that_it_could_be_made_ready(slow):
    said = " ".join(sentences.answer(slow))
    assert said.startswith("Use Frozen MiniLM + logistic regression (minilm-frozen).")
    assert "best score among those that could be made ready in time." in said


def test_why_the_better_one_did_not_ship_stands_in_all_three(slow):
    assert f"minilm-lora: {SLOW}" in as_text(slow)
    told = {c["name"]: c["barred"] for c in as_record(slow)["contenders"]}
    assert told["minilm-lora"] == SLOW
    assert set(told.values()) == {SLOW, None}
    page = as_page(slow, draw(slow))
    assert "What was measured and could not be made ready" in page
    assert f"MiniLM fine-tuned by LoRA: {SLOW}" in page


def test_without_a_candidate_that_was_late_the_page_says_nothing_of_it(choice):
    assert "could not be made ready" not in as_page(choice, draw(choice))
    assert "made ready" not in as_text(choice)


def test_a_shipped_model_that_breaks_a_limit_is_said_to_do_so(broken):
    """The report called the limit kept, by the model of a fold."""
    first, second, *rest = sentences.answer(broken)
    assert first == "The shipped model breaks your limits."
    assert second == (
        "It is Frozen MiniLM + logistic regression: latency_ms_p95 is 13 ms; at most "
        "12 ms is allowed."
    )
    assert any(
        line == f"TF-IDF of words + logistic regression kept them in the comparison. "
        f"{LATE}"
        for line in rest
    )
    told = as_record(broken)
    assert not told["meets_limits"]
    assert told["answer"][0] == first
    (row,) = limits.rows(broken)
    assert row[2:] == ("13 ms", False)
    page = as_page(broken, draw(broken))
    assert ">The shipped model breaks your limits</h2>" in page
    assert "Nothing meets your limits" not in page
