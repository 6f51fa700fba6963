"""What was forecast and what was used stand side by side, ended trials included."""

import re
from dataclasses import replace

from chapter2.selection import costs, prepare, quantities, ship
from chapter2.selection.report import as_text, sentences
from chapter2.selection.report.page import as_page
from chapter2.selection.report.record import as_record
from chapter2.selection.trial import Trial

ENDED = Trial("minilm-full", 0, 600)


def with_an_end(choice):
    """Return the choice with a trial that the clock ended after 23 of 60 s."""
    timing = choice.timing
    forecasts = {**timing.forecasts, ENDED: 60.0}
    timing = replace(timing, forecasts=forecasts, ended={ENDED: 23.4})
    return replace(choice, timing=timing)


def test_the_terminal_says_what_was_forecast_and_what_was_used(choice):
    timed = {o.trial: o.seconds for o in choice.outcomes}
    known = choice.timing.forecasts
    assert sum(known.values()) > sum(timed[t] for t in known)  # by a tenth: the fixture
    said = sentences.forecast(choice)
    assert said.startswith("Forecast were ")
    assert f"for {len(known)} trials, which took " in said
    assert said in " ".join(as_text(choice).split())
    assert sentences.forecast(
        replace(choice, timing=replace(choice.timing, forecasts={}))
    ) is None  # fmt: skip


def test_a_trial_that_the_clock_ended_is_among_them(choice):
    ended = with_an_end(choice)
    before, after = sentences.forecast(choice), sentences.forecast(ended)
    assert f"for {len(choice.timing.forecasts) + 1} trials" in after
    assert after.endswith(", 1 of them until the clock ended them.")
    assert "ended" not in before


def test_the_record_and_the_page_list_it(choice):
    ended = with_an_end(choice)
    told = as_record(ended)["trials"]
    assert len(told) == len(choice.outcomes) + 1
    (last,) = (t for t in told if t["seconds"] == 23.4)
    assert (last["candidate"], last["forecast_seconds"]) == ("minilm-full", 60.0)
    assert last["score"] is None
    assert last["error"].startswith("The clock ended it")
    drawn = dict.fromkeys(("contenders", "front", "curves", "confusion"), "")
    page = as_page(ended, {**drawn, "calibration": "", "profile": []})
    cells = ["600", "1 min", "23 s", "ended"]  # records, forecast, used, score
    assert re.search(r"</td>\s*".join(rf"<td[^>]*>{cell}" for cell in cells), page)


def test_the_sizes_of_a_batch_that_are_told_are_those_that_are_measured():
    told = " ".join(quantities.__doc__.split())
    assert f"{costs.SAMPLE} where candidates are compared" in told
    assert f"up to {prepare.CHECKED} of the test part" in told
    assert f"{ship.RESENT} where a service is sent them" in told
