"""Keeps what must not be lost: the best weights, and on disk the whole state."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from chapter2.errors import InterruptedTraining, TrainingError
from chapter2.training import checkpoint as disk
from chapter2.training.config import TrainingConfig, decisive
from chapter2.training.distributed import Alone
from chapter2.training.divergence import WINDOW, divergence
from chapter2.training.history import History, Measured
from chapter2.training.optimizer import load_optimizer_tensors, optimizer_tensors
from chapter2.training.plan import Step
from chapter2.training.randomness import RandomState, capture, restore
from chapter2.training.state import State
from chapter2.training.weights import (
    are_finite,
    copy_of_weights,
    load_weights,
    signature,
    weights_of,
)


class Keeper:
    """The memory of one run: in ``folder``, or of the best weights only without one."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        config: TrainingConfig,
        folder: Path | str | None = None,
        identity: Mapping[str, str] | None = None,
        processes: Alone | None = None,
    ) -> None:
        """Args: ``identity`` names what the run rests on, say {"texts": a hash}.

        Of several ``processes`` the first writes; all read.
        """
        self.processes = processes or Alone()
        self.model, self.optimizer, self.config = model, optimizer, config
        self.folder = None if folder is None else Path(folder)
        self.saved_at = time.monotonic()
        self.saved_step: int | None = None
        self.best: dict[str, Tensor] | None = None  # in memory, without a folder
        self.start: dict[str, Tensor] | None = None  # until others have proved good
        self.identity = {
            "settings": decisive(config.to_dict()),
            "data": dict(identity or {}),
            "model": signature(model),
        }

    # -- going on --------------------------------------------------------------

    def begin(self, resume: bool, fresh: State, validates: bool = False) -> State:
        """Return ``fresh``, or the state that the newest whole checkpoint holds.

        A fresh run that keeps weights anyway, in a folder or the best of those that it
        ``validates``, keeps its starting ones in main memory until then; one that does
        neither does without that copy.

        Raises:
            TrainingError: the folder has checkpoints, and they are not to be resumed,
                are all damaged, or belong to another run.
        """
        found = disk.latest(self.folder) if self.folder else None
        if found is None or not resume:
            if validates or self.folder:
                self.start = copy_of_weights(self.model)
            # what "auto" means was measured: the first process decides
            return self._begin_afresh(resume, self.processes.same(fresh))
        stored = disk.load(found)
        self._refuse_another_run(found, stored.state["identity"])
        load_weights(self.model, stored.model)
        load_optimizer_tensors(self.model, self.optimizer, stored.optimizer)
        restore(RandomState(stored.rng, stored.state["rng"]))
        state = State.from_dict(stored.state)
        self.saved_step = state.step
        return state

    def _begin_afresh(self, resume: bool, fresh: State) -> State:
        there = disk.steps_in(self.folder) if self.folder else []
        if there and resume:
            raise TrainingError(
                f"No checkpoint in {self.folder} is whole; delete the folder to begin "
                "again."
            )
        if there:
            raise TrainingError(
                f"{self.folder} holds a run that stopped after step {there[-1]}; "
                "resume it (resume=True), or delete the folder to begin again."
            )
        if resume:
            fresh.history.notices.append(
                "There was no checkpoint to resume from: training began afresh."
            )
        return fresh

    def _refuse_another_run(self, found: Path, stored: Mapping[str, Any]) -> None:
        for kind, now in self.identity.items():
            then = stored[kind]
            for name in [*now, *(n for n in then if n not in now)]:
                if now.get(name) != then.get(name):
                    raise TrainingError(
                        f"{found} cannot be resumed, for its {kind} differ in {name} "
                        f"({then.get(name)} there, {now.get(name)} here); use the same "
                        "again, or begin in another folder."
                    )

    # -- keeping ---------------------------------------------------------------

    def _is_due(self, step: int) -> bool:
        """Return whether a checkpoint is due by count of steps or by the clock."""
        every = self.config.checkpoint_every
        waited = time.monotonic() - self.saved_at
        by_clock = waited >= 60 * self.config.checkpoint_minutes
        return by_clock or (every is not None and step % every == 0)

    def record(self, state: State, step: Step, measured: Measured) -> None:
        """Note in ``state`` that ``step`` has been taken.

        Raises:
            TrainingError: its loss or gradient is no number, or the losses diverge.
        """
        if not measured.is_finite:
            raise self.not_finite(state, measured)
        state.record(step, measured)
        if what := divergence(state.history):
            raise self.too_fast(state, what)

    def keep(self, state: State) -> None:
        """Keep the weights if they have just proved the best, and save if it is due."""
        if self._is_good(state.best_step, state):
            self.start = None
        just_validated = state.validated_at == state.step
        if self.folder is None:
            if state.best_step == state.step:
                self.best = copy_of_weights(self.model)
        elif just_validated or self._is_due(state.step):
            self.save(state)

    def save(self, state: State) -> None:
        """Write a checkpoint, and remove those that are needed no more.

        Raises:
            TrainingError: the disk is full, or the weights are no numbers.
        """
        if self.folder is None or self.saved_step == state.step:
            return
        if not self.processes.writes:
            return
        if not are_finite(self.model):
            raise self.diverged(state, "a weight is no longer a number")
        try:
            disk.save(self.folder, state.step, self._checkpoint(state))
        except (OSError, SafetensorError) as error:
            raise self._unwritten(state, error) from error
        # the newest two: this one, and the one that was saved or resumed from before it
        disk.prune(self.folder, (state.step, self.saved_step, state.best_step))
        self.saved_step, self.saved_at = state.step, time.monotonic()

    def _checkpoint(self, state: State) -> disk.Checkpoint:
        random = capture()
        plain = {**state.to_dict(), "rng": random.values, "identity": self.identity}
        moments = optimizer_tensors(self.model, self.optimizer)
        return disk.Checkpoint(weights_of(self.model), moments, random.tensors, plain)

    def finish(self, state: State) -> History:
        """Save the end, give the model its best weights, and return the history.

        Raises:
            TrainingError: a weight is no number, or the end could not be saved.
        """
        if not are_finite(self.model):
            raise self.diverged(state, "a weight is no longer a number")
        self.save(state)
        self.processes.wait()  # for what the first one writes
        if state.best_step not in (None, state.step):
            load_weights(self.model, self._best_weights(state))
        state.history.stopped = state.history.stopped or "all epochs done"
        self.model.eval()
        return state.history

    def _best_weights(self, state: State) -> dict[str, Tensor]:
        if self.folder is None:
            return self.best or {}
        path = disk.path_of(self.folder, state.best_step or 0)
        return disk.read_tensors(path, "model")

    # -- giving up -------------------------------------------------------------

    def diverged(self, state: State, what: str) -> TrainingError:
        """Give the model its last good weights, and return the error that says so."""
        good = disk.latest(self.folder) if self.folder else None
        if good is not None:
            load_weights(self.model, disk.read_tensors(good, "model"))
            kept = f"the model is back at its last good state, {good}"
        elif self.best is not None:
            load_weights(self.model, self.best)
            kept = f"the model is back at its best weights, of step {state.best_step}"
        else:
            kept = "the weights were not changed by it, and no checkpoint had been kept"
        return self._given_up(state, what, kept)

    def _given_up(self, state: State, what: str, kept: str) -> TrainingError:
        return TrainingError(
            f"Training stopped after step {state.step}: {what}; {kept}; try a learning "
            f"rate below {self.config.learning_rate:g}, or look for broken records."
        )

    def too_fast(self, state: State, what: str) -> TrainingError:
        """Give back weights from before the losses rose; return the error for it.

        The best validated ones, else the newest checkpoint, else those of the start.
        """
        whole = []
        if self.folder is not None:
            steps = [s for s in disk.steps_in(self.folder) if self._is_good(s, state)]
            paths = [disk.path_of(self.folder, step) for step in steps]
            whole = [path for path in paths if disk.is_whole(path)]
        good, kept = self.start, "the model is back at its starting weights"
        if self._is_good(state.best_step, state):
            good = self._best_weights(state)
            kept = f"the model is back at its best weights, of step {state.best_step}"
        elif whole:
            good = disk.read_tensors(whole[-1], "model")
            kept = f"the model is back at its last good state, {whole[-1]}"
        elif good is None:
            kept = "no older weights had been kept: load the model anew"
        if good is not None:
            load_weights(self.model, good)
        return self._given_up(state, what, kept)

    @staticmethod
    def _is_good(step: int | None, state: State) -> bool:
        """Return whether the weights of ``step`` are older than a rise of the loss.

        Those of step s make the loss of step s + 1: it must not be in the window.
        """
        return step is not None and step < state.step - WINDOW

    def not_finite(self, state: State, measured: Measured) -> TrainingError:
        """Return the error for a step whose loss or gradient is NaN or infinite."""
        what = f"in step {state.step + 1} the loss was {measured.loss}"
        return self.diverged(state, f"{what} and the gradient norm {measured.norm}")

    def heed(self, state: State, caught: str | None) -> None:
        """Save and stop where this process, or another of the run, was told to stop.

        Raises:
            InterruptedTraining: it was.
        """
        if signal := self.processes.agree(caught):
            raise self.interrupted(state, signal)

    def interrupted(self, state: State, signal: str) -> InterruptedTraining:
        """Save, and return the error that says how to go on."""
        self.save(state)
        where = f"Stopped by {signal} after step {state.step}"
        if self.folder is None:
            return InterruptedTraining(
                f"{where}; the model holds the weights of that step, and nothing is on "
                "disk, since no folder was given."
            )
        path = disk.path_of(self.folder, state.step)
        return InterruptedTraining(
            f"{where}; {path} holds everything: run the same again with resume."
        )

    def _unwritten(self, state: State, error: Exception) -> TrainingError:
        good = disk.latest(self.folder) if self.folder else None
        kept = f"{good} is whole" if good else "no earlier checkpoint had been kept"
        return TrainingError(
            f"The checkpoint of step {state.step} could not be written to "
            f"{self.folder} ({error}); {kept}: make space there and resume."
        )
