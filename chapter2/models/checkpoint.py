"""Reading a Hugging Face folder with each fault named, and nothing guessed.

``from_pretrained`` fills what it does not find with random numbers and says so in a
table that is easily overlooked: weights of another model, or no tokenizer at all, pass.
Here each of these is an error of one sentence.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError

from chapter2.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence transformers' notices and progress bars, and put them back after."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def read_config(folder: Path) -> dict[str, Any]:
    """Return the folder's config.json.

    Raises:
        ModelError: the folder or the file is missing, or is not a model's.
    """
    path = folder / "config.json"
    if not folder.is_dir():
        raise ModelError(
            f"{folder} is not a folder; give one that a model was saved to."
        )
    if not path.exists():
        raise ModelError(
            f"{folder} has no config.json; give the folder that a model was saved to."
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ModelError(
            f"{path} is not valid JSON; save the model again or fetch it anew."
        ) from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise ModelError(
            f"{path} names no model_type; give a folder in Hugging Face's layout."
        )
    return config


def stored_labels(config: dict[str, Any]) -> tuple[str, ...]:
    """Return the label names of a config.json; without any, transformers' LABEL_i."""
    names = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    return tuple(str(names[key]) for key in sorted(names, key=int))


TEXTS, TOKENS = "SequenceClassification", "TokenClassification"  # kinds of head


def has_head(config: dict[str, Any], kind: str = TEXTS) -> bool:
    """Tell whether config.json says that a classifier of that kind was stored."""
    stored = config.get("architectures") or []
    return any(name.endswith(f"For{kind}") for name in stored)


def window(config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the most tokens that the model reads, special ones included."""
    positions = getattr(config, "max_position_embeddings", None) or 512
    if "roberta" in config.model_type or config.model_type == "camembert":
        # RoBERTa counts positions from pad_token_id + 1; the first ones stay unused
        positions -= config.pad_token_id + 1
    return min(positions, tokenizer.model_max_length)


def read_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Return the folder's tokenizer.

    Raises:
        ModelError: the folder has none, or has one that cannot be read.
    """
    from transformers import AutoTokenizer

    if not any(any(folder.glob(name)) for name in TOKENIZER_FILES):
        raise ModelError(
            f"{folder} has no tokenizer (tokenizer.json or vocab.txt); copy in the "
            "tokenizer that the model was trained with."
        )
    try:
        with quiet():
            return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # tokenizers raises bare Exception on broken files
        raise ModelError(
            f"The tokenizer in {folder} cannot be read ({_first_line(error)}); fetch "
            "or save it again."
        ) from error


def read_weights(
    folder: Path,
    label_names: Sequence[str],
    seed: int,
    new_head: bool,
    kind: str = TEXTS,
) -> tuple[PreTrainedModel, list[str]]:
    """Return the classifier in ``folder`` and what the file did not hold.

    Args:
        label_names: (C,) the classes of the head.
        seed: of the weights that are made new; the global generator is untouched.
        new_head: replace a stored head of other size; if False it is an error.
        kind: of head, ``TEXTS`` (one label each) or ``TOKENS`` (one for each token).

    Raises:
        ModelError: the weights are missing, cut off, or those of another model.
    """
    import transformers

    names = dict(enumerate(label_names))
    told = {"problem_type": "single_label_classification"} if kind == TEXTS else {}
    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model, found = getattr(transformers, f"AutoModelFor{kind}").from_pretrained(
                folder,
                id2label=names,
                label2id={name: i for i, name in names.items()},
                **told,
                dtype=torch.float32,  # a master copy for training; autocast may lower
                ignore_mismatched_sizes=True,
                output_loading_info=True,
                local_files_only=True,
                use_safetensors=True,  # never a pickle
                trust_remote_code=False,
            )
    except Exception as error:
        raise ModelError(_why_unread(folder, error)) from error
    mismatched = {key[0] for key in found["mismatched_keys"]}
    missing = _not_found(folder, model, {*found["missing_keys"], *mismatched})
    if mismatched and not new_head:
        raise ModelError(
            f"The head in {folder} does not have the {len(label_names)} classes "
            "that its config.json names; save the model again with its own labels."
        )
    return model, missing


def write_folder(
    folder: str | os.PathLike[str],
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> Path:
    """Write config, weights and tokenizer to ``folder``, made if need be.

    Raises:
        ModelError: the folder cannot be written.
    """
    target = Path(folder)
    try:
        with quiet():
            model.save_pretrained(target)
            tokenizer.save_pretrained(target)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{target} cannot be written ({error}); give another folder or make room."
        ) from error
    return target


def _not_found(folder: Path, model: PreTrainedModel, keys: set[str]) -> list[str]:
    """Return the keys that the file lacked, if the encoder itself is whole."""
    encoder = [
        key
        for key in keys
        if key.startswith(f"{model.base_model_prefix}.") and ".pooler." not in key
    ]
    if encoder:
        raise ModelError(
            f"{folder} lacks {len(encoder)} of the encoder's weights, {min(encoder)} "
            f"among them; its config.json belongs to another model."
        )
    return sorted(keys)


def _why_unread(folder: Path, error: Exception) -> str:
    """Return one sentence for what ``from_pretrained`` raised."""
    if not any(folder.glob("*.safetensors")):
        return (
            f"{folder} has no model.safetensors; save the model with "
            "save_pretrained, which writes one (pickled weights are not read)."
        )
    if type(error).__name__ == "SafetensorError":
        return (
            f"The weights in {folder} are cut off or damaged "
            f"({_first_line(error)}); fetch or save them again."
        )
    return f"{folder} cannot be loaded as a text classifier: {_first_line(error)}."


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(". ")
