"""The terminal's text: the answer first, and sentences that the numbers bear out."""

from dataclasses import replace

import pytest

from chapter2.selection.report import as_text, limits, sentences
from chapter2.selection.requirements import Requirements
from chapter2.selection.runner import Runner
from chapter2.selection.trial import Outcome, Trial


def asked(**limits):
    return Requirements(budget_seconds=300, **limits)


def test_the_answer_and_why_come_first(choice):
    text = as_text(choice)
    blocks = text.split("\n\n")
    assert blocks[1].startswith("Use MiniLM fine-tuned by LoRA (minilm-lora).")
    assert "It has the best score." in blocks[1]
    assert "With Frozen MiniLM + logistic regression, which is simpler" in blocks[1]
    assert "had no say in the choice" in text
    assert "Not measured:" in text
    assert "What more labelled records would buy:" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_table_marks_the_answer_and_stands_by_score(choice):
    rows = as_text(choice).split("\n\n")[2].splitlines()
    assert rows[1].startswith("> minilm-lora")
    assert [row.split()[0] for row in rows[2:]] == [
        "minilm-frozen",
        "tfidf",
        "char-ngrams",
        "majority",
    ]


def test_a_simpler_one_is_recommended_within_a_wide_margin(make_choice):
    choice = make_choice(margin=0.2)
    assert choice.recommendation.name == "tfidf"
    said = " ".join(sentences.answer(choice))
    assert "The best score is that of MiniLM fine-tuned by LoRA" in said
    assert "shown to lose at most 20 points" in said


def test_limits_are_named_where_they_are_broken(make_choice):
    choice = make_choice(asked(maximum={"latency_ms_p95": 2.0}))
    assert choice.recommendation.meets
    text = as_text(choice)
    assert "among those that keep your limits" in text.replace("\n  ", " ")
    assert "minilm-lora: latency_ms_p95 is 12.5 ms" in text
    assert "breaks 1" in text
    assert "0.9 ms" in text  # measured costs stand in the table
    (row,) = limits.rows(choice)
    assert row[1:3] == ("at most 2 ms", row[2])
    assert row[3] is True


def test_what_would_change_it_is_said_where_nothing_meets_the_limits(make_choice):
    choice = make_choice(
        asked(minimum={"f1_macro": 0.84}, maximum={"latency_ms_p95": 2.0})
    )
    said = sentences.answer(choice)
    assert said[0] == "Nothing meets your limits."
    assert said[1].startswith("The nearest is ")
    joined = " ".join(said)
    assert "Without the limit on latency_ms_p95, MiniLM fine-tuned by LoRA" in joined
    assert "No candidate keeps" not in joined  # each limit alone is kept by one


def test_a_majority_that_wins_is_no_success(choice):
    found = replace(choice.recommendation, name="majority", best="majority")
    said = sentences.answer(replace(choice, recommendation=found))
    assert any("most frequent label" in line for line in said)


@pytest.mark.parametrize("refit", [True, False])
def test_it_says_on_what_the_model_was_fitted(choice, refit):
    shipped = replace(choice.shipped, refit=refit)
    said = sentences.fitted_on(replace(choice, shipped=shipped))
    assert ("all 900 development records" in said) is refit
    assert ("600 of the 900" in said) is not refit


def test_it_says_where_the_last_fit_had_more_passes_than_the_trials(choice):
    name = choice.shipped.name
    entrants = tuple(
        replace(e, effort=0.5) if e.name == name else e for e in choice.entrants
    )
    said = sentences.fitted_on(replace(choice, entrants=entrants))
    assert "it had 50% of its passes over the records" in said
    assert "time for 100%" in said
    assert "passes" not in sentences.fitted_on(choice)


def test_what_was_begun_and_ended_by_the_clock_is_said_to_be_so(choice):
    """It said that no time was left to try it."""
    tried = [o for o in choice.outcomes if o.trial.candidate != "minilm-full"]
    ended = {Trial("minilm-full", 0, 600): 23.4}
    timing = replace(choice.timing, ended=ended)
    choice = replace(choice, outcomes=tuple(tried), timing=timing)
    assert choice.unmeasured["minilm-full"] == (
        "It was begun on 600 records and ended after 23 s: there was no more time for "
        "it."
    )
    assert "Never measured, so what it takes is not known" in as_text(choice)
    untried = replace(choice, timing=replace(timing, ended={}))
    assert untried.unmeasured["minilm-full"] == "No time was left to try it."


def test_a_change_of_a_model_that_failed_is_not_said_to_have_had_no_time(choice):
    change = Runner("minilm-full-int8", False, True, parent="minilm-full")
    plan = replace(choice.plan, runners=(*choice.plan.runners, change))
    rest = [o for o in choice.outcomes if o.trial.candidate != "minilm-full"]
    failed = Outcome.failure(Trial("minilm-full", 0, 600), "memory ran out")
    said = replace(choice, plan=plan, outcomes=(*rest, failed)).unmeasured
    assert said["minilm-full"] == "It failed: memory ran out"
    assert said["minilm-full-int8"] == (
        "It changes minilm-full, which failed or could not be the best."
    )


def test_a_service_is_said_to_be_sent_the_texts(choice):
    name = "endpoint:some-model@http://localhost:8000/v1"
    served = replace(choice, shipped=replace(choice.shipped, name=name))
    assert "sends each text to the address named" in sentences.measured_costs(served)
    assert "without network" in sentences.measured_costs(choice)


def test_what_was_measured_on_one_size_is_called_cheap_only_where_it_is(choice):
    """A variant of 8 bits has one size too, that of its parent's whole folds."""
    whole = [o for o in choice.outcomes if o.trial.records == 600]
    for name, cheap in (("tfidf", True), ("minilm-lora", False)):
        answer = replace(choice.recommendation, name=name)
        told = sentences.no_curve(
            replace(choice, outcomes=tuple(whole), recommendation=answer)
        )
        assert ("so cheap" in told) is cheap
        assert "too few sizes" in told
