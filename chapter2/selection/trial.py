"""One measurement: a candidate, trained on some of a fold, judged on the rest of it.

A finished trial is a pair of files, whole or absent, named by the content of all that
decides it: the records, the candidate, the fold, the seed, the versions. So a run that
was killed finds what it had measured, and changed data finds nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from chapter2.files import read_json, sync, write_json
from chapter2.runtime import versions

LONGEST = 40  # characters of an address or a folder in the name of a file
# packages whose versions decide what a trial gives
DECISIVE = (
    *("chapter2", "torch", "transformers", "tokenizers", "scikit-learn"),
    *("onnx", "onnxscript", "onnxruntime"),
)


@dataclass(frozen=True)
class Trial:
    """What is measured."""

    candidate: str
    fold: int  # whose records are predicted
    records: int  # of the fold's training part: the first of one fixed order
    effort: float = 1.0  # share of the candidate's full training schedule
    seed: int = 0  # of the records' order and of training

    @property
    def title(self) -> str:
        """A name for people, and for files: without a dot or a slash, and short."""
        name = re.sub(r"[^\w-]+", "_", self.candidate)
        if name != self.candidate:  # an address or a folder: others may end like it
            told = hashlib.sha256(self.candidate.encode()).hexdigest()
            name = f"{name[-LONGEST:].strip('_')}-{told[:6]}"
        effort = "" if self.effort == 1 else f"-e{100 * self.effort:.0f}"
        return f"{name}-f{self.fold}-n{self.records}{effort}-s{self.seed}"

    def key(self, context: str) -> str:
        """Return the name of its files: the trial and a hash with its ``context``."""
        told = json.dumps([context, asdict(self)], sort_keys=True)
        return f"{self.title}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Outcome:
    """What was measured: predictions of held-out records, and what they cost."""

    trial: Trial
    rows: np.ndarray  # (M,) indices into the development records
    probabilities: np.ndarray  # (M, C)
    seconds: float  # of fitting and predicting, imports not counted
    memory_mb: float  # peak of the process
    error: str | None = None  # why there are no predictions
    notices: tuple[str, ...] = ()
    before: float = 0.0  # seconds of the trial whose model it went on from
    elsewhere: bool = False  # on another machine: neither its speed nor its model here

    @property
    def failed(self) -> bool:
        """Whether there is nothing to judge."""
        return self.error is not None

    def save(self, path: Path) -> None:
        """Write ``path.npz`` and then ``path.json``, whose presence says: whole."""
        aside = path.with_suffix(".part.npz")
        np.savez(aside, rows=self.rows, probabilities=self.probabilities)
        sync(aside)  # a failing power supply must not leave the second file alone
        aside.replace(path.with_suffix(".npz"))
        write_json(path.with_suffix(".json"), self._facts())

    @classmethod
    def load(cls, path: Path) -> Outcome:
        """Return what :meth:`save` wrote."""
        return cls._of(read_json(path.with_suffix(".json")), path.with_suffix(".npz"))

    def packed(self) -> dict[str, Any]:
        """Return it as JSON can hold it: the arrays are a file in base 64."""
        file = BytesIO()
        np.savez_compressed(file, rows=self.rows, probabilities=self.probabilities)
        return {**self._facts(), "arrays": b64encode(file.getvalue()).decode()}

    @classmethod
    def unpacked(cls, told: Mapping[str, Any]) -> Outcome:
        """Return what :meth:`packed` made."""
        facts = dict(told)
        return cls._of(facts, BytesIO(b64decode(facts.pop("arrays"))))

    def _facts(self) -> dict[str, Any]:
        """Return all but the arrays."""
        told = asdict(self)
        del told["rows"], told["probabilities"]
        return told

    @classmethod
    def _of(cls, facts: dict[str, Any], file: Path | BytesIO) -> Outcome:
        with np.load(file, allow_pickle=False) as arrays:
            rows, probabilities = arrays["rows"], arrays["probabilities"]
        facts["trial"] = Trial(**facts["trial"])
        facts["notices"] = tuple(facts["notices"])
        return cls(rows=rows, probabilities=probabilities, **facts)

    @classmethod
    def failure(cls, trial: Trial, error: str, seconds: float = 0.0) -> Outcome:
        """Return a trial that ended without predictions, and why."""
        nothing = np.empty(0, dtype=int), np.empty((0, 0))
        return cls(trial, *nothing, seconds, 0.0, error)


@dataclass(frozen=True)
class Store:
    """The finished trials of one run, in a folder."""

    folder: Path
    context: str  # what decides every trial: records, folds, versions

    @property
    def clock(self) -> Path:
        """Where the time that was used is noted, until the run has ended."""
        return self.folder / f"clock-{self.context[:12]}.json"

    def path(self, trial: Trial) -> Path:
        """Return where the files of ``trial`` stand, without their endings."""
        return self.folder / trial.key(self.context)

    def find(self, trial: Trial) -> Outcome | None:
        """Return the outcome where it is there, whole and readable."""
        return _whole(self.path(trial))

    def measured(self) -> list[Trial]:
        """Return the trials of this context that are there; forget those that failed.

        To be called when a run begins: why a trial failed may be gone by then, as a
        service that was not reached, or other processes that left no memory.
        """
        paths = [path.with_suffix("") for path in self.folder.glob("*-f*-n*-s*.json")]
        found = [outcome for path in paths if (outcome := self._mine(path))]
        for outcome in found:
            if outcome.failed:
                self.path(outcome.trial).with_suffix(".json").unlink()
        return [outcome.trial for outcome in found if not outcome.failed]

    def _mine(self, path: Path) -> Outcome | None:
        """Return the outcome there; None: it is damaged, or of other records."""
        outcome = _whole(path)
        return outcome if outcome and self.path(outcome.trial) == path else None

    def model(self, trial: Trial) -> Path:
        """Return the folder of the model that ``trial`` made, where it kept one."""
        return self.path(trial).with_suffix(".model")


def _whole(path: Path) -> Outcome | None:
    """Return the outcome at ``path``; None where it is not there, or damaged."""
    try:
        return Outcome.load(path)
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile):
        return None  # measured again


def context_of(fingerprint: str, folds: int, settings: dict[str, Any]) -> str:
    """Return what decides every trial of a run, as one string."""
    told = [fingerprint, folds, settings, versions(DECISIVE)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
