"""What a candidate did without being told, in one sentence each."""

from __future__ import annotations


def cut(longer: int, records: int, length: int) -> tuple[str, ...]:
    """Say how many of the training texts lost their end; nothing where none did."""
    if not longer:
        return ()
    return (
        f"{longer} of {records} training texts are longer than {length} tokens; their "
        "end was not read, to keep the time in bounds.",
    )
