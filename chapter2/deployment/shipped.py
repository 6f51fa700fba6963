"""A shipped model: a folder that any machine, user and place can load, offline.

``chapter2.json`` states what kind of predictor it is and the SHA-256 of each file,
which is checked before anything is read. No pickle, no path of the machine that wrote
it, and nothing that is fetched when loading. ``README.md`` may be edited by hand.
"""

from __future__ import annotations

import os
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2 import runtime
from chapter2.deployment.whole import refuse_occupied, whole_folder
from chapter2.errors import ModelError, UsageError
from chapter2.files import read_json, sha256, write_json

if TYPE_CHECKING:
    from chapter2.deployment.predictor import Predictor

MANIFEST = "chapter2.json"
CARD = "README.md"
REMOTE = "endpoint"  # the kind of a service elsewhere
FORMAT = 1  # counts up when an older reader could not read what is written
KINDS = {  # kind: where its class is, imported when used
    "classifier": "chapter2.models.classifier:Classifier",
    "onnx": "chapter2.deployment.onnx_model:OnnxClassifier",
    "majority": "chapter2.models.sparse:Majority",
    "sparse": "chapter2.models.sparse:SparseLinear",
    "lexicon": "chapter2.models.lexicon:Lexicon",
    "embedding": "chapter2.models.embedding:EmbeddingLinear",
    "recurrent": "chapter2.models.recurrent_classifier:RecurrentClassifier",
    "prompted": "chapter2.models.prompted:Prompted",
    REMOTE: "chapter2.models.endpoint:Endpoint",
}
NETWORKS = {  # kind: where its network of torch is, of those that have one
    "classifier": "model",
    "embedding": "embedder.model",
    "recurrent": "model",
    "prompted": "causal.model",
}
PACKAGES = ("chapter2", "torch", "transformers", "tokenizers", "onnxruntime", "numpy")


def save_model(
    predictor: Predictor, folder: str | os.PathLike[str], card: str | None = None
) -> Path:
    """Write ``predictor`` to ``folder``, whole or not at all; return the folder.

    Args:
        card: the text of ``README.md``, as ``deployment.card`` writes it.

    A model that was shipped to this folder before is replaced; anything else is not.

    Raises:
        UsageError: the folder holds something else, or the predictor is of no kind that
            can be shipped.
        ModelError: the folder cannot be written.
    """
    target = Path(folder)
    kind = kind_of(predictor)
    if not (target / MANIFEST).is_file():
        refuse_occupied(target)
    with whole_folder(target) as aside:
        predictor.save(aside)
        if card is not None:
            (aside / CARD).write_text(card, encoding="utf-8")
        write_manifest(aside, kind, predictor.label_names)
    return target


def kind_of(predictor: object) -> str:
    """Return the kind under which ``predictor`` is shipped.

    Raises:
        UsageError: it is of none.
    """
    of = type(predictor)
    name = f"{of.__module__}:{of.__qualname__}"
    for kind, place in KINDS.items():
        if place == name:
            return kind
    if hasattr(predictor, "merged"):  # what was trained alone is no whole model
        raise UsageError(f"A {of.__name__} is shipped as what its merged() returns.")
    raise UsageError(
        f"A {of.__name__} cannot be shipped; one of these can: {', '.join(KINDS)}."
    )


def write_manifest(folder: Path, kind: str, label_names: tuple[str, ...]) -> None:
    """Write ``chapter2.json``: the kind, the labels, and the hash of each file."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): sha256(path) for path in paths}
    files.pop(CARD, None)
    stated = {
        "format": FORMAT,
        "kind": kind,
        "label_names": list(label_names),
        "versions": runtime.versions(PACKAGES),
        "files": files,
    }
    write_json(folder / MANIFEST, stated)


def load_model(folder: str | os.PathLike[str], device: str | None = "cpu") -> Predictor:
    """Return the predictor in ``folder``, as it was saved; no network is asked.

    A folder without our manifest is a classifier as training leaves it.

    Args:
        device: where a network of torch computes, None: where ``runtime.device()``
            says; the kinds without one stay on the CPU.

    Raises:
        ModelError: the folder holds no model, was changed or damaged, or was written
            by a newer version.
    """
    source = Path(folder)
    if not (source / MANIFEST).is_file():
        from chapter2.tuning.whole import load_whole

        return _placed(load_whole(source), "classifier", device)
    stated = read_manifest(source)
    module, name = KINDS[stated["kind"]].split(":")
    predictor = getattr(import_module(module), name).load(source)
    if tuple(stated["label_names"]) != tuple(predictor.label_names):
        raise ModelError(
            f"{source / MANIFEST} names other labels than the model; copy the folder "
            "again."
        )
    return _placed(predictor, stated["kind"], device)


def _placed(predictor: Any, kind: str, device: str | None) -> Any:
    """Put the predictor's network, where it has one, where it is to compute."""
    if device != "cpu" and kind in NETWORKS:
        attrgetter(NETWORKS[kind])(predictor).to(device or runtime.device())
    return predictor


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what ``chapter2.json`` states, each file checked against its hash.

    Raises:
        ModelError: the manifest or a file is not as it was written.
    """
    path = folder / MANIFEST
    try:
        stated = read_json(path)
        known = stated["format"] <= FORMAT and stated["kind"] in KINDS
        files, _ = dict(stated["files"]), tuple(stated["label_names"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} cannot be read ({error!r}); copy the folder again."
        ) from error
    if not known:
        raise ModelError(
            f"{path} is of format {stated['format']}, kind {stated['kind']!r}; update "
            "chapter2 to read it."
        )
    for name, digest in files.items():
        _check(folder / name, digest)
    return stated


def is_remote(folder: Path) -> bool:
    """Return whether the model is a service elsewhere, which the user named."""
    try:
        return bool(read_json(folder / MANIFEST)["kind"] == REMOTE)
    except (OSError, ValueError, KeyError, TypeError):
        return False  # no manifest, or a damaged one: loading says what is wrong


def _check(path: Path, digest: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing; copy the folder again, whole.")
    if sha256(path) != digest:
        raise ModelError(
            f"{path} is not the file that was shipped (its SHA-256 differs); copy the "
            "folder again."
        )
