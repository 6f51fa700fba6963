"""Data: the catalogue, its sources, the reader's own files, splits and batching."""

from chapter2.data.access import (
    Status,
    card,
    fetch,
    folder,
    load,
    names,
    status,
    verify,
)
from chapter2.data.augmentation import augment, check_no_crossing, same_prediction
from chapter2.data.batching import LengthBatches, encode, pad, padding_share, restore
from chapter2.data.cards.card import Card
from chapter2.data.corpus import Corpus, CorpusSplit, Document, split_corpus
from chapter2.data.dealing import unit_numbers
from chapter2.data.eda import (
    RandomDeletion,
    RandomInsertion,
    RandomSwap,
    SynonymReplacement,
)
from chapter2.data.exchanges import (
    Exchanges,
    ExchangeSplit,
    split_exchanges,
)
from chapter2.data.files import read_corpus, read_exchanges, read_file
from chapter2.data.folds import Fold, folds
from chapter2.data.normalise import normalise
from chapter2.data.packing import Packed, pack, token_ids
from chapter2.data.pairs import (
    PairSplit,
    TextPairs,
    concatenate_pairs,
    exclude_pairs,
    split_pairs,
)
from chapter2.data.records import TaggedDataset, TextDataset
from chapter2.data.rewriting import BackTranslation, ContextualReplacement
from chapter2.data.sentences import split_sentences
from chapter2.data.splits import Split, leave_out, split
from chapter2.data.tagged_splits import TaggedSplit, split_tagged
from chapter2.data.tokenization import train_wordpiece
from chapter2.data.word_groups import WordGroups

__all__ = [
    "BackTranslation",
    "Card",
    "ContextualReplacement",
    "Corpus",
    "CorpusSplit",
    "Document",
    "ExchangeSplit",
    "Exchanges",
    "Fold",
    "LengthBatches",
    "Packed",
    "PairSplit",
    "RandomDeletion",
    "RandomInsertion",
    "RandomSwap",
    "Split",
    "Status",
    "SynonymReplacement",
    "TaggedDataset",
    "TaggedSplit",
    "TextDataset",
    "TextPairs",
    "WordGroups",
    "augment",
    "card",
    "check_no_crossing",
    "concatenate_pairs",
    "encode",
    "exclude_pairs",
    "fetch",
    "folder",
    "folds",
    "leave_out",
    "load",
    "names",
    "normalise",
    "pack",
    "pad",
    "padding_share",
    "read_corpus",
    "read_exchanges",
    "read_file",
    "restore",
    "same_prediction",
    "split",
    "split_corpus",
    "split_exchanges",
    "split_pairs",
    "split_sentences",
    "split_tagged",
    "status",
    "token_ids",
    "train_wordpiece",
    "unit_numbers",
    "verify",
]
