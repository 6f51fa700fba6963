r"""Two towers: items by their text, users by the items they liked.

The item tower is a linear map W of a fixed text vector, brought to length 1; the user
tower is the mean of the towers of the liked items, brought to length 1:

.. math:: e_i = \frac{W v_i}{\lVert W v_i \rVert}, \qquad
          m_u = \frac{1}{|H_u|} \sum_{j \in H_u} e_j, \qquad
          s_{ui} = \frac{m_u^\top e_i}{\lVert m_u \rVert}

An item that nobody has liked yet has a text, and so it has a score. W is trained to
pick what u liked next among the items of the batch. Popular items are in the batch more
often, as positives of others; so the logarithm of their share is taken off (logQ
correction; Yi et al., 2019):

.. math:: \ell_u = -\log \frac{\exp(s_{ui}/\tau - \log q_i)}
          {\sum_{j \in \text{batch}} \exp(s_{uj}/\tau - \log q_j)}

Shapes: U users, I items, V width of the text vectors, D width, B pairs of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor

from chapter2.applications.recommendation.base import Explanation
from chapter2.applications.recommendation.likes import Likes
from chapter2.errors import DataError, UsageError

TINY = 1e-12  # keeps the mean of no items from a division by zero


@dataclass(frozen=True)
class TwoTowerOptions:
    """Sizes and steps of the training."""

    width: int = 64  # D
    batch: int = 256  # B: pairs of a step, and so the items to choose among
    steps: int = 300
    rate: float = 3e-3  # of Adam
    temperature: float = 0.1  # tau: scores lie between -1 and 1
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.width, self.batch - 1, self.steps) < 1 or self.temperature <= 0:
            raise UsageError(
                f"{self}: width and steps begin at 1, batch at 2, temperature above 0."
            )


@dataclass(frozen=True, eq=False)
class TwoTower:
    """The items' towers; a user's is their mean."""

    items: np.ndarray  # e (I, D), of length 1

    @classmethod
    def frozen(cls, vectors: np.ndarray) -> TwoTower:
        """Return the towers without training: W is the identity."""
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return cls(vectors / np.maximum(norms, TINY))

    @classmethod
    def fit(
        cls, past: Likes, vectors: np.ndarray, options: TwoTowerOptions | None = None
    ) -> TwoTower:
        """Train W on the likes; ``vectors`` (I, V) also of items without a like.

        Raises:
            DataError: not one vector for each item, or no user with two likes.
        """
        if len(vectors) != past.shape[1]:
            raise DataError(
                f"There are {len(vectors)} text vectors for {past.shape[1]} items; "
                "give one for each."
            )
        options = options or TwoTowerOptions()
        w = _train(past, torch.as_tensor(vectors, dtype=torch.float32), options)
        return cls.frozen(vectors @ w.double().numpy().T)

    def _users(self, histories: csr_matrix) -> np.ndarray:
        sums = histories @ self.items  # (B, D); its direction is that of the mean
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return sums / np.maximum(norms, TINY)

    def scores(self, histories: csr_matrix) -> np.ndarray:
        """Return the cosines (B, I); 0 for a history without a like."""
        return self._users(histories) @ self.items.T

    def explain(self, history: csr_matrix, item: int) -> Explanation:
        """Return what each liked item adds: its cosine, over the norm of the sum."""
        norm = max(float(np.linalg.norm(history @ self.items)), TINY)
        parts = history.toarray()[0] * (self.items @ self.items[item]) / norm
        return Explanation(float(self.scores(history)[0, item]), parts, 0.0)


def in_batch_loss(
    users: Tensor, items: Tensor, chosen: Tensor, log_q: Tensor
) -> Tensor:
    """Return the mean loss of B pairs.

    Args:
        users: user towers divided by the temperature, (B, D).
        items: item towers of the positives, (B, D).
        chosen: the numbers of the positives, (B,); another row's equal item is no
            wrong answer, and is left out.
        log_q: logarithm of each positive's share among all likes, (B,).
    """
    logits = users @ items.T - log_q  # (B, B): row u, column j
    same = chosen[:, None] == chosen[None, :]
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, -torch.inf)
    return F.cross_entropy(logits, torch.arange(len(users), device=users.device))


def _train(past: Likes, vectors: Tensor, o: TwoTowerOptions) -> Tensor:
    """Return W (D, V)."""
    past = past.where(np.lexsort((past.times, past.users)))  # each user's in a row
    pairs = earlier_likes(past)
    if not len(pairs):
        raise DataError("No user liked two items or more: there is nothing to learn.")
    shares = np.bincount(past.items, minlength=past.shape[1]) / len(past)
    log_q = torch.as_tensor(np.log(np.maximum(shares, TINY)), dtype=torch.float32)
    rng = np.random.default_rng(o.seed)
    draw = torch.Generator().manual_seed(o.seed)
    w = torch.randn(o.width, vectors.shape[1], generator=draw) / vectors.shape[1] ** 0.5
    w.requires_grad_()
    optimizer = torch.optim.Adam([w], lr=o.rate)
    for _ in range(o.steps):
        at = pairs[rng.choice(len(pairs), min(o.batch, len(pairs)), replace=False)]
        chosen = torch.as_tensor(past.items[at[:, 1]])
        towers = F.normalize(vectors @ w.T, dim=-1)  # (I, D)
        sums = _sums(towers, past, at)
        users = F.normalize(sums, dim=-1) / o.temperature
        loss = in_batch_loss(users, towers[chosen], chosen, log_q[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return w.detach()


def earlier_likes(past: Likes) -> np.ndarray:
    """Return (start, end) of each like that has earlier ones of its user, (P, 2).

    ``past`` is ordered by user and then by time: the likes from start up to, and
    without, end came before the like at end.
    """
    starts = np.flatnonzero(np.diff(past.users, prepend=-1))
    lengths = np.diff(np.append(starts, len(past)))
    pairs = np.stack([np.repeat(starts, lengths), np.arange(len(past))], axis=1)
    return pairs[pairs[:, 1] > pairs[:, 0]]


def _sums(towers: Tensor, past: Likes, pairs: np.ndarray) -> Tensor:
    """Return the sum of the towers of the earlier likes of each pair (B, 2), (B, D)."""
    items = np.concatenate([past.items[start:end] for start, end in pairs])
    lengths = pairs[:, 1] - pairs[:, 0]
    begins = torch.as_tensor(np.cumsum(lengths) - lengths)
    return F.embedding_bag(torch.as_tensor(items), towers, begins, mode="sum")
