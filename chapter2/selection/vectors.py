"""Vectors that a frozen encoder gave: each text is read once, whatever the folds.

The encoder does not change from trial to trial, so neither do its vectors. They lie in
one file of the trials' folder. Computed in other batches they differ by rounding only.

Shapes: N texts, K texts kept, D width.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from chapter2.models.embedding import Embedder
from chapter2.runtime import versions


@dataclass(frozen=True)
class KeptEmbedder(Embedder):
    """An embedder that looks a text up in ``file`` before it reads it."""

    file: Path

    def embed(self, texts: Sequence[str], batch_size: int = 64) -> np.ndarray:
        """Return the vectors, float64 (N, D); what was not kept before is kept now."""
        known = _load(self.file)
        keys = [_key(text) for text in texts]
        new = {k: t for k, t in zip(keys, texts, strict=True) if k not in known}
        if new or not len(texts):
            read = super().embed(list(new.values()), batch_size)
            if not len(texts):
                return read
            known |= zip(new, read, strict=True)
            _save(self.file, known)
        return np.stack([known[key] for key in keys])


def kept(embedder: Embedder, name: str, folder: Path | None) -> Embedder:
    """Return the embedder of encoder ``name`` with the vectors kept in ``folder``.

    None keeps nothing. What other versions of the packages gave is not looked at.
    """
    if folder is None:
        return embedder
    told = json.dumps([name, embedder.max_length, versions()], sort_keys=True)
    file = folder / f"vectors-{hashlib.sha256(told.encode()).hexdigest()[:12]}.npz"
    parts = embedder.model, embedder.tokenizer, embedder.max_length
    return KeptEmbedder(*parts, file=file)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _load(file: Path) -> dict[bytes, np.ndarray]:
    """Return the vectors (D,) by key; none where there is no whole file."""
    try:
        with np.load(file, allow_pickle=False) as held:
            keys, vectors = held["keys"], held["vectors"].astype(np.float64)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        return {}
    return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}


def _save(file: Path, known: dict[bytes, np.ndarray]) -> None:
    """Write keys, uint8 (K, 32), and vectors (K, D); float32, as they were computed."""
    keys = np.frombuffer(b"".join(known), dtype=np.uint8).reshape(len(known), -1)
    aside = file.with_suffix(".part.npz")
    np.savez(aside, keys=keys, vectors=np.stack([*known.values()]).astype(np.float32))
    aside.replace(file)
