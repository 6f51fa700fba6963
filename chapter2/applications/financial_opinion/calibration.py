"""The settings of a monitor from a stretch of stream in which nothing happened."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from chapter2.applications.financial_opinion.detector import references
from chapter2.applications.financial_opinion.messages import Message, read
from chapter2.applications.financial_opinion.monitor import Scorer
from chapter2.applications.financial_opinion.settings import Settings
from chapter2.applications.financial_opinion.source import Place, lines
from chapter2.errors import DataError

AT_ONCE = 256  # texts scored together


def _warn(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def settings_from(
    source: Path,
    scorer: Scorer,
    window: int = 3600,
    allowance: int = 900,
    k: float = 0.5,
    run_length: float = 1000,
    say: Callable[[str], None] = _warn,
) -> Settings:
    """Return settings whose references are those of ``source``.

    Args:
        source: a file of messages; of repeated ids the first counts.
        scorer: the model that will score the stream, too.
        window: seconds.
        allowance: seconds that a text may come late and still count.
        k: CUSUM: half of the shift to find, in deviations of a window's mean.
        run_length: windows between two false alarms, of all topics together.
        say: told what is not watched.

    Raises:
        DataError: the file cannot be read, or holds no message.
    """
    found = {each.id: each for each in reversed(_messages(source))}
    if not found:
        raise DataError(f"{source} holds no message; give a stretch of the stream.")
    bare = Settings(tuple(scorer.topics), window, allowance, k)
    kept = list(found.values())
    topics, scores = _scored(scorer, [message.text for message in kept])
    starts = np.array([bare.start(message.time) for message in kept])
    watched = references(topics, scores, starts, bare.topics, k, run_length, say)
    return Settings(bare.topics, window, allowance, k, references=watched)


def _messages(source: Path) -> list[Message]:
    read_lines: Iterable = (read(line) for line in lines(source, Place()))
    return [each for each in read_lines if isinstance(each, Message)]


def _scored(scorer: Scorer, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return topics (N,) and opinions (N,), P(positive) - P(negative)."""
    parts = [texts[i : i + AT_ONCE] for i in range(0, len(texts), AT_ONCE)]
    scored = [scorer.score(part) for part in parts]
    topics = np.concatenate([topic for topic, _ in scored])
    chances = np.concatenate([chance for _, chance in scored])
    return topics, chances[:, 2] - chances[:, 0]
