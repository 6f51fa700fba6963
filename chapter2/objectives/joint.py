r"""BERT's pretraining loss: masked language model plus next sentence prediction.

"The sum of the mean masked LM likelihood and the mean next sentence prediction
likelihood" (Devlin et al., 2019, appendix A.2), each over its own targets:

.. math:: J = \frac{S_m}{M} + \frac{S_n}{N}, \qquad
          S_m = \sum_{i \in \mathcal{M}} -\log p(x_i \mid \tilde x), \qquad
          S_n = \sum_{j=1}^{N} -\log p(y_j \mid a_j, b_j)

with M hidden tokens and N pairs. The training loop adds up *one* sum and *one* count
over the micro-batches of a step (and over processes), and divides once. J has two
counts, so it must be brought to that form:

.. math:: J = \frac{S_m + k\,S_n}{M}, \qquad k = \frac{M}{N}.

k is a constant: how many tokens are hidden per pair. It is chosen before training, and
exact where each pair hides exactly k tokens (``per_row`` of :func:`mask_tokens`). Then
the sums and counts of any partition of a step add up to the same quotient, so
accumulation changes nothing. Where the numbers differ between pairs, k is their mean
over the training part: the quotient is still the same for any partition, and the
weight of the second mean is kN/M, which is near 1. What is wrong is to take k
from each micro-batch: that weighs a pair by the company that it is in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from chapter2.objectives.classification import cross_entropy_sum
from chapter2.objectives.masked import inputs_of, targets_of
from chapter2.objectives.next_sentence import next_sentence


@dataclass(frozen=True)
class Terms:
    """The two losses of one or several batches, apart; they add up."""

    masked_sum: Tensor  # S_m
    masked_count: Tensor  # M
    pair_sum: Tensor  # S_n
    pair_count: Tensor  # N

    def __add__(self, other: Terms) -> Terms:
        return Terms(
            self.masked_sum + other.masked_sum,
            self.masked_count + other.masked_count,
            self.pair_sum + other.pair_sum,
            self.pair_count + other.pair_count,
        )

    @property
    def means(self) -> tuple[Tensor, Tensor]:
        """The two means, S_m / M and S_n / N; J is their sum."""
        masked = self.masked_sum / self.masked_count.clamp(min=1)
        return masked, self.pair_sum / self.pair_count.clamp(min=1)


def joint_terms(model: nn.Module, batch: Mapping[str, Tensor]) -> Terms:
    """Return both losses of one batch, from one pass through the encoder.

    Args:
        model: a :class:`chapter2.models.bert.BertForPretraining`.
        batch: ``input_ids``, ``labels`` (B, L) and ``next_sentence_label`` (B,);
            ``attention_mask`` and ``token_type_ids`` (B, L) where there are any.
    """
    positions, targets = targets_of(batch)
    logits = model(**inputs_of(batch), positions=positions)  # (M, V) and (B, 2)
    return Terms(
        *cross_entropy_sum(logits.mlm_logits, targets),
        *next_sentence(logits.nsp_logits, batch["next_sentence_label"]),
    )


def joint(
    model: nn.Module, batch: Mapping[str, Tensor], masked_per_pair: float
) -> tuple[Tensor, Tensor]:
    """Return ``(S_m + k S_n, M)`` of one batch; their quotient is J.

    Args:
        masked_per_pair: k, the same for all batches of a run; for the loop:
            ``partial(joint, masked_per_pair=k)``.
    """
    terms = joint_terms(model, batch)
    return terms.masked_sum + masked_per_pair * terms.pair_sum, terms.masked_count
