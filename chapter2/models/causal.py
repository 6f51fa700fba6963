"""A causal model with its tokenizer, by name: it goes on with a text, and it chats.

Names: ``tiny-random`` (noise, made on the spot), ``smollm2`` (embedded), a folder, or
a name on the Hub. Shapes: L length, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.errors import ModelError, UsageError
from chapter2.models.checkpoint import quiet, read_config, read_tokenizer
from chapter2.models.generation import NextLogits, greedy, remember, sample
from chapter2.models.hub import resolve
from chapter2.models.smollm import smollm2_folder
from chapter2.models.tiny_causal import tiny_causal

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Message = Mapping[str, str]  # {"role": "user", "content": "..."}


@dataclass
class CausalModel:
    """A transformers causal model that writes text."""

    model: PreTrainedModel  # a transformers *ForCausalLM, in evaluation mode
    tokenizer: PreTrainedTokenizerBase
    name: str

    @cached_property
    def next_logits(self) -> NextLogits:
        """``next_logits(ids) -> (V,)`` with the keys and values of the past kept."""
        return remember(self.model)

    @property
    def stop(self) -> frozenset[int]:
        """The ids after which the model has said all."""
        stated = getattr(self.model.generation_config, "eos_token_id", None)
        ends = stated if isinstance(stated, list) else [stated]
        return frozenset(
            i for i in (*ends, self.tokenizer.eos_token_id) if i is not None
        )

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, as the tokenizer begins it."""
        return self.tokenizer(text)["input_ids"]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids, special tokens left out."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def complete(
        self, text: str, length: int = 40, seed: int | None = None, **filters: Any
    ) -> str:
        """Return what the model writes after ``text``, at most ``length`` tokens.

        Without a ``seed`` the most probable token is taken each time (greedy); with one
        they are drawn, and ``temperature``, ``top_k``, ``top_p`` may be given.

        Raises:
            UsageError: the text has no token, or filters come without a seed.
        """
        return self.decode(self._write(self.encode(text), length, seed, filters))

    def chat(
        self,
        messages: str | Sequence[Message],
        length: int = 80,
        seed: int | None = None,
        **filters: Any,
    ) -> str:
        """Return the model's answer to a question, or to the messages of a dialogue.

        Raises:
            ModelError: the tokenizer has no chat template.
        """
        return self.decode(self._write(self.chat_ids(messages), length, seed, filters))

    def chat_ids(self, messages: str | Sequence[Message]) -> list[int]:
        """Return the ids of a dialogue in the chat template, ready for the answer."""
        if not self.tokenizer.chat_template:
            raise ModelError(
                f"{self.name} has no chat template: it was not trained to answer; use "
                "complete()."
            )
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        made: Any = self.tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            add_generation_prompt=True,
            return_dict=True,
        )
        return made["input_ids"]

    def _write(
        self, ids: list[int], length: int, seed: int | None, filters: dict[str, Any]
    ) -> list[int]:
        if seed is None and filters:
            raise UsageError(
                f"{', '.join(filters)} given without a seed: greedy writing draws "
                "nothing; give seed=0 to sample."
            )
        if seed is None:
            return greedy(self.next_logits, ids, length, self.stop)
        return sample(self.next_logits, ids, length, seed, stop=self.stop, **filters)


def load_causal(name: str, seed: int = 0) -> CausalModel:
    """Return the causal model ``name``, in fp32; ``seed`` is that of ``tiny-random``.

    Raises:
        ModelError: the name leads nowhere, or to another kind of model.
        FetchError: it must be fetched and cannot be.
    """
    if name == "tiny-random":
        return CausalModel(*tiny_causal(seed), name)
    folder = smollm2_folder() if name == "smollm2" else resolve(name)
    read_config(folder)
    return CausalModel(_read_model(folder), read_tokenizer(folder), name)


def _read_model(folder: Path) -> PreTrainedModel:
    import torch
    from transformers import AutoModelForCausalLM

    try:
        with quiet():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=torch.float32,
                output_loading_info=True,
                local_files_only=True,
                use_safetensors=True,  # never a pickle
                trust_remote_code=False,
            )
    except Exception as error:
        why = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"{folder} cannot be loaded as a causal language model: "
            f"{why[0].rstrip('. ')}."
        ) from error
    model, found = loaded
    if found["missing_keys"]:
        raise ModelError(
            f"{folder} lacks {len(found['missing_keys'])} weights of a causal language "
            f"model, {min(found['missing_keys'])} among them; it holds another model."
        )
    return model.eval()
