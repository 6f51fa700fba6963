"""Curves for those who follow a run from outside: TensorBoard, Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from chapter2.errors import UsageError


class Tracker(Protocol):
    """What the loop tells while it runs; tags look like ``train/loss``."""

    def start(self, settings: Mapping[str, Any], step: int) -> None:
        """Begin; with ``step`` above 0, go on after that step."""

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Note figures of the state after ``step`` steps."""

    def finish(self) -> None:
        """Write what is still held back, and close."""


class TensorBoard:
    """Event files in ``folder``; look at them with ``tensorboard --logdir FOLDER``."""

    def __init__(self, folder: Path | str) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise UsageError(
                "TensorBoard is not installed; pip install tensorboard."
            ) from error
        self._make, self._folder = SummaryWriter, str(folder)

    def start(self, settings: Mapping[str, Any], step: int) -> None:
        """Open an event file; what a killed run wrote after ``step`` is struck out."""
        self._writer = self._make(self._folder, purge_step=step + 1 if step else None)
        rows = "\n".join(f"| {k} | {v} |" for k, v in settings.items())
        self._writer.add_text("settings", f"| setting | value |\n|-|-|\n{rows}", step)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Add one point to the curve of each figure."""
        for tag, value in figures.items():
            self._writer.add_scalar(tag, value, step)

    def finish(self) -> None:
        """Write and close the event file."""
        self._writer.close()


class WandB:
    """Weights & Biases in its offline mode: files in ``folder``, no account or network.

    ``wandb sync FOLDER/wandb/offline-run-*`` uploads them, if that is wanted.
    """

    def __init__(self, folder: Path | str, project: str = "chapter2") -> None:
        try:
            import wandb
        except ImportError as error:
            raise UsageError(
                "Weights & Biases is not installed; pip install wandb, or track with "
                "tensorboard."
            ) from error
        self._wandb, self._folder, self._project = wandb, Path(folder), project

    def start(self, settings: Mapping[str, Any], step: int) -> None:
        """Begin an offline run."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._run = self._wandb.init(
            project=self._project,
            dir=str(self._folder),
            config={**settings, "resumed_after_step": step},
            mode="offline",
        )

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Note the figures at ``step``."""
        self._run.log(dict(figures), step=step)

    def finish(self) -> None:
        """End the run and write its files."""
        self._run.finish()


TRACKERS: dict[str, type[TensorBoard] | type[WandB]] = {
    "tensorboard": TensorBoard,
    "wandb": WandB,
}


def trackers(names: Sequence[str], folder: Path | str) -> tuple[Tracker, ...]:
    """Return the trackers of these names; each writes into ``folder/NAME``.

    Raises:
        UsageError: there is no such tracker, or its package is not installed.
    """
    for name in names:
        if name not in TRACKERS:
            known = " or ".join(TRACKERS)
            raise UsageError(f"There is no tracker {name!r}; use {known}.")
    return tuple(TRACKERS[name](Path(folder) / name) for name in names)
