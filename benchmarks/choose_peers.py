"""Two peers on the splits of ``choose.py``, each in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from chapter2 import data
from chapter2.data import TextDataset

HERE = Path(__file__).resolve().parent
NAMES = ("setfit", "autogluon")  # peer_NAME.py
ENCODER = "minilm"  # what SetFit starts from, as our own candidates do


def suits(name: str, language: str) -> bool:
    """Whether the peer can be asked: SetFit's encoder was pretrained on English."""
    return name != "setfit" or language == data.card(ENCODER).language


def predicted(
    name: str,
    python: Path,
    train: TextDataset,
    asked: tuple[str, ...],
    seconds: float,
    seed: int,
) -> dict[str, Any]:
    """Return the peer's ``predicted`` labels of ``asked``, and its ``seconds``.

    Raises:
        SystemExit: its process failed; its own message has been printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        order, out = Path(folder) / "order.json", Path(folder) / "out.json"
        told = {"texts": train.texts, "labels": train.labels, "asked": asked}
        told |= {"seconds": seconds, "seed": seed, "out": str(out)}
        order.write_text(json.dumps({**told, "encoder": str(data.folder(ENCODER))}))
        done = subprocess.run([python, HERE / f"peer_{name}.py", order], cwd=folder)
        if done.returncode:
            raise SystemExit(f"{name} failed with exit code {done.returncode}.")
        return json.loads(out.read_text())
