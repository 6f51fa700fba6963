r"""A causal language model asked for the label: nothing is trained.

The prompt names the labels, shows a few labelled examples (or none: zero-shot), and
ends where a label must follow. A label's score is its probability after the text over
its probability after no text, so that a word that is frequent anyway does not win:

.. math:: p(c \mid x) \propto \frac{p(w_c \mid \text{prompt}(x))}
                                   {p(w_c \mid \text{prompt}(\text{empty}))}

Few-shot prompts: Brown et al. (2020). The quotient: Holtzman et al., "Surface Form
Competition" (2021); Zhao et al., "Calibrate Before Use" (2021). The log probabilities
equal those of :mod:`chapter2.models.scoring`; here what all prompts share is read once.

Shapes: N texts, L length, V vocabulary, C classes.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from chapter2.data.batching import encodable
from chapter2.errors import ModelError
from chapter2.models.causal import CausalModel, load_causal
from chapter2.models.checkpoint import quiet, window
from chapter2.models.settings_file import read_settings, write_settings

MODEL = "model"  # subfolder of a saved model


@dataclass(frozen=True)
class Prompted:
    """A causal model, and the prompt's examples."""

    label_names: tuple[str, ...]  # (C,)
    causal: CausalModel
    examples: tuple[tuple[str, str], ...] = ()  # of text and label; none: zero-shot
    text_tokens: int = 128  # read of each text and example; bounds time and memory

    @cached_property
    def prefix(self) -> str:
        """What stands before each text: the task, and the examples."""
        names = ", ".join(self.label_names)
        head = f"Each text has one of these labels: {names}.\n\n"
        shown = (f"{self._asked(text)} {label}\n\n" for text, label in self.examples)
        return head + "".join(shown)

    def _asked(self, text: str) -> str:
        return f"Text: {self._cut(text)}\nLabel:"

    def _cut(self, text: str) -> str:
        """Return the first tokens of a text, on one line."""
        plain = " ".join(encodable(text).split())
        tokenizer = self.causal.tokenizer
        ids = tokenizer(plain, add_special_tokens=False)["input_ids"]
        if len(ids) <= self.text_tokens:
            return plain
        return str(tokenizer.decode(ids[: self.text_tokens]))

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities of the classes, float64 (N, C)."""
        if not len(texts):
            return np.empty((0, len(self.label_names)))
        self._check_room()
        rows = [self.log_probabilities(text) - self._without_text for text in texts]
        scores = np.stack(rows)  # (N, C)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    @cached_property
    def _without_text(self) -> np.ndarray:
        return self.log_probabilities("")

    @torch.inference_mode()
    def log_probabilities(self, text: str) -> np.ndarray:
        """Return log p of each label after the prompt with ``text``, (C,)."""
        shared, memory = self._shared
        prompt = self._prompt(text)
        same = _common(shared, prompt[:-1])
        _shorten(memory, same)
        after = self._read(prompt[same:], memory)[-1]  # (V,)
        found = [self._label(ids, after, len(prompt)) for ids in self._labels]
        _shorten(memory, same)
        if same < len(shared):  # the text changed how the prompt's end was divided
            self._read(shared[same:], memory)
        return np.asarray(found)

    def _label(self, ids: list[int], after: Tensor, place: int) -> float:
        """Return log p of a label's ids, the first one by ``after`` (V,)."""
        memory = self._shared[1]
        _shorten(memory, place)
        rows = [after]
        if len(ids) > 1:
            rows += list(self._read(ids[:-1], memory))
        picked = [row[token] for row, token in zip(rows, ids, strict=True)]
        return float(torch.stack(picked).sum())

    @cached_property
    def _shared(self) -> tuple[list[int], Any]:
        """The ids that begin all prompts, and the model's keys and values of them."""
        from transformers import DynamicCache

        empty = self._prompt("")
        ids = empty[: min(_common(empty, self._prompt("a")), len(empty) - 1)]
        memory = DynamicCache(config=self.causal.model.config)
        self._read(ids, memory)
        return ids, memory

    def _prompt(self, text: str) -> list[int]:
        return self._ids(self.prefix + self._asked(text))

    @cached_property
    def _labels(self) -> list[list[int]]:
        """The ids of each label, (C,) lists, with the space before it."""
        return [
            self._ids(f" {encodable(name)}", first=False) for name in self.label_names
        ]

    def _ids(self, text: str, first: bool = True) -> list[int]:
        return self.causal.tokenizer(text, add_special_tokens=first)["input_ids"]

    @torch.inference_mode()
    def _read(self, ids: Sequence[int], memory: Any) -> Tensor:
        """Return log p (L, V) of what follows each of ``ids``; ``memory`` grows."""
        model: Any = self.causal.model
        row = torch.tensor([list(ids)], device=model.device)
        # newer releases of transformers call the keys and values `cache`
        known = inspect.signature(model.forward).parameters
        name = "cache" if "cache" in known else "past_key_values"
        output = model(input_ids=row, use_cache=True, **{name: memory})
        return output.logits[0].double().log_softmax(dim=-1)

    def _check_room(self) -> None:
        longest = max(len(label) for label in self._labels)
        need = len(self._ids(self.prefix)) + self.text_tokens + longest
        reads = window(self.causal.model.config, self.causal.tokenizer)
        if need > reads:
            raise ModelError(
                f"The prompt needs {need} tokens and {self.causal.name} reads {reads}; "
                "give fewer examples, or a smaller text_tokens."
            )

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write labels and examples as JSON, and the model below them.

        Raises:
            ModelError: the folder cannot be written.
        """
        target = write_settings(
            folder,
            label_names=self.label_names,
            examples=self.examples,
            text_tokens=self.text_tokens,
            name=self.causal.name,
        )
        with quiet():
            self.causal.model.save_pretrained(target / MODEL)
            self.causal.tokenizer.save_pretrained(target / MODEL)
        return target

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Prompted:
        """Return what :meth:`save` wrote, weights bit for bit.

        Raises:
            ModelError: the folder does not hold it whole.
        """
        stored = read_settings(folder, "examples", "text_tokens", "name")
        causal = load_causal(str(Path(folder) / MODEL))
        causal.name = stored["name"]
        examples = tuple((text, label) for text, label in stored["examples"])
        return cls(stored["label_names"], causal, examples, stored["text_tokens"])


def _shorten(memory: Any, length: int) -> None:
    """Forget the keys and values of all but the first ``length`` tokens."""
    if gone := memory.get_seq_length() - length:
        memory.crop(-gone)


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many ids two lists have in common from the start on."""
    pairs = zip(left, right, strict=False)
    differ = (i for i, (a, b) in enumerate(pairs) if a != b)
    return next(differ, min(len(left), len(right)))
