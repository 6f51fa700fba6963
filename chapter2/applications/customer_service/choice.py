"""From exchanges to a service: what is held out, and what is chosen on what.

The cross-encoder learns from the training questions. BM25's share, whether re-ranking
pays, and the threshold are chosen on the validation questions. The test questions are
asked once, at the end. All answers are in the index, of questions only the training
ones: a held-out question is new, its answer is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chapter2.applications.customer_service.index import (
    AnswerIndex,
    Entry,
    Remembering,
)
from chapter2.applications.customer_service.measures import Ranks, rank
from chapter2.applications.customer_service.reranker import Reranker
from chapter2.applications.customer_service.service import (
    NEVER,
    CustomerService,
    Settings,
)
from chapter2.data.exchanges import Exchanges, ExchangeSplit
from chapter2.errors import DataError
from chapter2.evaluation import Coverage, answered_curve, detect_language

SHARES = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0)  # of BM25; 0: the encoder alone


def entries_of(parts: ExchangeSplit) -> tuple[Entry, ...]:
    """Return what is stored: all answers, and the training questions."""
    known = zip(parts.train.questions, parts.train.answers, strict=True)
    held_out = (*parts.validation.answers, *parts.test.answers)
    return (
        *(Entry(question, answer) for question, answer in known),
        *(Entry(None, answer) for answer in dict.fromkeys(held_out)),
    )


@dataclass(frozen=True)
class Choice:
    """A service, and what spoke for its settings on the validation questions."""

    service: CustomerService
    by_share: tuple[tuple[float, Ranks], ...]  # BM25's share -> ranks
    reranked: Ranks | None  # with the chosen share, and re-ranking
    curve: Coverage  # of the chosen settings: correct against answered
    target: float  # share of the given answers that should be right


def choose(
    index: AnswerIndex,
    validation: Exchanges,
    target: float = 0.9,
    reranker: Reranker | None = None,
    shares: Sequence[float] = SHARES,
    settings: Settings | None = None,
) -> Choice:
    """Return the service whose settings do best on ``validation``.

    BM25's share is that of the highest MRR, of equals the first. Re-ranking is used
    where it has the higher MRR. The threshold is the lowest confidence from which the
    share ``target`` of the answers is right; where there is none, all but repeated
    questions are handed over. Where BM25 is alone, as for Chinese, only the threshold
    is chosen. ``settings`` are those to start from: of an index with two languages,
    those chosen for the other one, whose threshold is kept.

    Raises:
        DataError: there is no validation question.
        UsageError: ``settings`` ask for a graph, and faiss is not installed.
    """
    settings = settings or Settings()
    if settings.graph:
        index = index.with_graph()  # once, not for each share
    language = detect_language(validation.questions)
    alone = index.embedder is None or language == "zh"
    asked = index if alone else replace(index, embedder=_read(index, validation))
    tried = []
    for share in (settings.bm25_share,) if alone else shares:
        plain = replace(settings, bm25_share=share, rerank=False)
        service = CustomerService(asked, plain)
        tried.append((share, rank(service.search, validation)))
    share, ranks = max(tried, key=lambda pair: pair[1].mrr().value)
    rerank = alone and settings.rerank  # of the other language: as it was
    settings = replace(settings, bm25_share=share, rerank=rerank)
    reranked = None
    if reranker is not None and not alone:
        with_it = CustomerService(asked, replace(settings, rerank=True), reranker)
        reranked = rank(with_it.search, validation)
        if reranked.mrr().value > ranks.mrr().value:
            settings, ranks = with_it.settings, reranked
    curve = answered_curve(ranks.places == 1, ranks.confidence)
    thresholds = {**settings.thresholds, language: threshold_for(curve, target)}
    settings = replace(settings, thresholds=thresholds)
    service = CustomerService(index, settings, reranker)
    return Choice(service, tuple(tried), reranked, curve, target)


def _read(index: AnswerIndex, validation: Exchanges) -> Remembering:
    """Return the embedder, having read the questions: not once for each share."""
    assert index.embedder is not None
    embedder = Remembering(index.embedder)
    embedder.embed(validation.questions)  # in batches
    return embedder


def threshold_for(curve: Coverage, target: float) -> float:
    """Return the lowest confidence to answer from; NEVER where no share is so right."""
    try:
        return curve.threshold_for(target)
    except DataError:
        return NEVER


@dataclass(frozen=True)
class Handed:
    """What becomes of N test questions at a threshold."""

    questions: int
    answered: int
    right: int  # of those answered

    @classmethod
    def of(cls, ranks: Ranks, threshold: float) -> Handed:
        """Return the numbers of answered and of rightly answered questions."""
        answered = ranks.confidence >= threshold
        right = answered & (ranks.places == 1)
        return cls(len(answered), int(np.sum(answered)), int(np.sum(right)))
