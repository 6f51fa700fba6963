"""Search over settings, by several processes at once, with poor trials cut short.

Optuna does the work: its tree-structured Parzen estimator proposes (Bergstra et al.,
2011), and a trial whose validation is worse than the median of the earlier ones at the
same step is pruned. All is written to a journal, a file to which each process only
appends: start the same search in as many processes as there are cores, and again after
a kill. It goes on until ``trials`` trials have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.errors import UsageError
from chapter2.studies import quiet
from chapter2.training.config import TrainingConfig
from chapter2.tuning.journal import begin_trial, open_study

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner

# (low, high), (low, high, "log"), or the values to choose among
Range = Sequence[Any]
Space = Mapping[str, Range]


class Validations:
    """A tracker that tells a trial each validation, and ends it if it is poor."""

    def __init__(self, trial: Trial, monitor: str = "loss") -> None:
        self.trial, self.tag = trial, f"validation/{monitor}"

    def start(self, settings: Mapping[str, Any], step: int) -> None:
        """Nothing is to be done before the first step."""

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Report the monitored figure where it is among ``figures``.

        Raises:
            optuna.TrialPruned: the pruner finds the trial not worth going on.
        """
        from optuna import TrialPruned

        if self.tag in figures:
            self.trial.report(figures[self.tag], step)
            if self.trial.should_prune():
                raise TrialPruned(f"{self.tag} is {figures[self.tag]} at step {step}")

    def finish(self) -> None:
        """Nothing is held back."""


@dataclass(frozen=True)
class Found:
    """What a search has found so far."""

    config: TrainingConfig  # the settings of the best trial
    changes: dict[str, Any]  # what of them the search chose
    value: float  # its figure
    completed: int  # trials run to their end
    pruned: int  # trials cut short
    failed: int  # trials whose process was killed, or that raised


Objective = Callable[[TrainingConfig, Validations], float]


def search(
    objective: Objective,
    space: Space,
    *,
    trials: int,
    journal: Path | str,
    name: str = "search",
    seed: int = 0,
    config: TrainingConfig | None = None,
    maximise: bool = False,
    pruner: BasePruner | None = None,
) -> Found:
    """Run trials until ``trials`` of them have ended in all processes; return the best.

    Args:
        objective: returns the figure of a config; given to the training as one of its
            ``trackers``, its second argument prunes. It sees ``config.monitor``.
        space: the settings searched, by their names in ``TrainingConfig``.
        seed: trial n draws from seed + n, so that no two processes propose the same.
        config: the settings that are not searched.
        pruner: default, the median of what at least five trials reached.

    A trial that was running in a killed process counts as failed and is replaced. What
    an objective raises, other than pruning, fails its trial and ends this search. Known
    to be alive or dead are processes of this machine (by file locks).

    Raises:
        UsageError: an unknown setting, a range that is none, fewer than one trial, or
            the study in the journal searches another space.
        DataError: the journal is another kind of file.
    """
    import optuna

    config = config or TrainingConfig()
    check(space, config, trials)
    path = Path(journal)
    study = open_study(
        path, name, space, maximise, pruner or optuna.pruners.MedianPruner()
    )
    with quiet():
        while begun := begin_trial(study, path, trials, seed):
            trial, alive = begun
            try:
                _run(study, trial, objective, space, config)
            finally:
                alive.release()
                Path(alive.lock_file).unlink(missing_ok=True)
    return _best(study, config)


def check(space: Space, config: TrainingConfig, trials: int) -> None:
    """Refuse what is no space of settings; raises UsageError."""
    if trials < 1:
        raise UsageError(f"trials is {trials}; a search needs at least 1.")
    if not space:
        raise UsageError("The space is empty; name a setting and its range.")
    known = [field.name for field in fields(TrainingConfig)]
    for name, values in space.items():
        if name not in known:
            raise UsageError(
                f"There is no setting {name!r}; TrainingConfig has {', '.join(known)}."
            )
        for value in _ends(name, values):
            replace(config, **{name: value})  # says what is out of its bounds


def _ends(name: str, values: Range) -> Sequence[Any]:
    """Return the values to choose among, or the two ends of a range."""
    if isinstance(values, list):
        if not values:
            raise UsageError(f"The range of {name} is empty; give a value or more.")
        return values
    low, high, *scale = values if len(values) in (2, 3) else (0, 0)
    numbers = all(isinstance(end, int | float) for end in (low, high))
    if not (numbers and low < high and scale in ([], ["log"])):
        raise UsageError(
            f"The range of {name} is {values!r}; give (low, high), low below high, "
            "(low, high, 'log'), or a list of values."
        )
    if scale and low <= 0:
        raise UsageError(f"The range of {name} begins at {low}; log needs above 0.")
    return low, high


def _run(
    study: Study, trial: Trial, objective: Objective, space: Space, base: TrainingConfig
) -> None:
    """Run one trial, and tell the study how it ended."""
    from optuna import TrialPruned
    from optuna.trial import TrialState

    try:
        chosen = {name: _suggest(trial, name, space[name]) for name in space}
        config = replace(base, **chosen)
        value = objective(config, Validations(trial, config.monitor))
    except TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise
    else:
        study.tell(trial, value)


def _suggest(trial: Trial, name: str, values: Range) -> Any:
    """Return the trial's value for one setting; whole numbers stay whole."""
    if isinstance(values, list):
        return trial.suggest_categorical(name, values)
    low, high, *scale = values
    whole = isinstance(low, int) and isinstance(high, int)
    suggest = trial.suggest_int if whole else trial.suggest_float
    return suggest(name, low, high, log=bool(scale))


def _best(study: Study, config: TrainingConfig) -> Found:
    """Return the best of the completed trials.

    Raises:
        UsageError: none has been completed yet.
    """
    from optuna.trial import TrialState

    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    if TrialState.COMPLETE not in states:
        raise UsageError(
            "No trial has been completed yet: others are still running; search again."
        )
    best = study.best_trial
    counts = [
        states.count(state)
        for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    ]
    found = replace(config, **best.params)
    return Found(found, dict(best.params), float(study.best_value), *counts)
