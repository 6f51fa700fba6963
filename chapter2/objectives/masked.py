"""Masked language modelling: hide some tokens, predict them from all the others.

Devlin et al. (2019), section 3.1 and appendix A.1. :func:`mask_tokens` draws which
positions are hidden and how; :func:`masked_lm` is the loss at these positions.
Shapes: B batch, L length, V vocabulary, M hidden positions, A allowed tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from chapter2.objectives.classification import IGNORE_INDEX, cross_entropy_sum

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

RATE = 0.15  # share of the tokens that is predicted; the paper's
SHARES = (0.8, 0.1, 0.1)  # of these: shown as [MASK], as a random token, as they are


@dataclass(frozen=True)
class Masked:
    """A corrupted batch and what stood there."""

    input_ids: Tensor  # (B, L), what the model sees
    labels: Tensor  # (B, L), the original token where it is asked for, else -100


def mask_tokens(
    input_ids: Tensor,
    special: Tensor,
    mask_id: int,
    allowed: Tensor,
    generator: torch.Generator,
    *,
    rate: float = RATE,
    shares: tuple[float, float, float] = SHARES,
    word_ids: Tensor | None = None,
    per_row: int | None = None,
) -> Masked:
    """Hide tokens of ``input_ids`` (B, L); return new tensors, change none.

    Each maskable position is chosen with probability ``rate``, independently. With
    ``word_ids`` whole words are chosen instead, each with probability ``rate``, which
    is then also the probability of each of their tokens. With ``per_row``, exactly so
    many positions of each row are chosen, each set of them equally likely.

    Args:
        special: (B, L), True at special tokens and padding: these are never chosen.
        mask_id: the token ``[MASK]``.
        allowed: (A,) the tokens that a random replacement draws from; leave the special
            ones out (:func:`ordinary_ids`). As in the paper it may draw the original.
        generator: on the CPU; the same state gives the same masks.
        shares: of the chosen positions, how many show ``[MASK]``, a random token, the
            original; each position draws by itself, so they hold in expectation.
        word_ids: (B, L), the word of its row that a token is of; :func:`word_ids_of`.

    Raises:
        ValueError: shares that do not add up to 1, or a choice that cannot be made.
    """
    if abs(sum(shares) - 1) > 1e-9 or min(shares) < 0:
        raise ValueError(f"shares {shares} must be three parts of 1.")
    chosen = choose(~special, generator, rate, word_ids, per_row)
    action = torch.rand(input_ids.shape, generator=generator, dtype=torch.float64)
    drawn = torch.randint(len(allowed), input_ids.shape, generator=generator)
    shown = corrupt(input_ids, chosen, action, allowed[drawn], mask_id, shares)
    return Masked(shown, torch.where(chosen, input_ids, IGNORE_INDEX))


def choose(
    maskable: Tensor,
    generator: torch.Generator,
    rate: float = RATE,
    word_ids: Tensor | None = None,
    per_row: int | None = None,
) -> Tensor:
    """Return which of the ``maskable`` positions are predicted, bool (B, L).

    Raises:
        ValueError: ``per_row`` together with ``word_ids``, or more than there are.
    """
    if per_row is None:
        # one draw per word; without words, each token is a word of its own
        draws = torch.rand(maskable.shape, generator=generator, dtype=torch.float64)
        if word_ids is not None:
            draws = draws.gather(1, word_ids)
        return maskable & (draws < rate)
    if word_ids is not None:
        raise ValueError("per_row counts tokens; it cannot keep words whole.")
    fewest = int(maskable.sum(dim=1).min())
    if fewest < per_row:
        raise ValueError(f"a row has {fewest} maskable tokens, fewer than {per_row}.")
    keys = torch.rand(maskable.shape, generator=generator, dtype=torch.float64)
    first = keys.masked_fill(~maskable, 2.0).argsort(dim=1)[:, :per_row]
    return torch.zeros_like(maskable).scatter(1, first, True)


def corrupt(
    input_ids: Tensor,
    chosen: Tensor,
    action: Tensor,
    replacement: Tensor,
    mask_id: int,
    shares: tuple[float, float, float] = SHARES,
) -> Tensor:
    """Return what the model sees, (B, L): a pure function of what was drawn.

    ``action`` (B, L) is uniform on [0, 1). *One* number decides between the three, so
    their shares are the lengths of three intervals: [0, 0.8) ``[MASK]``, [0.8, 0.9)
    ``replacement`` (B, L), [0.9, 1) the original. Two draws, one after the other, are
    where 81/10/9 comes from.
    """
    as_mask = chosen & (action < shares[0])
    as_random = chosen & (action >= shares[0]) & (action < shares[0] + shares[1])
    shown = torch.where(as_mask, mask_id, input_ids)
    return torch.where(as_random, replacement, shown)


def special_mask(input_ids: Tensor, special_ids: Tensor) -> Tensor:
    """Return where ``input_ids`` (B, L) are special, padding and unknown included."""
    return torch.isin(input_ids, special_ids)


def ordinary_ids(tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Return the ids (A,) of all tokens but the special ones, for ``allowed``.

    Not drawn either: the ``[unused0]`` ... slots that BERT's vocabularies keep empty.
    """
    special = set(tokenizer.all_special_ids)
    pieces = tokenizer.get_vocab()
    found = [i for p, i in pieces.items() if i not in special and p[:7] != "[unused"]
    return torch.tensor(sorted(found))


def continues_word(tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Return whether each token id (V,) goes on with a word (in WordPiece: ##)."""
    found = torch.zeros(len(tokenizer), dtype=torch.bool)
    for piece, i in tokenizer.get_vocab().items():
        found[i] = piece.startswith("##")
    return found


def word_ids_of(input_ids: Tensor, continues: Tensor) -> Tensor:
    """Number the words of each row from 0: (B, L) ids -> (B, L) words.

    Each token that does not go on with a word (``continues`` (V,)) begins one, and so
    does the first of a row: a block may begin inside a word.
    """
    counted = (~continues[input_ids]).cumsum(dim=1)
    return counted - counted[:, :1]


def masked_loss(
    logits: Tensor, labels: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    r"""Return the summed loss over the set :math:`\mathcal{M}` of hidden positions.

    .. math:: \ell = -\sum_{i \in \mathcal{M}} \log p(x_i \mid \tilde{x})

    Args:
        logits: (B, L, V), from the corrupted sequence :math:`\tilde{x}`.
        labels: (B, L), the original tokens where hidden, else -100.
        mask: (B, L), 1 at real tokens; a label at padding then counts for nothing.
    """
    return cross_entropy_sum(logits, torch.where(asked(labels, mask), labels, -100))


def asked(labels: Tensor, mask: Tensor | None) -> Tensor:
    """Return where there is something to predict, bool (B, L)."""
    found = labels != IGNORE_INDEX
    return found if mask is None else found & (mask != 0)


def masked_lm(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return ``(loss_sum, count)``; the head is computed at hidden positions only.

    The head is a D x V product per position, for a small model most of the work, and
    at 85 % of the positions nothing is asked.

    Args:
        model: a :class:`chapter2.models.bert.BertForPretraining`.
        batch: ``input_ids`` and ``labels`` (B, L); ``attention_mask`` and
            ``token_type_ids`` where there are any.
    """
    positions, targets = targets_of(batch)
    logits = model(**inputs_of(batch), positions=positions).mlm_logits  # (M, V)
    return cross_entropy_sum(logits, targets)


def targets_of(batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return where something is asked, bool (B, L), and the tokens there, (M,)."""
    positions = asked(batch["labels"], batch.get("attention_mask"))
    return positions, batch["labels"][positions]


INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def inputs_of(batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what the model may see: never the labels."""
    return {name: batch[name] for name in INPUTS if name in batch}
