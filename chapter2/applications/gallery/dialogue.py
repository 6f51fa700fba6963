"""Dialogue: a stored answer is found, or a new one is written; both, turn by turn.

Retrieval says only what somebody has said before, and says nothing where it is not
sure. A decoder goes on with any conversation, in fluent words, true or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from chapter2.applications.customer_service import CustomerService

if TYPE_CHECKING:
    from chapter2.models.causal import CausalModel

SILENT = "(asks a person)"


class Turn(NamedTuple):
    """What one side said, and what the other replied."""

    message: str
    reply: str


class Partner(Protocol):
    """Somebody to talk with."""

    def reply(self, message: str, turns: Sequence[Turn] = ()) -> str:
        """Return the reply to ``message`` after ``turns``."""


@dataclass(frozen=True)
class Retrieves:
    """Gives the best stored answer, or hands over where it is not sure."""

    service: CustomerService
    always: bool = False  # give the best answer even where unsure, if one is found

    def reply(self, message: str, turns: Sequence[Turn] = ()) -> str:
        """Return a stored answer, or ``SILENT``; earlier messages are read too."""
        found = self.service.answer(message, [turn.message for turn in turns])
        if self.always and found.candidates:
            return found.candidates[0].entry.answer
        return SILENT if found.answer is None else found.answer


@dataclass(frozen=True)
class Generates:
    """Has a chat model write the reply, greedily, with the conversation before it."""

    causal: CausalModel
    length: int = 40  # tokens of a reply at most
    memory: int = 3  # turns that are read again; each costs time

    def reply(self, message: str, turns: Sequence[Turn] = ()) -> str:
        """Return what the model writes, on one line."""
        kept = turns[max(0, len(turns) - self.memory) :]
        messages = [
            {"role": role, "content": text}
            for turn in kept
            for role, text in zip(("user", "assistant"), turn, strict=True)
        ]
        messages.append({"role": "user", "content": message})
        return " ".join(self.causal.chat(messages, self.length).split())


def converse(partner: Partner, messages: Sequence[str]) -> list[Turn]:
    """Return the conversation in which ``messages`` are said, one after the other."""
    turns: list[Turn] = []
    for message in messages:
        turns.append(Turn(message, partner.reply(message, tuple(turns))))
    return turns
