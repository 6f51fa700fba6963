r"""A linear-chain conditional random field: the tags of a sentence, decided together.

J. Lafferty, A. McCallum and F. Pereira, "Conditional Random Fields", ICML 2001; on the
outputs of a network as in Huang, Xu and Yu, "Bidirectional LSTM-CRF Models for Sequence
Tagging", 2015. A path y of L tags has the score

.. math:: s(y) = a_{y_1} + \sum_{t=1}^{L} e_{t, y_t}
                 + \sum_{t=2}^{L} A_{y_{t-1}, y_t} + b_{y_L},
          \qquad p(y) = e^{s(y)} \Big/ \sum_{y'} e^{s(y')}

with emissions e from the network, and learnt transitions A, starts a and ends b. The
sum over all T^L paths takes L T^2 steps (the forward algorithm), and so does the best
path (Viterbi, 1967).

Where tags are constrained, a path that is no BIO sequence has the score minus infinity,
in training and in decoding: the probability is shared by the legal paths alone. That
departs from both papers, which let the model learn it.

Shapes: B batch, L length, T tags. A mask is True at the real tokens, which come first;
each sentence has one or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from chapter2.errors import UsageError

IMPOSSIBLE = -torch.inf
NO_TAG = -100  # at the padding


class Chain(NamedTuple):
    """The scores of a path beside its emissions."""

    transitions: Tensor  # A (T, T), from row to column
    starts: Tensor  # a (T,)
    ends: Tensor  # b (T,)


def log_partition(emissions: Tensor, mask: Tensor, chain: Chain) -> Tensor:
    r"""Return log of the sum of exp(s(y)) over all paths, (B,).

    .. math:: \alpha_1(j) = a_j + e_{1j}, \quad
              \alpha_t(j) = e_{tj} + \log \sum_i e^{\alpha_{t-1}(i) + A_{ij}}, \quad
              \log Z = \log \sum_j e^{\alpha_L(j) + b_j}

    Args:
        emissions: e (B, L, T).
        mask: bool (B, L).
        chain: the other scores.
    """
    alpha = chain.starts + emissions[:, 0]  # (B, T)
    for t in range(1, emissions.shape[1]):
        # (B, T, 1) + (T, T): from each tag to each tag
        moved = torch.logsumexp(alpha.unsqueeze(2) + chain.transitions, dim=1)
        alpha = torch.where(mask[:, t, None], moved + emissions[:, t], alpha)
    return torch.logsumexp(alpha + chain.ends, dim=1)


def path_score(emissions: Tensor, tags: Tensor, mask: Tensor, chain: Chain) -> Tensor:
    """Return s(y) of the paths ``tags``, int64 (B, L): (B,).

    What stands at the padding does not count. Shapes as in :func:`log_partition`.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    if not emissions.shape[:2] == tags.shape == mask.shape:
        raise ValueError(
            f"emissions {tuple(emissions.shape)} need tags and a mask of shape "
            f"{tuple(emissions.shape[:2])}, not {tuple(tags.shape)} and "
            f"{tuple(mask.shape)}."
        )
    tags = tags.where(mask, 0)
    emitted = emissions.gather(2, tags.unsqueeze(2)).squeeze(2)  # (B, L)
    moved = chain.transitions[tags[:, :-1], tags[:, 1:]]  # (B, L - 1)
    # where, not a product: minus infinity times 0 is no number
    inner = emitted.where(mask, 0).sum(1) + moved.where(mask[:, 1:], 0).sum(1)
    last = tags.gather(1, mask.sum(dim=1, keepdim=True) - 1).squeeze(1)  # (B,)
    return chain.starts[tags[:, 0]] + inner + chain.ends[last]


@torch.no_grad()
def viterbi(emissions: Tensor, mask: Tensor, chain: Chain) -> Tensor:
    r"""Return the path with the highest score, int64 (B, L), NO_TAG at the padding.

    .. math:: \delta_t(j) = e_{tj} + \max_i (\delta_{t-1}(i) + A_{ij})

    and the best i of each step is kept, to be followed back from the best end. Shapes
    as in :func:`log_partition`.
    """
    delta = chain.starts + emissions[:, 0]  # (B, T)
    stay = torch.arange(delta.shape[1], device=delta.device).expand_as(delta)
    back = []  # of each step, (B, T): the tag before
    for t in range(1, emissions.shape[1]):
        best, before = (delta.unsqueeze(2) + chain.transitions).max(dim=1)  # (B, T)
        real = mask[:, t, None]
        delta = torch.where(real, best + emissions[:, t], delta)
        back.append(torch.where(real, before, stay))  # in the padding a tag is kept
    tag = (delta + chain.ends).argmax(dim=1, keepdim=True)  # (B, 1)
    path = [tag]
    for before in reversed(back):
        tag = before.gather(1, tag)
        path.append(tag)
    return torch.cat(path[::-1], dim=1).where(mask, NO_TAG)


def bio_rules(tag_names: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return which tag may follow which, bool (T, T), and which may begin, (T,).

    ``I-X`` stands only after ``B-X`` or ``I-X``.

    Raises:
        UsageError: there is no ``O``, a tag is neither that nor ``B-`` or ``I-`` with a
            type, or an I- lacks its B-.
    """
    if "O" not in tag_names:
        raise UsageError(f"The tags {list(tag_names)} lack O; name it too.")
    for tag in tag_names:
        if tag != "O" and (tag[:2] not in ("B-", "I-") or not tag[2:]):
            raise UsageError(f"The tag {tag!r} is none of O, B-type and I-type.")
        if tag[:2] == "I-" and f"B-{tag[2:]}" not in tag_names:
            raise UsageError(f"The tag {tag!r} could never stand: B-{tag[2:]} is none.")
    inside = [tag[:2] == "I-" for tag in tag_names]
    after = [
        [
            not within or before[2:] == tag[2:]
            for tag, within in zip(tag_names, inside, strict=True)
        ]
        for before in tag_names
    ]
    return torch.tensor(after), ~torch.tensor(inside)


def bio_chain(tag_names: Sequence[str]) -> Chain:
    """Return the chain that forbids what is no BIO, and prefers nothing else."""
    after, first = bio_rules(tag_names)
    free, ends = torch.zeros(after.shape), torch.zeros(len(tag_names))
    return Chain(
        free.masked_fill(~after, IMPOSSIBLE),
        ends.masked_fill(~first, IMPOSSIBLE),
        ends,
    )


class CRF(nn.Module):
    """The learnt chain; its scores begin at 0."""

    after: Tensor  # bool (T, T): what may follow what
    first: Tensor  # bool (T,): what may begin

    def __init__(self, tag_names: Sequence[str], constrained: bool = True) -> None:
        """Args: ``tag_names`` are the T tags; ``constrained``: only BIO is possible.

        Raises:
            UsageError: constrained, and a tag is none of BIO.
        """
        super().__init__()
        size = len(tag_names)
        self.transitions = nn.Parameter(torch.zeros(size, size))
        self.starts = nn.Parameter(torch.zeros(size))
        self.ends = nn.Parameter(torch.zeros(size))
        after, first = torch.ones(size, size).bool(), torch.ones(size).bool()
        if constrained:
            after, first = bio_rules(tag_names)
        self.register_buffer("after", after, persistent=False)
        self.register_buffer("first", first, persistent=False)

    def chain(self) -> Chain:
        """Return the scores, minus infinity where a step is impossible."""
        return Chain(
            self.transitions.masked_fill(~self.after, IMPOSSIBLE),
            self.starts.masked_fill(~self.first, IMPOSSIBLE),
            self.ends,
        )

    def forward(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Return -log p(y) = log Z - s(y) of each sentence, (B,).

        Infinite for a path that the rules forbid. Half precision is raised to fp32.
        """
        if emissions.dtype in (torch.bfloat16, torch.float16):
            emissions = emissions.float()
        chain = self.chain()
        total = log_partition(emissions, mask, chain)
        return total - path_score(emissions, tags, mask, chain)

    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Return the best path, (B, L), NO_TAG at the padding."""
        return viterbi(emissions, mask, self.chain())
