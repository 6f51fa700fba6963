r"""Pairs of texts: embeddings of one class are drawn together, of two classes apart.

The first half of SetFit: Tunstall et al., "Efficient Few-Shot Learning Without
Prompts" (2022), after the loss of Reimers and Gurevych, "Sentence-BERT" (2019).

Shapes: B pairs, D width.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def cosine_similarity_sum(
    left: Tensor, right: Tensor, same: Tensor
) -> tuple[Tensor, int]:
    r"""Return the summed loss of B pairs, and B.

    .. math:: \ell = \sum_i \bigl(\cos(u_i, v_i) - y_i\bigr)^2

    Args:
        left, right: embeddings u and v, (B, D).
        same: y, (B,): 1 where both texts are of one class, else 0.
    """
    found = F.cosine_similarity(left.float(), right.float(), dim=-1)  # (B,)
    return (found - same.to(found)).square().sum(), len(found)
