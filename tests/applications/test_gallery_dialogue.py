"""Dialogue: who says what, with which turns before it."""

from __future__ import annotations

import pytest

from chapter2.applications.customer_service import AnswerIndex, CustomerService, Entry
from chapter2.applications.gallery import dialogue
from chapter2.applications.gallery.dialogue import Generates, Retrieves, Turn
from chapter2.models import load_causal

ENTRIES = [
    Entry("How are you?", "Fine."),
    Entry("What is a computer?", "A machine that computes."),
    Entry("Who was Ada Lovelace?", "She wrote the first program."),
]


@pytest.fixture(scope="module")
def service() -> CustomerService:
    return CustomerService(AnswerIndex.of(ENTRIES))


def test_retrieval_says_what_is_stored_or_nothing(service) -> None:
    partner = Retrieves(service)
    assert partner.reply("how are you") == "Fine."
    assert partner.reply("a computer, what would that be?") == dialogue.SILENT
    assert Retrieves(service, always=True).reply("a computer, what?") == (
        "A machine that computes."
    )


def test_each_message_comes_with_the_turns_before_it() -> None:
    class Echo:
        def reply(self, message, turns=()):
            return f"{message} after {len(turns)}"

    assert dialogue.converse(Echo(), ["a", "b"]) == [
        Turn("a", "a after 0"),
        Turn("b", "b after 1"),
    ]


def test_the_model_reads_both_sides_of_the_last_turns(monkeypatch) -> None:
    causal = load_causal("tiny-random")
    seen = []

    def chat(messages, length):
        seen.append((messages, length))
        return " two\nlines "

    monkeypatch.setattr(causal, "chat", chat)
    partner = Generates(causal, length=7, memory=1)
    reply = partner.reply("now", [Turn("old", "gone"), Turn("hello", "hi")])
    assert reply == "two lines"
    ((messages, length),) = seen
    assert length == 7
    assert [(m["role"], m["content"]) for m in messages] == [
        ("user", "hello"),
        ("assistant", "hi"),
        ("user", "now"),
    ]
    Generates(causal, memory=0).reply("now", [Turn("hello", "hi")])
    assert len(seen[-1][0]) == 1


def test_a_model_writes() -> None:
    partner = Generates(load_causal("tiny-random"), length=8)
    turns = dialogue.converse(partner, ["hello", "and then?"])
    assert [turn.message for turn in turns] == ["hello", "and then?"]
    assert all(isinstance(turn.reply, str) for turn in turns)
