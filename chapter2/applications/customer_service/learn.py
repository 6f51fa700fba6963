"""From past exchanges to a service, in one call: choose, measure, then store it all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chapter2.applications.customer_service.choice import (
    Choice,
    Handed,
    choose,
    entries_of,
)
from chapter2.applications.customer_service.index import (
    AnswerIndex,
    Embeds,
    Entry,
    Remembering,
)
from chapter2.applications.customer_service.measures import Ranks, rank
from chapter2.applications.customer_service.service import CustomerService
from chapter2.data.exchanges import Exchanges, split_exchanges
from chapter2.evaluation import detect_language


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Learned:
    """A service that stores all exchanges, and how it did on questions held out."""

    service: CustomerService
    choice: Choice  # on the validation questions
    test: Ranks  # of the chosen settings, on questions that nothing was chosen by
    handed: Handed  # of the test questions: answered, and answered rightly


def learn(
    exchanges: Exchanges,
    embedder: Embeds | None = None,
    target: float = 0.9,
    seed: int = 0,
) -> Learned:
    """Return a service for ``exchanges`` of one language, whatever their source.

    A fifth of the questions chooses the settings, another fifth measures them; then
    all are stored. Settings and figures are thus those of an index that lacks two
    fifths of the questions. In the index of all, the terms have other weights, and a
    confidence by words is not quite the same. Nothing is fine-tuned: for a re-ranker
    see :func:`fit_reranker`. Without an embedder, and for Chinese, BM25 is alone.

    Raises:
        DataError: there are too few exchanges to hold any out.
    """
    parts = split_exchanges(exchanges, seed=seed)
    language = detect_language(exchanges.questions)
    reads = None  # or what keeps what the embedder has read
    if embedder is not None and language != "zh":
        reads = Remembering(embedder)
        reads.embed(parts.test.questions)  # in one go: faster than one by one
    choice = choose(AnswerIndex.of(entries_of(parts), reads), parts.validation, target)
    test = rank(choice.service.search, parts.test)
    settings = choice.service.settings
    handed = Handed.of(test, settings.thresholds[language])
    pairs = zip(exchanges.questions, exchanges.answers, strict=True)
    index = AnswerIndex.of([Entry(*pair) for pair in pairs], reads)
    if reads is not None:
        index = replace(index, embedder=embedder)  # a service that answers forgets
    return Learned(CustomerService(index, settings), choice, test, handed)
