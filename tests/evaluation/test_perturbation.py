"""Typing errors: which words, which letters, how many, and that they repeat."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.errors import UsageError
from chapter2.evaluation import changed_words, perturb, words_of
from chapter2.evaluation import perturbation as module

KINDS = tuple(module.EDITS)
TEXTS = [
    "A friend told me that this film was surprisingly good, and it was.",
    "BROKEN after two weeks!  Would not buy again (sadly).",
    "The café's naïve décor — charming.",
] * 40


def long_words(text):
    return re.findall(r"\b[^\W\d_]{4,}\b", text)


def test_at_rate_0_nothing_changes():
    assert perturb(TEXTS, 0.0, seed=0) == TEXTS
    assert changed_words(TEXTS, TEXTS) == 0


def test_at_rate_1_every_long_word_changes_and_no_other():
    noisy = perturb(TEXTS, 1.0, seed=0)
    assert changed_words(TEXTS, noisy) == sum(len(long_words(t)) for t in TEXTS)
    for before, after in zip(TEXTS, noisy, strict=True):
        for word, other in zip(before.split(), after.split(), strict=True):
            assert (word != other) == bool(long_words(word))


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.7])
def test_the_rate_is_the_share_of_the_long_words(rate):
    texts = [f"{text} number {i}" for i, text in enumerate(TEXTS)]
    words = sum(len(long_words(text)) for text in texts)
    found = changed_words(texts, perturb(texts, rate, seed=1)) / words
    spread = (rate * (1 - rate) / words) ** 0.5
    assert abs(found - rate) < 4 * spread


@given(st.text(), st.integers(0, 5), st.floats(0, 1))
def test_first_and_last_letter_and_all_else_stay(text, seed, rate):
    (noisy,) = perturb([text], rate, seed)
    assert abs(len(noisy) - len(text)) <= len(module.WORD.findall(text))
    pieces = module.WORD.split(text)
    pattern = "(.*?)".join(re.escape(piece) for piece in pieces)
    found = re.fullmatch(pattern, noisy, re.DOTALL)
    assert found
    for word, other in zip(module.WORD.findall(text), found.groups(), strict=True):
        assert (word[0], word[-1]) == (other[0], other[-1])
        assert abs(len(word) - len(other)) <= 1


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        ("swap", {"flim"}),
        ("delete", {"flm", "fim"}),
        ("repeat", {"fiilm", "fillm"}),
        ("keyboard", {"fulm", "folm", "fjlm", "fklm", "fikm", "fiom", "fipm"}),
    ],
)
def test_each_kind_makes_just_its_errors(kind, allowed):
    found = {perturb(["film"], 1.0, seed, (kind,))[0] for seed in range(200)}
    assert found == allowed


def test_capitals_stay_capitals():
    for seed in range(50):
        (noisy,) = perturb(["AWFUL"], 1.0, seed)
        assert noisy.isupper()


def test_a_swap_of_equal_letters_is_none():
    assert perturb(["been"], 1.0, seed=0, kinds=("swap",)) == ["been"]
    assert perturb(["been"], 1.0, seed=0) != ["been"]


@pytest.mark.parametrize(
    "text",
    ["", " \n", "这部电影很好看，值得一看。", "user_1734 abc123 12345", "it is so"],
)
def test_what_has_no_long_latin_word_passes_through(text):
    assert perturb([text], 1.0, seed=0) == [text]


def test_the_seed_decides():
    assert perturb(TEXTS, 0.5, seed=3) == perturb(TEXTS, 0.5, seed=3)
    assert perturb(TEXTS, 0.5, seed=3) != perturb(TEXTS, 0.5, seed=4)


def test_a_texts_errors_do_not_hang_on_the_other_texts():
    alone = [perturb([text], 0.5, seed=3)[0] for text in TEXTS]
    assert perturb(TEXTS, 0.5, seed=3) == alone


def test_a_higher_rate_adds_errors_and_moves_none():
    low, high = (perturb(TEXTS, rate, seed=2) for rate in (0.2, 0.6))
    for text, few, many in zip(TEXTS, low, high, strict=True):
        for a, b, c in zip(text.split(), few.split(), many.split(), strict=True):
            assert b in (a, c)


def test_no_error_makes_a_word_to_avoid():
    known = words_of(["A fiend, and frined"])
    assert known == {"a", "fiend", "and", "frined"}
    made = {perturb(["Friend"], 1.0, s, avoid=known)[0] for s in range(300)}
    assert made
    assert not {word.lower() for word in made} & known
    free = {perturb(["Friend"], 1.0, s)[0] for s in range(300)}
    assert {"Fiend", "Frined"} <= free


def test_neighbouring_keys_touch_each_other():
    assert set(module.KEYS["s"]) == set("wedazx")
    assert all(
        key in module.KEYS[other] for key, near in module.KEYS.items() for other in near
    )


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(UsageError, match=r"rate is .*from 0 to 1"):
        perturb(["text"], rate, seed=0)


def test_unknown_kinds_are_refused():
    with pytest.raises(UsageError, match="kinds has typo; choose from swap, delete"):
        perturb(["text"], 0.5, 0, ("swap", "typo"))
    with pytest.raises(UsageError, match="kinds has nothing"):
        perturb(["text"], 0.5, 0, ())
