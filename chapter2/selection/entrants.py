"""Which candidates run: all that suit, or those that the user names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chapter2.errors import UsageError
from chapter2.files import sha256
from chapter2.selection.candidates import CANDIDATES, Candidate, candidate, eligible
from chapter2.selection.candidates.quantised import variant
from chapter2.selection.candidates.tuned import Tuned
from chapter2.selection.languages import UNKNOWN, languages
from chapter2.selection.prepare import Prepared
from chapter2.selection.requirements import Requirements

if TYPE_CHECKING:
    from chapter2.selection.choose import Options

EVERY = "all"  # among the names: whatever suits, beside those that are named


def entrants(
    prepared: Prepared, limits: Requirements, options: Options
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the candidates to try, and why each other one is not tried.

    Raises:
        UsageError: a name that is no candidate, one that would be sent texts which must
            stay here, or none is left.
    """
    field = named(options.candidates)
    _refuse_to_send(field, limits)
    language = options.language or languages(prepared.development.texts).main
    names, reasons = eligible(
        None if language == UNKNOWN else language,
        prepared.kind,
        limits,
        min(prepared.whole.values()),
        candidates=field,
    )
    if not names:
        name, why = next(iter(reasons.items()), ("none", "No name was given."))
        raise UsageError(f"No candidate is left to try; {name}, for one: {why}")
    return names, reasons


def named(names: Sequence[str] | None) -> dict[str, Candidate]:
    """Return the candidates of these names; None, and ``all`` among them: all of ours.

    An encoder (``hub:owner/name@revision``, ``hub:FOLDER``) or a served model
    (``endpoint:model@https://address``) is there only where it is named. Beside ``all``
    an encoder brings its variant of 8 bits along, as ours do.

    Raises:
        UsageError: a name that is no candidate.
    """
    found: dict[str, Candidate] = {}
    for name in (EVERY,) if names is None else names:
        if name == EVERY:
            found |= {n: c for n, c in CANDIDATES.items() if not c.entry.on_request}
        else:
            found[name] = candidate(name)
            if isinstance(found[name], Tuned) and EVERY in (names or ()):
                eight_bits = variant(found[name].entry)
                found[eight_bits] = candidate(eight_bits)
    return found


def contents(names: Sequence[str]) -> dict[str, str]:
    """Return one hash of all files of each folder that is named.

    A trial is found again by its candidate's name, and what a folder holds may change.
    """
    found = {}
    for name in names:
        entry = candidate(name).entry
        folder = Path(entry.weights or "").expanduser()
        if entry.on_request and entry.weights and folder.is_dir():
            paths = sorted(path for path in folder.iterdir() if path.is_file())
            told = "".join(f"{path.name} {sha256(path)}\n" for path in paths)
            found[name] = hashlib.sha256(told.encode()).hexdigest()
    return found


def _refuse_to_send(field: Mapping[str, Candidate], limits: Requirements) -> None:
    """Refuse a served model where no text may leave: the user asked for both."""
    for name, one in field.items():
        if limits.private and one.entry.network:
            raise UsageError(
                f"The texts must stay on this machine (private), and {name} would be "
                "sent them; leave out one of the two."
            )
