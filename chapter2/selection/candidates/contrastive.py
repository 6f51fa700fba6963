"""SetFit: an encoder tuned on pairs of texts, and a linear layer on its vectors.

Tunstall et al., "Efficient Few-Shot Learning Without Prompts" (2022). All pairs of N
records would be N^2; here their number grows with N up to a bound, and then no more.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chapter2.selection.candidates.base import READ, Entry, checked_effort
from chapter2.selection.candidates.frozen import MINILM_FACTS, on_vectors
from chapter2.selection.candidates.regression import check_classes

if TYPE_CHECKING:
    from torch import Tensor, nn

    from chapter2.data import TextDataset
    from chapter2.models.embedding import Embedder, EmbeddingLinear

Pair = tuple[int, int, int]  # two records, and 1 where they are of one class

SETFIT = Entry(
    name="minilm-setfit",
    title="MiniLM tuned on pairs (SetFit) + logistic regression",
    simplicity=9,
    licence="Apache-2.0",
    languages=("en",),
    window=READ,
    parameters=22_713_216,
    trains_by_epochs=True,
    weights="minilm",
    smallest_mb=90.0,
    least_records=4,
    sources=("Tunstall et al. (2022): SetFit", *MINILM_FACTS),
)


@dataclass(frozen=True)
class SetFit:
    """Contrastive tuning on sampled pairs, then a logistic regression."""

    entry: Entry = SETFIT
    encoder: str = "minilm"
    max_length: int = READ  # tokens
    # pairs for each record, half of them of one class. The paper takes 20; of 128 film
    # snippets 2, 5 and 10 gave 67, 69 and 68 % of 600 test texts, in 89, 208 and 385 s
    # of a core, where fine-tuning took about 80 s
    per_record: int = 4
    most: int = 1024  # pairs in all: about the cost of one epoch over 2,000 records
    batch_size: int = 16  # pairs, so 32 texts; the paper's
    learning_rate: float = 5e-5  # peak

    def work(self, records: int) -> float:
        """Return how many texts training on so many records reads, repeats counted.

        All of them once more, at a third of the cost, for the layer on their vectors.
        """
        return 2 * self._pairs(records) + records / 3

    def _pairs(self, records: int) -> int:
        return min(self.most, self.per_record * records)

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> EmbeddingLinear:
        """Tune on ``effort`` of the pairs; see :class:`Candidate`."""
        from chapter2.models.embedding import load_embedder

        check_classes(train)
        wanted = max(1, round(checked_effort(effort) * self._pairs(len(train))))
        pairs = sample_pairs(train.labels, wanted, seed)
        embedder = load_embedder(self.encoder, self.max_length)
        return on_vectors(self._tuned(embedder, train, pairs, seed), train)

    def _tuned(
        self, embedder: Embedder, train: TextDataset, pairs: Sequence[Pair], seed: int
    ) -> Embedder:
        """Return a copy of ``embedder`` that was trained on the pairs."""
        from torch.nn import Module

        from chapter2 import runtime
        from chapter2.training import TrainingConfig
        from chapter2.training import train as run

        model: Any = copy.deepcopy(embedder.model)
        Module.to(model, runtime.device())
        batches = PairBatches(embedder, train.texts, pairs, self.batch_size)
        config = TrainingConfig(epochs=1, learning_rate=self.learning_rate, seed=seed)
        run(model, pair_objective, batches, config, progress=False)
        return type(embedder)(model.eval(), embedder.tokenizer, embedder.max_length)


def sample_pairs(labels: Sequence[int], number: int, seed: int) -> list[Pair]:
    """Return at most ``number`` pairs of records, half of one class, half of two.

    Each record comes as the first of a pair equally often, to within one round. Memory
    grows with N and ``number``, never with N^2. A class of one record has no partner
    and makes pairs of two classes only.
    """
    draw = np.random.default_rng(seed)
    known = np.asarray(labels)
    members = {int(c): np.flatnonzero(known == c) for c in np.unique(known)}
    pairs: list[Pair] = []
    while len(pairs) < number:
        for i in draw.permutation(len(known))[: number - len(pairs)].tolist():
            own = members[int(known[i])]
            same = len(pairs) % 2 == 0 and len(own) > 1
            pairs.append((i, _partner(draw, i, own, known, same), int(same)))
    return pairs


def _partner(
    draw: np.random.Generator, i: int, own: np.ndarray, known: np.ndarray, same: bool
) -> int:
    """Return another record of the class of ``i``, or one of another class."""
    while True:  # by rejection: no list of the others is made for each record
        j = int(draw.choice(own)) if same else int(draw.integers(len(known)))
        if j != i and (known[j] == known[i]) == same:
            return j


class PairBatches:
    """P pairs of texts in batches, for the training loop."""

    def __init__(
        self,
        embedder: Embedder,
        texts: Sequence[str],
        pairs: Sequence[Pair],
        batch_size: int,
    ) -> None:
        """Encode the texts that occur in ``pairs``, each once."""
        used = sorted({i for pair in pairs for i in pair[:2]})
        self.ids = dict(
            zip(used, embedder.encode([texts[i] for i in used]), strict=True)
        )
        self.pairs, self.size = pairs, batch_size
        self.pad_id = embedder.tokenizer.pad_token_id

    def epoch(self, k: int) -> list[Sequence[Pair]]:
        """Return the batches: slices of the pairs, which were drawn at random."""
        starts = range(0, len(self.pairs), self.size)
        return [self.pairs[i : i + self.size] for i in starts]

    def collate(self, item: Sequence[Pair]) -> dict[str, Tensor]:
        """Return ``input_ids`` and ``attention_mask`` (B, 2, L), ``labels`` (B,)."""
        import torch

        from chapter2.data.batching import pad

        rows = pad([self.ids[i] for pair in item for i in pair[:2]], self.pad_id)
        # (2 B, L) -> (B, 2, L): a row for each pair
        batch = {
            name: value.unflatten(0, (len(item), 2)) for name, value in rows.items()
        }
        return {**batch, "labels": torch.tensor([same for _, _, same in item])}


def pair_objective(
    model: nn.Module, batch: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the summed loss of B pairs, and B; ids and mask (B, 2, L)."""
    import torch

    from chapter2.models.embedding import mean_vectors
    from chapter2.objectives.contrastive import cosine_similarity_sum

    names = ("input_ids", "attention_mask")
    vectors = mean_vectors(model, {name: batch[name].flatten(0, 1) for name in names})
    left, right = vectors.unflatten(0, (-1, 2)).unbind(dim=1)  # (2 B, D) -> 2 x (B, D)
    loss, count = cosine_similarity_sum(left, right, batch["labels"])
    return loss, torch.tensor(count)
