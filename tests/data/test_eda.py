"""Operations on words: counts, what stays, case, and the masked LM's filter."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data.eda import (
    RandomDeletion,
    RandomInsertion,
    RandomSwap,
    SynonymReplacement,
)
from chapter2.data.rewriting import BackTranslation, ContextualReplacement
from chapter2.data.word_changes import changed, cut, is_fixed, is_negation, like, paste
from chapter2.data.word_groups import WordGroups

PAIRS = [(w, "FILM") for w in ("film", "movie", "picture")]
PAIRS += [(w, "GOOD") for w in ("good", "fine", "bad", "nothing")]
GROUPS = WordGroups("g", tuple(PAIRS))
TEXTS = st.lists(
    st.sampled_from(
        ["film", "Good", "isn't", "not", "so-so", "the", "plot", "a1", "."]
    ),
    max_size=30,
).map(" ".join)
KEEP = frozenset({"plot"})


def run(operation, text, seed=0, keep=KEEP):
    return operation([text], np.random.default_rng(seed), keep)[0]


def fixed(text):
    return Counter(w for w in cut(text)[0] if is_fixed(w, KEEP))


@given(st.text(max_size=60))
def test_cut_loses_nothing(text):
    assert paste(*cut(text)) == text


def test_a_word_holds_its_apostrophes_and_hyphens():
    text = "Well-made, isn't it? (I don?t know)"
    words = ["Well-made", "isn't", "it", "I", "don?t", "know"]
    assert cut(text)[0] == words


@pytest.mark.parametrize(
    "word", ["not", "No", "n't", "isn’t", "DON'T", "don?t", "dont", "not-so-good"]
)
def test_negations(word):
    assert is_negation(word)


@pytest.mark.parametrize("word", ["want", "note", "front", "know", "cont", "good"])
def test_no_negations(word):
    assert not is_negation(word)


def test_case_is_that_of_the_word_replaced():
    found = [like(word, "movie") for word in ("film", "Film", "FILM", "I")]
    assert found == ["movie", "Movie", "MOVIE", "Movie"]


@given(TEXTS, st.integers(0, 5), st.floats(0.05, 1))
def test_a_swap_keeps_the_words(text, seed, share):
    words, gaps = cut(text)
    new_words, new_gaps = cut(run(RandomSwap(share), text, seed))
    assert Counter(new_words) == Counter(words)
    assert new_gaps == gaps
    stays = [(i, w) for i, w in enumerate(words) if is_fixed(w, KEEP)]
    assert all(new_words[i] == word for i, word in stays)


@given(TEXTS, st.integers(0, 5), st.floats(0, 1))
def test_deletion_leaves_a_part_in_order(text, seed, share):
    words = cut(text)[0]
    new = run(RandomDeletion(share), text, seed)
    left = iter(words)
    assert all(word in left for word in cut(new)[0])
    assert bool(cut(new)[0]) == bool(words)
    assert fixed(new) == fixed(text)
    assert share > 0 or new == text


@given(TEXTS, st.integers(0, 5), st.floats(0.05, 1))
def test_insertion_adds_n_words_and_removes_none(text, seed, share):
    words = cut(text)[0]
    new = cut(run(RandomInsertion(GROUPS, share), text, seed))[0]
    topical = any(word in ("film", "Good") for word in words)
    assert len(new) == len(words) + topical * changed(share, len(words))
    assert not Counter(words) - Counter(new)


@given(TEXTS, st.integers(0, 5), st.floats(0.05, 1))
def test_replacement_changes_n_words_of_a_topic(text, seed, share):
    words, gaps = cut(text)
    new_words, new_gaps = cut(run(SynonymReplacement(GROUPS, share=share), text, seed))
    free = sum(word in ("film", "Good") for word in words)
    differ = [(a, b) for a, b in zip(words, new_words, strict=True) if a != b]
    assert new_gaps == gaps
    assert len(differ) == min(free, changed(share, len(words)))
    allowed = {
        ("film", "movie"),
        ("film", "picture"),
        ("Good", "Fine"),
        ("Good", "Bad"),
    }
    assert set(differ) <= allowed


@given(TEXTS, st.integers(0, 5))
def test_the_same_generator_gives_the_same_texts(text, seed):
    for operation in (
        SynonymReplacement(GROUPS),
        RandomInsertion(GROUPS),
        RandomSwap(),
        RandomDeletion(),
    ):
        assert run(operation, text, seed) == run(operation, text, seed)


def test_signs_stay_where_they_are():
    assert run(
        RandomDeletion(1), "A big, red film.", keep=frozenset({"a", "film"})
    ) == ("A, film.")
    assert run(RandomInsertion(GROUPS), "Film.").count(".") == 1
    assert run(RandomInsertion(GROUPS), "Film.").endswith(".")


def masked_lm(texts):
    assert all(text.count("[MASK]") == 1 for text in texts)
    return [{"film": 0.5, "movie": 0.06, "picture": 0.04, "xx": 0.4} for _ in texts]


def test_the_filter_keeps_what_is_likely_enough_beside_the_original():
    operation = SynonymReplacement(GROUPS, masked_lm, at_least=0.1)  # floor 0.05
    found = {run(operation, "a film", seed) for seed in range(20)}
    assert found == {"a movie"}
    lower = SynonymReplacement(GROUPS, masked_lm, at_least=0.08)  # floor 0.04
    found = {run(lower, "a Film", seed) for seed in range(20)}
    assert found == {"a Movie", "a Picture"}
    assert run(operation, "so good") == "so good"  # the model lists none of its topic
    assert SynonymReplacement(GROUPS).name == "synonym replacement, unfiltered"
    assert operation.name == "synonym replacement"


def test_contextual_words_are_drawn_by_their_probability():
    operation = ContextualReplacement(lambda texts: [{"plot": 0.9, "a": 0.3, "b": 0.1}])
    found = Counter(run(operation, "film", seed) for seed in range(400))
    assert set(found) == {"a", "b"}  # "plot" is to keep, and so never written
    assert found["a"] / 400 == pytest.approx(0.75, abs=0.07)  # three standard errors


def test_the_second_blank_reads_the_first_replacement():
    asked = []

    def remember(texts):
        asked.extend(texts)
        return [{"new": 1.0} for _ in texts]

    assert run(ContextualReplacement(remember, share=1), "film story") == "new new"
    assert asked[1] in ("new [MASK]", "[MASK] new")


def test_back_translation_goes_there_and_back():
    there = {"a film": "un film"}
    back = {"un film": "one film"}
    operation = BackTranslation(
        lambda texts: [there[t] for t in texts], lambda texts: [back[t] for t in texts]
    )
    assert run(operation, "a film") == "one film"
