"""How long a model trains, and what a share of it is."""

import pytest

from chapter2.data import TextDataset
from chapter2.selection.candidates.schedule import Schedule

SCHEDULE = Schedule(epochs=3, least_steps=120, most_epochs=10)


def records(n):
    labels = tuple(i % 4 for i in range(n))
    return TextDataset("made", tuple(map(str, range(n))), labels, tuple("abcd"))


@pytest.mark.parametrize(
    ("n", "epochs"), [(20_000, 3), (2000, 3), (1000, 4), (500, 8), (50, 10), (1, 10)]
)
def test_few_records_are_read_more_often(n, epochs):
    assert SCHEDULE.full(n) == epochs


@pytest.mark.parametrize("n", [200, 1000, 8000])
def test_work_grows_in_step_with_effort(n):
    train = records(n)
    work = []
    for effort in (1 / 8, 1 / 4, 1 / 2, 1):
        part, epochs = SCHEDULE.share(train, effort, seed=0)
        work.append(len(part) * epochs)
        assert set(part.labels) == {0, 1, 2, 3}
    whole = SCHEDULE.full(n) * n
    for effort, done in zip((1 / 8, 1 / 4, 1 / 2, 1), work, strict=True):
        # whole epochs: to within half of one
        assert abs(done - effort * whole) <= n / 2
    assert work == sorted(work)
    assert work[-1] == whole
