"""Counts of words, or of runs of characters, and a linear layer on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chapter2.selection.candidates.base import Entry

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.models.sparse import SparseLinear

BASELINES = "Wang and Manning (2012), Baselines and Bigrams: short texts, linear models"
TFIDF = Entry(
    name="tfidf",
    title="TF-IDF of words + logistic regression",
    simplicity=2,
    licence="MIT",
    needs_spaces=True,
    explainable=True,
    sources=(BASELINES, "Sparck Jones (1972): inverse document frequency"),
)
CHARACTERS = Entry(
    name="char-ngrams",
    title="TF-IDF of character n-grams + logistic regression",
    simplicity=3,
    licence="MIT",
    explainable=True,
    sources=(
        "Cavnar and Trenkle (1994), N-Gram-Based Text Categorization: any language, "
        "robust to misspelling",
        "Zhang and LeCun (2017), Which Encoding is the Best for Text Classification in "
        "Chinese, English, Japanese and Korean?: character n-grams suit Chinese",
    ),
)


@dataclass(frozen=True)
class Linear:
    """TF-IDF + logistic regression, as the baseline of the book."""

    entry: Entry = TFIDF
    features: str = "words"  # or characters

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> SparseLinear:
        """Fit in one go; see :class:`Candidate`."""
        from chapter2.evaluation import tfidf_logistic
        from chapter2.models.sparse import SparseLinear

        return SparseLinear.of(tfidf_logistic(train, features=self.features))
