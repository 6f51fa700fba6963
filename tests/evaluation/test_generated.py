"""BLEU, chrF and ROUGE: the libraries' figures, formulas by hand, paired resamples."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from chapter2.errors import DataError, UsageError
from chapter2.evaluation import generated
from chapter2.evaluation.intervals import mean_interval

WRITTEN = ["打开 文件 %1", "保存笔记本", "关闭所有标签页", "显示设置"]
WANTED = ["打开文件夹 %1", "保存这个笔记本", "关闭所有标签页", "设置"]
ENGLISH = st.lists(
    st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat"]), min_size=1),
    min_size=3,
    max_size=3,
)


@given(ENGLISH, ENGLISH)
def test_bleu_of_the_counts_is_sacrebleus(ours, theirs) -> None:
    written, wanted = ([" ".join(words) for words in texts] for texts in (ours, theirs))
    expected = BLEU().corpus_score(written, [wanted]).score / 100
    found = generated.bleu(written, wanted, resamples=1)
    assert found.value == pytest.approx(expected)


def test_chinese_is_cut_into_characters() -> None:
    expected = BLEU(tokenize="zh").corpus_score(WRITTEN, [WANTED]).score / 100
    found = generated.bleu(WRITTEN, WANTED, "zh", resamples=200)
    assert found.value == pytest.approx(expected)
    assert 0 < found.low <= found.value <= found.high <= 1
    assert generated.bleu(WANTED, WANTED, "zh", resamples=10).low == pytest.approx(1)
    with pytest.raises(UsageError, match="language is 'de'"):
        generated.bleu(WRITTEN, WANTED, "de")


def test_bleu_by_its_formula() -> None:
    """One record, no zero: the geometric mean of precisions, times the penalty."""
    text, wanted = list("abcdef"), list("xabcdegh")
    precisions = []
    for n in range(1, 5):
        made, there = (
            Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
            for words in (text, wanted)
        )
        precisions.append(sum((made & there).values()) / sum(made.values()))
    expected = math.exp(1 - 8 / 6) * math.prod(precisions) ** 0.25
    counts = generated.bleu_counts([" ".join(text)], [" ".join(wanted)])[0]
    assert generated.bleu_score(counts) == pytest.approx(expected)


def test_a_difference_is_paired() -> None:
    rng = np.random.default_rng(0)
    words = np.array(["one", "two", "three", "four", "five", "six", "seven"])
    wanted = [" ".join(rng.choice(words, 8)) for _ in range(60)]
    good = [text.replace("one", "1") for text in wanted]
    worse = [text.replace("two", "2") for text in good]
    alone = [generated.bleu(each, wanted, resamples=200) for each in (good, worse)]
    gain = generated.bleu(good, wanted, other=worse, resamples=200)
    assert gain.value == pytest.approx(alone[0].value - alone[1].value)
    assert gain.low > 0
    assert gain.high - gain.low < alone[0].high - alone[0].low
    same = generated.bleu(good, wanted, other=good, resamples=50)
    assert (same.low, same.value, same.high) == (0, 0, 0)
    again = generated.bleu(good, wanted, other=worse, resamples=200)
    assert again == gain


def test_chrf_of_each_record_is_sacrebleus() -> None:
    found = generated.chrf(WRITTEN, WANTED)
    for value, text, wanted in zip(found, WRITTEN, WANTED, strict=True):
        single = CHRF().corpus_score([text], [[wanted]]).score / 100
        assert value == pytest.approx(single)
    assert found[2] == pytest.approx(1)
    assert 0 < mean_interval(found, 50).value < 1


def test_rouge_by_hand() -> None:
    """Of 4 words written 3 are among the 6 wanted; pairs: 1 of 3 and of 5."""
    found = generated.rouge(["the cats ran home"], ["the dog and a cat ran"])
    assert found["rouge1"][0] == pytest.approx(2 * 3 / (4 + 6))
    assert found["rouge2"][0] == pytest.approx(2 * 1 / (3 + 5))
    assert found["rougeL"][0] == pytest.approx(2 * 3 / (4 + 6))
    assert generated.rouge(["x"], ["y"])["rougeL"].tolist() == [0]


@pytest.mark.parametrize(
    "measure", [generated.bleu, generated.chrf, generated.rouge, generated.bleu_counts]
)
def test_each_text_needs_a_reference(measure) -> None:
    with pytest.raises(DataError, match="1 texts were written for 2 references"):
        measure(["a"], ["a", "b"])
    with pytest.raises(DataError, match="0 texts"):
        measure([], [])


def test_a_resample_is_needed() -> None:
    with pytest.raises(UsageError, match="resamples is 0"):
        generated.bleu(WRITTEN, WANTED, "zh", resamples=0)
