"""Next sentence prediction, and sentence order prediction beside it.

Both read a *pair* of sentences (a, b) and answer one yes-or-no question about it:

- next sentence (Devlin et al., 2019): does b follow a in the text, or was it taken
  from another document?
- sentence order (ALBERT; Lan et al., 2020): do a and b, which are neighbours, stand
  in their order, or were they swapped?

Only in the second have both answers the same subject matter.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from chapter2.errors import DataError

IS_NEXT = 0  # also: in order; the label that BERT's published weights use
NOT_NEXT = 1  # also: swapped


@dataclass(frozen=True)
class Pair:
    """Two sentences and the answer to the question about them."""

    first: str
    second: str
    label: int  # IS_NEXT or NOT_NEXT
    document: int  # of the first sentence
    second_document: int  # of the second


def sentence_pairs(
    documents: Sequence[Sequence[str]],
    seed: int = 0,
    *,
    groups: Sequence[Hashable] | None = None,
    order: bool = False,
) -> list[Pair]:
    """Return one pair for each two neighbours in a document, half of them negative.

    Which half is drawn at random. A negative keeps the first sentence. Its second one
    comes from another document; it never has the text of the true next one, which may
    well stand a second time elsewhere. Unlike BERT's code we never draw a sentence that
    opens a document: none is ever the second of a true pair, so it would give the
    answer away by itself.

    With ``order`` the negative is the swapped pair; neighbours with the same text,
    which have no order, are left out.

    Args:
        documents: each a sequence of sentences, in the order of the text.
        groups: one per document, such as its article; a negative comes from another
            group. None: each document is a group of its own.

    Raises:
        DataError: no two neighbours, or no sentence that could make a negative.
    """
    places = [
        (d, i)
        for d, sentences in enumerate(documents)
        for i in range(len(sentences) - 1)
        if not (order and sentences[i] == sentences[i + 1])
    ]
    if not places:
        raise DataError(
            "No document has two sentences in a row; give texts of several sentences."
        )
    generator = random.Random(seed)
    negative = set(generator.sample(range(len(places)), len(places) // 2))
    others = None if order else Others(documents, groups, generator)
    pairs = []
    for n, (d, i) in enumerate(places):
        first, second = documents[d][i], documents[d][i + 1]
        if n not in negative:
            pairs.append(Pair(first, second, IS_NEXT, d, d))
        elif others is None:
            pairs.append(Pair(second, first, NOT_NEXT, d, d))
        else:
            text, other = others.draw(d, true_next=second)
            pairs.append(Pair(first, text, NOT_NEXT, d, other))
    return pairs


class Others:
    """The sentences that follow one, to draw from."""

    def __init__(
        self,
        documents: Sequence[Sequence[str]],
        groups: Sequence[Hashable] | None,
        generator: random.Random,
    ) -> None:
        self.groups = range(len(documents)) if groups is None else groups
        self.generator = generator
        self.sentences = [
            (text, d) for d, sentences in enumerate(documents) for text in sentences[1:]
        ]

    def draw(self, document: int, true_next: str) -> tuple[str, int]:
        """Return a sentence of another group, and its document.

        The sentences are tried from a random one on, so that the search ends. In few
        documents the first one after those passed over is therefore likelier.

        Raises:
            DataError: there is none but those that would be wrong.
        """
        total = len(self.sentences)
        start = self.generator.randrange(total)
        for n in range(total):
            text, other = self.sentences[(start + n) % total]
            if self.groups[other] != self.groups[document] and text != true_next:
                return text, other
        raise DataError(
            "A negative pair needs a sentence that follows one in another document; "
            "give at least two documents of several sentences."
        )


def next_sentence(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return the summed loss of B pairs in nats, and B.

    .. math:: \ell = -\sum_{i=1}^{B} \log p(y_i \mid a_i, b_i)

    Every pair is asked, so there is no index to ignore. A criterion shared with the
    masked language model may ignore one that is a class here (0, say, the id of
    ``[PAD]``), and that class is then never trained.

    Args:
        logits: (B, 2).
        labels: (B,), :data:`IS_NEXT` or :data:`NOT_NEXT`.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    if logits.shape != (*labels.shape, 2):
        raise ValueError(
            f"labels {tuple(labels.shape)} need logits of shape "
            f"{(*labels.shape, 2)}, not {tuple(logits.shape)}."
        )
    answers = logits.float() if logits.element_size() < 4 else logits
    # gather, not an index to ignore: a label out of range is an error
    chosen = answers.log_softmax(dim=-1).gather(1, labels[:, None])  # (B, 1)
    return -chosen.sum(), torch.tensor(len(labels), device=logits.device)
