"""Tells of a run while it goes on: a bar on stderr, and the trackers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import TracebackType

from tqdm import tqdm

from chapter2.training.config import TrainingConfig
from chapter2.training.history import History
from chapter2.training.state import State
from chapter2.training.tracking import Tracker

SHOWN = 20  # steps over which the bar's loss and rate are averaged


class Reporter:
    """Open for the length of a run; reads everything off the history."""

    def __init__(
        self,
        total: int,
        state: State,
        config: TrainingConfig,
        progress: bool,
        trackers: Sequence[Tracker],
    ) -> None:
        self._trackers, self._config, self._start = trackers, config, state.step
        self._validations = len(state.history.validations)
        self._bar = tqdm(
            total=total,
            initial=state.step,
            desc="training",
            unit="step",
            file=sys.stderr,
            disable=not progress,
            dynamic_ncols=True,
        )

    def __enter__(self) -> Reporter:
        for tracker in self._trackers:
            tracker.start(self._config.to_dict(), self._start)
        return self

    def show(self, state: State) -> None:
        """Show the last step, and the validation after it if there was one."""
        self._show_bar(state.history)
        self._log("train", state.step, last_step(state.history))
        if len(state.history.validations) > self._validations:
            self._validations = len(state.history.validations)
            figures = dict(state.history.validations[-1])
            self._log("validation", int(figures.pop("step")), figures)

    def _show_bar(self, history: History) -> None:
        if self._bar.disable:
            return
        self._bar.update()
        losses, counts = history.losses[-SHOWN:], history.counts[-SHOWN:]
        loss = sum(x * n for x, n in zip(losses, counts, strict=True))
        rate = sum(history.tokens[-SHOWN:]) / sum(history.durations[-SHOWN:])
        text = f"loss {loss / max(1, sum(counts)):.3f}, {rate:,.0f} tokens/s"
        if history.validations:
            last = history.validations[-1]
            text += f", validation loss {last['loss']:.3f}"
        self._bar.set_postfix_str(text, refresh=False)

    def _log(self, part: str, step: int, figures: Mapping[str, float]) -> None:
        tagged = {f"{part}/{name}": value for name, value in figures.items()}
        for tracker in self._trackers:
            tracker.log(step, tagged)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        for tracker in self._trackers:
            tracker.finish()


def last_step(history: History) -> dict[str, float]:
    """Return the figures of the last step by name."""
    return {
        "loss": history.losses[-1],
        "learning_rate": history.rates[-1],
        "gradient_norm": history.norms[-1],
        "tokens_per_second": history.tokens[-1] / max(1e-9, history.durations[-1]),
        "epoch": history.epochs[-1],
    }
