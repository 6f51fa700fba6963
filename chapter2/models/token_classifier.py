"""A tagger on a pretrained encoder: one tag for each word, read off its first piece.

The encoder's tokenizer cuts words into pieces. The first piece of a word carries its
tag, the others carry none (-100 in training, not asked in prediction), as in Devlin et
al. (2019), section 5.3. Each word is tagged by itself; what is then no BIO sequence is
mended in decoding: among the legal sequences the most probable one is taken, by
:func:`chapter2.models.crf.viterbi`.

What :meth:`TokenClassifier.save` writes is a plain Hugging Face folder. Shapes: N
sentences, B batch, L length in pieces, W words, T tags.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from chapter2.data.batching import (
    TOKENISE_AT_ONCE,
    LengthBatches,
    encodable,
    pad,
)
from chapter2.errors import ModelError, UsageError
from chapter2.models.checkpoint import (
    TOKENS,
    has_head,
    read_config,
    read_tokenizer,
    read_weights,
    stored_labels,
    write_folder,
)
from chapter2.models.classifier import (
    TOKEN_BUDGET,
    assemble,
    checked_labels,
    renew_head,
)
from chapter2.models.crf import NO_TAG, bio_chain, viterbi
from chapter2.models.hub import resolve
from chapter2.models.tiny import tiny_random_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Sentences = Sequence[Sequence[str]]
OUTSIDE = "O"


@dataclass(frozen=True)
class Pieces:
    """Sentences as token ids, and the place of each word's first piece."""

    ids: list[list[int]]  # (N, L), special tokens included
    firsts: list[list[int | None]]  # (N, W); None: cut off, or nothing is left of it


@dataclass
class TokenClassifier:
    """A model that gives each word of a sentence one of T tags."""

    model: PreTrainedModel  # a transformers *ForTokenClassification
    tokenizer: PreTrainedTokenizerBase
    tag_names: tuple[str, ...]  # (T,)
    max_length: int  # pieces, special ones included; longer sentences lose their end
    notices: tuple[str, ...] = ()  # what was handled while loading

    def encode(self, sentences: Sentences) -> Pieces:
        """Return the pieces of each sentence, cut at ``max_length``."""
        pieces = Pieces([], [])
        for start in range(0, len(sentences), TOKENISE_AT_ONCE):
            # a sentence without a word is one with an empty word
            some = [
                [encodable(word) for word in sentence] or [""]
                for sentence in sentences[start : start + TOKENISE_AT_ONCE]
            ]
            found = self.tokenizer(
                some,
                is_split_into_words=True,
                truncation=True,
                max_length=self.max_length,
            )
            for i, ids in enumerate(found["input_ids"]):
                words = len(sentences[start + i])
                pieces.ids.append(ids)
                pieces.firsts.append(_first_pieces(found.word_ids(i), words))
        return pieces

    def freeze_below(self, layers: int) -> None:
        """Keep the word table and all but the last ``layers`` layers as they are.

        Gradients then end below those layers: a step takes less time, and remembers
        less. The head is trained in any case.

        Raises:
            UsageError: the encoder has not so many layers.
            ModelError: its layers are not where BERT has them.
        """
        base = self.model.base_model
        stack = getattr(getattr(base, "encoder", None), "layer", None)
        if stack is None:
            raise ModelError(
                f"The layers of a {self.model.config.model_type} are not known here; "
                "train all of it."
            )
        if not 0 <= layers <= len(stack):
            raise UsageError(f"layers is {layers}; the encoder has {len(stack)}.")
        base.requires_grad_(False)
        for layer in stack[len(stack) - layers :]:
            layer.requires_grad_(True)

    def cut_off(self, sentences: Sentences) -> int:
        """Return the number of words without a piece: they are tagged O unseen."""
        return sum(row.count(None) for row in self.encode(sentences).firsts)

    def predict(
        self, sentences: Sentences, batch_size: int = 64, constrained: bool = True
    ) -> list[tuple[str, ...]]:
        """Return the tags of each sentence, one for each word; see :meth:`decode`."""
        return self.decode(self.scores(sentences, batch_size), constrained)

    @torch.inference_mode()
    def scores(self, sentences: Sentences, batch_size: int = 64) -> list[Tensor]:
        """Return log p of each tag at each word, (W, T) for each sentence.

        A word without a piece is O for sure.
        """
        pieces = self.encode(sentences)
        lengths = [len(row) for row in pieces.ids]
        found: list[Tensor] = [torch.empty(0)] * len(sentences)
        was_training = self.model.training
        self.model.eval()
        for batch in LengthBatches(lengths, batch_size, TOKEN_BUDGET).in_order():
            logits = self._logits([pieces.ids[i] for i in batch])  # (B, L, T)
            for i, row in zip(batch, logits, strict=True):
                found[i] = self._of_words(row, pieces.firsts[i])
        self.model.train(was_training)
        return found

    def _logits(self, ids: list[list[int]]) -> Tensor:
        batch = pad(ids, self.tokenizer.pad_token_id)
        inputs = {key: x.to(self.model.device) for key, x in batch.items()}
        return self.model(**inputs).logits.float().cpu()

    def _of_words(self, logits: Tensor, firsts: list[int | None]) -> Tensor:
        """Return log p (W, T) of words, given the logits (L, T) of pieces."""
        scores = torch.full((len(firsts), len(self.tag_names)), -torch.inf)
        scores[:, self.tag_names.index(OUTSIDE)] = 0.0
        known = [word for word, place in enumerate(firsts) if place is not None]
        chosen = [place for place in firsts if place is not None]
        scores[known] = logits[chosen].log_softmax(dim=-1)
        return scores

    def decode(
        self, scores: Sequence[Tensor], constrained: bool = True
    ) -> list[tuple[str, ...]]:
        """Return the tags of each sentence from its scores (W, T).

        ``constrained``: the most probable BIO sequence; else the most probable tag of
        each word, which may be no such sequence.
        """
        chain = bio_chain(self.tag_names)
        found = []
        for row in scores:
            path = row.argmax(dim=-1)
            if constrained and len(row):
                mask = torch.ones(1, len(row), dtype=torch.bool)
                path = viterbi(row[None], mask, chain)[0]
            found.append(tuple(self.tag_names[tag] for tag in path.tolist()))
        return found

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write config, weights and tokenizer to ``folder``, made if need be.

        Raises:
            ModelError: the folder cannot be written.
        """
        return write_folder(folder, self.model, self.tokenizer)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> TokenClassifier:
        """Return the tagger that was saved to ``folder``, weights bit for bit.

        Raises:
            ModelError: the folder is not that of a whole tagger.
        """
        source = Path(folder)
        config = read_config(source)
        if not has_head(config, TOKENS):
            raise ModelError(
                f"{source} holds no tagger; give the folder that one was saved to."
            )
        names = stored_labels(config)
        tokenizer = read_tokenizer(source)
        model, missing = read_weights(
            source, names, seed=0, new_head=False, kind=TOKENS
        )
        if missing:
            raise ModelError(
                f"{source} lacks {missing[0]}; copy or save the tagger again."
            )
        return _tagger(model, tokenizer, names, None, str(source))


def load_token_encoder(
    name: str,
    tag_names: Sequence[str],
    seed: int = 0,
    max_length: int | None = None,
) -> TokenClassifier:
    """Return the encoder ``name`` under a head for ``tag_names``, ready to train.

    Names, seed and length as for :func:`chapter2.models.load_encoder`. A stored head of
    a tagger is kept if its tags are just these.

    Raises:
        UsageError: fewer than two tags, a tag twice or none of BIO, or a length out of
            range.
        ModelError: no such model, or one that cannot be loaded.
        FetchError: it must be fetched and cannot be.
    """
    tags = checked_labels(tag_names)
    bio_chain(tags)  # raises where they are none of BIO
    if name == "tiny-random":
        model, tokenizer = tiny_random_tokens(len(tags), seed)
        return _tagger(model, tokenizer, tags, max_length, name)
    folder = resolve(name)
    config = read_config(folder)
    tokenizer = read_tokenizer(folder)
    model, _ = read_weights(folder, tags, seed, new_head=True, kind=TOKENS)
    # a head of another kind, or for other tags, may fit by its size
    if not (has_head(config, TOKENS) and stored_labels(config) == tags):
        renew_head(model, seed)
    return _tagger(model, tokenizer, tags, max_length, name)


def _tagger(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    tags: tuple[str, ...],
    max_length: int | None,
    name: str,
) -> TokenClassifier:
    """Hold model, tokenizer and length against each other, as for whole texts."""
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(
            f"The tokenizer of {name} cannot say which word a piece is of; name an "
            "encoder with a tokenizer.json."
        )
    fitted = assemble(model, tokenizer, tags, max_length, name, [])
    return TokenClassifier(
        fitted.model, fitted.tokenizer, tags, fitted.max_length, fitted.notices
    )


def _first_pieces(word_of: Sequence[int | None], words: int) -> list[int | None]:
    """Return the place of each word's first piece, given the word of each piece."""
    firsts: list[int | None] = [None] * words
    for place, word in reversed([*enumerate(word_of)]):
        if word is not None and word < words:  # special tokens are of no word
            firsts[word] = place
    return firsts


def labels_of(
    pieces: Pieces, tags: Sequence[Sequence[str]], tag_names: Sequence[str]
) -> list[list[int]]:
    """Return the label of each piece: the tag of the word that it begins, or NO_TAG."""
    number = {name: i for i, name in enumerate(tag_names)}
    labels = []
    for ids, firsts, row in zip(pieces.ids, pieces.firsts, tags, strict=True):
        labels.append([NO_TAG] * len(ids))
        for place, tag in zip(firsts, row, strict=True):
            if place is not None:
                labels[-1][place] = number[tag]
    return labels
