"""What a model answers to sentence pairs: both of BERT's pretraining tasks, measured.

Shapes: N pairs, M hidden tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from chapter2.evaluation.inference import evaluating
from chapter2.objectives import PairBatches, cross_entropy_sum, next_sentence
from chapter2.objectives.joint import Terms
from chapter2.objectives.masked import inputs_of, targets_of
from chapter2.training.step import device_of, to_device


@dataclass(frozen=True)
class PairAnswers:
    """The answers to N pairs with M hidden tokens, in the order of the batches."""

    masked_loss: float  # mean over the M hidden tokens, nats
    pair_loss: float  # mean over the N pairs, nats
    named: np.ndarray  # (M,) 1 where the hidden token was named, else 0
    labels: np.ndarray  # (N,) what is right
    predicted: np.ndarray  # (N,) the answer

    @property
    def masked_accuracy(self) -> float:
        """The share of the hidden tokens that were named."""
        return float(self.named.mean())

    @property
    def pair_accuracy(self) -> float:
        """The share of the pairs that were answered rightly."""
        return float((self.labels == self.predicted).mean())


def answer_pairs(model: nn.Module, batches: PairBatches) -> PairAnswers:
    """Return the answers of ``model``, without dropout and without gradients.

    The masks are those of epoch 0, so two models are asked the same.
    """
    terms, named, labels, predicted = None, [], [], []
    for item in batches.epoch(0):
        batch = to_device(batches.collate(item), device_of(model))
        positions, targets = targets_of(batch)
        with evaluating(model):
            logits = model(**inputs_of(batch), positions=positions)
        right = batch["next_sentence_label"]
        found = Terms(
            *cross_entropy_sum(logits.mlm_logits, targets),
            *next_sentence(logits.nsp_logits, right),
        )
        terms = found if terms is None else terms + found
        named.append((logits.mlm_logits.argmax(dim=-1) == targets).cpu().numpy())
        labels.append(right.cpu().numpy())
        predicted.append(logits.nsp_logits.argmax(dim=-1).cpu().numpy())
    assert terms is not None  # LengthBatches has a batch wherever there is a pair
    masked, pairs = (float(mean) for mean in terms.means)
    hits, true, answers = (np.concatenate(x) for x in (named, labels, predicted))
    return PairAnswers(masked, pairs, hits.astype(int), true, answers)


def pair_validation(batches: PairBatches) -> Callable[[nn.Module], dict[str, float]]:
    """Return a function that gives the joint loss and the two accuracies."""

    def validate(model: nn.Module) -> dict[str, float]:
        found = answer_pairs(model, batches)
        return {
            "loss": found.masked_loss + found.pair_loss,
            "masked_accuracy": found.masked_accuracy,
            "pair_accuracy": found.pair_accuracy,
        }

    return validate
