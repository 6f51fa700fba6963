r"""A tagger trained from nothing: character (or word) table, LSTM both ways, CRF.

.. math:: h_t = [\overrightarrow{\mathrm{LSTM}}(x)_t ;
                 \overleftarrow{\mathrm{LSTM}}(x)_t], \qquad e_t = W h_t + c

and a :class:`chapter2.models.crf.CRF` on the emissions e (Huang, Xu and Yu, 2015; for
Chinese on characters, which needs no word segmentation, Dong et al., 2016). Beside each
token's own vector stands one of the pair that it forms with the token before it, since
a character alone is often no word (as in the baseline of Zhang and Yang, 2018; their
tables were pretrained, these are not). A token that training showed less than twice is
unknown, and so is a pair.

Shapes: N sentences, B batch, L length, T tags, V vocabulary.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from chapter2.data.batching import LengthBatches, pad
from chapter2.models.crf import CRF
from chapter2.models.network_folder import read_network, reading, write_network
from chapter2.models.settings_file import read_settings

PAD, UNKNOWN = 0, 1  # ids
FIRST = 2  # id of the most frequent token
TOKEN_BUDGET = 16_384  # padded tokens of one batch when predicting; bounds memory
START = "\x02"  # stands before the first token, in its pair

Sentences = Sequence[Sequence[str]]


@dataclass(frozen=True)
class LSTMConfig:
    """The sizes of the tagger."""

    width: int = 48  # of the table of tokens, and of that of pairs
    hidden: int = 64  # of each direction's state
    dropout: float = 0.3  # on the vectors and on the states: the sentences are few
    max_tokens: int = 5_000  # V at most, the most frequent
    max_pairs: int = 20_000  # likewise
    least: int = 2  # seen less often is unknown, so that unknown is trained too
    max_length: int = 96  # tokens read of a training sentence; bounds a step's time


class TaggerNetwork(nn.Module):
    """Two tables, LSTM in both directions, T emissions per token, and the CRF."""

    def __init__(
        self, tokens: int, pairs: int, tag_names: Sequence[str], config: LSTMConfig
    ) -> None:
        super().__init__()
        d, h = config.width, config.hidden
        self.tokens = nn.Embedding(tokens, d, padding_idx=PAD)
        self.pairs = nn.Embedding(pairs, d, padding_idx=PAD)
        self.cells = nn.LSTM(2 * d, h, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.emissions = nn.Linear(2 * h, len(tag_names))
        self.crf = CRF(tag_names)

    def forward(
        self, input_ids: Tensor, pair_ids: Tensor, attention_mask: Tensor
    ) -> Tensor:
        """Return the emissions (B, L, T) of ids and mask, int64 (B, L)."""
        vectors = torch.cat([self.tokens(input_ids), self.pairs(pair_ids)], dim=-1)
        # packed: the way back begins at a sentence's last token, not in its padding
        packed = pack_padded_sequence(
            self.dropout(vectors),
            attention_mask.sum(dim=1).cpu(),
            batch_first=True,
            enforce_sorted=False,
        )
        states, _ = pad_packed_sequence(
            self.cells(packed)[0], batch_first=True, total_length=input_ids.shape[1]
        )
        return self.emissions(self.dropout(states))  # (B, L, 2 H) -> (B, L, T)


@dataclass(frozen=True)
class Vocabulary:
    """Known tokens and pairs, the most frequent first: id 2 and on."""

    tokens: tuple[str, ...]
    pairs: tuple[str, ...]

    @classmethod
    def of(cls, sentences: Sentences, config: LSTMConfig | None = None) -> Vocabulary:
        """Return what the training sentences hold often enough, ties by name."""
        config = config or LSTMConfig()
        tokens = Counter(token for sentence in sentences for token in sentence)
        pairs = Counter(pair for sentence in sentences for pair in pairs_of(sentence))
        return cls(
            _frequent(tokens, config.least, config.max_tokens),
            _frequent(pairs, config.least, config.max_pairs),
        )


def pairs_of(sentence: Sequence[str]) -> list[str]:
    """Return each token with the one before it, as many as there are tokens."""
    return [f"{a}\x1f{b}" for a, b in pairwise((START, *sentence))]


def _frequent(counts: Counter[str], least: int, most: int) -> tuple[str, ...]:
    kept = [token for token, count in counts.items() if count >= least]
    kept.sort(key=lambda token: (-counts[token], token))
    return tuple(kept[: most - FIRST])


def _numbered(found: Iterable[str], known: Sequence[str]) -> dict[str, int]:
    """Return the id of each of ``found``, those that are known."""
    number = {token: i for i, token in enumerate(known, FIRST)}
    return {token: number[token] for token in set(found) & number.keys()}


@dataclass(frozen=True)
class RecurrentTagger:
    """The network with its vocabulary and tags."""

    tag_names: tuple[str, ...]  # (T,)
    vocabulary: Vocabulary
    model: TaggerNetwork
    config: LSTMConfig

    @classmethod
    def new(
        cls,
        tag_names: Sequence[str],
        vocabulary: Vocabulary,
        config: LSTMConfig | None = None,
        seed: int = 0,
    ) -> RecurrentTagger:
        """Return a tagger whose weights are drawn from ``seed``.

        Raises:
            UsageError: a tag is none of O, B-type and I-type.
        """
        config = config or LSTMConfig()
        sizes = len(vocabulary.tokens) + FIRST, len(vocabulary.pairs) + FIRST
        with torch.random.fork_rng(devices=[]):  # the global generator stays
            torch.manual_seed(seed)
            model = TaggerNetwork(*sizes, tag_names, config)
        return cls(tuple(tag_names), vocabulary, model.eval(), config)

    def encode(self, sentences: Sentences) -> tuple[list[list[int]], list[list[int]]]:
        """Return the ids of each sentence's tokens, and of its pairs, uncut."""
        return (
            _ids(sentences, self.vocabulary.tokens),
            _ids([pairs_of(sentence) for sentence in sentences], self.vocabulary.pairs),
        )

    @torch.inference_mode()
    def predict(
        self, sentences: Sentences, batch_size: int = 64
    ) -> list[tuple[str, ...]]:
        """Return the best legal tags of each sentence, one for each token."""
        rows = [i for i, sentence in enumerate(sentences) if len(sentence)]
        ids, pairs = self.encode([sentences[i] for i in rows])
        lengths = [len(row) for row in ids]
        found: list[tuple[str, ...]] = [()] * len(sentences)
        self.model.eval()
        for batch in LengthBatches(lengths, batch_size, TOKEN_BUDGET).in_order():
            some = [ids[i] for i in batch], [pairs[i] for i in batch]
            for i, path in zip(batch, self._paths(*some), strict=True):
                tags = path[: lengths[i]]
                found[rows[i]] = tuple(self.tag_names[tag] for tag in tags)
        return found

    def _paths(self, ids: list[list[int]], pairs: list[list[int]]) -> list[list[int]]:
        place = self.model.emissions.weight.device
        inputs = {**pad(ids, PAD), "pair_ids": pad(pairs, PAD)["input_ids"]}
        inputs = {name: x.to(place) for name, x in inputs.items()}
        mask = inputs["attention_mask"].bool()
        return self.model.crf.decode(self.model(**inputs), mask).tolist()

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write sizes, vocabulary and tags as JSON, and the weights.

        Raises:
            ModelError: the folder cannot be written.
        """
        return write_network(
            folder,
            self.model,
            label_names=self.tag_names,
            config=asdict(self.config),
            vocabulary=asdict(self.vocabulary),
        )

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> RecurrentTagger:
        """Return what :meth:`save` wrote, weights bit for bit.

        Raises:
            ModelError: the folder does not hold it whole.
        """
        stored = read_settings(folder, "config", "vocabulary")
        with reading(folder, "a recurrent tagger"):
            lists = stored["vocabulary"]
            known = Vocabulary(tuple(lists["tokens"]), tuple(lists["pairs"]))
            config = LSTMConfig(**stored["config"])
            made = cls.new(stored["label_names"], known, config)
            read_network(folder, made.model)
        return made


def _ids(sentences: Sentences, known: Sequence[str]) -> list[list[int]]:
    found = (token for sentence in sentences for token in sentence)
    number = _numbered(found, known)
    return [[number.get(token, UNKNOWN) for token in s] for s in sentences]
