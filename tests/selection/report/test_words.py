"""Numbers and places as people read them."""

import pytest

from chapter2.evaluation.intervals import Interval
from chapter2.selection.quantities import COSTS, QUALITIES
from chapter2.selection.report import words


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.04, "<0.1 s"),
        (0.05, "0.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (120, "2 min"),
        (110, "1 min 50 s"),
        (3600, "1 h"),
        (4200, "1 h 10 min"),
        (39600, "11 h"),
    ],
)
def test_durations(seconds, expected):
    assert words.duration(seconds) == expected


def test_scores_and_differences():
    interval = Interval(0.8534, 0.831, 0.8722, 0.95, 100)
    assert words.percent(interval) == "85.3 [83.1, 87.2]"
    assert words.points(Interval(-0.012, -0.024, 0.001, 0.95, 9)) == "-1.2 [-2.4, +0.1]"
    assert (words.in_points(0.01), words.in_points(0.005)) == ("1 point", "0.5 points")


def test_every_quantity_has_a_name_and_an_amount():
    for name in (*QUALITIES, *COSTS):
        assert words.quantity_name(name)
        assert words.amount(name, 0.5)
    assert words.amount("f1_macro", 0.853) == "85.3 %"
    assert words.amount("latency_ms_p95", 20.0) == "20 ms"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it broke; see /home/me/out/trials/x.log.", "it broke; see x.log."),
        ("'/opt/a b' and /srv/x/data.csv", "'a b' and data.csv"),
        (r"see C:\Users\me\x.log", "see x.log"),
        ("see https://example.org/a/b.html", "see https://example.org/a/b.html"),
        ("precision and/or recall, 3/4 of it", "precision and/or recall, 3/4 of it"),
        ("out/trials/x.log", "out/trials/x.log"),
    ],
)
def test_absolute_paths_lose_their_folders(text, expected):
    assert words.without_paths(text) == expected
