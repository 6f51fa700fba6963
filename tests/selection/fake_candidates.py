"""Candidates that fail or dawdle in known ways, for a nursery that imports this."""

import os
import time
from dataclasses import dataclass, replace

import numpy as np

from chapter2.errors import DataError
from chapter2.selection.candidates import CANDIDATES
from chapter2.selection.candidates.quantised import Quantised
from chapter2.selection.candidates.schedule import Schedule
from chapter2.selection.candidates.tuned import Tuned

MANY = 200  # records: more than in a fold of 300, fewer than in their development part
FACTS = CANDIDATES["tfidf"].entry


@dataclass(frozen=True)
class Fake:
    name: str
    seconds: float = 0.0  # for a full schedule
    does: str = "learn"

    @property
    def entry(self):
        return replace(FACTS, name=self.name, trains_by_epochs=True, simplicity=9)

    def fit(self, train, *, effort=1.0, seed=0, validation=None):
        time.sleep(self.seconds * effort)
        if self.does == "hang" and os.environ.get("HANG"):
            time.sleep(600)
        if self.does == "exit":
            os._exit(3)
        if self.does == "refuse":
            raise DataError("These texts cannot be learnt; add others.")
        if self.does == "fail" and os.environ.get("FAILS"):
            raise DataError("There is no key; set it.")
        if self.does == "grow":
            self.held = np.ones(10**12)
        if self.does == "linger" and len(train) > MANY:
            time.sleep(600)
        made = CANDIDATES["tfidf"].fit(train, seed=seed)
        if self.does == "drift":  # what is saved answers otherwise
            true = made.predict_proba
            object.__setattr__(
                made, "predict_proba", lambda texts: true(texts)[:, ::-1]
            )
        return made


FAKES = (
    Fake("slow", 600.0),
    Fake("brisk", 0.5),
    Fake("exits", does="exit"),
    Fake("refuses", does="refuse"),
    Fake("fails", does="fail"),  # while it is told to
    Fake("grows", does="grow"),
    Fake("hangs", does="hang"),  # on some machines
    Fake("lingers", does="linger"),  # at the last fit
    Fake("drifts", does="drift"),  # on saving
)
BY_NAME = {fake.name: fake for fake in FAKES}
# an encoder that knows nothing and is trained in a second, and its variant of 8 bits
BRIEF = Schedule(epochs=1, least_steps=2, most_epochs=1)
TINY = Tuned(
    replace(FACTS, name="tiny", trains_by_epochs=True), "tiny-random", schedule=BRIEF
)
BY_NAME |= {one.entry.name: one for one in (TINY, Quantised(TINY))}
# a child process gets them by importing this; the tests' own process only while it asks
if os.environ.get("FAKE_CANDIDATES"):
    CANDIDATES.update(BY_NAME)
