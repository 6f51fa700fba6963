"""All that the room of models offers; importing it loads torch."""

from chapter2.models.bert import Bert, BertConfig, BertForPretraining
from chapter2.models.bert_folder import load_bert, load_tokenizer
from chapter2.models.causal import CausalModel, load_causal
from chapter2.models.classifier import Classifier, load_encoder
from chapter2.models.filling import fill_mask
from chapter2.models.generation import greedy, plain, remember, sample
from chapter2.models.gpt import GPT, GPTConfig
from chapter2.models.gpt_folder import load_gpt
from chapter2.models.ngram import KneserNey, load_ngram
from chapter2.models.parameters import (
    bert_parameters,
    count_parameters,
    gpt_parameters,
)
from chapter2.models.recurrent import (
    RecurrentConfig,
    RecurrentLM,
    load_recurrent,
    recurrent_parameters,
)
from chapter2.models.scoring import score

__all__ = [
    "GPT",
    "Bert",
    "BertConfig",
    "BertForPretraining",
    "CausalModel",
    "Classifier",
    "GPTConfig",
    "KneserNey",
    "RecurrentConfig",
    "RecurrentLM",
    "bert_parameters",
    "count_parameters",
    "fill_mask",
    "gpt_parameters",
    "greedy",
    "load_bert",
    "load_causal",
    "load_encoder",
    "load_gpt",
    "load_ngram",
    "load_recurrent",
    "load_tokenizer",
    "plain",
    "recurrent_parameters",
    "remember",
    "sample",
    "score",
]
