"""Models: language models written out, pretrained weights, and heads for tasks.

What it offers stands in :mod:`chapter2.models.api`, which is imported when the first
name is asked for: the models that need no torch are then used without it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chapter2.models.api import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        return getattr(import_module("chapter2.models.api"), name)
