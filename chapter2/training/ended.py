"""The end of a run on disk: the model in a plain folder, and the record of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, Self

from safetensors import SafetensorError

from chapter2 import runtime
from chapter2.errors import ModelError, TrainingError, UsageError
from chapter2.files import read_json, write_json
from chapter2.training.config import TrainingConfig, decisive
from chapter2.training.history import History
from chapter2.training.weights import load_weights, weights_of

CHECKPOINTS = "checkpoints"  # inside the folder of a run, until it has ended
RECORD = "training.json"  # written last: where it stands, the run has ended


class Trained(Protocol):
    """What a run trains: a model with what belongs to it, in a folder of its own."""

    model: Any

    def save(self, folder: Path) -> Path:
        """Write everything to ``folder``."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return what was saved to ``folder``.

        A subject that stores only a part of itself has ``load_like(folder)`` too, which
        takes the rest from the subject it is called on.
        """


def ended_run(
    folder: Path,
    subject: Trained,
    config: TrainingConfig,
    identity: dict[str, str],
    resume: bool,
) -> History | None:
    """Return the history of the run that ended in ``folder``, None where none did.

    Its weights are then those of ``subject``.

    Raises:
        UsageError: it is not to be resumed, or had other settings or data.
    """
    if not (folder / RECORD).exists():
        return None
    if not resume:
        raise UsageError(
            f"{folder} holds a model that was trained before; give another folder, or "
            "move it away."
        )
    record = read_json(folder / RECORD)
    same = decisive(record["settings"]) == decisive(config.to_dict())
    if not same or record["data"] != identity:
        raise UsageError(
            f"{folder} holds a model trained with other settings or data; give another "
            "folder."
        )
    load = getattr(subject, "load_like", type(subject).load)
    stored = load(folder).model
    if hasattr(stored, "parameters"):
        load_weights(subject.model, weights_of(stored))
    else:  # what counts has no weights
        subject.model = stored
    return History.load(folder / "history.json")


def finish(
    folder: Path,
    subject: Trained,
    config: TrainingConfig,
    identity: dict[str, str],
    history: History,
) -> None:
    """Write model, history and record; only then let go of the checkpoints."""
    record = {
        "settings": config.to_dict(),
        "data": identity,
        "versions": runtime.versions(),
    }
    with writing(folder):
        subject.save(folder)
        history.save(folder / "history.json")
        write_json(folder / RECORD, record)
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what is raised where a trained model cannot be written into one sentence.

    Raises:
        TrainingError: the disk is full, say; a ModelError that says so is one too.
    """
    try:
        yield
    except (OSError, SafetensorError, ModelError) as error:
        raise TrainingError(
            f"The trained model could not be written to {folder} "
            f"({error.__cause__ or error}); make space there and resume: what was "
            "trained is kept."
        ) from error
