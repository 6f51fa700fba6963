"""A tiny masked language model of transformers, and its tokenizer."""

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizer

from chapter2.models.tiny import vocabulary


@pytest.fixture(scope="session")
def masked_config():
    """Return the sizes of a tiny BERT; large weights, so that its answers vary."""
    return BertConfig(
        vocab_size=len(vocabulary()),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,
    )


@pytest.fixture(scope="module")
def masked(masked_config):
    torch.manual_seed(0)
    return BertForMaskedLM(masked_config).eval()


@pytest.fixture(scope="module")
def tokenizer():
    return BertTokenizer(vocab=vocabulary(), model_max_length=64)
