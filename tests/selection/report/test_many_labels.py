"""With many labels the report stays small and is drawn at once."""

from dataclasses import replace

import numpy as np
import pytest

from chapter2 import plots
from chapter2.selection.report import figures, record
from chapter2.selection.report.page import draw

LABELS = 150
NAMES = tuple(f"label {i}" for i in range(LABELS))


@pytest.fixture(scope="module")
def many(choice):
    """A choice among 150 labels; label 7 is taken for 9 a hundred times."""
    test = choice.prepared.test
    right = np.arange(len(test)) % LABELS
    true = np.where(np.arange(len(test)) < 100, 7, right)
    answered = np.where(np.arange(len(test)) < 100, 9, np.roll(right, 1))
    answered[110:] = right[110:]
    test = replace(test, labels=tuple(true.tolist()), label_names=NAMES)
    shipped = replace(choice.shipped, probabilities=np.eye(LABELS)[answered])
    return replace(
        choice, prepared=replace(choice.prepared, test=test), shipped=shipped
    )


def test_the_report_draws_few_cells(many):
    drawn = draw(many)
    assert sum(map(len, drawn.values())) < 400_000  # characters; once 25 million
    cells = drawn["confusion"]
    assert cells.count("<path") < 400  # two for each of 144 cells; once 45,000
    assert "Shown are the 11 labels that are most often confused" in cells


def test_the_matrix_keeps_every_record_and_names_the_most_confused(many, monkeypatch):
    seen = []
    monkeypatch.setattr(
        figures, "confusion", lambda *told: seen.append(told) or plots.confusion(*told)
    )
    words = repr(figures.confusion_figure(many, "6.1"))
    (matrix, names), whole = seen[0], record.confusion(many)
    assert matrix.shape == (12, 12)
    assert matrix.sum() == whole.sum() == 225
    at = [names.index(name) for name in ("label 7", "label 9")]
    assert matrix[at[0], at[1]] == whole[7, 9] == 100
    assert names[-1] == "139 others"
    own = [NAMES.index(name) for name in names[:-1]]
    others = np.setdiff1d(np.arange(LABELS), own)
    assert matrix[-1, -1] == whole[np.ix_(others, others)].sum()
    inside = f"{matrix[-1, -1]} answered with one of these"
    assert f"of {matrix[-1].sum()} 139 others, {inside}." in words


def test_the_record_holds_the_whole_matrix(many):
    assert record.as_record(many)["confusion"] == record.confusion(many).tolist()
