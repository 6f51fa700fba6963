r"""Summaries that copy: the first sentence, the most central one, a learned choice.

An encoder does not write. It gives each sentence of an article a vector, and that is
enough to choose sentences (*extractive* summarisation):

* ``lead``: the first ones. News begins with what matters.
* ``textrank`` (Mihalcea and Tarau, 2004): the most central ones. Sentences vote for
  those like them, votes of central ones count more (here by cosines of the encoder's
  vectors, where the paper counts common words):

  .. math:: r_i = \frac{1 - d}{S} + d \sum_{j \ne i} \frac{w_{ji}}{\sum_k w_{jk}} r_j,
            \qquad w_{ij} = \max(0, v_i^\top v_j)

* ``Extractor``: logistic regression on vector and position, which learns from what the
  oracle chose in training articles (the module ``fine_tuned_extractor`` has the one
  whose encoder learns too).
* ``oracle``: knows the summary and copies what is most like it: no one who copies so
  many sentences does better (up to its greed), so it is the ceiling, not a method.

To write a summary in new words needs a decoder: see :func:`generate` and
:func:`hub_summariser`.

Shapes: S sentences, D width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chapter2.applications.customer_service.index import Embeds
from chapter2.data.pairs import TextPairs
from chapter2.data.sentences import split_sentences
from chapter2.errors import DataError
from chapter2.evaluation.generated import rouge, rouge_scorer

if TYPE_CHECKING:
    from chapter2.models.causal import CausalModel

DAMPING = 0.85  # d, as in PageRank and the paper
INVERSE_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)  # scikit-learn's C, from strong to weak
ASK = "Summarize this news article in one sentence.\n\n"


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Article:
    """The first sentences of an article, and the summary that a person wrote."""

    sentences: tuple[str, ...]  # (S,)
    vectors: np.ndarray  # (S, D), of length 1
    summary: str

    def copy(self, chosen: Sequence[int]) -> str:
        """Return the chosen sentences, in the order of the article."""
        return " ".join(self.sentences[i] for i in sorted(chosen))


# takes an article and how many sentences; returns which, best first
Choose = Callable[[Article, int], list[int]]


def read_articles(pairs: TextPairs, embedder: Embeds, most: int = 15) -> list[Article]:
    """Return the articles of ``pairs``, at most ``most`` sentences of each.

    Raises:
        DataError: there is none, or one has no sentence.
    """
    if not len(pairs):
        raise DataError(f"{pairs.name}: there is no article to summarise.")
    cut = [sentences_of(document)[:most] for document in pairs.sources]
    if [] in cut:
        raise DataError(
            f"{pairs.name}: article {cut.index([]) + 1} has no sentence; leave it out."
        )
    vectors = embedder.embed([sentence for each in cut for sentence in each])
    ends = np.cumsum([len(each) for each in cut])[:-1]
    parts = np.split(vectors, ends)
    rows = zip(cut, parts, pairs.targets, strict=True)
    return [Article(tuple(s), v, summary) for s, v, summary in rows]


def sentences_of(document: str) -> list[str]:
    """Return the sentences of a document, whose lines end a sentence too."""
    lines = document.split("\n")
    return [sentence for line in lines for sentence in split_sentences(line)]


def lead(article: Article, k: int = 1) -> list[int]:
    """Choose the first ``k`` sentences."""
    return list(range(min(k, len(article.sentences))))


def textrank(article: Article, k: int = 1) -> list[int]:
    """Choose the ``k`` most central sentences."""
    return best(centrality(article.vectors), k)


def centrality(
    vectors: np.ndarray, damping: float = DAMPING, tolerance: float = 1e-9
) -> np.ndarray:
    """Return the ranks r (S,) of sentences with vectors (S, D); they sum to 1.

    By power iteration. A sentence like no other votes for all alike.
    """
    weights = np.clip(vectors @ vectors.T, 0, None)  # (S, S)
    np.fill_diagonal(weights, 0)
    given, count = weights.sum(axis=1, keepdims=True), len(vectors)
    votes = np.divide(
        weights, given, out=np.full_like(weights, 1 / count), where=given > 0
    )
    ranks = np.full(count, 1 / count)
    while True:  # each round shrinks the error by d at least
        before, ranks = ranks, (1 - damping) / count + damping * ranks @ votes
        if np.abs(ranks - before).sum() < tolerance:
            return ranks


def best(scores: np.ndarray, k: int) -> list[int]:
    """Return the places of the ``k`` highest scores, the first of equals first."""
    return np.argsort(-scores, kind="stable")[:k].tolist()


def oracle(article: Article, k: int = 1) -> list[int]:
    """Choose, knowing the summary: add what raises ROUGE most, while it does.

    ROUGE is the mean of ROUGE-1 and ROUGE-2 (F1). Greedy, as in Nallapati, Zhai and
    Zhou (2017).
    """
    chosen: list[int] = []
    reached = 0.0
    while len(chosen) < min(k, len(article.sentences)):
        left = [i for i in range(len(article.sentences)) if i not in chosen]
        gains = [likeness(article.copy([*chosen, i]), article.summary) for i in left]
        if max(gains) <= reached:
            break
        reached = max(gains)
        chosen.append(left[int(np.argmax(gains))])
    return chosen


def likeness(text: str, summary: str) -> float:
    """Return the mean of ROUGE-1 and ROUGE-2 of ``text``."""
    found = rouge_scorer().score(summary, text)
    return (found["rouge1"].fmeasure + found["rouge2"].fmeasure) / 2


def features(article: Article) -> np.ndarray:
    """Return what the extractor sees of each sentence, (S, D + 4).

    Its vector; its place from the start and as a share; its cosine with the mean of
    the article; its length in words.
    """
    at = np.arange(len(article.sentences))
    centre = nearness(article)
    words = np.array([len(sentence.split()) for sentence in article.sentences])
    more = np.stack([1 / (1 + at), at / len(at), centre, np.log1p(words)], axis=1)
    return np.hstack([article.vectors, more])


def nearness(article: Article) -> np.ndarray:
    """Return the cosine of each sentence with the mean of the article, (S,)."""
    mean = article.vectors.mean(axis=0)
    return article.vectors @ (mean / max(1e-12, float(np.linalg.norm(mean))))


@dataclass(frozen=True)
class Extractor:
    """Which sentences to copy, learned."""

    model: Any  # scikit-learn's: features -> probability that the oracle takes it
    inverse_penalty: float  # C, chosen on validation articles

    @classmethod
    def fit(
        cls, train: Sequence[Article], validation: Sequence[Article], k: int = 1
    ) -> Extractor:
        """Return the extractor of the C whose ``k`` sentences are best by ROUGE.

        Raises:
            DataError: no article to learn from, or none to choose by.
        """
        if not train or not validation:
            raise DataError("The extractor needs articles to learn from and choose by.")
        inputs = np.vstack([features(article) for article in train])
        labels = np.concatenate([oracle_labels(article, k) for article in train])
        if labels.all() or not labels.any():
            raise DataError(
                "The oracle takes all sentences or none; give longer articles, or more."
            )
        tried = [cls(_fitted(inputs, labels, c), c) for c in INVERSE_PENALTIES]

        def reached(extractor: Extractor) -> float:
            texts = [(a.copy(extractor(a, k)), a.summary) for a in validation]
            return sum(likeness(*pair) for pair in texts)

        return max(tried, key=reached)

    def __call__(self, article: Article, k: int = 1) -> list[int]:
        """Choose the ``k`` most probable sentences."""
        return best(self.model.predict_proba(features(article))[:, 1], k)


def oracle_labels(article: Article, k: int = 1) -> np.ndarray:
    """Return 1 for each sentence that the oracle takes, else 0, (S,)."""
    return np.isin(np.arange(len(article.sentences)), oracle(article, k)).astype(int)


def _fitted(inputs: np.ndarray, labels: np.ndarray, c: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=500))
    return model.fit(inputs, labels)


def copied(articles: Sequence[Article], choose: Choose, k: int = 1) -> list[str]:
    """Return the summary of each article that ``choose`` copies."""
    return [article.copy(choose(article, k)) for article in articles]


def rouge_of(
    articles: Sequence[Article], written: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return ROUGE-1, -2 and -L of each written summary, shares (N,)."""
    return rouge(written, [article.summary for article in articles])


def generate(
    causal: CausalModel, document: str, tokens: int = 200, length: int = 40
) -> str:
    """Return the summary that a chat model writes of the first ``tokens`` tokens."""
    cut: Any = causal.tokenizer(document, truncation=True, max_length=tokens)
    return causal.chat(ASK + causal.decode(cut["input_ids"]), length).strip()


def hub_summariser(
    name: str, batch_size: int = 4, tokens: int = 512, length: int = 64
) -> Callable[[list[str]], list[str]]:
    """Return the function that summarises documents by an encoder-decoder of the Hub.

    ``name``: a folder, or a Hub repository with weights in safetensors, such as a BART
    tuned on XSum. Run by us on tiny random models only.

    Raises:
        ModelError: it cannot be loaded as a sequence-to-sequence model.
        FetchError: it must be fetched and cannot be.
    """
    from chapter2.models.translation import hub_translator

    return hub_translator(name, batch_size, tokens, max_new_tokens=length)
