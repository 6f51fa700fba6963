"""Translation: an encoder-decoder trained here, and two ways that need no model.

The Transformer learns from the training pairs alone, its vocabulary too. What it must
beat: the source as it stands, and a *translation memory*, which returns the stored
translation of the most similar source. People who translate programs work with one.
A model of the Hub does the same job through
:func:`chapter2.models.translation.hub_translator`.

Shapes: N texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chapter2.data.batching import LengthBatches, encode, pad
from chapter2.data.bpe import train_bpe
from chapter2.data.pairs import TextPairs
from chapter2.errors import DataError, UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from chapter2.models.seq2seq import Seq2Seq
    from chapter2.training import History


@dataclass(frozen=True)
class TranslatorOptions:
    """How the translator is built and trained; for a few thousand short pairs."""

    size: str = "tiny"  # of Seq2SeqConfig; more parameters only learn by heart sooner
    vocab_size: int = 2_000  # pieces of both languages; a word is about 1.5 of them
    epochs: int = 20  # passes over the pairs
    batch_size: int = 64  # pairs
    learning_rate: float = 2e-3  # peak; weights start from nothing
    smoothing: float = 0.1  # of the labels, as in Vaswani et al.
    dropout: float = 0.1  # of the states, as there
    longest: int = 64  # tokens read and written at most; longer texts lose their end
    seed: int = 0

    def __post_init__(self) -> None:
        # a text has a beginning, an end and something between them
        if self.longest < 3:
            raise UsageError(f"longest is {self.longest}; give 3 tokens or more.")


@dataclass(frozen=True, eq=False)
class Translator:
    """A trained Transformer with its tokenizer."""

    model: Seq2Seq
    tokenizer: PreTrainedTokenizerFast
    options: TranslatorOptions
    history: History  # of the training

    @classmethod
    def fit(
        cls,
        train: TextPairs,
        validation: TextPairs,
        options: TranslatorOptions | None = None,
    ) -> Translator:
        """Return a translator from sources to targets; ``validation`` picks weights.

        Raises:
            DataError: a part has no pair.
        """
        from torch import nn

        from chapter2 import runtime
        from chapter2.models.seq2seq import Seq2Seq, Seq2SeqConfig
        from chapter2.objectives import label_smoothing
        from chapter2.training import train as run
        from chapter2.training.sequences import sequence_validation

        options = options or TranslatorOptions()
        for part in (train, validation):
            if not len(part):
                raise DataError(f"{part.name}: a part has no pair; nothing to learn.")
        texts = [*train.sources, *train.targets]
        tokenizer = train_bpe(texts, options.vocab_size)
        config = Seq2SeqConfig.preset(
            options.size, vocab_size=len(tokenizer), dropout=options.dropout
        )
        model = Seq2Seq(config, options.seed)
        nn.Module.to(model, runtime.device())
        history = run(
            model,
            label_smoothing(options.smoothing),
            batches_of(train, tokenizer, options),
            training_config(options),
            validate=sequence_validation(batches_of(validation, tokenizer, options)),
            progress=False,
        )
        return cls(model.eval(), tokenizer, options, history)

    def translate(
        self, texts: Sequence[str], beams: int = 4, batch_size: int = 64
    ) -> list[str]:
        """Return the translation of each text, by beam search; 1 beam is greedy."""
        from chapter2.models.beam import beam_search
        from chapter2.training.step import device_of

        ids = source_ids(texts, self.tokenizer, self.options.longest)
        found: list[str] = [""] * len(ids)
        place = device_of(self.model)
        tokenizer: Any = self.tokenizer
        for item in LengthBatches([len(row) for row in ids], batch_size).in_order():
            batch = pad([ids[i] for i in item], tokenizer.pad_token_id)
            written = beam_search(
                self.model,
                batch["input_ids"].to(place),
                batch["attention_mask"].to(place),
                begin=tokenizer.bos_token_id,
                end=tokenizer.eos_token_id,
                length=self.options.longest,
                beams=beams,
            )
            for i, row in zip(item, written, strict=True):
                found[i] = tokenizer.decode(row, skip_special_tokens=True).strip()
        return found


def training_config(options: TranslatorOptions) -> Any:
    """Return the settings of the training loop."""
    from chapter2.training import TrainingConfig

    return TrainingConfig(
        epochs=options.epochs,
        batch_size=options.batch_size,
        token_budget=options.batch_size * options.longest,
        learning_rate=options.learning_rate,
        precision="fp32",  # products this small gain nothing by bf16
        seed=options.seed,
    )


def batches_of(
    pairs: TextPairs, tokenizer: PreTrainedTokenizerFast, options: TranslatorOptions
) -> Any:
    """Return the pairs as batches of tokens, cut at ``options.longest``."""
    from chapter2.training.sequences import SequenceBatches

    special: Any = tokenizer
    begin, end = special.bos_token_id, special.eos_token_id
    rows = encode(pairs.targets, tokenizer, options.longest - 2)
    return SequenceBatches(
        source_ids(pairs.sources, tokenizer, options.longest),
        [[begin, *row, end] for row in rows],
        special.pad_token_id,
        options.batch_size,
        options.batch_size * options.longest,
        options.seed,
    )


def source_ids(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerFast, longest: int
) -> list[list[int]]:
    """Return the tokens of each source, with the sign that ends it."""
    end: Any = tokenizer.eos_token_id
    return [[*row, end] for row in encode(texts, tokenizer, longest - 1)]


class Match(NamedTuple):
    """What a translation memory found for a text."""

    source: str  # the stored source most like the text
    target: str  # its translation
    similarity: float  # cosine of the TF-IDF vectors, from 0 to 1


@dataclass(frozen=True, eq=False)
class TranslationMemory:
    """Stored pairs, found by the TF-IDF of two to four characters of a word."""

    stored: TextPairs
    vectorizer: Any = field(repr=False)  # scikit-learn's TfidfVectorizer, fitted
    vectors: Any = field(repr=False)  # (N, features), rows of length 1

    @classmethod
    def fit(cls, pairs: TextPairs) -> TranslationMemory:
        """Return the memory of ``pairs``.

        Raises:
            DataError: there is no pair to store.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        if not len(pairs):
            raise DataError(f"{pairs.name}: there is no pair to remember.")
        vectorizer = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True
        )
        return cls(pairs, vectorizer, vectorizer.fit_transform(pairs.sources))

    def find(self, texts: Sequence[str]) -> list[Match]:
        """Return the best match of each text; of equals the first one stored."""
        if not texts:  # scikit-learn refuses to transform none
            return []
        likeness = self.vectorizer.transform(texts) @ self.vectors.T  # (M, N)
        matches = []
        for row in likeness.toarray():
            best = int(np.argmax(row))
            pair = self.stored.sources[best], self.stored.targets[best]
            matches.append(Match(*pair, float(row[best])))
        return matches

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Return for each text the translation of the stored source most like it."""
        return [match.target for match in self.find(texts)]
