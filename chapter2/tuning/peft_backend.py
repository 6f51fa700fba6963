"""The same methods as the library ``peft`` computes them, behind the same door.

For use: it knows more models than BERT. Ours beside it are to be read; the tests hold
the two against each other. The options are those of our own methods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from chapter2.errors import ModelError
from chapter2.training.method import Method
from chapter2.training.plan import Step
from chapter2.training.step import Objective
from chapter2.tuning.adalora import AdaLoRA, AdaLoRAOptions, with_penalty
from chapter2.tuning.lora import LoRAOptions, check_width
from chapter2.tuning.prompt import PromptOptions, check_room
from chapter2.tuning.virtual import check_length

if TYPE_CHECKING:
    from peft import PeftConfig

# not prefix: peft 0.21 hands over past_key_values, which transformers 5.24 calls cache
METHODS = ("adalora", "lora", "prompt")
HEAD = ["pooler"]  # trained as a whole; peft adds the classifier by itself


class Peft(Method):
    """What peft marks as trained, under our method's name."""

    def __init__(self, name: str) -> None:
        self.name = name


class PeftPrompt(Peft):
    """A prompt, whose positions the text cannot have."""

    def __init__(self, length: int) -> None:
        super().__init__("prompt")
        self.reserved = length


class PeftAdaLoRA(Peft):
    """peft's allocation of ranks, told of the steps.

    Its importance lies outside the weights, so a checkpoint lacks it: a resumed run
    begins its moving averages anew.
    """

    def __init__(self, options: AdaLoRAOptions) -> None:
        super().__init__("adalora")
        self.options = options

    def objective(self, objective: Objective) -> Objective:
        """Return L + n gamma R; peft adds R only to a loss of its own."""
        return with_penalty(objective, svd_rows, self.options.regularisation)

    def before_step(self, model: nn.Module, step: Step, total: int) -> None:
        """Tell peft the length of the run, which its configuration asks for."""
        warmup, end = AdaLoRA(self.options).phases(total)
        config: Any = model.peft_config["default"]  # type: ignore[index]
        config.total_step, config.tinit, config.tfinal = total, warmup, total - end

    def after_update(self, model: nn.Module, step: Step, total: int) -> None:
        """Let peft note the importance and take ranks away."""
        found: Any = model.base_model
        found.update_and_allocate(step.number)


def svd_rows(model: nn.Module) -> list[Tensor]:
    """Return peft's P, transposed, and Q of each matrix."""
    found = []
    for name, parameter in model.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            found.append(parameter if "lora_A" in name else parameter.T)
    return found


def apply(model: Any, method: str, options: Any, seed: int) -> tuple[nn.Module, Method]:
    """Return peft's model around ``model``, and the method that trains it.

    Raises:
        ModelError: peft is not installed.
        UsageError: an unknown target, or a rank above its width.
    """
    try:
        from peft import get_peft_model
    except ImportError as error:
        raise ModelError(
            "backend='peft' needs the package peft; pip install peft, or use "
            "backend='chapter2'."
        ) from error
    config, how = CONFIGS[method](model, options)
    with torch.random.fork_rng(devices=[]):  # peft draws from the global generator
        torch.manual_seed(seed)
        wrapped = get_peft_model(model, config)
    for name, parameter in wrapped.named_parameters():
        if ".pooler." in name and "original_module" not in name:
            parameter.requires_grad_(True)
    return wrapped, how


def _lora(model: nn.Module, options: LoRAOptions) -> tuple[PeftConfig, Method]:
    from peft import LoraConfig, TaskType

    check_width(model, options.targets, options.rank)
    config = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        r=options.rank,
        lora_alpha=options.alpha,  # type: ignore[arg-type]
        lora_dropout=options.dropout,
        target_modules=list(options.targets),
        modules_to_save=HEAD[:],  # a copy: peft extends the list that it gets
    )
    return config, Peft("lora")


def _adalora(model: nn.Module, options: AdaLoRAOptions) -> tuple[PeftConfig, Method]:
    from peft import AdaLoraConfig, TaskType

    check_width(model, options.targets, options.initial_rank)
    config = AdaLoraConfig(
        task_type=TaskType.SEQ_CLS,
        init_r=options.initial_rank,
        target_r=options.rank,
        lora_alpha=options.alpha,  # type: ignore[arg-type]
        target_modules=list(options.targets),
        modules_to_save=HEAD[:],
        beta1=options.beta,
        beta2=options.beta,
        orth_reg_weight=options.regularisation,
        total_step=1,  # until the first step tells
    )
    return config, PeftAdaLoRA(options)


def _prompt(model: Any, options: PromptOptions) -> tuple[PeftConfig, Method]:
    from peft import PromptTuningConfig, TaskType

    check_length(options.length, "prompt tuning")
    check_room(options.length, model.config.max_position_embeddings)
    config = PromptTuningConfig(
        task_type=TaskType.SEQ_CLS, num_virtual_tokens=options.length
    )
    return config, PeftPrompt(options.length)


CONFIGS: dict[str, Callable[..., tuple[PeftConfig, Method]]]
CONFIGS = {"adalora": _adalora, "lora": _lora, "prompt": _prompt}
