"""Choosing: requirements, candidates, measurement, recommendation.

Nothing is imported before it is asked for: choosing starts in a second.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLACES = {
    "Decision": "kinds",
    "Finding": "findings",
    "Profile": "profile",
    "Requirements": "requirements",
    "analyse": "profile",
    "cost_per_1000": "quantities",
    "form": "requirements_form",
}
__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    """Import what is asked for by name."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
