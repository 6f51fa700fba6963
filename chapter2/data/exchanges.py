"""Past exchanges: what was asked, and what was answered.

Exchanges with the same question, or the same answer, belong together: a model that has
learned from one of them has seen the answer to the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chapter2.data.components import Components
from chapter2.data.dealing import share_out
from chapter2.data.normalise import normalise
from chapter2.data.splits import check_fractions


@dataclass(frozen=True)
class Exchanges:
    """N questions, each with the answer that it got."""

    name: str
    questions: tuple[str, ...]  # (N,)
    answers: tuple[str, ...]  # (N,)
    notices: tuple[str, ...] = ()  # what was handled while reading, one sentence each

    def __post_init__(self) -> None:
        if len(self.questions) != len(self.answers):
            raise ValueError(
                f"{self.name}: {len(self.questions)} questions but "
                f"{len(self.answers)} answers."
            )

    def __len__(self) -> int:
        return len(self.questions)

    def select(self, indices: Iterable[int]) -> Exchanges:
        """Return the exchanges at ``indices``, in that order."""
        chosen = [int(i) for i in indices]
        return replace(
            self,
            questions=tuple(self.questions[i] for i in chosen),
            answers=tuple(self.answers[i] for i in chosen),
        )

    def take(self, n: int | None, seed: int = 0) -> Exchanges:
        """Return ``n`` random exchanges, in their old order; None takes all."""
        if n is None or n >= len(self):
            return self
        chosen = np.random.default_rng(seed).permutation(len(self))[:n]
        return self.select(np.sort(chosen))

    def counts(self) -> dict[str, int]:
        """Return the number of exchanges, of different questions, of answers."""
        questions, answers = (
            len({normalise(text) for text in texts})
            for texts in (self.questions, self.answers)
        )
        return {"exchanges": len(self), "questions": questions, "answers": answers}

    def fingerprint(self) -> str:
        """Return the SHA-256 of questions and answers, as hexadecimal."""
        digest = hashlib.sha256()
        for question, answer in zip(self.questions, self.answers, strict=True):
            record = f"{question}\x1f{answer}\x1e"
            digest.update(record.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def distinct(exchanges: Exchanges) -> Exchanges:
    """Return each exchange once, the first of those equal after :func:`normalise`."""
    found: dict[tuple[str, str], int] = {}
    pairs = zip(exchanges.questions, exchanges.answers, strict=True)
    for i, (question, answer) in enumerate(pairs):
        found.setdefault((normalise(question), normalise(answer)), i)
    dropped = len(exchanges) - len(found)
    if not dropped:
        return exchanges
    notice = (
        f"{dropped} of {len(exchanges)} exchanges repeat an earlier one and were "
        "dropped."
    )
    once = exchanges.select(found.values())
    return replace(once, notices=(*exchanges.notices, notice))


def right_answers(exchanges: Exchanges) -> dict[str, set[str]]:
    """Return all answers that each question got, both after :func:`normalise`."""
    found: dict[str, set[str]] = {}
    for question, answer in zip(exchanges.questions, exchanges.answers, strict=True):
        found.setdefault(normalise(question), set()).add(normalise(answer))
    return found


@dataclass(frozen=True)
class ExchangeSplit:
    """The three parts of a set of exchanges."""

    train: Exchanges
    validation: Exchanges
    test: Exchanges


def split_exchanges(
    exchanges: Exchanges, fractions: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0
) -> ExchangeSplit:
    """Part ``exchanges`` at random; equal questions, or answers, stay in one part.

    Equal are those that :func:`normalise` makes so. The result depends on the exchanges
    and ``seed`` alone.

    Raises:
        UsageError: the fractions are not three shares that sum to 1.
        DataError: a part gets no exchange.
    """
    shares = check_fractions(fractions)
    units = together(exchanges)
    parts = share_out(units, shares, seed, exchanges.name, "exchanges")
    return ExchangeSplit(*(exchanges.select(part) for part in parts))


def together(exchanges: Exchanges) -> list[list[int]]:
    """Return the exchanges that must not be parted, as lists of indices."""
    components = Components(len(exchanges))
    for texts in (exchanges.questions, exchanges.answers):
        components.join_equal([normalise(text) for text in texts])
    return components.units()
