"""What a choice says, in plain sentences; the terminal, the page and the card share it.

No sentence says more than was measured: "was shown" stands where an interval shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chapter2.evaluation.resampling import drawn_together
from chapter2.selection.choice import Choice
from chapter2.selection.gains import MoreData, MoreTime, smallest_difference
from chapter2.selection.recommend import Comparison, Recommendation
from chapter2.selection.report import limits
from chapter2.selection.report.words import (
    at_worst,
    count,
    duration,
    in_points,
    is_remote,
    metric_name,
    percent,
    points,
    title,
    without_paths,
)


def answer(choice: Choice) -> list[str]:
    """Say what is recommended and why; where nothing meets the limits, that."""
    found = choice.recommendation
    if not found.meets:
        return [*limits.nearest(choice), *limits.would_change(choice)]
    scored = percent(found.scores[found.name])
    return [
        f"Use {title(found.name)} ({found.name}).",
        f"Its {metric_name(found.metric)} out of fold is {scored} %.",
        _why(choice),
        *_simpler(choice),
        *_nothing_learned(choice),
    ]


def _why(choice: Choice) -> str:
    found = choice.recommendation
    named = ["keep your limits"] if _limited(choice) else []
    named += ["could be made ready in time"] if found.barred else []
    keeping = f" among those that {' and '.join(named)}" if named else ""
    margin = in_points(found.margin)
    if found.name == found.best:
        others = [c for c in found.comparisons if c.accepted]
        if not found.comparisons:
            return f"It is the only one{keeping} that was measured on a whole fold."
        also = ", and it is the simplest of those shown to be as good" if others else ""
        return f"It has the best score{keeping}{also}."
    gap = _gap(_compared(found, found.name))
    return (
        f"The best score{keeping} is that of {title(found.best)}; this one is simpler, "
        f"and shown to lose at most {margin} against it ({gap})."
    )


def _gap(one: Comparison) -> str:
    """Return the difference to the best, and the bound that decided about it."""
    return f"{100 * one.difference.value:+.1f} points, at worst {at_worst(one.bound)}"


def _limited(choice: Choice) -> bool:
    asked = choice.requirements
    return bool(asked.minimum or asked.maximum)


def _compared(found: Recommendation, name: str) -> Comparison:
    return next(c for c in found.comparisons if c.name == name)


def _simpler(choice: Choice) -> Iterator[str]:
    """Say why the best of the simpler ones is not recommended."""
    found = choice.recommendation
    order = {e.name: e.simplicity for e in choice.entrants}
    passed = [c for c in found.comparisons if order[c.name] < order[found.name]]
    if passed:
        near = max(passed, key=lambda c: c.difference.value)
        told, lost = _gap(near), "may be lost"
        if near.difference.high < -found.margin:
            told, lost = f"{points(near.difference)} points", "is lost"
        yield (
            f"With {title(near.name)}, which is simpler, more than "
            f"{in_points(found.margin)} {lost} ({told})."
        )


def compared(choice: Choice) -> str | None:
    """Say what "at worst" is, beside a table of contenders; None with one of them."""
    found = choice.recommendation
    if not found.comparisons:
        return None
    times = count(len(found.comparisons), "comparison")
    least = f"{-100 * found.margin or 0:+g}"
    return (
        "At worst: what the difference to the best is at least, one-sided 95 %, "
        f"corrected for {times} (Holm); above {least} a candidate counts as good as "
        "the best."
    )


def together(choice: Choice) -> str | None:
    """Say that units are drawn; None where each record is a unit of its own."""
    prepared = choice.prepared
    return drawn_together(
        {"development record": prepared.units, "test record": prepared.test_units}
    )


def _nothing_learned(choice: Choice) -> Iterator[str]:
    if choice.recommendation.name == "majority":
        yield (
            "That is the most frequent label for every text: nothing was shown to read "
            "the labels off the texts better, with so many records and so much time."
        )


def tested(choice: Choice) -> list[str]:
    """Say what the test part reports of the shipped model, and what it costs."""
    records = count(len(choice.prepared.test), "test record")
    scores = " and ".join(
        f"{metric_name(name)} {percent(choice.test[name])} %"
        for name in dict.fromkeys(("accuracy", "f1_macro"))
        if name in choice.test
    )
    return [
        f"On the {records}, which had no say in the choice, the shipped model has "
        f"{scores}.",
        fitted_on(choice),
        measured_costs(choice),
    ]


def fitted_on(choice: Choice) -> str:
    """Say on which records the shipped model was fitted."""
    everything = len(choice.prepared.development)
    if choice.shipped.refit:
        told = f"It was fitted to all {count(everything, 'development record')}."
        efforts = {e.name: e.effort for e in choice.entrants}
        tried = efforts.get(choice.shipped.name, 1.0)
        if choice.shipped.effort > tried:
            told += (
                f" In the comparison it had {tried:.0%} of its passes over the records;"
                f" for the last fit there was time for {choice.shipped.effort:.0%}."
            )
        return told
    fold = choice.prepared.whole[0]
    return (
        f"It was fitted to {fold:,} of the {everything:,} development records, those "
        "of the first fold: no time was left to fit it to all."
    )


def measured_costs(choice: Choice) -> str:
    """Say what the shipped model costs, as measured in a fresh process."""
    cost = choice.shipped.footprint
    where = "in a fresh process without network."
    if is_remote(choice.shipped.name):
        where = "from a fresh process, which sends each text to the address named."
    return (
        f"One text takes {cost.latency_ms_p50:.3g} ms (95th percentile "
        f"{cost.latency_ms_p95:.3g} ms), one of a batch {cost.batch_ms_per_text:.3g} "
        f"ms; memory {cost.memory_mb:,.0f} MB, {cost.size_mb:,.3g} MB on disk; "
        f"measured here, {where}"
    )


def resolution(choice: Choice) -> str | None:
    """Say how small a difference these records could have shown."""
    smallest = smallest_difference(choice)
    if smallest is None:
        return None
    records = count(len(choice.prepared.development), "development record")
    return (
        f"With {records} a difference of {100 * smallest:.1f} points of accuracy would "
        "be shown four times out of five; a smaller one mostly stays hidden."
    )


def time_used(choice: Choice) -> str:
    """Say what was granted and used."""
    timing = choice.timing
    share = timing.used / timing.budget
    return (
        f"{duration(timing.used)} of {duration(timing.budget)} were used "
        f"({share:.0%}), this report included."
    )


def forecast(choice: Choice) -> str | None:
    """Say what was forecast of the trials, and what they took; None: of none."""
    timing = choice.timing
    took = {o.trial: o.seconds for o in choice.outcomes} | dict(timing.ended)
    known = [trial for trial in timing.forecasts if trial in took]
    if not known:
        return None
    ended = sum(trial in timing.ended for trial in known)
    told = f", {ended} of them until the clock ended them" if ended else ""
    expected = sum(timing.forecasts[trial] for trial in known)
    return (
        f"Forecast were {duration(expected)} for {count(len(known), 'trial')}, which "
        f"took {duration(sum(took[trial] for trial in known))}{told}."
    )


def phases(choice: Choice) -> dict[str, float]:
    """Return the seconds of each phase, and of what lies between them."""
    timing = choice.timing
    rest = timing.used - sum(timing.phases.values())
    return {**timing.phases, **({"all else": rest} if rest >= 0.05 else {})}


def time_bought(found: Sequence[MoreTime]) -> list[str]:
    """Say what more time would measure; of what was never measured, only its name."""
    told = [
        f"{title(each.name)}: about {duration(each.seconds)} more; a hopeful score is "
        f"{100 * each.hopeful:.1f} % (last seen with {count(each.records, 'record')})."
        for each in found
        if each.hopeful is not None and each.seconds is not None
    ]
    unknown = ", ".join(each.name for each in found if each.seconds is None)
    if unknown:
        told.append(f"Never measured, so what it takes is not known: {unknown}.")
    return told


def data_bought(found: Sequence[MoreData], metric: str) -> list[str]:
    """Say what more labelled records may bring, one sentence a point."""
    return [
        f"{title(each.name)} with {each.records:,} records: {metric_name(metric)} "
        f"about {100 * each.score:.1f} % [{100 * each.low:.1f}, {100 * each.high:.1f}],"
        " if its learning curve goes on as it went."
        for each in found
    ]


def no_curve(choice: Choice) -> str:
    """Say why no learning curve was extended, and what the quick model's tells."""
    told = (
        f"The curve of {title(choice.recommendation.name)} has too few sizes to be "
        "extended: it is so cheap that it was measured on all records at once."
        if choice.plan.runner(choice.recommendation.name).cheap
        else "The learning curves have too few sizes to be extended."
    )
    hard = choice.profile.difficulty
    if hard is None:
        return told
    return (
        f"{told} A quick model (TF-IDF) gained {hard.slope:+.1f} points of accuracy by "
        "the last doubling of its records."
    )


def not_tried(choice: Choice) -> dict[str, str]:
    """Return for each candidate without a measurement why, without paths."""
    both = {**choice.unmeasured, **choice.ineligible}
    return {name: without_paths(why) for name, why in both.items()}
