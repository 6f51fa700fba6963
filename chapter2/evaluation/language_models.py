r"""How well a language model predicts text: three measures, and what each may say.

**Perplexity** is for causal models. Each token is predicted from those before it, so
that the product of the predictions is the probability of the text (the chain rule):

.. math:: \mathrm{PPL} = \exp\Bigl(-\frac1T \sum_{t=1}^{T}
          \log p(w_t \mid w_1 \dots w_{t-1})\Bigr)

**Pseudo-perplexity** (Salazar et al., 2020, "Masked Language Model Scoring") is for
models that fill masks. Each token in turn is masked and predicted from all others:

.. math:: \mathrm{PPPL} = \exp\Bigl(-\frac1T \sum_{t=1}^{T}
          \log p(w_t \mid w_1 \dots w_{t-1}, w_{t+1} \dots w_T)\Bigr)

**Masked accuracy** is the share of masked tokens whose likeliest guess is right.

Perplexity and pseudo-perplexity must not be compared. The second is not the
probability of anything: its factors come from no chain rule, their product over all
texts does not sum to 1, and what one token tells about another is counted twice, once
in each direction. Take texts of two equal tokens, all V of them equally likely. The
best causal model has -log p = log V for a text, a perplexity of sqrt(V): the first
token cannot be known. The best mask filler has a pseudo-perplexity of 1: each token
stands beside its copy. Nothing was learnt in addition; the question was easier. Only a
model that looks at no other token, such as a unigram model, has the same value by both,
which makes it the baseline of either.

Nor may per-token values of different tokenizers be compared: more and shorter tokens
are each easier. Spread over the words or bytes of one and the same text (``TextSize``)
they may, as long as both tokenizers must predict all of it: lower-casing and ``[UNK]``
spare a model what another one has to get right.

Shapes: N sequences, B batch, L length, V vocabulary, M positions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.inference import device_of, evaluating
from chapter2.evaluation.language_scores import LanguageScore, MaskedScore, TextSize

if TYPE_CHECKING:
    from torch import Tensor

    CausalModel = Callable[[Tensor], Any]  # (B, L) -> (B, L, V), or with .logits
    # (B, L) ids and (B, L) bool -> (M, V): the logits at the True positions, row by row
    MaskedModel = Callable[[Tensor, Tensor], Tensor]

IGNORED = -100  # a label at which nothing is asked


def perplexity(
    model: CausalModel,
    blocks: ArrayLike,
    size: TextSize | None = None,
    batch_size: int = 16,
    first: int = 1,
) -> LanguageScore:
    """Return the perplexity of ``model`` on blocks of token ids (N, L).

    Each block is predicted on its own, from its position ``first`` on: position 0 has
    nothing before it. Early positions have little context, so a value belongs to an L.

    Args:
        model: (B, L) int64 -> (B, L, V) logits; those at t predict the token at t + 1.
        size: of the text that the blocks hold, for the values per word and byte.

    Raises:
        UsageError: ``first`` is below 1: nothing predicts the token at 0.
        DataError: there is no block, or no token to predict in one.
    """
    import torch

    if first < 1:
        raise UsageError(
            f"first is {first}; set 1 or more, as token 0 has nothing before it."
        )

    ids = _blocks(blocks, at_least=first + 1)
    sums = []
    with evaluating(model):
        for batch in ids.split(batch_size):
            batch = batch.to(device_of(model))
            logits = _logits(model(batch))[:, first - 1 : -1]
            sums.append(_surprise(logits, batch[:, first:]).sum(dim=1).cpu())
    nats = torch.cat(sums).numpy()
    counts = np.full(len(ids), ids.shape[1] - first, dtype=np.int64)
    return LanguageScore("perplexity", nats, counts, size)


def pseudo_perplexity(
    model: MaskedModel,
    sequences: Sequence[ArrayLike],
    mask_id: int,
    special_ids: Sequence[int] = (),
    continues: ArrayLike | None = None,
    sample: int | None = None,
    seed: int = 0,
    size: TextSize | None = None,
    batch_size: int = 64,
) -> LanguageScore:
    """Return the pseudo-perplexity of ``model`` on sequences of token ids.

    Costs one pass over the sequence per scored token. Special tokens are not scored.

    Args:
        model: ``model(ids, positions)``, see ``MaskedModel``; :func:`at_positions`
            makes one of a model that returns all logits.
        continues: (V,) bool, True for tokens that go on with a word. Then the rest of
            a word is masked with each token of it, so that the end of a word does not
            give its beginning away (Kauf and Ivanova, 2023).
        sample, seed: score so many random positions of each sequence, not all.

    Raises:
        DataError: there is nothing to score.
    """
    draws = np.random.default_rng(seed)
    goes_on = None if continues is None else np.asarray(continues, dtype=bool)
    nats, counts = [], []
    with evaluating(model):
        for sequence in sequences:
            ids = np.asarray(sequence, dtype=np.int64)
            places = np.flatnonzero(~np.isin(ids, list(special_ids)))
            if sample is not None and sample < len(places):
                places = np.sort(draws.choice(places, sample, replace=False))
            found = 0.0
            for some in np.split(places, range(batch_size, len(places), batch_size)):
                if len(some):
                    found += _pseudo(model, ids, some, mask_id, goes_on)
            nats.append(found)
            counts.append(len(places))
    if not sum(counts):
        raise DataError("The sequences hold no ordinary token; there is none to score.")
    measured = np.array(nats), np.array(counts, dtype=np.int64)
    return LanguageScore("pseudo-perplexity", *measured, size)


def _pseudo(
    model: MaskedModel,
    ids: np.ndarray,
    places: np.ndarray,
    mask_id: int,
    continues: np.ndarray | None,
) -> float:
    """Return -log p of the tokens at ``places``, each hidden in a copy of ``ids``."""
    import torch

    copies = np.repeat(ids[None], len(places), axis=0)  # (B, L)
    asked = np.zeros(copies.shape, dtype=bool)
    for row, place in enumerate(places):
        asked[row, place] = True
        end = place + 1
        while continues is not None and end < len(ids) and continues[ids[end]]:
            end += 1
        copies[row, place:end] = mask_id
    device = device_of(model)
    shown = torch.from_numpy(copies).to(device)
    logits = model(shown, torch.from_numpy(asked).to(device))  # (B, V)
    targets = torch.from_numpy(ids[places]).to(device)
    return float(_surprise(logits, targets).sum())


def masked_accuracy(
    model: MaskedModel, inputs: ArrayLike, labels: ArrayLike, batch_size: int = 16
) -> MaskedScore:
    """Return how well ``model`` guesses the hidden tokens of blocks.

    Args:
        model: as for :func:`pseudo_perplexity`.
        inputs: (N, L), the blocks with some tokens hidden.
        labels: (N, L), the original token where it is asked for, else -100.

    Raises:
        DataError: nothing is asked, or the shapes differ.
    """
    shown, wanted = _blocks(inputs, at_least=1), _blocks(labels, at_least=1)
    if shown.shape != wanted.shape or not (wanted != IGNORED).any():
        raise DataError(
            f"inputs {tuple(shown.shape)} and labels {tuple(wanted.shape)} need one "
            f"shape, and some label that is not {IGNORED}."
        )
    correct, count, nats = 0, 0, 0.0
    batches = zip(shown.split(batch_size), wanted.split(batch_size), strict=True)
    with evaluating(model):
        for ids, targets in batches:
            ids, targets = ids.to(device_of(model)), targets.to(device_of(model))
            asked = targets != IGNORED
            if not asked.any():
                continue
            logits, true = model(ids, asked), targets[asked]
            correct += int((logits.argmax(dim=-1) == true).sum())
            count += len(true)
            nats += float(_surprise(logits, true).sum())
    return MaskedScore(correct, count, nats)


def at_positions(model: CausalModel) -> MaskedModel:
    """Return ``model``, which gives logits (B, L, V), as one that gives those asked."""

    def asked(ids: Tensor, positions: Tensor) -> Tensor:
        return _logits(model(ids))[positions]

    return asked


def _logits(output: Any) -> Tensor:
    return getattr(output, "logits", output)  # ours return the tensor itself


def _surprise(logits: Tensor, targets: Tensor) -> Tensor:
    """Return -log p of each target, float64: (..., V) and (...) -> (...)."""
    import torch.nn.functional as F

    flat = logits.reshape(-1, logits.shape[-1]).float()
    nats = F.cross_entropy(flat, targets.reshape(-1), reduction="none")
    return nats.double().reshape(targets.shape)


def _blocks(blocks: ArrayLike, at_least: int) -> Tensor:
    """Return blocks as an int64 tensor (N, L) with L at least so long."""
    import torch

    try:
        ids = torch.as_tensor(np.asarray(blocks, dtype=np.int64))
    except ValueError:  # rows of several lengths
        raise DataError("Blocks need rows of one length; pack the texts.") from None
    if ids.ndim != 2 or not len(ids) or ids.shape[1] < at_least:
        raise DataError(
            f"Blocks of shape {tuple(ids.shape)} cannot be scored; give (N, L) token "
            f"ids with N at least 1 and L at least {at_least}."
        )
    return ids
