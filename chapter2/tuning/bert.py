"""What every method begins with: BERT's encoder frozen, its head left to train."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torch import nn

from chapter2.errors import ModelError

if TYPE_CHECKING:
    from transformers import BertForSequenceClassification


def freeze_encoder(model: nn.Module, method: str) -> BertForSequenceClassification:
    """Freeze ``model`` but for its head, and return it.

    The head is the linear layer over the C classes and the pooler below it (D x D,
    tanh): an encoder that was trained without one starts with a new pooler.

    Raises:
        ModelError: the model is not ``BertForSequenceClassification``; ``method`` is
            named in the sentence.
    """
    from transformers import BertForSequenceClassification

    if not isinstance(model, BertForSequenceClassification):
        raise ModelError(
            f"{method} is built for BertForSequenceClassification, and the model is "
            f"{type(model).__name__}; load a BERT, such as minilm, as a classifier."
        )
    model.requires_grad_(False)
    for part in (model.bert.pooler, model.classifier):
        cast(nn.Module, part).requires_grad_(True)
    return model
