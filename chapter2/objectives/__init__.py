"""Objectives: pure loss functions with explicit masks."""

from chapter2.objectives.causal import causal_lm, causal_loss
from chapter2.objectives.classification import classification, cross_entropy_sum
from chapter2.objectives.joint import Terms, joint, joint_terms
from chapter2.objectives.masked import (
    Masked,
    continues_word,
    mask_tokens,
    masked_lm,
    masked_loss,
    ordinary_ids,
    special_mask,
    word_ids_of,
)
from chapter2.objectives.next_sentence import Pair, next_sentence, sentence_pairs
from chapter2.objectives.pair_batches import PairBatches, join_pairs
from chapter2.objectives.regularised import label_smoothing, r_drop
from chapter2.objectives.spans import choose_spans

__all__ = [
    "Masked",
    "Pair",
    "PairBatches",
    "Terms",
    "causal_lm",
    "causal_loss",
    "choose_spans",
    "classification",
    "continues_word",
    "cross_entropy_sum",
    "join_pairs",
    "joint",
    "joint_terms",
    "label_smoothing",
    "mask_tokens",
    "masked_lm",
    "masked_loss",
    "next_sentence",
    "ordinary_ids",
    "r_drop",
    "sentence_pairs",
    "special_mask",
    "word_ids_of",
]
