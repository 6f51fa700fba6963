"""The dialogues of chatterbot-corpus: one YAML file a topic, a list of dialogues each.

A dialogue is a list of lines. The first is what somebody says, the second the reply;
what follows is in some files the dialogue's next turns and in others (``emotion``,
``computers``) further replies to the first line, which nothing tells apart. So only
the first two lines are read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chapter2.data.exchanges import Exchanges, distinct
from chapter2.errors import DataError


def parse(folder: Path, name: str) -> Exchanges:
    """Read the first two lines of each dialogue of ``folder``, each pair once.

    Raises:
        DataError: a file is not a list of dialogues.
    """
    pairs: list[tuple[str, str]] = []
    more = 0
    for path in sorted(folder.glob("*.yml")):
        for dialogue in _dialogues(path):
            pairs.append((dialogue[0].strip(), dialogue[1].strip()))
            more += len(dialogue) > 2
    notice = f"{more} dialogues go on after the second line; the rest was not read."
    columns = tuple(q for q, _ in pairs), tuple(a for _, a in pairs)
    return distinct(replace(Exchanges(name, *columns), notices=(notice,)))


def _dialogues(path: Path) -> list[list[str]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it was built
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), loader)["conversations"]
        well = all(len(lines) >= 2 and all(map(_says, lines[:2])) for lines in found)
    except (yaml.YAMLError, TypeError, KeyError):
        well = False
    if not well:
        raise DataError(
            f"{path.name}: expected a list of dialogues of two lines or more; the file "
            "is not one the catalogue describes."
        )
    return found


def _says(line: object) -> bool:
    return isinstance(line, str) and bool(line.strip())
