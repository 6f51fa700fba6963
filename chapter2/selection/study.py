"""The trials of one race on several machines, through an Optuna study.

One machine leads: it has the budget, recommends and ships. Others join it, carry out
trials, and end with it. A trial that is in hand is a running Optuna trial that names it
and its machine; a finished one holds the outcome. Where two machines take the same at
once, the lower number has it and the other is given up.

Each machine counts up a sign of life. One whose sign has stood still for some seconds,
by the clock of the machine that looks, is gone, and what it had in hand is free again:
no two clocks are ever compared. The leader's sign says too how many seconds are left.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chapter2.errors import DataError, UsageError
from chapter2.selection.trial import Outcome, Trial
from chapter2.studies import failures, open_storage, quiet, reason, shown

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

POLL = 1.0  # seconds between two looks at the study
SIGN = 5.0  # seconds between two signs of life
GONE = 30.0  # seconds after which a machine without a new sign is gone
LEADER, CANDIDATES = "leader", "candidates"  # of the study; all else are signs of life


@dataclass
class SharedStudy:
    """What the machines of a race tell each other."""

    storage: BaseStorage
    study: int  # its number in the storage
    place: str
    leads: bool
    say: Callable[[str], None]
    machine: str = field(default_factory=lambda: uuid4().hex[:12])
    over: bool = False  # nothing more is told or heard

    def __post_init__(self) -> None:
        self._mine: dict[Trial, int] = {}  # in hand here: the Optuna trial's id
        self._running: list[FrozenTrial] = []  # in hand on other machines, or dropped
        self._told: dict[Trial, str] = {}  # measured, and on which machine
        self._read: set[int] = set()  # numbers of the finished Optuna trials
        self._news: list[Outcome] = []
        self._signs: dict[str, tuple[Any, float]] = {}  # machine: sign, since when
        self._looked = self._signed = self._until = -math.inf
        self._count = 0

    @property
    def left(self) -> float:
        """Seconds that the leader granted; a leader is granted them by its budget."""
        return math.inf if self.leads else self._until - time.monotonic()

    def begin(self, left: float = 0.0) -> None:
        """Show that this machine is there, and read what the study holds."""
        with self._reaching():
            self._sign(left)
            self._look()

    @property
    def held(self) -> list[Trial]:
        """What other machines have in hand."""
        running = [] if self.over else self._running
        return [_trial(each) for each in running if self._has(each)]

    def keeps(self, trial: Trial) -> bool:
        """Whether a machine that measured ``trial`` is there, with what it made."""
        return not self.over and self._present(self._told.get(trial, ""))

    def news(self, left: float) -> list[Outcome]:
        """Return what others have told since the last call; give a sign of life.

        Args:
            left: the seconds for trials that a leader grants.
        """
        now = time.monotonic()
        if not self.over and now - self._looked >= POLL:
            with self._reaching():
                self._look()
                if now - self._signed >= SIGN:
                    self._sign(left)
        found, self._news = self._news, []
        return found

    def claim(self, trial: Trial) -> bool:
        """Take ``trial`` in hand; False: another machine has it, or has measured it."""
        if self.over:
            return True
        with self._reaching():
            mine = self._begin(trial)
            self._look()
            rivals = [each for each in self._running if _trial(each) == trial]
            number = self.storage.get_trial(mine).number
            lost = any(self._has(each) and each.number < number for each in rivals)
            if lost or any(outcome.trial == trial for outcome in self._news):
                self.drop(trial)
                return False
            for each in rivals:
                if not self._has(each):
                    self._fail(self._id(each))
        return True

    def drop(self, trial: Trial) -> None:
        """Let another machine have ``trial``."""
        if not self.over and trial in self._mine:
            with self._reaching():
                self._fail(self._mine.pop(trial))

    def tell(self, outcome: Outcome, score: float) -> None:
        """Tell the others what was measured here; what they have told, they know."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        trial = outcome.trial
        if self.over or outcome.elsewhere or trial in self._told:
            return
        with self._reaching():
            mine = self._mine.pop(trial, None)
            mine = self._begin(trial) if mine is None else mine
            state = TrialState.FAIL if outcome.failed else TrialState.COMPLETE
            values = None if outcome.failed else [score]
            # finished: this machine was taken to be gone
            with suppress(UpdateFinishedTrialError):
                self.storage.set_trial_user_attr(mine, "outcome", outcome.packed())
                self.storage.set_trial_state_values(mine, state, values)
            self._mine.pop(trial, None)

    def close(self) -> None:
        """Drop what is in hand; a leader ends the race for all, a joiner leaves it.

        Raises:
            UsageError: another process leads by now.
        """
        if not self.over:
            with self._reaching():
                self._look()
                for trial in list(self._mine):
                    self.drop(trial)
                self._sign(0.0, ended=True)
        self.over = True

    def _begin(self, trial: Trial) -> int:
        """Return the id of a new running trial; it names its machine from the start."""
        from optuna.trial import TrialState, create_trial

        about = {"trial": asdict(trial), "machine": self.machine}
        template = create_trial(state=TrialState.RUNNING, user_attrs=about)
        self._mine[trial] = self.storage.create_new_trial(self.study, template)
        return self._mine[trial]

    def _fail(self, number: int) -> None:
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        with suppress(UpdateFinishedTrialError):
            self.storage.set_trial_state_values(number, TrialState.FAIL)

    def _id(self, trial: FrozenTrial) -> int:
        number = trial.number
        return self.storage.get_trial_id_from_study_id_trial_number(self.study, number)

    def _sign(self, left: float, ended: bool = False) -> None:
        """Show that this machine is there, or that it leaves."""
        self._count += 1
        name, told = self.machine, None if ended else self._count
        if self.leads:
            about = {"machine": name, "sign": told, "left": left}
            self.storage.set_study_user_attr(self.study, LEADER, about)
        else:
            self.storage.set_study_user_attr(self.study, name, told)
        self._signed = time.monotonic()

    def _look(self) -> None:
        """Read the signs of life, what others have in hand, and what they finished."""
        attributes = self.storage.get_study_user_attrs(self.study)
        leader = attributes[LEADER]
        if self.leads and leader["machine"] != self.machine:
            self.over = True
            raise UsageError(
                f"Another process leads this choice at {shown(self.place)} by now; add"
                " --join to carry out trials for it."
            )
        signs = {k: v for k, v in attributes.items() if k not in (LEADER, CANDIDATES)}
        self._see({**signs, leader["machine"]: leader["sign"]}, leader)
        trials = self.storage.get_all_trials(self.study, deepcopy=False)
        others = [t for t in trials if t.user_attrs["machine"] != self.machine]
        self._running = [each for each in others if not each.state.is_finished()]
        for each in others:
            if each.state.is_finished() and each.number not in self._read:
                self._hear(each, leader["machine"])
        self._looked = time.monotonic()

    def _see(self, signs: dict[str, Any], leader: dict[str, Any]) -> None:
        """Note each new sign, and since when it is seen here."""
        now = time.monotonic()
        for machine, sign in signs.items():
            if machine not in self._signs or self._signs[machine][0] != sign:
                self._signs[machine] = sign, now
                if machine == leader["machine"]:
                    self._until = now + leader["left"]

    def _hear(self, each: FrozenTrial, leader: str) -> None:
        """Take the outcome of a finished trial, where it has one that counts.

        What failed on a joiner, or on one that led before, may go well on the others;
        what failed on the leader cannot be shipped.
        """
        self._read.add(each.number)
        about = each.user_attrs
        if "outcome" in about:
            told = {**about["outcome"], "elsewhere": True}
            if told["error"] is None or about["machine"] == leader:
                outcome = Outcome.unpacked(told)
                self._told[outcome.trial] = about["machine"]
                self._news.append(outcome)

    def _has(self, each: FrozenTrial) -> bool:
        """Whether the machine that has ``each`` in hand is there."""
        return self._present(each.user_attrs["machine"])

    def _present(self, machine: str) -> bool:
        sign, since = self._signs.get(machine, (None, 0.0))
        return sign is not None and time.monotonic() - since < GONE

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Let a leader go on alone where the study cannot be reached any more.

        Raises:
            DataError: the same, on a machine that has joined.
        """
        try:
            with reaching(self.place):
                yield
        except DataError as error:
            self.over = True
            if not self.leads:
                raise
            self.say(f"{error} This machine goes on alone.")


def _trial(each: FrozenTrial) -> Trial:
    return Trial(**each.user_attrs["trial"])


@contextmanager
def reaching(place: Path | str) -> Iterator[None]:
    """Turn what a storage raises into one sentence, a DataError."""
    try:
        with quiet():
            yield
    except failures() as error:
        why = reason(error, place)
        raise DataError(
            f"The study at {shown(place)} is out of reach: {why}"
        ) from error


def lead(
    place: Path | str,
    name: str,
    candidates: Sequence[str],
    left: float,
    say: Callable[[str], None],
) -> SharedStudy:
    """Return the study called ``name`` at ``place``, led by this process from now on.

    Args:
        candidates: what those who join may carry out.
        left: seconds for trials.

    Raises:
        UsageError, DataError: nothing can be opened or written there.
    """
    from optuna import create_study

    storage = open_storage(place)
    with reaching(place):
        create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )
        study = storage.get_study_id_from_name(name)
        storage.set_study_user_attr(study, CANDIDATES, list(candidates))
    shared = SharedStudy(storage, study, str(place), True, say)
    shared.begin(left)
    return shared
