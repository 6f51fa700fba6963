"""Choose a suitable language model: pretrain, fine-tune, evaluate and deploy it.

Importing this package loads neither torch nor transformers: each room loads what it
needs when it is first used.
"""

from importlib import import_module
from typing import Any

from chapter2.errors import Chapter2Error

__version__ = "0.1.0"
__all__ = ["Chapter2Error", "__version__", "choose", "join"]


def __getattr__(name: str) -> Any:
    """Import a door to choosing when it is asked for."""
    if name in ("choose", "join"):
        return getattr(import_module(f"chapter2.selection.{name}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
