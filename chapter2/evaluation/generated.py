r"""Written text against a reference: BLEU, chrF and ROUGE, with their intervals.

All three count what written text and reference have in common, and see nothing else: a
right translation in other words scores low, a wrong one that copies words scores high.
BLEU (Papineni et al., 2002) takes the n-grams of up to four tokens, over all records
together; chrF (Popović, 2015) those of up to six characters; ROUGE (Lin, 2004) single
words, pairs of words, and the longest common subsequence. The counting is done by
``sacrebleu`` and ``rouge_score``, so that figures compare with published ones. All are
shares of 1 here; published BLEU and chrF are 100 times that.

Shapes: N records, R resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.intervals import Interval, percentile_interval

ORDER = 4  # BLEU's longest n-grams
ROUGE_KINDS = ("rouge1", "rouge2", "rougeL")
TOKENIZERS = {"en": "13a", "zh": "zh"}  # sacrebleu's; zh parts Chinese characters


def bleu_counts(
    written: Sequence[str], references: Sequence[str], language: str = "en"
) -> np.ndarray:
    """Return what BLEU counts in each record, integers (N, 10).

    n-grams found in the reference (4), n-grams written (4), tokens written, tokens of
    the reference. Sums of rows are the counts of several records together.

    Raises:
        DataError: no record, or not one reference each.
        UsageError: no tokenizer is known for the language.
    """
    from sacrebleu.metrics import BLEU

    check_pairs(written, references)
    if language not in TOKENIZERS:
        raise UsageError(
            f"language is {language!r}; BLEU cuts texts of {', '.join(TOKENIZERS)}."
        )
    # effective_order only silences a warning about scores of single sentences
    metric = BLEU(tokenize=TOKENIZERS[language], effective_order=True)
    rows = []
    for text, reference in zip(written, references, strict=True):
        found = metric.sentence_score(text, [reference])
        rows.append([*found.counts, *found.totals, found.sys_len, found.ref_len])
    return np.array(rows, dtype=np.int64)


def bleu_score(counts: np.ndarray) -> float:
    r"""Return BLEU of summed counts (10,), as a share of 1.

    .. math:: \min(1, e^{1 - r/c}) \,
              \Bigl(\prod_{n=1}^{4} \frac{m_n}{w_n}\Bigr)^{1/4}

    m and w are the n-grams found and written, c and r the tokens written and of the
    reference. Where an m is 0, sacrebleu's smoothing ``exp`` takes its place.
    """
    from sacrebleu.metrics import BLEU

    found, made, (wrote, wanted) = np.split(counts.astype(int), [ORDER, 2 * ORDER])
    score = BLEU.compute_bleu(
        found.tolist(), made.tolist(), int(wrote), int(wanted), smooth_method="exp"
    )
    return float(score.score) / 100


def bleu(
    written: Sequence[str],
    references: Sequence[str],
    language: str = "en",
    other: Sequence[str] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return BLEU with its bootstrap interval over the records.

    With ``other``, the difference BLEU(written) - BLEU(other), both on the same
    resamples (Koehn, 2004).

    Raises:
        DataError: no record, or not one reference each.
        UsageError: an unknown language, a level outside (0, 1), or no resample.
    """
    if resamples < 1:
        raise UsageError(f"resamples is {resamples}; an interval needs at least 1.")
    texts = [written] if other is None else [written, other]
    tables = [bleu_counts(each, references, language) for each in texts]
    n = len(references)
    # how often each record stands in each resample, (R, N)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), resamples)
    ones = np.ones((1, n), dtype=np.int64)
    value, *resampled = (
        _difference([bleu_score(row @ table) for table in tables])
        for row in (*ones, *drawn)
    )
    return percentile_interval(value, np.array(resampled), level)


def _difference(scores: Sequence[float]) -> float:
    return scores[0] - sum(scores[1:])


def chrf(written: Sequence[str], references: Sequence[str]) -> np.ndarray:
    r"""Return chrF of each record, shares (N,), for :func:`mean_interval`.

    .. math:: F_\beta = (1 + \beta^2) \frac{P R}{\beta^2 P + R}, \qquad \beta = 2

    of the character n-grams, P and R being means over n = 1 to 6. sacrebleu's figure
    for a corpus adds up counts first; the mean over records, which is meant here,
    weighs a short one as much as a long one.

    Raises:
        DataError: no record, or not one reference each.
    """
    from sacrebleu.metrics import CHRF

    check_pairs(written, references)
    metric = CHRF()
    pairs = zip(written, references, strict=True)
    scores = [metric.sentence_score(text, [wanted]).score for text, wanted in pairs]
    return np.array(scores) / 100


def rouge(written: Sequence[str], references: Sequence[str]) -> dict[str, np.ndarray]:
    """Return ROUGE-1, ROUGE-2 and ROUGE-L (F1) of each record, shares (N,).

    Words are stemmed (Porter), as is usual for English; other scripts are not counted.

    Raises:
        DataError: no record, or not one reference each.
    """
    check_pairs(written, references)
    scorer = rouge_scorer()
    pairs = zip(written, references, strict=True)
    found = [scorer.score(wanted, text) for text, wanted in pairs]
    return {
        kind: np.array([each[kind].fmeasure for each in found]) for kind in ROUGE_KINDS
    }


@cache
def rouge_scorer() -> Any:
    """Return the scorer of ``rouge_score``, made once."""
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(ROUGE_KINDS), use_stemmer=True)


def check_pairs(written: Sequence[str], references: Sequence[str]) -> None:
    """Raise DataError unless there is one reference for each text, and a text."""
    if not len(written) or len(written) != len(references):
        raise DataError(
            f"{len(written)} texts were written for {len(references)} references; give "
            "one for each, and at least one."
        )
