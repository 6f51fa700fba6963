"""The first answer: the cheap candidates' scores, as soon as each has a whole fold."""

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.selection.budget import Budget
from chapter2.selection.choose import Options, race_of
from chapter2.selection.contenders import Contender
from chapter2.selection.first_answer import FirstAnswer, first_scores, sentence
from chapter2.selection.judged import qualities, recommendation
from chapter2.selection.ladder import ladder
from chapter2.selection.plan import Plan
from chapter2.selection.prepare import prepare
from chapter2.selection.recommend import Yardstick
from chapter2.selection.requirements import Requirements
from chapter2.selection.runner import Runner
from chapter2.selection.trial import Outcome, Trial

LABELS = np.tile([0, 1], 150)
ROWS = np.arange(300)
WHOLE = dict.fromkeys(range(3), 200)


@pytest.fixture
def plan():
    runners = (
        Runner("majority", True, False),
        Runner("words", True, False),
        Runner("bert", False, True),
    )
    return Plan(runners, ladder((200, 200, 200), 2), 300, lambda o: 0.0)


def outcome(name, right, fold=0, records=200):
    """A trial on the fold's hundred records, of which a share is right."""
    rows = ROWS[fold::3]
    wrong = np.arange(100) >= 100 * right
    guessed = np.where(wrong, 1 - LABELS[rows], LABELS[rows])
    return Outcome(Trial(name, fold, records), rows, np.eye(2)[guessed], 1.0, 80.0)


def scores(plan, *outcomes):
    return first_scores(plan, outcomes, WHOLE, Yardstick(LABELS, "accuracy", 2))


def test_it_waits_for_a_whole_fold_of_each_cheap_candidate(plan):
    assert scores(plan) is None
    assert scores(plan, outcome("majority", 0.5)) is None
    assert scores(plan, outcome("majority", 0.5), outcome("bert", 0.9)) is None
    part = outcome("words", 0.8, records=100)
    assert scores(plan, outcome("majority", 0.5), part) is None
    assert scores(plan, outcome("majority", 0.5), outcome("words", 0.8)) is not None


def test_the_scores_are_those_out_of_fold_with_their_intervals(plan):
    found = scores(
        plan,
        outcome("words", 0.8),
        outcome("words", 0.6, fold=1),
        outcome("majority", 0.5),
        outcome("bert", 0.9),
    )
    assert list(found) == ["majority", "words"]
    assert found["words"].value == pytest.approx(0.7)  # of both folds
    # a share p of 200 records: p +- 2 sqrt(p (1 - p) / 200)
    assert found["words"].high - found["words"].low == pytest.approx(0.127, abs=0.02)
    assert found["majority"].value == pytest.approx(0.5)


def test_one_that_failed_is_not_waited_for(plan):
    failed = Outcome.failure(Trial("majority", 0, 200), "it broke")
    assert scores(plan, failed) is None
    assert list(scores(plan, failed, outcome("words", 0.8))) == ["words"]


def test_no_cheap_candidate_no_first_answer():
    plan = Plan((Runner("bert", False, True),), ladder((200,), 2), 300, lambda o: 0.0)
    assert scores(plan, outcome("bert", 0.9)) is None


def test_it_is_said_once_in_one_line(plan):
    lines = []
    budget = Budget(100, used_before=12)
    seen = FirstAnswer(
        plan, WHOLE, Yardstick(LABELS, "macro_f1", 2), budget, lines.append
    )
    outcomes = []
    for new in (outcome("majority", 0.5), outcome("words", 1), outcome("bert", 0.9)):
        outcomes.append(new)
        seen.look(outcomes)
    (line,) = lines
    assert line.startswith("First answer after 12 s (f1_macro, out of fold): majority ")
    assert line.endswith("words 100.0 % [100.0, 100.0]")
    assert "\n" not in line


def test_the_line_gives_per_cent(plan):
    found = scores(plan, outcome("majority", 0.5), outcome("words", 1))
    told = sentence({"words": found["words"]}, "accuracy", 3.6)
    assert told == (
        "First answer after 4 s (accuracy, out of fold): words 100.0 % [100.0, 100.0]"
    )


def test_the_first_answer_counts_all_labels_named(tmp_path):
    """A model that is not trained answers any; of the last there is no record."""
    texts = tuple(f"text {i}" for i in ROWS)
    names = ("blame", "praise", "wonder")
    prepared = prepare(TextDataset("x", texts, tuple(LABELS.tolist()), names), None, 0)
    asked = Requirements(), Options()
    race = race_of(prepared, ["majority"], *asked, tmp_path, Budget(60.0), print)
    train, held = prepared.folds[0]
    guessed = prepared.labels[held]
    guessed[:5] = 2
    outcome = Outcome(
        Trial("majority", 0, len(train)), held, np.eye(3)[guessed], 1.0, 1.0
    )
    scores = first_scores(race.plan, [outcome], prepared.whole, race.first.yard)
    found = Contender("majority", 0, held, guessed, 1.0, {})
    assert scores == recommendation([found], prepared, *asked).scores
    assert scores["majority"].value == qualities(found, prepared)["f1_macro"]
