"""``report.html``: one file, offline, in the order in which a decision is read."""

from __future__ import annotations

from typing import Any

import chapter2
from chapter2.evaluation.tables import shorten
from chapter2.selection import gains
from chapter2.selection.choice import Choice
from chapter2.selection.report import figures, limits, record, sentences
from chapter2.selection.report.look import STYLE
from chapter2.selection.report.template import PAGE, SECTIONS
from chapter2.selection.report.words import (
    amount,
    at_worst,
    count,
    duration,
    in_points,
    is_remote,
    metric_name,
    percent,
    points,
    quantity_name,
    title,
    without_paths,
)
from chapter2.selection.trial import Outcome, Trial

SHOWN = 240  # columns of a text that was predicted wrongly
COMMANDS = """\
chapter2 predict model texts.txt        # one label for each line
chapter2 serve model                    # the same over HTTP
chapter2 evaluate model new.csv         # scores on records of next month
python -c 'from chapter2.deployment.shipped import load_model
print(load_model("model").predict_proba(["a text of yours"]))'"""


def as_page(choice: Choice, drawn: dict[str, Any]) -> str:
    """Return the report; ``drawn`` is what :func:`draw` gave.

    All texts are escaped: none of the records can bring markup into the page.
    """
    from jinja2 import Environment, StrictUndefined

    template = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=False
    ).from_string(PAGE)
    return template.render(
        style=STYLE,
        sections=SECTIONS,
        figures=drawn,
        version=chapter2.__version__,
        commands=COMMANDS,
        **_answer(choice),
        **_limits(choice),
        **_contenders(choice),
        **_ahead(choice),
        **_data(choice),
        **_errors(choice),
        **_time(choice),
        **_repeat(choice),
    )


def draw(choice: Choice) -> dict[str, Any]:
    """Return the figures as HTML, by name: the slow part of the page."""
    curves = figures.curves_figure(choice, "4.1")
    return {
        "contenders": _html(figures.contenders_figure(choice, "2.1")),
        "front": _html(figures.front_figure(choice, "3.1")),
        "curves": _html(curves) if curves else "",
        "profile": [_html(figure) for figure in choice.profile.figures("5")],
        "confusion": _html(figures.confusion_figure(choice, "6.1")),
        "calibration": _html(figures.calibration_figure(choice, "6.2")),
    }


def _html(figure: Any) -> str:
    return str(figure._repr_html_())


def _answer(choice: Choice) -> dict[str, Any]:
    found, prepared = choice.recommendation, choice.prepared
    headline, *rest = sentences.answer(choice)
    heading = "The answer"
    if not found.meets:
        heading = headline.rstrip(".")
        headline, *rest = rest
    together = len(prepared.development) + len(prepared.test)
    return {
        "data": choice.name,
        "date": record.today(),
        "sizes": f"{count(together, 'record')} of {len(prepared.test.label_names)} "
        f"labels: {len(prepared.development):,} to choose by, "
        f"{len(prepared.test):,} to report on",
        "meets": found.meets,
        "heading": heading,
        "headline": headline,
        "answer": rest,
        "tiles": _tiles(choice),
        "fitted": sentences.fitted_on(choice),
        "remote": is_remote(choice.shipped.name),
        "chosen_by": f"the best {metric_name(found.metric)} leads, and "
        f"up to {in_points(found.margin)} of it is given up for a simpler model",
    }


def _tiles(choice: Choice) -> list[tuple[str, str, str]]:
    cost, asked = choice.shipped.footprint, choice.recommendation.metric
    spelt = {"macro_f1": "f1_macro"}.get(asked, asked)
    name = spelt if spelt in choice.test else "accuracy"
    test = choice.test[name]
    return [
        (
            f"{metric_name(name)}, test part",
            f"{100 * test.value:.1f} %",
            f"{100 * test.low:.1f} to {100 * test.high:.1f}",
        ),
        (
            "one text",
            f"{cost.latency_ms_p50:.3g} ms",
            f"{cost.latency_ms_p95:.3g} ms at the 95th percentile",
        ),
        ("on disk", f"{cost.size_mb:,.3g} MB", "all that it needs"),
        ("memory", f"{cost.memory_mb:,.0f} MB", "peak of a fresh process"),
    ]


def _limits(choice: Choice) -> dict[str, Any]:
    words = {True: "kept", False: "broken", None: "not known"}
    rows = [
        (name, asked, has, words[kept])
        for name, asked, has, kept in limits.rows(choice)
    ]
    asked, told = choice.requirements, []
    if asked.explainable:
        told.append("The model must be explainable: weights that a person can read.")
    if asked.private:
        told.append("No text may leave the machine.")
    if asked.licences is not None:
        told.append(f"Allowed licences: {', '.join(asked.licences)}.")
    return {"limits": rows, "other_limits": told}


def _contenders(choice: Choice) -> dict[str, Any]:
    found, order = choice.recommendation, record.by_score(choice)
    costs = list(dict.fromkeys(name for e in order for name in e.costs))
    beside = {
        c.name: (f"{100 * c.difference.value:+.1f}", at_worst(c.bound))
        for c in found.comparisons
    }
    rows = [
        (
            title(e.name),
            percent(found.scores[e.name]),
            *(("best", "") if e.name == found.best else beside.get(e.name, ("–", "–"))),
            duration(e.seconds),
            *(amount(c, e.costs[c]) if c in e.costs else "–" for c in costs),
        )
        for e in order
    ]
    header = [
        *("candidate", f"{metric_name(found.metric)}, %"),
        *("to the best, points", "at worst"),
    ]
    broken = [
        f"{title(e.name)}: {' '.join(found.unmet[e.name])}"
        for e in order
        if found.unmet[e.name]
    ]
    late = [f"{title(name)}: {why}" for name, why in found.barred.items()]
    return {
        "contenders": rows,
        "contender_header": (*header, "trained", *map(quantity_name, costs)),
        "numbers": tuple(range(1, len(header) + 1 + len(costs))),
        "chosen": next(i for i, e in enumerate(order) if e.name == found.name),
        "comparison": [
            said
            for told in (sentences.compared, sentences.together, sentences.resolution)
            if (said := told(choice))
        ],
        "broken": broken,
        "late": late,
    }


def _ahead(choice: Choice) -> dict[str, Any]:
    metric = choice.recommendation.metric
    return {
        "more_data": sentences.data_bought(gains.more_data(choice), metric),
        "no_curve": sentences.no_curve(choice),
        "more_time": sentences.time_bought(gains.more_time(choice)),
        "not_tried": [
            (title(name), why) for name, why in sentences.not_tried(choice).items()
        ],
    }


def _data(choice: Choice) -> dict[str, Any]:
    profile = choice.profile
    balance = ", ".join(f"{name} {n:,}" for name, n in profile.balance.items())
    facts = [
        ("task", profile.kind),
        ("records of each label", balance),
        ("language", profile.language or "not told, or several"),
    ]
    if profile.median_tokens is not None:
        facts.append(("tokens of the middle text", f"{profile.median_tokens:.0f}"))
    if profile.difficulty is not None:
        gap = points(profile.difficulty.gap)
        facts.append(("quick model above the majority", f"{gap} points of accuracy"))
    return {"facts": facts, "findings": profile.findings}


def _errors(choice: Choice) -> dict[str, Any]:
    wrong = record.errors(choice)
    rows = [
        (shorten(m.text, SHOWN), m.true, m.predicted, f"{m.probability:.3f}")
        for m in wrong
    ]
    share = f"{wrong.total:,} of {wrong.records:,} test records are predicted wrongly."
    return {"errors": rows, "wrong": share}


def _time(choice: Choice) -> dict[str, Any]:
    timing = choice.timing
    phases = [
        (name, duration(s), f"{min(100, 100 * s / timing.budget):.1f}")
        for name, s in sentences.phases(choice).items()
    ]
    measured, ended = choice.outcomes, timing.ended
    return {
        "time_used": sentences.time_used(choice),
        "phases": phases,
        "trials": [
            *(_trial(o.trial, o.seconds, _score(o, choice), choice) for o in measured),
            *(_trial(t, seconds, "ended", choice) for t, seconds in ended.items()),
        ],
    }


def _score(o: Outcome, choice: Choice) -> str:
    return "failed" if o.failed else f"{100 * choice.plan.score(o):.1f}"


def _trial(trial: Trial, seconds: float, score: str, choice: Choice) -> tuple[str, ...]:
    expected = choice.timing.forecasts.get(trial)
    return (
        trial.candidate,
        str(trial.fold + 1),
        f"{trial.records:,}",
        "–" if expected is None else duration(expected),
        duration(seconds),
        score,
    )


def _repeat(choice: Choice) -> dict[str, Any]:
    told = record.repeat(choice)
    rows = [("seed", str(told["seed"])), ("machine", told["machine"])]
    rows += [("Python", told["python"]), *told["versions"].items()]
    rows += [(f"SHA-256, {name}", sha) for name, sha in told["sha256"].items()]
    return {
        "repeat": rows,
        "notices": [without_paths(n) for n in choice.notices],
        "drawn": "units of records" if sentences.together(choice) else "the records",
    }
