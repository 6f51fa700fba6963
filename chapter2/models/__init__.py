"""Models: language models written out, pretrained weights, and heads for tasks."""

from chapter2.models.bert import Bert, BertConfig, BertForPretraining
from chapter2.models.bert_folder import load_bert, load_tokenizer
from chapter2.models.classifier import Classifier, load_encoder
from chapter2.models.gpt import GPT, GPTConfig
from chapter2.models.gpt_folder import load_gpt
from chapter2.models.parameters import (
    bert_parameters,
    count_parameters,
    gpt_parameters,
)

__all__ = [
    "GPT",
    "Bert",
    "BertConfig",
    "BertForPretraining",
    "Classifier",
    "GPTConfig",
    "bert_parameters",
    "count_parameters",
    "gpt_parameters",
    "load_bert",
    "load_encoder",
    "load_gpt",
    "load_tokenizer",
]
