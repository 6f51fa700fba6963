"""The journal of a search: a file that several processes share and a kill leaves whole.

Optuna's journal storage appends each event to one file. Added here is what it lacks: an
exact number of trials over all processes, since one begins at a time under a lock; and
trials of dead processes made out, since a running one holds a lock that death frees.
Both are file locks, which know the processes of one machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.errors import UsageError
from chapter2.studies import open_journal, quiet

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner


def open_study(
    path: Path,
    name: str,
    space: Mapping[str, Sequence[Any]],
    maximise: bool,
    pruner: BasePruner,
) -> Study:
    """Return the study of this name in the journal, made if it is not there."""
    import optuna

    path.parent.mkdir(parents=True, exist_ok=True)
    with quiet(), _lock(path):
        study = optuna.create_study(
            storage=open_journal(path),
            study_name=name,
            direction="maximize" if maximise else "minimize",
            pruner=pruner,
            load_if_exists=True,
        )
        wanted = {k: list(v) for k, v in space.items()}
        if study.user_attrs.setdefault("space", wanted) != wanted:
            raise UsageError(
                f"{path} holds a search {name!r} over another space "
                f"({study.user_attrs['space']}); give the same, or another name."
            )
        study.set_user_attr("space", wanted)
    return study


def _lock(path: Path) -> Any:
    """Return the lock under which trials begin, one process after the other."""
    from filelock import FileLock

    return FileLock(f"{path}.begin")


def begin_trial(
    study: Study, path: Path, trials: int, seed: int
) -> tuple[Trial, Any] | None:
    """Begin a trial and return it with the lock that shows it alive; None: enough."""
    from filelock import FileLock
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    with _lock(path):
        _bury(study, path)
        begun = study.get_trials(deepcopy=False)
        if sum(trial.state is not TrialState.FAIL for trial in begun) >= trials:
            return None
        study.sampler = TPESampler(seed=seed + len(begun))
        trial = study.ask()
        alive = FileLock(_alive(study, path, trial.number))
        alive.acquire()
        return trial, alive


def _alive(study: Study, path: Path, number: int) -> str:
    """Return the file that the process of a trial keeps locked; death frees it."""
    return f"{path}.{study.study_name}-{number}"


def _bury(study: Study, path: Path) -> None:
    """Mark as failed the running trials whose process is dead."""
    from filelock import FileLock, Timeout
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        file = _alive(study, path, trial.number)
        try:
            with FileLock(file, timeout=0):
                study.tell(trial.number, state=TrialState.FAIL)
        except Timeout:
            continue  # its process holds the lock: it is alive
        Path(file).unlink(missing_ok=True)
