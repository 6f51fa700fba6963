"""What is trained, and how the loop is to treat it; the default trains everything."""

from __future__ import annotations

from typing import Any

from torch import nn

from chapter2.training.optimizer import parameter_groups
from chapter2.training.plan import Step
from chapter2.training.step import Objective


class Method:
    """Training everything; what trains less, or otherwise, overrides a part of it.

    All parameters that are ever trained stand in ``groups`` from the start. One that is
    frozen for a while has ``requires_grad`` False: it gets no gradient, and the
    optimiser passes it over.
    """

    name = "full"

    def groups(self, model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
        """Return the optimiser's groups; a group's ``scale`` multiplies the rate."""
        return parameter_groups(model, weight_decay)

    def objective(self, objective: Objective) -> Objective:
        """Return what is minimised: ``objective``, or a regulariser added to it."""
        return objective

    def before_step(self, model: nn.Module, step: Step, total: int) -> None:
        """Prepare ``step``, of ``total`` in the run: thaw a layer, say."""

    def after_backward(self, model: nn.Module, step: Step, total: int) -> None:
        """Look at the gradients, averaged and clipped, before the weights change."""

    def after_update(self, model: nn.Module, step: Step, total: int) -> None:
        """Look at the changed weights; the gradients that changed them still stand."""


FULL = Method()
