"""What a split may not part is drawn together: copies are no further evidence."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.evaluation.intervals import wilson_interval
from chapter2.selection import difficulty as module
from chapter2.selection.budget import Budget
from chapter2.selection.choose import Options, race_of
from chapter2.selection.contenders import Contender
from chapter2.selection.difficulty import difficulty
from chapter2.selection.first_answer import first_scores
from chapter2.selection.gains import smallest_difference
from chapter2.selection.judged import recommendation
from chapter2.selection.judged import test_scores as scores_on_test
from chapter2.selection.prepare import Prepared, prepare
from chapter2.selection.recommend import drawing
from chapter2.selection.requirements import Requirements
from chapter2.selection.trial import Outcome, Trial

N = 400
NAMES = ("blame", "praise")
LIMITS = Requirements(budget_seconds=60)


def records(times=1, grouped=False):
    """Return N texts, each several times: as copies, or as one group."""
    labels = np.repeat(np.arange(N) % 2, times)
    texts = [
        f"{NAMES[i % 2]} number {i} {f'as said {j}' if grouped else '!' * j}"
        for i in range(N)
        for j in range(times)
    ]
    groups = tuple(f"g{i // times}" for i in range(N * times)) if grouped else None
    return TextDataset("made", tuple(texts), tuple(labels.tolist()), NAMES, groups)


def field(times=1):
    """Return the best and a simpler one, 2 points below; they answer copies alike."""
    labels = np.arange(N) % 2
    best = np.where(np.arange(N) % 10 == 0, 1 - labels, labels)
    small = np.where(np.arange(N) % 50 == 1, 1 - best, best)
    return [
        Contender(name, i, np.arange(N * times), np.repeat(found, times), 1.0, {})
        for i, (name, found) in enumerate({"small": small, "best": best}.items())
    ]


def judged(times, grouped=False):
    dataset = records(times, grouped)
    prepared = Prepared(dataset, dataset, (), ())
    options = Options(metric="accuracy", margin=0.03)
    return prepared, recommendation(field(times), prepared, LIMITS, options)


@pytest.mark.parametrize("grouped", [False, True])
def test_records_tenfold_give_the_same_bounds_and_intervals(grouped):
    once, tenfold = judged(1)[1], judged(10, grouped)[1]
    assert tenfold.scores == once.scores
    assert tenfold.comparisons == once.comparisons
    assert tenfold.name == once.name == "best"  # 400 texts do not show so little


@pytest.mark.parametrize("grouped", [False, True])
def test_the_test_part_tenfold_gives_the_same_intervals(grouped):
    found = []
    for times in (1, 10):
        prepared, _ = judged(times, grouped)
        answers = SimpleNamespace(probabilities=np.eye(2)[field(times)[0].predicted])
        found.append(scores_on_test(answers, prepared))
    assert found[0].keys() == found[1].keys()
    for name, once in found[0].items():
        assert vars(found[1][name]) == pytest.approx(vars(once))


def test_the_first_answer_has_the_intervals_of_the_recommendation(tmp_path):
    prepared = prepare(records(5), None, 0)
    budget = Budget(60.0)
    options = Options(metric="accuracy")
    race = race_of(prepared, ["majority"], LIMITS, options, tmp_path, budget, print)
    train, held = prepared.folds[0]
    guessed = np.zeros(len(held), dtype=int)
    trial = Trial("majority", 0, len(train))
    outcome = Outcome(trial, held, np.eye(2)[guessed], 1.0, 1.0)
    scores = first_scores(race.plan, [outcome], prepared.whole, race.first.yard)
    rows = Contender("majority", 0, held, guessed, 1.0, {})
    found = recommendation([rows], prepared, LIMITS, options)
    assert scores == found.scores
    alone = replace(race.first.yard, units=None)
    (narrow,) = first_scores(race.plan, [outcome], prepared.whole, alone).values()
    (whole,) = scores.values()
    assert narrow.high - narrow.low < 0.7 * (whole.high - whole.low)


def test_the_smallest_difference_is_that_of_so_many_units():
    found = []
    for times in (1, 10):
        prepared, answer = judged(times)
        found.append(
            SimpleNamespace(
                recommendation=answer, entrants=field(times), prepared=prepared
            )
        )
    assert smallest_difference(found[1]) == smallest_difference(found[0])


def test_the_profile_draws_the_records_of_a_group_together(monkeypatch):
    """A quick model that has every tenth text wrong, and all copies of it."""
    right = np.repeat(np.arange(N) % 10 > 0, 5)
    dataset = records(5)
    guessed = np.where(right, dataset.labels, 1 - np.asarray(dataset.labels))
    monkeypatch.setattr(module, "out_of_fold", lambda *_: np.eye(2)[guessed])
    found = difficulty(dataset)
    assert vars(found.accuracy) == pytest.approx(vars(wilson_interval(360, N)))
    # the gap of N texts: 0.9 - 0.5, its standard error about 0.028
    assert found.gap.high - found.gap.low == pytest.approx(4 * 0.028, rel=0.15)


def test_time_for_the_intervals_of_many_labels_is_kept(tmp_path):
    """They are drawn after the trials: 1.1 s a candidate of 10,000 records."""
    few = records(10)
    names = (*NAMES, *(f"label {i}" for i in range(98)))
    labels = tuple(i // 10 % 100 for i in range(len(few)))
    limits = replace(LIMITS, budget_seconds=600)
    kept = []
    for dataset in (few, replace(few, labels=labels, label_names=names)):
        asked = (prepare(dataset, None, 0), ["majority", "tfidf"], limits, Options())
        kept.append(race_of(*asked, tmp_path, Budget(600.0), print).reserve)
    records_left = len(asked[0].development)
    assert kept[1] - kept[0] == pytest.approx(drawing(2, records_left, 100), rel=0.02)
    assert kept[1] > kept[0] + 0.5
