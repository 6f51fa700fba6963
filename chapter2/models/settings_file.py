"""The settings of a saved predictor: one JSON file, with its faults named."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from chapter2.errors import ModelError

FILE = "settings.json"


def write_settings(folder: str | os.PathLike[str], **settings: Any) -> Path:
    """Write ``settings`` to a folder, made if need be; return the folder.

    Raises:
        ModelError: the folder cannot be written.
    """
    target = Path(folder)
    # ASCII with escapes: a lone half of a character in a text cannot be UTF-8
    text = json.dumps(settings, indent=1) + "\n"
    try:
        target.mkdir(parents=True, exist_ok=True)
        (target / FILE).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ModelError(
            f"{target} cannot be written ({error.strerror or error}); give another "
            "folder or make room."
        ) from error
    return target


def read_settings(folder: str | os.PathLike[str], *wanted: str) -> dict[str, Any]:
    """Return what :func:`write_settings` wrote, ``label_names`` as a tuple.

    Raises:
        ModelError: the file is missing, no JSON, or lacks one of ``wanted``.
    """
    path = Path(folder) / FILE
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        missing = {"label_names", *wanted} - set(stored)
        if missing:
            raise ValueError(f"it lacks {min(missing)}")
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{path} is not the settings of a saved model ({error}); copy or save the "
            "model again."
        ) from error
    return {**stored, "label_names": tuple(stored["label_names"])}
