"""Requirements asked for in a notebook: a form of widgets, or its table without them.

A page has no kernel, so that widgets stand still on it; :meth:`Form.static` is what it
shows instead.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from chapter2.runtime import DEVICES
from chapter2.selection.quantities import COSTS, QUALITIES, number
from chapter2.selection.requirements import Requirements

ANYWHERE = "where this runs"
QUESTIONS = {
    **{name: f"{name}, at least" for name in ("f1_macro", "accuracy")},
    **{
        name: f"{name}, at most{f' ({unit})' if unit else ''}"
        for name, unit in COSTS.items()
    },
    "budget": "time to choose in, such as 90s, 10m or 1h",
    "device": "device that the model will run on",
    "licences": "allowed licences, with commas; empty: any",
    "price_per_hour": "price of an hour of the machine",
    "explainable": "a person must be able to read why",
    "private": "no text may leave this machine",
}
TICKED = ("explainable", "private")


@dataclass(frozen=True)
class Form:
    """Widgets by the names of the questions; an empty field asks for nothing."""

    fields: dict[str, Any]
    box: Any  # all of them, one below the other

    def requirements(self) -> Requirements:
        """Return what stands in the form now.

        Raises:
            UsageError: a field that is no number, or a contradiction.
        """
        given = {name: field.value for name, field in self.fields.items()}
        asked = {n: str(given.get(n, "")).strip() for n in (*QUALITIES, *COSTS)}
        limits = {name: value for name, value in asked.items() if value}
        device = None if given["device"] == ANYWHERE else given["device"]
        price = str(given["price_per_hour"]).strip()
        return Requirements.from_flags(
            min=[f"{name}={at}" for name, at in limits.items() if name in QUALITIES],
            max=[f"{name}={at}" for name, at in limits.items() if name in COSTS],
            budget=given["budget"].strip() or None,
            licences=given["licences"].strip() or None,
            device=device,
            price_per_hour=number("price_per_hour", price) if price else None,
            explainable=given["explainable"],
            private=given["private"],
        )

    def static(self) -> str:
        """Return the questions and answers as an HTML table."""
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{html.escape(question)}</th>'
            f"<td>{html.escape(_answer(self.fields[name].value))}</td></tr>"
            for name, question in QUESTIONS.items()
        )
        return f"<table><caption>Requirements</caption><tbody>{rows}</tbody></table>"

    def _repr_mimebundle_(self, **settings: Any) -> Any:
        """Return the live form for a notebook with a kernel, the table for a page."""
        bundle = self.box._repr_mimebundle_(**settings)
        data, *rest = bundle if isinstance(bundle, tuple) else (bundle,)
        data = {**data, "text/html": self.static()}
        return (data, *rest) if rest else data


def _answer(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip() or "any"


def form(given: Requirements | None = None) -> Form:
    """Return the form, filled in with the requirements ``given``.

    Show it with ``display(asked.box)``; read it with ``asked.requirements()``.
    """
    import ipywidgets as widgets

    held = given or Requirements()
    wide = {"style": {"description_width": "22em"}, "layout": {"width": "38em"}}
    fields: dict[str, Any] = {}
    for name, question in QUESTIONS.items():
        if name in TICKED:
            fields[name] = widgets.Checkbox(getattr(held, name), description=question)
        elif name == "device":
            options = (ANYWHERE, *DEVICES)
            value = held.device or ANYWHERE
            fields[name] = widgets.Dropdown(
                options=options, value=value, description=question, **wide
            )
        else:
            fields[name] = widgets.Text(
                _written(held, name), description=question, **wide
            )
    return Form(fields, widgets.VBox(list(fields.values())))


def _written(held: Requirements, name: str) -> str:
    """Return what stands in the field ``name``."""
    if name == "budget":
        return f"{held.budget_seconds:g}s"
    if name == "licences":
        return ", ".join(held.licences or ())
    limits = {**held.minimum, **held.maximum, "price_per_hour": held.price_per_hour}
    value = limits.get(name)
    return "" if value is None else f"{value:g}"
