"""Recurrent language models: a state that reads one token after the other.

Three cells, from the simplest on: Elman (1990); LSTM, Hochreiter and Schmidhuber
(1997) with the forget gate of Gers et al. (2000); GRU, Cho et al. (2014). Each is
written out below as one step, in the layout of torch's weights; the tests hold values
and gradients against torch's kernels, which :class:`RecurrentLM` uses for speed.

Shapes: B batch, L length, D width, V vocabulary, N layers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from chapter2.errors import ModelError, UsageError
from chapter2.models.common import named_size

State = Tensor | tuple[Tensor, Tensor]  # h (N, B, D); for the LSTM h and c
Step = Callable[..., Any]


def rnn_step(
    x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, c: Tensor
) -> Tensor:
    """Return the next state (B, D) of the Elman network.

    .. math:: h_t = \\tanh(W x_t + b + U h_{t-1} + c)

    Args:
        x, h: input and last state, (B, D).
        w, u: weights of input and state, (D, D); ``b``, ``c``: their biases, (D,).
    """
    return torch.tanh(x @ w.T + b + h @ u.T + c)


def lstm_step(
    x: Tensor,
    state: tuple[Tensor, Tensor],
    w: Tensor,
    u: Tensor,
    b: Tensor,
    c: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the next output and cell, both (B, D), of the LSTM.

    .. math:: i, f, o = \\sigma(\\cdot), \\; g = \\tanh(\\cdot), \\quad
              c_t = f \\odot c_{t-1} + i \\odot g, \\quad h_t = o \\odot \\tanh(c_t)

    each :math:`\\cdot` being :math:`W x_t + b + U h_{t-1} + c` with rows of its own:
    ``w`` and ``u`` are (4 D, D), in torch's order i, f, g, o.
    """
    h, cell = state
    i, f, g, o = (x @ w.T + b + h @ u.T + c).chunk(4, dim=-1)
    # forget a share of the cell, write a share of the candidate
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


def gru_step(
    x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, c: Tensor
) -> Tensor:
    """Return the next state (B, D) of the GRU.

    .. math:: r, z = \\sigma(\\cdot), \\quad n = \\tanh(W_n x_t + b_n
              + r \\odot (U_n h_{t-1} + c_n)), \\quad
              h_t = (1 - z) \\odot n + z \\odot h_{t-1}

    ``w`` and ``u`` are (3 D, D), in torch's order r, z, n. Departs from the paper, as
    torch does: r multiplies :math:`U_n h + c_n`, where the paper has :math:`U_n (r
    \\odot h)`; and z keeps the old state, where the first version let it write.
    """
    r, z, n = (x @ w.T + b).chunk(3, dim=-1)
    r_h, z_h, n_h = (h @ u.T + c).chunk(3, dim=-1)
    r, z = torch.sigmoid(r + r_h), torch.sigmoid(z + z_h)
    candidate = torch.tanh(n + r * n_h)
    return (1 - z) * candidate + z * h


STEPS: dict[str, Step] = {"rnn": rnn_step, "lstm": lstm_step, "gru": gru_step}
KERNELS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def unroll(kind: str, layer: nn.RNNBase, x: Tensor) -> Tensor:
    """Return what a one-layer torch kernel gives for ``x`` (B, L, D), step by step."""
    weights = (
        layer.weight_ih_l0,
        layer.weight_hh_l0,
        layer.bias_ih_l0,
        layer.bias_hh_l0,
    )
    zero = x.new_zeros(x.shape[0], layer.hidden_size)
    state: Any = (zero, zero) if kind == "lstm" else zero
    outputs = []
    for t in range(x.shape[1]):
        state = STEPS[kind](x[:, t], state, *weights)
        outputs.append(state[0] if kind == "lstm" else state)
    return torch.stack(outputs, dim=1)


@dataclass(frozen=True)
class RecurrentConfig:
    """The sizes of a recurrent language model."""

    kind: str = "lstm"  # rnn, lstm or gru
    vocab_size: int = 30_522  # V, as in BertConfig
    width: int = 128  # D of embedding and state: equal, so that the tables can be tied
    layers: int = 1  # N; a second one pays with more text than a few million tokens
    dropout: float = 0.0  # on embedding, between layers, on output; 0: one short epoch

    def __post_init__(self) -> None:
        if self.kind not in STEPS:
            raise UsageError(f"The kind is {self.kind!r}; use rnn, lstm or gru.")
        if (
            min(self.vocab_size, self.width, self.layers) < 1
            or not 0 <= self.dropout < 1
        ):
            raise UsageError(
                f"{self} has a size below 1 or a dropout outside 0 to 1; mend that."
            )

    @classmethod
    def preset(cls, name: str, **changes: Any) -> RecurrentConfig:
        """Return the sizes ``name``: tiny, mini, small or base.

        Raises:
            UsageError: there are no such sizes.
        """
        return named_size(PRESETS, name, **changes)


PRESETS = {
    "tiny": RecurrentConfig(),
    "mini": RecurrentConfig(width=256),
    "small": RecurrentConfig(width=512, layers=2, dropout=0.2),
    # two layers of 1,024, as the smaller models of Jozefowicz et al. (2016)
    "base": RecurrentConfig(width=1024, layers=2, dropout=0.25),
}


class RecurrentLM(nn.Module):
    """Word table, N recurrent layers, and the same table again as the output.

    Tied tables: Press and Wolf (2017). Every weight is drawn from ``seed``.
    """

    def __init__(self, config: RecurrentConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        between = config.dropout if config.layers > 1 else 0.0
        with torch.random.fork_rng(devices=[]):  # the global generator stays as it was
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(config.vocab_size, config.width)
            # logits of unit size at first: the loss starts near log V
            nn.init.normal_(self.embedding.weight, std=config.width**-0.5)
            self.cells = KERNELS[config.kind](
                config.width,
                config.width,
                config.layers,
                batch_first=True,
                dropout=between,
            )
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, input_ids: Tensor, state: State | None = None) -> Tensor:
        """Return the logits (B, L, V) of what follows each token of (B, L)."""
        return self.logits(self.hidden(input_ids, state)[0])

    def step(
        self, input_ids: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Return the logits (B, L, V), and the state to go on from.

        For generation: the first call gets the prompt (B, L), each later one the new
        token (B, 1) and the state of the call before.
        """
        hidden, state = self.hidden(input_ids, state)
        return self.logits(hidden), state

    def hidden(
        self, input_ids: Tensor, state: State | None = None
    ) -> tuple[Tensor, Any]:
        """Return the outputs of the last layer, (B, L, D), and the state."""
        embedded = self.dropout(self.embedding(input_ids))  # (B, L) -> (B, L, D)
        hidden, state = self.cells(embedded, state)
        return self.dropout(hidden), state

    def logits(self, hidden: Tensor) -> Tensor:
        """Return E h + b, (..., V), with the word table E for hidden (..., D)."""
        return nn.functional.linear(hidden, self.embedding.weight, self.bias)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write config.json and model.safetensors to ``folder``."""
        from safetensors.torch import save_file

        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        stated = {"model_type": "chapter2-recurrent", **asdict(self.config)}
        (target / "config.json").write_text(json.dumps(stated, indent=1) + "\n")
        save_file(self.state_dict(), target / "model.safetensors")
        return target


def recurrent_parameters(config: RecurrentConfig) -> int:
    """Return the number of parameters: V D + V + N g (2 D^2 + 2 D), g gates."""
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[config.kind]
    d = config.width
    cells = config.layers * gates * (2 * d * d + 2 * d)
    return config.vocab_size * (d + 1) + cells


def load_recurrent(folder: str | os.PathLike[str]) -> RecurrentLM:
    """Return the model that :meth:`RecurrentLM.save` wrote, in evaluation mode.

    Raises:
        ModelError: the folder is not that of a whole recurrent model.
    """
    from safetensors.torch import load_file

    source = Path(folder)
    try:
        stated = json.loads((source / "config.json").read_text(encoding="utf-8"))
        if stated.pop("model_type") != "chapter2-recurrent":
            raise ValueError("it is of another kind of model")
        model = RecurrentLM(RecurrentConfig(**stated))
        model.load_state_dict(load_file(source / "model.safetensors"))
    except Exception as error:  # json, safetensors, torch: each its own
        why = str(error).strip().splitlines()[0].rstrip(". ") or type(error).__name__
        raise ModelError(
            f"{source} cannot be read as a recurrent model ({why}); save it again."
        ) from error
    return model.eval()
