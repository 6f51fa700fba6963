"""A profile as a terminal and as JSON show it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from chapter2.selection.lengths import WINDOWS

if TYPE_CHECKING:
    from chapter2.selection.profile import Profile

WIDTH = 80  # columns
LABELS = 8  # labels shown in the line of the balance


def summary(profile: Profile) -> str:
    """Return a few lines of facts, then the findings with what to do."""
    facts = [
        ("kind", str(profile.decision)),
        ("records", _records(profile)),
        ("languages", _languages(profile)),
        ("length", _lengths(profile)),
        ("quick model", _difficulty(profile)),
    ]
    lines = [f"{profile.name}, analysed in {profile.seconds:.1f} s"]
    for name, fact in facts:
        lines += _wrapped(f"  {name:<12}{fact}", " " * 14)
    for finding in profile.findings:
        first, *examples = str(finding).split("\n")
        lines += _wrapped(f"- {first}", "  ") + examples
    for notice in profile.notices:
        lines += _wrapped(f"* {notice}", "  ")
    return "\n".join(lines)


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False)


def _records(profile: Profile) -> str:
    if not profile.balance:
        return f"{profile.records:,}"
    ranked = sorted(profile.balance.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{name} {count:,}" for name, count in ranked[:LABELS])
    more = f", and {len(ranked) - LABELS} more" if len(ranked) > LABELS else ""
    return f"{profile.records:,} with {profile.classes} labels: {shown}{more}"


def _languages(profile: Profile) -> str:
    counts = list(profile.languages.counts.items())
    if len(counts) == 1 and counts[0][0] == profile.languages.main:
        return profile.languages.main
    told = ", ".join(f"{name} {count:,}" for name, count in counts[:4])
    return f"{profile.languages.main} (text by text: {told})"


def _lengths(profile: Profile) -> str:
    parts = [
        f"{at['p50']:,} {kind} (95 %: {at['p95']:,})"
        for kind, at in profile.lengths.percentiles().items()
    ]
    line = "half of the texts have up to " + "; ".join(parts)
    if profile.lengths.tokens is None:
        return line
    cut = [f"{profile.lengths.truncated(w):.1%} over {w}" for w in WINDOWS]
    return f"{line}; {', '.join(cut)} tokens"


def _difficulty(profile: Profile) -> str:
    hard = profile.difficulty
    if hard is None:
        return "not measured"
    curve = ", ".join(f"{score:.1%} of {records:,}" for records, score in hard.curve)
    return (
        f"accuracy {hard.accuracy:.1%}, macro F1 {hard.macro_f1:.3f}; most frequent "
        f"label {hard.majority.value:.1%}; trained on more: {curve}"
    )


def to_dict(profile: Profile) -> dict[str, Any]:
    """Return all that was measured, with plain types."""
    hard, wrong, shared = profile.difficulty, profile.label_errors, profile.overlap
    decision = profile.decision
    return {
        "name": profile.name,
        "kind": {
            "kind": decision.kind,
            "why": decision.why,
            "stated": decision.stated,
        },
        "records": profile.records,
        "classes": profile.classes,
        "balance": dict(profile.balance),
        "imbalance_ratio": profile.imbalance,
        "languages": {
            "main": profile.languages.main,
            "counts": dict(profile.languages.counts),
            "other_share": profile.languages.other_share,
        },
        "lengths": profile.lengths.to_dict(),
        "duplicates": profile.repeats.surplus,
        "contradictory_texts": len(profile.repeats.contradictory),
        "near_duplicate_groups": [list(group) for group in profile.near],
        "label_errors": None if wrong is None else _label_errors(profile),
        "overlap": shared
        and {
            "exact": list(shared.exact),
            "near": list(shared.near),
            "records": shared.records,
        },
        "difficulty": hard and hard.to_dict(),
        "findings": [finding.to_dict() for finding in profile.findings],
        "notices": list(profile.notices),
        "seconds": profile.seconds,
    }


def _label_errors(profile: Profile) -> dict[str, Any]:
    wrong = profile.label_errors
    assert wrong is not None
    return {
        "records": list(wrong.records),
        "suggested": list(wrong.suggested),
        "certainty": list(wrong.certainty),
        "estimated_share": wrong.share,
        "candidates": wrong.candidates,
    }
