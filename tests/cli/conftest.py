"""One small model, one small file, and the command line run in this process."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from chapter2.cli import run

WORDS = [
    "film",
    "story",
    "actor",
    "scene",
    "plot",
    "music",
    "script",
    "camera",
    "ending",
    "hero",
]
TAILS = [
    "in the end",
    "at first",
    "for an hour",
    "now and then",
    "all day",
    "once more",
]


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


@pytest.fixture
def cli(capsys):
    """Run the command line in this process; ``cli("doctor")`` gives what it did."""

    def invoke(*arguments: object) -> Done:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Done(code, *capsys.readouterr())

    return invoke


def rows(count: int = 60) -> list[tuple[str, str]]:
    """Distinct (text, label) pairs; the words that decide are good and bad."""
    return [
        (
            f"the {WORDS[i % 8]} is {'good' if i % 2 else 'bad'} {TAILS[i // 8 % 6]}"
            f" {i}",
            "praise" if i % 2 else "blame",
        )
        for i in range(count)
    ]


def write_csv(path: Path, records: list[tuple[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *records])
    return path


@pytest.fixture(scope="session")
def reviews(tmp_path_factory) -> Path:
    """A file of 60 labelled texts."""
    return write_csv(tmp_path_factory.mktemp("data") / "reviews.csv", rows())


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """The folder of a model with random weights and the labels blame and praise."""
    from chapter2.models import load_encoder

    folder = tmp_path_factory.mktemp("models") / "tiny"
    return load_encoder("tiny-random", ("blame", "praise")).save(folder)
