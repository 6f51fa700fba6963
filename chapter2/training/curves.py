"""The figure of a run: loss and learning rate over the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chapter2 import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chapter2.training.history import History


def running_mean(values: list[float], weights: list[int], window: int) -> np.ndarray:
    """Return the weighted mean of the last ``window`` values, at each of them, (N,)."""
    weight = np.asarray(weights, dtype=float)
    total = np.cumsum(np.asarray(values) * weight)
    count = np.cumsum(weight)
    total[window:] = total[window:] - total[:-window]
    count[window:] = count[window:] - count[:-window]
    return total / np.maximum(count, 1)


def plot_history(history: History) -> Figure:
    """Return a figure: the losses on the left, the learning rate on the right."""
    import matplotlib.pyplot as plt

    with plots.style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="tight")
        _draw_losses(left, history)
        right.plot(history.steps, history.rates)
        right.set(xlabel="step", ylabel="learning rate", ylim=(0, None))
        plt.close(figure)  # else a notebook shows it a second time
    return figure


def _draw_losses(axes: Axes, history: History) -> None:
    """Draw single steps faintly, their running mean, and the validations as points."""
    window = max(1, len(history.steps) // 20)
    axes.plot(history.steps, history.losses, alpha=0.3, linewidth=1)
    mean = running_mean(history.losses, history.counts, window)
    axes.plot(
        history.steps, mean, color="C0", label=f"training, mean of {window} steps"
    )
    if history.validations:
        steps = [v["step"] for v in history.validations]
        losses = [v["loss"] for v in history.validations]
        axes.plot(steps, losses, "o--", color="C1", label="validation")
    axes.set(xlabel="step", ylabel="loss (nats per target)", ylim=(0, None))
    axes.legend()
