"""Taggers side by side: scores, what is no BIO, and how a sentence is shown."""

from chapter2.applications.gallery.entities import TaggerComparison, is_bio, marked
from chapter2.evaluation import tagging_report

TOKENS = ("Bank", "of", "England", "in", "London")
TRUE = [("B-ORG", "I-ORG", "I-ORG", "O", "B-LOC"), ("O", "B-LOC")]
GUESS = [("B-ORG", "I-ORG", "O", "O", "B-LOC"), ("I-LOC", "O")]


def test_entities_are_shown_in_brackets():
    assert marked(TOKENS, TRUE[0]) == "[Bank of England|ORG] in [London|LOC]"
    assert marked(TOKENS, ("O",) * 5) == "Bank of England in London"
    assert marked("北京人", ("B-LOC", "I-LOC", "O"), "") == "[北京|LOC]人"


def test_what_is_no_bio():
    assert all(map(is_bio, [*TRUE, (), ("O",)]))
    assert not is_bio(("I-LOC",))
    assert not is_bio(("B-ORG", "I-LOC"))
    assert not is_bio(("B-ORG", "O", "I-ORG"))


def test_a_comparison_counts_and_scores():
    found = TaggerComparison(TRUE, {"truth": TRUE, "guess": GUESS}, resamples=50)
    assert (found.broken("truth"), found.broken("guess")) == (0, 1)
    assert found.interval("guess").value == tagging_report(TRUE, GUESS).micro.f1
    assert found.against("truth", "guess").value > 0
    table = found._repr_markdown_()
    assert "not BIO" in table
    assert table.count("\n") == 3
