"""Training a byte-pair encoding on texts, of several languages at once.

Byte-pair encoding (Sennrich, Haddow and Birch, 2016) begins with single characters,
joins the most frequent pair of neighbouring pieces, and repeats that until the
vocabulary is full. A blank belongs to the word after it, as the sign U+2581, so that
the text can be put together again (Kudo and Richardson, 2018). Chinese has no blanks:
there a piece may grow over what stands between two punctuation marks.

``tokenizers`` does the work; with characters sorted by code point, its result is a
function of the texts alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chapter2.data.batching import encodable
from chapter2.errors import DataError, UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, UNKNOWN, BEGIN, END = "<pad>", "<unk>", "<s>", "</s>"
SPECIAL = (PAD, UNKNOWN, BEGIN, END)  # ids 0 to 3


def train_bpe(
    texts: Sequence[str], vocab_size: int = 2_000, min_frequency: int = 2
) -> PreTrainedTokenizerFast:
    """Return a tokenizer trained on ``texts``, which ``from_pretrained`` reads back.

    It adds no special token by itself. A character that ``texts`` do not hold becomes
    ``<unk>``.

    Args:
        texts: the training part only: the others must not shape the vocabulary.
        vocab_size: V, special tokens included; fewer where there is less to join, more
            where the characters alone are more.
        min_frequency: a pair that occurs less often is not joined.

    Raises:
        UsageError: no room for a vocabulary.
        DataError: there is nothing but blanks to learn from.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    if vocab_size <= len(SPECIAL) or min_frequency < 1:
        raise UsageError(
            f"vocab_size is {vocab_size} and min_frequency {min_frequency}; give more "
            f"than {len(SPECIAL)} pieces, and 1 or more."
        )
    plain = [encodable(text) for text in texts]
    if not any(text.strip() for text in plain):
        raise DataError(
            "The texts hold nothing but blanks; a tokenizer needs text to learn from."
        )
    fast = Tokenizer(models.BPE(unk_token=UNKNOWN))
    parts = [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()]
    fast.pre_tokenizer = pre_tokenizers.Sequence(parts)
    fast.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    fast.train_from_iterator(plain, trainer, length=len(plain))
    return PreTrainedTokenizerFast(
        tokenizer_object=fast,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=BEGIN,
        eos_token=END,
        clean_up_tokenization_spaces=False,
    )
