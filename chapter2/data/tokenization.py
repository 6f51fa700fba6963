"""Training a WordPiece tokenizer on a corpus, the same on each run.

WordPiece (Schuster and Nakajima, 2012; the form of Devlin et al., 2019) begins with
single characters, joins a pair of neighbouring pieces inside words, and repeats that
until the vocabulary is full. The paper joins the pair that makes the text most
probable; ``tokenizers``, which is used here, the most frequent one. Encoding takes,
from left to right, the longest piece that is in the vocabulary; ``##`` marks a piece
that continues a word.

The trainer of the library ``tokenizers`` numbers the characters in the order of a hash
table, which differs from run to run, and breaks ties by number. So we find the
characters first, and give them to it in sorted order; then the result is a function of
the texts alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from chapter2.data.batching import encodable
from chapter2.errors import DataError, UsageError

if TYPE_CHECKING:
    from transformers import BertTokenizer

PAD, UNKNOWN, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
SPECIAL = (PAD, UNKNOWN, CLS, SEP, MASK)  # ids 0 to 4


def train_wordpiece(
    texts: Sequence[str],
    vocab_size: int = 8192,
    lowercase: bool = True,
    coverage: float = 0.9995,
    min_frequency: int = 2,
) -> BertTokenizer:
    """Return a tokenizer trained on ``texts``, which ``from_pretrained`` reads back.

    Args:
        texts: the training part only: the others must not shape the vocabulary.
        vocab_size: V, special tokens included; fewer where the texts hold fewer pieces.
        lowercase: also removes accents, as BERT's uncased tokenizer does.
        coverage: share of the characters that get a piece of their own, the most
            frequent ones; a word with another character becomes ``[UNK]``.
        min_frequency: a pair that occurs less often is not joined.

    Raises:
        UsageError: the vocabulary has no room for the characters, or an argument has
            no meaning.
        DataError: there is nothing but blanks to learn from.
    """
    if not 0 < coverage <= 1 or min_frequency < 1:
        raise UsageError(
            f"coverage is {coverage} and min_frequency {min_frequency}; set them above "
            "0 and to at most 1, and to 1 or more."
        )
    plain = _without_rare(_normalised(texts, lowercase), coverage)
    characters = _characters(plain)
    if len(characters) > vocab_size:
        raise UsageError(
            f"vocab_size is {vocab_size}, but the special tokens and characters alone "
            f"need {len(characters)}; raise it, or lower coverage."
        )
    return _as_bert(_train(plain, vocab_size, min_frequency, characters), lowercase)


def _normalised(texts: Sequence[str], lowercase: bool) -> list[str]:
    """Return the texts as BERT cleans them up before it parts them into words."""
    from tokenizers.normalizers import BertNormalizer

    normaliser = BertNormalizer(lowercase=lowercase)
    return [normaliser.normalize_str(encodable(text)) for text in texts]


def _without_rare(plain: Sequence[str], coverage: float) -> list[str]:
    """Replace the characters beyond the ``coverage`` by blanks.

    Of equally frequent characters those with the lower code point are kept.
    """
    counts: Counter[str] = Counter()
    for text in plain:
        counts.update(text)
    for blank in [char for char in counts if char.isspace()]:
        del counts[blank]
    if not counts:
        raise DataError(
            "The texts hold nothing but blanks; a tokenizer needs text to learn from."
        )
    ranked = sorted(counts, key=lambda char: (-counts[char], char))
    before = accumulate((counts[char] for char in ranked), initial=0)
    enough = coverage * counts.total()
    rare = [char for char, sum_ in zip(ranked, before, strict=False) if sum_ >= enough]
    table = dict.fromkeys(map(ord, rare), " ")
    return [text.translate(table) for text in plain]


def _characters(plain: Sequence[str]) -> list[str]:
    """Return the special tokens and the pieces of one character, in a fixed order."""
    different = sorted({stretch for text in plain for stretch in text.split()})
    found = set(_train(different, vocab_size=0, min_frequency=1, first=SPECIAL))
    pieces = found - set(SPECIAL)
    return [*SPECIAL, *sorted(pieces, key=lambda piece: (piece[:2] == "##", piece))]


def _train(
    plain: Sequence[str], vocab_size: int, min_frequency: int, first: Sequence[str]
) -> dict[str, int]:
    """Return the vocabulary of normalised texts; the pieces ``first`` come first."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    model = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    model.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=list(first),
        show_progress=False,
    )
    model.train_from_iterator(_batches(plain), trainer, length=len(plain))
    return model.get_vocab()


def _batches(plain: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield texts by the thousand: the trainer counts a batch's words in parallel."""
    for start in range(0, len(plain), 1000):
        yield plain[start : start + 1000]


def _as_bert(vocabulary: dict[str, int], lowercase: bool) -> BertTokenizer:
    """Return the transformers tokenizer: its pipeline, our vocabulary."""
    from transformers import BertTokenizer

    return BertTokenizer(vocab=vocabulary, do_lower_case=lowercase)
