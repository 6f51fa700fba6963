"""One door to every way to fine-tune: ``tune(classifier, "lora", rank=8)``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib import import_module
from types import MappingProxyType
from typing import Any

from torch import nn

from chapter2.errors import UsageError
from chapter2.models import Classifier
from chapter2.training.method import Method
from chapter2.tuning import peft_backend
from chapter2.tuning.tuned import Recipe, TunedClassifier, fingerprint

# method: (module, its function, its options); a module is read when it is asked for
METHODS = {
    "full": ("freezing", "full", "FullOptions"),
    "head": ("freezing", "head", "HeadOptions"),
    "bitfit": ("freezing", "bitfit", "BitFitOptions"),
    "gradual": ("gradual", "apply", "GradualOptions"),
    "adapters": ("adapters", "apply", "AdapterOptions"),
    "prefix": ("prefix", "apply", "PrefixOptions"),
    "prompt": ("prompt", "apply", "PromptOptions"),
    "lora": ("lora", "apply", "LoRAOptions"),
    "adalora": ("adalora", "apply", "AdaLoRAOptions"),
}
BACKENDS = {"chapter2": tuple(METHODS), "peft": peft_backend.METHODS}


def tune(
    classifier: Classifier,
    method: str = "full",
    *,
    backend: str = "chapter2",
    seed: int = 0,
    **options: Any,
) -> TunedClassifier:
    """Return a copy of ``classifier`` of which ``method`` trains a part.

    ``classifier`` itself stays as it is. Train the copy with
    :func:`chapter2.training.fine_tune`.

    Args:
        method: one of ``METHODS``.
        backend: ``chapter2``, or ``peft`` for the methods that it has for BERT.
        seed: of what is inserted and starts random.
        options: of the method: the fields of its options class.

    Raises:
        UsageError: an unknown method, backend or option, or a value out of range.
        ModelError: a model that the method does not know.
    """
    _check(classifier, method, backend)
    model = copy.deepcopy(classifier.model).requires_grad_(True)
    tuned, how, settings = prepare(model, method, backend, seed, options)
    names = [field.name for field in fields(settings)]
    chosen = {name: getattr(settings, name) for name in names}
    return TunedClassifier(
        model=tuned.eval(),  # type: ignore[arg-type]  # or a wrapper of one
        tokenizer=classifier.tokenizer,
        label_names=classifier.label_names,
        max_length=_length(classifier, getattr(how, "reserved", 0)),
        notices=classifier.notices,
        method=how,
        recipe=Recipe(method, backend, seed, chosen),
        base=fingerprint(classifier.model),
    )


def prepare(
    model: nn.Module,
    method: str,
    backend: str = "chapter2",
    seed: int = 0,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[nn.Module, Method, Any]:
    """Freeze and insert in ``model`` itself; return it, its method, and the options.

    Raises:
        UsageError: an option that the method does not have, or out of range.
        ModelError: a model that the method does not know.
    """
    module, function, wanted = METHODS[method]
    place = import_module(f"chapter2.tuning.{module}")
    settings = read_options(method, getattr(place, wanted), options)
    if backend == "peft":
        return *peft_backend.apply(model, method, settings, seed), settings
    apply: Callable[..., tuple[nn.Module, Method]] = getattr(place, function)
    return *apply(model, settings, seed), settings


def _check(classifier: Classifier, method: str, backend: str) -> None:
    if isinstance(classifier, TunedClassifier):
        raise UsageError(
            f"This classifier is tuned by {classifier.method.name} already; tune its "
            "base, or what its merged() returns."
        )
    if method not in METHODS:
        raise UsageError(f"There is no method {method!r}; use {', '.join(METHODS)}.")
    if backend not in BACKENDS:
        raise UsageError(f"There is no backend {backend!r}; use {', '.join(BACKENDS)}.")
    if method not in BACKENDS[backend]:
        raise UsageError(
            f"The backend {backend} has no method {method!r} here; it has "
            f"{', '.join(BACKENDS[backend])}."
        )


def read_options(method: str, kind: type, options: Mapping[str, Any]) -> Any:
    """Return ``options`` as the method's options class, lists as tuples.

    Raises:
        UsageError: the method does not have an option, or not with such a value.
    """
    known = [field.name for field in fields(kind)]
    for name in options:
        if name not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise UsageError(f"{method} has no option {name!r}; {there}.")
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    return kind(**values)


def _length(classifier: Classifier, reserved: int) -> int:
    """Return the tokens kept of a text, where ``reserved`` positions are taken."""
    positions = getattr(classifier.model.config, "max_position_embeddings", None)
    if not reserved or positions is None:
        return classifier.max_length
    return min(classifier.max_length, positions - reserved)
