import numpy as np
import pytest

from chapter2.errors import DataError
from chapter2.evaluation.resampling import Resample
from chapter2.selection.contenders import Contender, contenders
from chapter2.selection.recommend import Yardstick, drawing, recommend
from chapter2.selection.trial import Outcome, Trial

N = 2000
LABELS = np.arange(N) % 2
RIGHT = Yardstick(LABELS, "accuracy", 2)
F1 = Yardstick(LABELS, "macro_f1", 2)


def entrant(name, simplicity, accuracy, rows=None, seed=0, **costs):
    """A contender that is right about this share of its records, at random."""
    rows = np.arange(N) if rows is None else rows
    right = np.random.default_rng(seed).permutation(len(rows)) < accuracy * len(rows)
    predicted = np.where(right, LABELS[rows], 1 - LABELS[rows])
    return Contender(name, simplicity, rows, predicted, 1.0, costs)


def like(other, name, simplicity, wrong=0):
    """One that answers as ``other`` does, but for some records that it has wrong."""
    predicted = other.predicted.copy()
    right = np.flatnonzero(predicted == LABELS[other.rows])[:wrong]
    predicted[right] = 1 - predicted[right]
    return Contender(name, simplicity, other.rows, predicted, 1.0, {})


def test_the_simplest_of_those_shown_to_be_as_good_is_recommended():
    best = entrant("large", 9, 0.9)
    answer = recommend([best, like(best, "small", 1, wrong=4)], RIGHT)
    assert (answer.best, answer.name) == ("large", "small")
    assert answer.comparisons[0].accepted


def test_a_worse_one_is_not_recommended_however_simple():
    answer = recommend([entrant("large", 9, 0.9), entrant("small", 1, 0.8)], F1)
    assert answer.name == answer.best == "large"
    assert not answer.comparisons[0].accepted


def test_not_shown_to_be_worse_is_not_enough():
    """With few records a difference cannot be excluded: the best stays."""
    few = np.arange(60)
    best = entrant("large", 9, 0.9, few)
    small = entrant("small", 1, 0.88, few, seed=1)
    answer = recommend([best, small], RIGHT)
    assert answer.name == "large"
    assert answer.comparisons[0].difference.high > 0  # nor is it shown to be worse


def test_a_wider_margin_accepts_what_a_narrow_one_does_not():
    best = entrant("large", 9, 0.9)
    small = like(best, "small", 1, wrong=30)  # 1.5 points below
    names = [recommend([best, small], RIGHT, margin).name for margin in (0.01, 0.03)]
    assert names == ["large", "small"]


def test_p_values_are_corrected_for_the_number_of_comparisons():
    best = entrant("large", 9, 0.9)
    near = like(best, "near", 1, wrong=9)
    alone = recommend([best, near], RIGHT).comparisons[0]
    others = [entrant(f"other{i}", 2, 0.7, seed=i) for i in range(6)]
    among = recommend([best, near, *others], RIGHT).comparisons
    corrected = next(c for c in among if c.name == "near")
    assert corrected.p_value == pytest.approx(min(1.0, 7 * alone.p_value))


def test_what_breaks_a_limit_is_not_recommended_and_not_the_yardstick():
    best = entrant("large", 9, 0.95)
    middle, small = entrant("middle", 5, 0.85), entrant("small", 1, 0.7)
    answer = recommend(
        [best, middle, small], F1, unmet={"large": ("latency is too high.",)}
    )
    assert answer.name == answer.best == "middle"
    assert answer.meets
    assert {c.name for c in answer.comparisons} == {"small"}


def test_where_nothing_meets_the_limits_the_nearest_is_named_and_it_is_said():
    unmet = {"large": ("a", "b"), "small": ("a",)}
    answer = recommend(
        [entrant("large", 9, 0.9), entrant("small", 1, 0.8)], F1, unmet=unmet
    )
    assert not answer.meets
    assert answer.name == "small"
    assert answer.unmet["small"] == ("a",)


def test_one_that_has_predicted_one_fold_is_compared_on_that_fold():
    rows = np.arange(0, N, 2) // 2  # the first half
    whole = entrant("whole", 5, 0.8)
    # on its rows it does better than the other one does there
    part = entrant("part", 9, 0.9, rows, seed=3)
    answer = recommend([whole, part], RIGHT)
    assert answer.best == "part"
    on_rows = (whole.predicted[rows] == LABELS[rows]).mean()
    ours = (part.predicted == LABELS[rows]).mean()
    assert answer.comparisons[0].difference.value == pytest.approx(on_rows - ours)


def test_the_same_seed_gives_the_same_answer():
    both = [entrant("large", 9, 0.9), entrant("small", 1, 0.89, seed=2)]
    assert recommend(both, F1) == recommend(both, F1)


def test_nothing_measured_is_said():
    with pytest.raises(DataError, match="No candidate was measured"):
        recommend([], F1)


def test_only_trials_on_all_records_of_a_fold_count():
    def outcome(fold, records, rows):
        rows = np.array(rows)
        return Outcome(Trial("a", fold, records), rows, np.eye(2)[rows % 2], 2.0, 0.0)

    trials = [outcome(0, 50, [0, 1]), outcome(0, 100, [1, 0]), outcome(1, 100, [2])]
    found = contenders(trials, {0: 100, 1: 100}, {"a": 3})
    assert len(found) == 1
    assert found[0].rows.tolist() == [0, 1, 2]
    assert found[0].predicted.tolist() == [0, 1, 0]
    assert found[0].seconds == 4.0


def test_a_label_without_a_record_may_be_answered():
    """A model that is not trained answers any label; of the last there is no record."""
    zero_shot = entrant("zero-shot", 9, 0.9)
    zero_shot.predicted[:5] = 2
    three = Yardstick(LABELS, "macro_f1", 3)
    answer = recommend([zero_shot, entrant("small", 1, 0.8)], three)
    assert answer.best == "zero-shot"
    more = recommend([zero_shot], Yardstick(LABELS, "macro_f1", 4))
    assert 4 * more.scores["zero-shot"].value == pytest.approx(
        3 * answer.scores["zero-shot"].value
    )


def test_what_was_drawn_is_not_drawn_again_when_something_is_barred(monkeypatch):
    found = [entrant("large", 9, 0.95), entrant("middle", 5, 0.9)]
    found += [entrant("small", 1, 0.7), entrant("tiny", 0, 0.6)]
    calls, draw = [], Resample.draw
    monkeypatch.setattr(
        Resample, "draw", lambda *told: calls.append(told) or draw(*told)
    )
    drawn = {}
    first = recommend(found, F1, drawn=drawn)
    assert len(calls) == 4 + 3  # scores, and differences to the best
    unmet = {"tiny": ("It is too slow.",)}
    assert recommend(found, F1, unmet=unmet, drawn=drawn).scores == first.scores
    assert len(calls) == 7
    barred = {"large": "It was late."}
    again = recommend(found, F1, barred=barred, drawn=drawn)
    assert len(calls) == 7 + 2  # to the new best
    assert again == recommend(found, F1, barred=barred)


def test_many_labels_take_time_to_compare():
    assert drawing(20, 10_000, 3) < 0.1
    assert drawing(20, 10_000, 150) == drawing(20, 10_000, 300) > 10  # as many records


def test_one_without_the_first_fold_is_no_contender():
    """It shared no record with one that had this fold alone: nothing to compare."""

    def outcome(name, fold, error=None):
        trial, rows = Trial(name, fold, 100), np.arange(10) + 10 * fold
        if error:
            return Outcome.failure(trial, error)
        return Outcome(trial, rows, np.eye(2)[LABELS[rows]], 2.0, 0.0)

    trials = [outcome("a", 0, "memory ran out"), outcome("a", 1), outcome("b", 0)]
    found = contenders(trials, {0: 100, 1: 100}, {"a": 1, "b": 3})
    assert recommend(found, RIGHT).name == "b"
    assert [e.name for e in found] == ["b"]
