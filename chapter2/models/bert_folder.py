"""Our BERT from and to a folder that transformers reads too."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from chapter2.errors import ModelError
from chapter2.models.bert import BertConfig, BertForPretraining
from chapter2.models.checkpoint import read_config, read_tokenizer
from chapter2.models.hub import resolve
from chapter2.models.layout import (
    read_tensors,
    require,
    to_ours,
    to_theirs,
    write_folder,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FIELDS = {  # ours -> theirs, in config.json
    "vocab_size": "vocab_size",
    "width": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "inner": "intermediate_size",
    "positions": "max_position_embeddings",
    "segments": "type_vocab_size",
    "dropout": "hidden_dropout_prob",
    "attention_dropout": "attention_probs_dropout_prob",
    "norm_eps": "layer_norm_eps",
    "init_std": "initializer_range",
    "pad_id": "pad_token_id",
}
FIXED = {  # what our BERT has no switch for
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
}
PARTS = {  # ours -> theirs, in the names of the parameters; the longer ones first
    "bert.embeddings.words": "bert.embeddings.word_embeddings",
    "bert.embeddings.positions": "bert.embeddings.position_embeddings",
    "bert.embeddings.segments": "bert.embeddings.token_type_embeddings",
    "bert.embeddings.norm": "bert.embeddings.LayerNorm",
    "bert.layers.": "bert.encoder.layer.",
    "bert.pooler": "bert.pooler.dense",
    ".attention.out.": ".attention.output.dense.",
    ".attention_norm": ".attention.output.LayerNorm",
    ".inner": ".intermediate.dense",
    ".outer_norm": ".output.LayerNorm",
    ".outer.": ".output.dense.",
    "transform_norm": "cls.predictions.transform.LayerNorm",
    "transform.": "cls.predictions.transform.dense.",
    "nsp": "cls.seq_relationship",
}
HEADS = {  # what a folder may lack -> the beginning of its names in ours
    "pooler": ("bert.pooler.",),
    "MLM head": ("transform", "bias"),
    "NSP head": ("nsp.",),
}


def their_names(ours: str) -> list[str]:
    """Return transformers' name of a parameter, or the three that ours is made of."""
    if ours == "bias":
        return ["cls.predictions.bias"]
    name = ours
    for part, theirs in PARTS.items():
        if not name.startswith("cls."):
            name = name.replace(part, theirs)
    if ".qkv." not in name:
        return [name]
    return [name.replace("qkv", f"self.{kind}") for kind in ("query", "key", "value")]


def load_bert(name: str | os.PathLike[str], seed: int = 0) -> BertForPretraining:
    """Return the BERT ``name``, in fp32, ready to predict (``eval``).

    Args:
        name: ``minilm`` or ``bert-tiny`` (embedded), a local folder, or a Hub id.
        seed: of the parts that the folder lacks; the model's notices name them.

    Raises:
        ModelError: no such model, not a BERT, or weights that are not whole.
        FetchError: it must be fetched and cannot be.
    """
    folder = resolve(os.fspath(name))
    stored = canonical(read_tensors(folder))
    model = BertForPretraining(config_of(read_config(folder), folder), seed)
    untied = stored.get("cls.predictions.decoder.weight")
    words = stored.get("bert.embeddings.word_embeddings.weight")
    if untied is not None and (words is None or not torch.equal(untied, words)):
        raise ModelError(
            f"The MLM head in {folder} has a word table of its own, and this BERT "
            "shares it with the embeddings; load it with transformers."
        )
    found = to_ours(stored, dict(model.named_parameters()), their_names, folder)
    model.notices = tuple(lacking(model, found, folder))
    model.load_state_dict(found, strict=False)
    return model.eval()


def load_tokenizer(name: str | os.PathLike[str]) -> PreTrainedTokenizerBase:
    """Return the tokenizer of ``name``; see :func:`load_bert` for names and errors."""
    return read_tokenizer(resolve(os.fspath(name)))


def config_of(stated: Mapping[str, Any], folder: Path) -> BertConfig:
    """Return our configuration for their config.json; what it leaves out is BERT's.

    Raises:
        ModelError: a setting that our BERT does not have.
    """
    require(stated, FIXED, folder)
    sizes = {
        ours: stated[theirs] for ours, theirs in FIELDS.items() if theirs in stated
    }
    return BertConfig(**sizes)


def canonical(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors under the names that transformers gives them today.

    Old files call a LayerNorm's gain gamma and its shift beta; an encoder stored by
    itself leaves out the prefix "bert."; the head's bias has two names.
    """
    found = {}
    for name, tensor in stored.items():
        if not name.startswith(("bert.", "cls.", "classifier.")):
            name = f"bert.{name}"
        name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
        name = name.replace("LayerNorm.beta", "LayerNorm.bias")
        found[name.replace("predictions.decoder.bias", "predictions.bias")] = tensor
    return found


def lacking(model: BertForPretraining, found: Iterable[str], folder: Path) -> list[str]:
    """Return one sentence for each head that the folder does not hold.

    Raises:
        ModelError: it lacks weights of the encoder, or holds half a head.
    """
    wanted = {name for name, _ in model.named_parameters()}
    missing, notices = wanted - set(found), []
    for part, begin in HEADS.items():
        names = {name for name in wanted if name.startswith(begin)}
        if names <= missing:
            notices.append(f"{folder} has no {part}; a new one starts from the seed.")
            missing -= names
    if missing:
        raise ModelError(
            f"{folder} lacks {len(missing)} of the model's weights, "
            f"{their_names(min(missing))[0]} among them; its config.json belongs to "
            "another model."
        )
    return notices


def save_bert(
    model: BertForPretraining,
    folder: str | os.PathLike[str],
    tokenizer: PreTrainedTokenizerBase | None = None,
) -> Path:
    """Write ``model`` so that transformers' ``BertForPreTraining`` reads it.

    So do ``BertForMaskedLM``, ``BertModel`` and the others, and :func:`load_bert`. The
    word table is stored once: the MLM head has no copy.

    Raises:
        ModelError: the folder cannot be written.
    """
    sizes = {theirs: getattr(model.config, ours) for ours, theirs in FIELDS.items()}
    config = {**FIXED, **sizes, "architectures": ["BertForPreTraining"]}
    tensors = to_theirs(dict(model.named_parameters()), their_names)
    return write_folder(folder, config, tensors, tokenizer)
