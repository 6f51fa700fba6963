"""No folder that a user named stands in a report."""

from dataclasses import replace

from chapter2.selection.report import as_record, as_text
from chapter2.selection.report.shortened import short_names, shortened
from chapter2.selection.runner import Runner
from chapter2.selection.trial import Outcome, Trial


def test_folders_are_cut_and_names_of_the_hub_are_not(tmp_path):
    (tmp_path / "model").mkdir()
    served = "endpoint:org/model@https://localhost:8000/v1"
    names = short_names(
        ["tfidf", "hub:owner/name@abc", served, "hub:/a/model", f"hub:{tmp_path}/model"]
    )
    assert list(names.values()) == [
        "tfidf",
        "hub:owner/name@abc",
        served,
        "hub:model",
        "hub:model-2",
    ]


def named(choice, old, new):
    """Return the choice with a runner, its outcomes and all else under a new name."""

    def trial(t):
        return replace(t, candidate=new if t.candidate == old else t.candidate)

    found, plan = choice.recommendation, choice.plan
    runners = [replace(r, name=new) if r.name == old else r for r in plan.runners]
    rename = {**{n: n for n in found.scores}, old: new}
    return replace(
        choice,
        plan=replace(plan, runners=tuple(runners)),
        recommendation=replace(
            found,
            name=rename[found.name],
            best=rename[found.best],
            scores={rename[n]: s for n, s in found.scores.items()},
            unmet={rename[n]: s for n, s in found.unmet.items()},
        ),
        entrants=tuple(replace(e, name=rename[e.name]) for e in choice.entrants),
        outcomes=tuple(replace(o, trial=trial(o.trial)) for o in choice.outcomes),
        shipped=replace(choice.shipped, name=new),
        timing=replace(
            choice.timing,
            forecasts={trial(t): s for t, s in choice.timing.forecasts.items()},
            ended={Trial(new, 1, 600): 3.0},
        ),
        ineligible={"hub:/home/someone/gone": "/home/someone/gone is not there."},
    )


def test_what_the_reports_say_has_no_folder(choice):
    long = named(choice, choice.shipped.name, "hub:/home/someone/mine")
    short = shortened(long)
    told = str(as_record(short)) + as_text(short)
    assert "/home/someone" not in told
    assert as_record(short)["recommended"] == "hub:mine"
    assert as_record(short)["not_measured"]["hub:gone"] == "gone is not there."
    assert short.timing.ended == {Trial("hub:mine", 1, 600): 3.0}


def test_without_folders_nothing_changes(choice):
    assert as_record(shortened(choice)) == as_record(choice)


def test_a_variant_still_knows_what_it_changes(choice):
    """It was said to have had no time where its parent had failed."""
    change = Runner("hub:/a/mine:int8", False, True, parent="hub:/a/mine")
    parent = Runner("hub:/a/mine", False, True)
    plan = replace(choice.plan, runners=(*choice.plan.runners, parent, change))
    failed = Outcome.failure(Trial("hub:/a/mine", 0, 600), "memory ran out")
    outcomes = (*choice.outcomes, failed)
    short = shortened(replace(choice, plan=plan, outcomes=outcomes))
    assert short.unmeasured["hub:mine:int8"].startswith("It changes hub:mine, which")
