"""Scores for tags: of whole entities, by seqeval, and of tokens beside them.

Most tokens lie outside every entity, so a model that finds none has a high token
accuracy. What counts is the entity: right if its type, its first and its last token are
(Tjong Kim Sang and De Meulder, 2003).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chapter2.errors import DataError
from chapter2.evaluation.report import Row
from chapter2.evaluation.tables import markdown_table, text_table

HEADER = ("entity", "precision", "recall", "F1", "support")
AVERAGES = ("micro", "macro", "weighted")

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
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    true, pred = _checked(y_true, y_pred)
    options = {"mode": "strict", "scheme": IOB2} if strict else {}
    found = classification_report(
        true, pred, output_dict=True, zero_division=0, **options
    )
    pairs = [
        (a, b)
        for one, other in zip(true, pred, strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    averages = {name: _row(found.pop(f"{name} avg")) for name in AVERAGES}
    return TaggingReport(
        per_type={str(name): _row(scores) for name, scores in found.items()},
        **averages,
        token_accuracy=sum(a == b for a, b in pairs) / len(pairs),
        tokens=len(pairs),
    )


def _row(scores: dict) -> Row:
    names = ("precision", "recall", "f1-score")
    return Row(*(float(scores[name]) for name in names), int(scores["support"]))


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
