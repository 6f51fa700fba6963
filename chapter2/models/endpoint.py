"""Any model behind an OpenAI-compatible endpoint, asked for the label of each text.

The texts leave this machine: nothing here is used unless a user names an address. The
answer is matched to a label; such an endpoint need state no probabilities, so a label
that was answered gets 1, and an answer that is no label gives all the same share.

The key is read from an environment variable when a text is sent, and never stored.
Shapes: N texts, C classes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chapter2.data.batching import encodable
from chapter2.errors import FetchError
from chapter2.models.chat_request import EndpointConfig, Passing, post
from chapter2.models.settings_file import read_settings, write_settings


@dataclass
class Usage:
    """What the endpoint counted, over all replies so far."""

    texts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0  # replies that state no usage
    unmatched: int = 0  # answers that are no label


@dataclass(frozen=True)
class Endpoint:
    """Labels from a model elsewhere; ``usage`` adds up what it cost."""

    label_names: tuple[str, ...]  # (C,)
    config: EndpointConfig
    examples: tuple[tuple[str, str], ...] = ()  # of text and label; none: zero-shot
    usage: Usage = field(default_factory=Usage, compare=False)
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Send each text; return probabilities, float64 (N, C).

        Raises:
            FetchError: the endpoint cannot be reached, refuses, or answers otherwise
                than the interface states.
        """
        with ThreadPoolExecutor(self.config.concurrency) as pool:
            waiting = [pool.submit(self._answer, text) for text in texts]
            try:
                replies = [future.result() for future in waiting]
            except BaseException:
                pool.shutdown(cancel_futures=True)  # the others cost too
                raise
        rows = [self._read(reply) for reply in replies]
        return np.asarray(rows, dtype=float).reshape(len(texts), len(self.label_names))

    def cost_per_1000(self) -> float | None:
        """Return what 1,000 texts cost at the stated prices; None: not known."""
        prices = self.config.price_in, self.config.price_out
        counted = self.usage.texts - self.usage.uncounted
        if counted == 0 or prices[0] is None or prices[1] is None:
            return None
        spent = self.usage.tokens_in * prices[0] + self.usage.tokens_out * prices[1]
        return spent / 1e6 / counted * 1000

    def messages(self, text: str) -> list[dict[str, str]]:
        """Return the dialogue: the task, the examples, and the text."""
        names = "\n".join(self.label_names)
        task = f"Answer with the label of the text and nothing else. Labels:\n{names}"
        found = [{"role": "system", "content": task}]
        for shown, label in self.examples:
            found.append({"role": "user", "content": self._cut(shown)})
            found.append({"role": "assistant", "content": label})
        return [*found, {"role": "user", "content": self._cut(text)}]

    def _cut(self, text: str) -> str:
        return encodable(text)[: self.config.characters]

    def _answer(self, text: str) -> dict[str, Any]:
        """Return the reply to one text as read from JSON."""
        body = {
            "model": self.config.model,
            "messages": self.messages(text),
            "temperature": 0,
            "max_tokens": self.config.max_tokens,
        }
        for attempt in range(self.config.tries):
            try:
                return post(self.config, body)
            except Passing as problem:
                if attempt + 1 == self.config.tries:
                    raise FetchError(
                        f"{self.config.url} {problem} in each of {attempt + 1} tries; "
                        "try later, or give a longer timeout or less concurrency."
                    ) from problem
                self.sleep(problem.wait(attempt))
        raise AssertionError("there is at least one try")

    def _read(self, reply: dict[str, Any]) -> np.ndarray:
        """Return the probabilities (C,) that a reply means; count its tokens."""
        classes = len(self.label_names)
        self._count(reply.get("usage"))
        try:
            answer = str(reply["choices"][0]["message"]["content"])
        except (KeyError, IndexError, TypeError) as error:
            raise FetchError(
                f"{self.config.url} answered without choices[0].message.content; it is "
                "no OpenAI-compatible chat endpoint."
            ) from error
        label = matched(answer, self.label_names)
        if label is None:
            self.usage.unmatched += 1
            return np.full(classes, 1 / classes)
        return np.eye(classes)[label]

    def _count(self, stated: Any) -> None:
        self.usage.texts += 1
        if not isinstance(stated, dict):
            self.usage.uncounted += 1
            return
        self.usage.tokens_in += int(stated.get("prompt_tokens") or 0)
        self.usage.tokens_out += int(stated.get("completion_tokens") or 0)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write address, labels and examples to ``folder``; never the key.

        Raises:
            ModelError: the folder cannot be written.
        """
        return write_settings(
            folder,
            label_names=self.label_names,
            config=asdict(self.config),
            examples=self.examples,
        )

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Endpoint:
        """Return what :meth:`save` wrote; nothing is sent.

        Raises:
            ModelError: the folder does not hold it whole.
        """
        stored = read_settings(folder, "config", "examples")
        examples = tuple((text, label) for text, label in stored["examples"])
        return cls(stored["label_names"], EndpointConfig(**stored["config"]), examples)


def matched(answer: str, label_names: Sequence[str]) -> int | None:
    """Return the index of the label that ``answer`` is, or alone begins with or holds.

    Blanks, quotes, full stops and case do not count; of labels that are part of one
    another the longest is taken.
    """
    plain = answer.strip().strip("\"'`*.。:").strip().casefold()
    names = [name.strip().casefold() for name in label_names]
    if plain in names:
        return names.index(plain)
    inside = [i for i, name in enumerate(names) if name and name in plain]
    longest = max(inside, key=lambda i: len(names[i]), default=None)
    if longest is None or any(names[i] not in names[longest] for i in inside):
        return None  # no label, or several
    return longest
