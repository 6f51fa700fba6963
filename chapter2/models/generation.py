"""Writing with a causal model: one token after the other, four ways to choose it.

Every function here asks a model only one thing: ``next_logits(ids) -> (V,)``, the
logits of what follows ``ids``. An n-gram model, a recurrent network and a Transformer
all answer it. What is chosen equals transformers' ``generate``; the tests hold that.

Shapes: L length, V vocabulary.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from chapter2.errors import UsageError

NextLogits = Callable[[Sequence[int]], Tensor]  # ids (L,) -> logits (V,)


def greedy(
    next_logits: NextLogits,
    prompt: Sequence[int],
    length: int,
    stop: Collection[int] = (),
) -> list[int]:
    """Return up to ``length`` new tokens, each the most probable one.

    A token in ``stop`` is the last one; it is returned too.
    """
    ids = _started(prompt, length)
    for _ in range(length):
        ids.append(int(next_logits(ids).argmax()))
        if ids[-1] in stop:
            break
    return ids[len(prompt) :]


def sample(
    next_logits: NextLogits,
    prompt: Sequence[int],
    length: int,
    seed: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop: Collection[int] = (),
) -> list[int]:
    """Return up to ``length`` new tokens, each drawn from p = softmax(filtered logits).

    The three filters apply in the order of the arguments, as transformers has it.
    """
    generator = torch.Generator().manual_seed(seed)
    ids = _started(prompt, length)
    for _ in range(length):
        logits = filtered(next_logits(ids).float().cpu(), temperature, top_k, top_p)
        ids.append(int(torch.multinomial(logits.softmax(-1), 1, generator=generator)))
        if ids[-1] in stop:
            break
    return ids[len(prompt) :]


def filtered(
    logits: Tensor, temperature: float, top_k: int | None, top_p: float | None
) -> Tensor:
    """Return the logits (..., V) after temperature, top-k and top-p, in this order."""
    logits = tempered(logits, temperature)
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    return logits if top_p is None else keep_top_p(logits, top_p)


def tempered(logits: Tensor, temperature: float) -> Tensor:
    """Return logits / T: below 1 sharpens the distribution, above 1 flattens it.

    Raises:
        UsageError: T is not above 0 (T towards 0 is ``greedy``).
    """
    if not temperature > 0:
        raise UsageError(
            f"The temperature is {temperature}; it must be above 0 (use greedy for 0)."
        )
    return logits / temperature


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Return the logits (..., V) with all but the k largest at minus infinity.

    Tokens as probable as the k-th stay too. Fan et al. (2018).

    Raises:
        UsageError: k is below 1.
    """
    if k < 1:
        raise UsageError(f"top_k is {k}; it must keep at least one token.")
    least = logits.topk(min(k, logits.shape[-1])).values[..., -1:]
    return logits.masked_fill(logits < least, -torch.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Return the logits (..., V) of the smallest set of tokens with probability >= p.

    The most probable token always stays. Nucleus sampling, Holtzman et al. (2020).

    Raises:
        UsageError: p is not above 0 and at most 1.
    """
    if not 0 < p <= 1:
        raise UsageError(f"top_p is {p}; it must be above 0 and at most 1.")
    rising, order = logits.sort(dim=-1)
    # what is at most 1 - p together, counted from the least probable, goes
    gone = rising.softmax(-1).cumsum(-1) <= 1 - p
    gone[..., -1] = False
    return logits.masked_fill(gone.scatter(-1, order, gone), -torch.inf)


def _started(prompt: Sequence[int], length: int) -> list[int]:
    if not len(prompt):
        raise UsageError("The prompt has no token; begin with the separator's id.")
    if length < 0:
        raise UsageError(f"The length is {length}; ask for 0 new tokens or more.")
    return [int(i) for i in prompt]


def plain(model: Callable[[Tensor], Any], window: int | None = None) -> NextLogits:
    """Return ``next_logits`` of any model (1, L) -> (1, L, V), which reads all anew.

    ``window``: at most so many of the last tokens are read.
    """

    @torch.inference_mode()
    def next_logits(ids: Sequence[int]) -> Tensor:
        kept = list(ids) if window is None else list(ids)[-window:]
        output = model(torch.tensor([kept], device=place_of(model)))
        return getattr(output, "logits", output)[0, -1]

    return next_logits


def place_of(model: Any) -> torch.device | None:
    """Return where a network's parameters are; None: it has none, and counts."""
    parameters = getattr(model, "parameters", None)
    first = next(iter(parameters()), None) if callable(parameters) else None
    return None if first is None else first.device


class Remembering:
    """``next_logits`` that reads only what is new since the last call.

    ``read(new ids (1, Q), memory) -> (logits (1, Q or 1, V), memory)``; where the ids
    do not go on from the last ones, it starts afresh.
    """

    def __init__(self, read: Callable[[Tensor, Any], tuple[Tensor, Any]]) -> None:
        self._read = read
        self._seen: list[int] = []
        self._memory: Any = None

    @torch.inference_mode()
    def __call__(self, ids: Sequence[int]) -> Tensor:
        """Return the logits (V,) of what follows ``ids``."""
        ids, seen = list(ids), len(self._seen)
        if seen == 0 or seen >= len(ids) or ids[:seen] != self._seen:
            seen, self._memory = 0, None
        logits, self._memory = self._read(torch.tensor([ids[seen:]]), self._memory)
        self._seen = ids
        return logits[0, -1]


def remember(model: Any) -> NextLogits:
    """Return the quick ``next_logits`` of a model: keys and values, or state, are kept.

    For our GPT and recurrent models, which have ``step(ids, memory)``, and for the
    causal models of transformers.
    """
    if hasattr(model, "step"):
        place = place_of(model)
        return Remembering(lambda new, state: model.step(new.to(place), state))
    known = inspect.signature(model.forward).parameters
    # newer releases of transformers call the keys and values `cache`
    name = "cache" if "cache" in known else "past_key_values"
    # the head, V products of D numbers, for the last token alone
    short = {"logits_to_keep": 1} if "logits_to_keep" in known else {}

    def read(new: Tensor, memory: Any) -> tuple[Tensor, Any]:
        ids = new.to(model.device)
        output = model(input_ids=ids, use_cache=True, **{name: memory}, **short)
        return output.logits, output[name]

    return Remembering(read)
