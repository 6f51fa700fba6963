"""Scores for tags: of whole entities, and of tokens beside them.

Most tokens lie outside every entity, so a model that finds none has a high token
accuracy. What counts is the entity: right if its type, its first and its last token are
(Tjong Kim Sang and De Meulder, 2003). The figures are those of the package seqeval,
whose source archive no longer builds on a fresh machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chapter2.errors import DataError
from chapter2.evaluation.report import Row
from chapter2.evaluation.tables import markdown_table, text_table

HEADER = ("entity", "precision", "recall", "F1", "support")
AVERAGES = ("micro", "macro", "weighted")

Entity = tuple[str, int, int, int]  # type, sentence, first token, one past the last
Tags = Sequence[Sequence[str]]  # N sentences of L tags: "B-PER", "I-PER", "O"


@dataclass(frozen=True)
class TaggingReport:
    """Scores per type of entity, their averages, and the accuracy per token."""

    per_type: dict[str, Row]  # support: true entities
    micro: Row
    macro: Row
    weighted: Row
    token_accuracy: float
    tokens: int

    def _rows(self) -> list[list[str]]:
        averages = [(f"{name} average", getattr(self, name)) for name in AVERAGES]
        scored = [*self.per_type.items(), *averages]
        rows = [[name, *row.cells()] for name, row in scored]
        share = f"{self.token_accuracy:.3f}"
        return [*rows, ["accuracy of tokens", "", "", share, f"{self.tokens:,}"]]

    def __str__(self) -> str:
        return text_table(HEADER, self._rows())

    def _repr_markdown_(self) -> str:
        return markdown_table(HEADER, self._rows())

    def to_dict(self) -> dict:
        """Return the report as plain numbers and strings (ready for JSON)."""
        return {
            "per_type": {name: row.to_dict() for name, row in self.per_type.items()},
            **{name: getattr(self, name).to_dict() for name in AVERAGES},
            "token_accuracy": self.token_accuracy,
            "tokens": self.tokens,
        }


def tagging_report(y_true: Tags, y_pred: Tags, strict: bool = False) -> TaggingReport:
    """Score predicted tags against true ones, sentence by sentence.

    As the shared task's own script, an ``I-`` that follows no entity of its type begins
    one; with ``strict`` (IOB2) it is none. A ratio without a denominator counts as 0.

    Raises:
        DataError: no token, sentences of unequal number or length, or a tag that is
            neither ``O`` nor begins with ``B-`` or ``I-``.
    """
    true, pred = _checked(y_true, y_pred)
    wanted, named = entities(true, strict), entities(pred, strict)
    types = sorted({kind for kind, *_ in wanted | named})
    per_type = {
        kind: _row(*({e for e in some if e[0] == kind} for some in (wanted, named)))
        for kind in types
    }
    pairs = [
        (a, b)
        for one, other in zip(true, pred, strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    rows = list(per_type.values())
    return TaggingReport(
        per_type=per_type,
        micro=_row(wanted, named),
        macro=_mean(rows, [1] * len(rows)),
        weighted=_mean(rows, [row.support for row in rows]),
        token_accuracy=sum(a == b for a, b in pairs) / len(pairs),
        tokens=len(pairs),
    )


def entities(sentences: Tags, strict: bool = False) -> set[Entity]:
    """Return the entities that the tags mark: type, sentence, first token, end."""
    found: set[Entity] = set()
    for place, tags in enumerate(sentences):
        kind, start = "", 0  # of the entity that is open; "": none
        for i, tag in enumerate((*tags, "O")):
            if kind and tag == f"I-{kind}":
                continue
            if kind:
                found.add((kind, place, start, i))
            begins = tag[:2] == "B-" or (tag[:2] == "I-" and not strict)
            kind, start = (tag[2:], i) if begins else ("", i)
    return found


def _row(wanted: set[Entity], named: set[Entity]) -> Row:
    right = len(wanted & named)
    precision = right / len(named) if named else 0.0
    recall = right / len(wanted) if wanted else 0.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return Row(precision, recall, f1, len(wanted))


def _mean(rows: Sequence[Row], weights: Sequence[int]) -> Row:
    """Return the weighted mean of the rows; 0 where no weight is left."""
    total = sum(weights)
    precision, recall, f1 = (
        sum(getattr(row, name) * w for row, w in zip(rows, weights, strict=True))
        / max(1, total)
        for name in ("precision", "recall", "f1")
    )
    return Row(precision, recall, f1, sum(row.support for row in rows))


def _checked(y_true: Tags, y_pred: Tags) -> tuple[list[list[str]], list[list[str]]]:
    """Return both as lists, or say where they cannot be compared."""
    true, pred = [list(tags) for tags in y_true], [list(tags) for tags in y_pred]
    if len(true) != len(pred) or not any(true):
        raise DataError(
            f"y_true has {len(true)} sentences and y_pred {len(pred)}; give as many, "
            "with at least one token."
        )
    for i, (one, other) in enumerate(zip(true, pred, strict=True)):
        if len(one) != len(other):
            raise DataError(
                f"Sentence {i} has {len(one)} true tags and {len(other)} predicted "
                "ones; predict one for each token."
            )
        for tag in (*one, *other):
            if tag != "O" and tag[:2] not in ("B-", "I-"):
                raise DataError(
                    f"Sentence {i} holds the tag {tag!r}; write O, B-type or I-type."
                )
    return true, pred
