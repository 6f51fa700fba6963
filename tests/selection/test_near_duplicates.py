"""Near duplicates: the n-grams, the exact similarity, and what is found and missed."""

import random
import time

import numpy as np
import pytest

from chapter2 import data
from chapter2.data import normalise
from chapter2.selection.contents import overlap, repeats
from chapter2.selection.near_duplicates import jaccard, near_duplicates
from chapter2.selection.ngrams import character_counts, character_ngrams

LETTERS = "abcdefghijklmnopqrstuvwxyz "


def random_text(draw, length=120):
    return "".join(draw.choice(LETTERS) for _ in range(length)).strip()


def changed(draw, text, letters):
    """Replace some letters, each at another place."""
    out = list(text)
    for place in draw.sample(range(len(out)), letters):
        out[place] = draw.choice("0123456789")
    return "".join(out)


def shingles(text, n=4):
    padded = f" {normalise(text)} "
    return {padded[i : i + n] for i in range(len(padded) - n + 1)}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_ngrams_are_those_of_a_loop(n):
    texts = ["abcab", "", "好电影好", "ab", "a"]
    grams = character_ngrams(texts, n)
    wanted = [
        (row, text[i : i + n])
        for row, text in enumerate(texts)
        for i in range(len(text) - n + 1)
    ]
    assert grams.rows.tolist() == [row for row, _ in wanted]
    # equal n-grams have equal hashes, different ones different hashes
    pairs = set(zip(grams.hashes.tolist(), [gram for _, gram in wanted], strict=True))
    assert len(pairs) == len({gram for _, gram in wanted}) == len(set(grams.hashes))


def test_counts_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import CountVectorizer

    texts = ["好电影", "不好的电影好", "abab"]
    ours = character_counts(texts, (1, 2, 3))
    counter = CountVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False)
    theirs = counter.fit_transform(texts)
    for row in range(3):
        assert sorted(ours[row].data) == sorted(theirs[row].data)


def test_jaccard_in_closed_form():
    a, b = np.array([1, 2, 3, 4]), np.array([3, 4, 5])
    assert jaccard(a, b) == pytest.approx(2 / 5)
    assert jaccard(a, a) == 1


def test_injected_near_duplicates_are_found_and_no_others():
    draw = random.Random(0)
    texts = [random_text(draw) for _ in range(500)]
    copies = [changed(draw, text, 2) for text in texts[:100]]
    close = {
        i
        for i, (one, two) in enumerate(zip(texts, copies, strict=False))
        if len(shingles(one) & shingles(two)) / len(shingles(one) | shingles(two))
        >= 0.8
    }
    found = near_duplicates([*texts, *copies])
    assert {tuple(group) for group in found} == {(i, 500 + i) for i in close}
    assert len(close) > 90


def test_equal_texts_alone_are_no_near_duplicates():
    assert near_duplicates(["The very same text."] * 5 + ["Another one here."]) == []
    assert near_duplicates([]) == []
    assert near_duplicates(["a", "b", "c", "!"]) == []


def test_a_thousand_texts_of_one_pattern_take_linear_time():
    texts = [
        f"Your order number {i} was sent today and will reach you within three working "
        "days; please do not answer this message, which was written by a program."
        for i in range(3000)
    ]
    start = time.process_time()
    found = near_duplicates(texts)
    assert [len(group) for group in found] == [3000]
    assert time.process_time() - start < 3


def test_near_duplicates_of_real_chinese_texts():
    texts = list(data.load("chinese-reviews", limit=1000).texts)
    long = [i for i, text in enumerate(texts) if len(text) > 60][:20]
    copies = [texts[i][:-2] + "了吗" for i in long]
    found = near_duplicates([*texts, *copies], unspaced=True)
    held = {group[-1] - 1000: group[0] for group in found if group[-1] >= 1000}
    assert held == dict(enumerate(long))


def test_repeats_and_contradictions():
    texts = ["Good.", "good", "Bad", ":)", ":(", "bad!", "Fine"]
    found = repeats(texts, [1, 0, 0, 1, 0, 0, 1])
    assert (0, 1) in found.groups
    assert (2, 5) in found.groups
    assert found.contradictory == ((0, 1),)  # a smile and a frown do not contradict
    assert repeats(texts, None).contradictory == ()


def test_equal_texts_are_found_among_all_nearly_equal_ones_in_a_sample():
    """Comparing all of many texts would take longer than the budget of a choice."""
    texts = [f"{chr(97 + i)} different text about {i**9}" for i in range(20)]
    near = [f"{text}0" for text in texts]
    assert overlap(texts, [*texts, *near]).share == 1
    found = overlap(texts, [*texts, *near], limit=20)
    assert found.exact == tuple(range(20))
    assert 0 < len(found.near) < 20
    assert found == overlap(texts, [*texts, *near], limit=20)


def test_overlap_of_training_and_test():
    draw = random.Random(1)
    train = [random_text(draw) for _ in range(200)]
    test = [random_text(draw) for _ in range(50)]
    test[3], test[7] = train[0].upper(), changed(draw, train[1], 1)
    found = overlap(train, test)
    assert (found.exact, found.near) == ((3,), (7,))
    assert found.share == pytest.approx(2 / 50)
