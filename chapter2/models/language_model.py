"""A language model and its tokenizer as one thing: made, saved to a folder, loaded.

Families: ``bert`` predicts hidden tokens from both sides; ``gpt``, ``lstm``, ``gru``,
``rnn`` and ``ngram`` predict the next token from the left alone.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.errors import ModelError, UsageError
from chapter2.models.bert import BertConfig, BertForPretraining
from chapter2.models.bert_folder import load_bert, load_tokenizer
from chapter2.models.checkpoint import quiet, read_config
from chapter2.models.gpt import GPT, GPTConfig
from chapter2.models.gpt_folder import load_gpt
from chapter2.models.hub import resolve
from chapter2.models.ngram import load_ngram
from chapter2.models.parameters import count_parameters
from chapter2.models.recurrent import RecurrentConfig, RecurrentLM, load_recurrent

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

RECURRENT = ("lstm", "gru", "rnn")
CAUSAL = ("gpt", *RECURRENT, "ngram")  # these predict the next token
FAMILIES = ("bert", *CAUSAL)
SIZES = ("tiny", "mini", "small", "base")
ORDERS = {"tiny": 3, "mini": 4, "small": 4, "base": 5}  # n of the n-gram model
NO_DROPOUT = 0.0  # it guards against learning by heart, which a few passes cannot


@dataclass
class LanguageModel:
    """``model`` is None for an n-gram model that has not counted anything yet."""

    family: str
    model: Any
    tokenizer: PreTrainedTokenizerBase
    notices: tuple[str, ...] = ()  # what was handled while loading
    order: int | None = None  # n of an n-gram model

    @property
    def is_causal(self) -> bool:
        """Whether it predicts the next token, and not hidden ones."""
        return self.family in CAUSAL

    @property
    def positions(self) -> int | None:
        """The longest text that it reads, in tokens; None: any length."""
        return getattr(self.model.config, "positions", None) if self.trains else None

    @property
    def trains(self) -> bool:
        """Whether it learns by gradients; an n-gram model counts."""
        return self.family != "ngram"

    def parameters(self) -> int:
        """Return how many numbers were, or will be, learnt."""
        if self.trains:
            return count_parameters(self.model)
        return self.model.parameters_count() if self.model else 0

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write a folder that :meth:`load` reads; transformers reads bert and gpt.

        Raises:
            ModelError: the folder cannot be written, or nothing was counted yet.
        """
        target = Path(folder)
        if self.model is None:
            raise ModelError(
                f"There is nothing to write to {target}: this n-gram model has counted "
                "no text; pretrain it first."
            )
        if self.family in ("bert", "gpt"):
            return self.model.save(target, self.tokenizer)
        try:
            self.model.save(target)
            if not self.trains:
                config = '{"model_type": "chapter2-ngram"}\n'
                (target / "config.json").write_text(config, encoding="utf-8")
            with quiet():
                self.tokenizer.save_pretrained(target)
        except OSError as error:
            raise ModelError(
                f"The model cannot be written to {target} ({error}); make space there, "
                "or give another folder."
            ) from error
        return target

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> LanguageModel:
        """Return what :meth:`save` wrote; see :func:`load_language_model`."""
        return load_language_model(folder)


LOADERS: dict[str, tuple[str, Callable[[Path], Any]]] = {  # by config.json's model_type
    "bert": ("bert", load_bert),
    "gpt2": ("gpt", load_gpt),
    "chapter2-recurrent": ("", load_recurrent),  # the family is in its configuration
    "chapter2-ngram": ("ngram", load_ngram),
}


def load_language_model(name: str | os.PathLike[str]) -> LanguageModel:
    """Return the language model ``name``: minilm, bert-tiny, a folder, or a Hub id.

    A head that the weights lack is made new, and the notices say so.

    Raises:
        ModelError: no such model, none of these families, or not whole.
        FetchError: it must be fetched and cannot be.
    """
    folder = resolve(os.fspath(name))
    kind = read_config(folder)["model_type"]
    if kind not in LOADERS:
        raise ModelError(
            f"{folder} holds a model of type {kind!r}; this reads {', '.join(LOADERS)}."
        )
    family, read = LOADERS[kind]
    model = read(folder)
    notices = getattr(model, "notices", ())
    family = family or model.config.kind
    order = getattr(model, "order", None)
    return LanguageModel(family, model, load_tokenizer(folder), notices, order)


def new_language_model(
    family: str,
    tokenizer: PreTrainedTokenizerBase,
    size: str = "tiny",
    seed: int = 0,
    dropout: float = NO_DROPOUT,
    positions: int = 512,
) -> LanguageModel:
    """Return a model with random weights, its vocabulary that of ``tokenizer``.

    Raises:
        UsageError: there is no such family or size.
    """
    if family not in FAMILIES:
        raise UsageError(f"There is no family {family!r}; use {', '.join(FAMILIES)}.")
    if size not in SIZES:
        raise UsageError(f"There is no size {size!r}; use {', '.join(SIZES)}.")
    vocabulary = len(tokenizer)
    model: Any = None
    if family in RECURRENT:
        made = {"vocab_size": vocabulary, "kind": family, "dropout": dropout}
        model = RecurrentLM(RecurrentConfig.preset(size, **made), seed)
    elif family != "ngram":
        changes: dict[str, Any] = {"vocab_size": vocabulary, "positions": positions}
        changes |= {"dropout": dropout, "attention_dropout": dropout}
        model = _transformer(family, size, changes, tokenizer, seed)
    order = ORDERS[size] if family == "ngram" else None
    return LanguageModel(family, model, tokenizer, order=order)


def _transformer(
    family: str,
    size: str,
    changes: dict[str, Any],
    tokenizer: PreTrainedTokenizerBase,
    seed: int,
) -> GPT | BertForPretraining:
    presets: Any = {"gpt": GPTConfig, "bert": BertConfig}[family]
    width = presets.preset(size).width
    # 0.02 suits a width of 768; a narrower layer adds fewer terms, so each is larger:
    # measured on 0.5 M tokens, a tiny bert leaves its plateau earlier
    changes["init_std"] = 0.02 * math.sqrt(768 / width)
    if family == "gpt":
        return GPT(GPTConfig.preset(size, **changes), seed)
    changes["pad_id"] = tokenizer.pad_token_id or 0
    return BertForPretraining(BertConfig.preset(size, **changes), seed)
