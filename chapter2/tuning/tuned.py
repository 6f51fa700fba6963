"""A tuned classifier, and what of it goes to disk: only what was trained.

A folder holds ``tuned.safetensors``, the trained weights by name, and ``tuning.json``:
method, options, labels, and the SHA-256 of the encoder that they belong to.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from chapter2.errors import ModelError, UsageError
from chapter2.models import Classifier
from chapter2.training.method import FULL, Method

WEIGHTS, RECIPE = "tuned.safetensors", "tuning.json"
MERGEABLE = ("full", "head", "bitfit", "gradual", "lora", "adalora")


@dataclass(frozen=True)
class Recipe:
    """How a base was prepared: with it, the same base is prepared again."""

    method: str = "full"
    backend: str = "chapter2"
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class TunedClassifier(Classifier):
    """A classifier of which a part is trained; :func:`chapter2.tuning.tune` makes it.

    It encodes and predicts as any other, and knows how it is trained.
    """

    method: Method = FULL
    recipe: Recipe = Recipe()
    base: str = ""  # SHA-256 of the encoder that was tuned

    @property
    def trainable(self) -> int:
        """The number of trained parameters, the head's included."""
        return sum(p.numel() for p in trained(self.model, self.method).values())

    @property
    def total(self) -> int:
        """The number of all parameters."""
        return sum(p.numel() for p in self.model.parameters())

    @property
    def identity(self) -> dict[str, str]:
        """What a run of this classifier rests on, so that no other is resumed."""
        recipe = json.dumps(asdict(self.recipe), sort_keys=True)
        return {"tuning": recipe, "base": self.base}

    def merged(self) -> Classifier:
        """Return a plain classifier that computes the same, without insertions.

        Raises:
            UsageError: what the method inserts is no part of a weight matrix.
        """
        if self.recipe.method not in MERGEABLE:
            raise UsageError(
                f"{self.recipe.method} cannot be merged: what it inserts is no change "
                f"of a weight matrix; save the tuned classifier itself, or use lora."
            )
        model: Any = copy.deepcopy(self.model)
        if self.recipe.backend == "peft":
            model = model.merge_and_unload()
        merge(model)
        return Classifier(
            model.requires_grad_(True),
            self.tokenizer,
            self.label_names,
            self.max_length,
            self.notices,
        )

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write what was trained, and the recipe, to ``folder``, made if need be.

        Raises:
            ModelError: the folder cannot be written.
        """
        target = Path(folder)
        weights = trained(self.model, self.method)
        plain = {name: p.detach().contiguous() for name, p in weights.items()}
        try:
            target.mkdir(parents=True, exist_ok=True)
            save_file(plain, target / WEIGHTS)
            written = json.dumps(self._described(), indent=1, ensure_ascii=False)
            (target / RECIPE).write_text(written + "\n", encoding="utf-8")
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"{target} cannot be written ({error}); give another folder or make "
                "room."
            ) from error
        return target

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str], base: Classifier | None = None
    ) -> TunedClassifier:
        """Return what was saved to ``folder``, on ``base``; predictions bit for bit.

        Raises:
            UsageError: no base is given.
            ModelError: the folder is not whole, or belongs to another base.
        """
        from chapter2.tuning.door import tune

        stored = read_recipe(Path(folder))
        if base is None:
            raise UsageError(
                f"{folder} holds only what was trained; give the base classifier too."
            )
        refuse_another_base(Path(folder), stored, base)
        recipe = Recipe(**stored["recipe"])
        tuned = tune(
            base,
            recipe.method,
            backend=recipe.backend,
            seed=recipe.seed,
            **recipe.options,
        )
        tuned = replace(tuned, max_length=stored["max_length"])
        tuned._read_weights(Path(folder))
        return tuned

    def load_like(self, folder: str | os.PathLike[str]) -> TunedClassifier:
        """Return what was saved to ``folder`` by a classifier that is tuned like this.

        Raises:
            ModelError: it was tuned otherwise, or from another base.
        """
        if read_recipe(Path(folder)) != self._described():
            raise ModelError(
                f"{folder} was tuned from another base or with other options; give "
                "another folder."
            )
        tuned = replace(self, model=copy.deepcopy(self.model))
        tuned._read_weights(Path(folder))
        return tuned

    def _described(self) -> dict[str, Any]:
        """Return the recipe and what it belongs to, as JSON would give it back."""
        return json.loads(
            json.dumps(
                {
                    "recipe": asdict(self.recipe),
                    "labels": self.label_names,
                    "max_length": self.max_length,
                    "width": self.model.config.hidden_size,
                    "base_sha256": self.base,
                    "trainable": self.trainable,
                }
            )
        )

    @torch.no_grad()
    def _read_weights(self, folder: Path) -> None:
        """Write the stored weights into the model's own, made for this purpose."""
        mine = trained(self.model, self.method)
        try:
            stored = load_file(folder / WEIGHTS)
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"{folder / WEIGHTS} cannot be read ({error}); copy the folder again."
            ) from error
        if {k: v.shape for k, v in stored.items()} != {
            k: v.shape for k, v in mine.items()
        }:
            raise ModelError(
                f"{folder / WEIGHTS} does not hold what {RECIPE} says; copy the folder "
                "again."
            )
        for name, parameter in mine.items():
            parameter.copy_(stored[name])


def trained(model: nn.Module, method: Method) -> dict[str, nn.Parameter]:
    """Return the parameters by name that ``method`` trains at any time."""
    groups = method.groups(model, 0.0)
    chosen = {id(p) for group in groups for p in group["params"]}
    return {name: p for name, p in model.named_parameters() if id(p) in chosen}


def merge(model: nn.Module) -> None:
    """Put in the place of each module with a ``merged()`` what that returns."""
    for name, module in list(model.named_modules()):
        if hasattr(module, "merged"):
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, module.merged())


def encoder_weights(model: Any) -> dict[str, Tensor]:
    """Return the weights below the head, by name: what makes a base the same base.

    The pooler belongs to the head here, since every method trains it.
    """
    named = model.base_model.named_parameters()
    return {name: p.detach() for name, p in named if not name.startswith("pooler.")}


def fingerprint(model: nn.Module) -> str:
    """Return the SHA-256 of names, shapes and values of the encoder's weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(encoder_weights(model).items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        plain = tensor.contiguous().cpu().view(torch.uint8)  # any dtype, bf16 too
        digest.update(plain.numpy().tobytes())
    return digest.hexdigest()


def read_recipe(folder: Path) -> dict[str, Any]:
    """Return what ``tuning.json`` holds.

    Raises:
        ModelError: it is not there, or no JSON.
    """
    try:
        return json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder} holds no tuned classifier ({RECIPE}: {error}); give the folder "
            "that save() wrote."
        ) from error


def refuse_another_base(folder: Path, stored: dict[str, Any], base: Classifier) -> None:
    """Raise a ModelError unless ``base`` is the one that was tuned."""
    width = base.model.config.hidden_size
    if stored["width"] != width:
        what = f"a base of width {stored['width']}, and this one has {width}"
    elif tuple(stored["labels"]) != base.label_names:
        theirs, mine = ", ".join(stored["labels"]), ", ".join(base.label_names)
        what = f"the labels {theirs}, and this base has {mine}"
    elif stored["base_sha256"] != fingerprint(base.model):
        what = f"a base of other weights (SHA-256 {stored['base_sha256'][:12]}...)"
    else:
        return
    raise ModelError(f"{folder} was tuned on {what}; load the base it was tuned on.")
