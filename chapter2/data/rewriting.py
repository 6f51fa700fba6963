"""Operations that ask a model for another wording; the models are arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import nlargest

import numpy as np

from chapter2.data.word_changes import MaskedLM, replace_words

Translator = Callable[[list[str]], list[str]]


@dataclass(frozen=True)
class ContextualReplacement:
    """Replace words by those that a masked LM finds likely in their place.

    S. Kobayashi, "Contextual Augmentation", NAACL 2018; X. Wu et al., "Conditional BERT
    Contextual Augmentation", ICCS 2019. Both condition the model on the label; this one
    is not, so it may write "bad" for "good": give :func:`augment` words to keep, or a
    judge. At the profile ``book`` it stands in for back-translation, whose models no
    package carries. It changes words only; a translation changes their order too.
    """

    masked_lm: MaskedLM
    share: float = 0.15  # of the words: as many as BERT learnt to fill in
    top: int = 10  # words to draw from by their probability; beyond, few fit
    name = "contextual replacement"
    by_words = True

    def __call__(
        self, texts: Sequence[str], rng: np.random.Generator, keep: frozenset[str]
    ) -> list[str]:
        """Return one candidate per text."""

        def propose(masked: list[str], olds: list[str]) -> list[dict[str, float]]:
            # one more than ``top``, since the original itself is usually among them
            found = [p.items() for p in self.masked_lm(masked)]
            return [dict(nlargest(self.top + 1, p, lambda e: e[1])) for p in found]

        return replace_words(texts, rng, keep, self.share, lambda _: True, propose)


@dataclass(frozen=True)
class BackTranslation:
    """Translate into another language and back.

    R. Sennrich, B. Haddow and A. Birch, ACL 2016, for translation; used on
    classification by Q. Xie et al., "Unsupervised Data Augmentation", NeurIPS 2020.
    For the profile ``full``: ``chapter2.models.translation`` loads translators. At
    ``book`` :class:`ContextualReplacement` stands in.
    """

    there: Translator
    back: Translator
    name = "back-translation"
    by_words = False

    def __call__(
        self, texts: Sequence[str], rng: np.random.Generator, keep: frozenset[str]
    ) -> list[str]:
        """Return one candidate per text; ``keep`` is for the check after it."""
        return self.back(self.there(list(texts)))
