"""Requirements from a YAML file: read, and held to known keys and types.

.. code-block:: yaml

    min: {f1_macro: 0.8}
    max: {latency_ms_p95: 20}   # milliseconds
    budget: 10m
    device: cpu
    explainable: false
    licences: [MIT, Apache-2.0]
    private: true
    price_per_hour: 0.05
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chapter2.errors import UsageError
from chapter2.selection.quantities import nearest


def read_requirements(path: Path) -> dict[str, Any]:
    """Return the file's keys and values, those of ``Requirements.from_flags``.

    Raises:
        UsageError: no such file, no YAML, an unknown key, or a value of a wrong type.
    """
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}; check its name.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text ({error}).") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path}{_place(error)}: this is not YAML; mend it.") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds no keys; write lines such as `budget: 10m`.")
    return _validated(path, {str(key): value for key, value in found.items()})


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"


def _model() -> Any:
    """Return the pydantic model of the file; made when first a file is read."""
    from pydantic import BaseModel, ConfigDict

    class Asked(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

        min: dict[str, float | int] = {}
        max: dict[str, float | int] = {}
        budget: str | float | int | None = None
        device: str | None = None
        explainable: bool = False
        licences: list[str] | None = None
        private: bool = False
        price_per_hour: float | int | None = None

    return Asked


def _validated(path: Path, found: dict[str, Any]) -> dict[str, Any]:
    from pydantic import ValidationError

    model = _model()
    for key in found:
        if key not in model.model_fields:
            raise UsageError(
                f"{path}: there is no key {key!r}; {nearest(key, model.model_fields)}"
            )
    try:
        return dict(model(**found))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part in _names(found))
        raise UsageError(
            f"{path}: {key} is {first['input']!r}; {_wanted(first['type'])}."
        ) from None


def _names(found: dict[str, Any]) -> set[str]:
    inner = {str(k) for v in found.values() if isinstance(v, dict) for k in v}
    return {*found, *inner}


def _wanted(kind: str) -> str:
    wanted = {
        "bool_type": "write true or false",
        "list_type": "write a list such as [MIT, Apache-2.0]",
        "dict_type": "write names with numbers such as {f1_macro: 0.8}",
        "string_type": "write a text",
    }
    return wanted.get(kind, "write a number")
