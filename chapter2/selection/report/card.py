"""What the card of the shipped model says: what it is, and is good for.

It holds counts of the records, never their texts: the folder may be passed on. Where a
prompt shows the model some records, the card says so.
"""

from __future__ import annotations

from typing import Any

import chapter2
from chapter2.deployment.card import model_card
from chapter2.evaluation.tables import escape_markdown
from chapter2.selection.candidates.base import UNSTATED
from chapter2.selection.choice import Choice
from chapter2.selection.quantities import QUALITIES
from chapter2.selection.report import sentences
from chapter2.selection.report.record import repeat
from chapter2.selection.report.words import (
    count,
    entry,
    examples,
    is_remote,
    metric_name,
    percent,
    title,
)

HUB = {"accuracy": "accuracy", "f1": "f1_macro"}  # the Hub's name of a metric: ours
INTENDED = (
    "It answers each text with one of its labels, and how sure it is of each. It is "
    "for texts like those that it was measured on."
)
REMOTE_USAGE = """`chapter2 predict this-folder texts.txt` sends each text to the
address in `settings.json`; a key, where one is needed, is read from an environment
variable."""
LIMITS = (
    "A text of another kind or language gets one of the labels too.",
    "The scores hold for records like those that it was measured on; measure again "
    "when yours change.",
)


def as_card(choice: Choice) -> str:
    """Return the text of ``README.md`` in the model's folder."""
    known = entry(choice.shipped.name)
    licence = known.licence if known else UNSTATED
    name = choice.name.replace("&", "&amp;").replace("<", "&lt;")
    return model_card(
        {
            "title": f"{title(choice.shipped.name)} for {name}",
            "license": licence.lower() if licence != UNSTATED else None,
            "language": choice.profile.language,
            "tags": ["text-classification", "chapter2", choice.shipped.name],
            "dataset": choice.name,
            "scores": {hub: choice.test[ours].value for hub, ours in HUB.items()},
            "summary": _summary(choice),
            "intended": INTENDED,
            "limits": _limits(choice),
            "data": _data(choice),
            "procedure": sentences.fitted_on(choice),
            "evaluation": _evaluation(choice),
            "footprint": sentences.measured_costs(choice),
            "usage": REMOTE_USAGE if is_remote(choice.shipped.name) else None,
            "explanation": [*map(escape_markdown, sentences.answer(choice))],
            "versions": _versions(choice),
        }
    )


def _summary(choice: Choice) -> str:
    labels = ", ".join(map(escape_markdown, choice.prepared.test.label_names))
    return (
        f"Chosen by chapter2 {chapter2.__version__} out of "
        f"{count(len(choice.entrants), 'measured candidate')}. Labels: {labels}."
    )


def _limits(choice: Choice) -> list[str]:
    known = entry(choice.shipped.name)
    lines = [*LIMITS]
    if shown := examples(choice.shipped.name):
        lines.append(
            f"Its prompt holds up to {count(shown, 'record')} of the training data: "
            "pass the folder on as you would these."
        )
    if known and known.window:
        lines.append(
            f"It reads {known.window} tokens at most; the end of a longer text "
            "has no say."
        )
    counts = choice.prepared.development.counts()
    rare = min(counts, key=lambda name: counts[name])
    lines.append(
        f"Its rarest label, {escape_markdown(rare)}, was seen in "
        f"{count(counts[rare], 'record')}; trust it least there."
    )
    return lines


def _data(choice: Choice) -> dict[str, str]:
    development = choice.prepared.development
    counts = development.counts().items()
    told = {f"records, {escape_markdown(name)}": f"{n:,}" for name, n in counts}
    return {
        "data": escape_markdown(choice.name),
        "language": choice.profile.language or "not told, or several",
        **told,
        "records, all": f"{len(development):,}",
    }


def _evaluation(choice: Choice) -> dict[str, str]:
    """Return the scores on the test part, each with its interval."""
    scores = {
        f"{metric_name(name)}, % [95 % interval]": percent(choice.test[name])
        for name in QUALITIES
        if name in choice.test
    }
    records = f"{len(choice.prepared.test):,}"
    return {**scores, "test records, which had no say in the choice": records}


def _versions(choice: Choice) -> dict[str, Any]:
    told = repeat(choice)
    return {
        "Python": told["python"],
        **told["versions"],
        "measured on": told["machine"],
        "seed": told["seed"],
    }
