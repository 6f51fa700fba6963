"""In which order candidates are first tried."""

from chapter2.selection.candidates import CANDIDATES
from chapter2.selection.prepare import plan_for, prepare


def test_the_first_answer_begins_with_the_simplest_and_the_slowest(snippets):
    prepared = prepare(snippets, None, 0)
    names = ("majority", "lexicon", "tfidf", "char-ngrams", "minilm-full")
    entries = [CANDIDATES[name].entry for name in names]
    runners = plan_for(prepared, entries, "accuracy", 0).runners
    order = [runner.name for runner in runners]
    assert order == ["majority", "char-ngrams", "tfidf", "lexicon", "minilm-full"]
