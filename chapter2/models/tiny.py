"""A randomly initialised two-layer BERT with a tokenizer made on the spot.

It knows nothing, weighs about 40,000 parameters and needs no download: tests and the
``smoke`` profile run every line of a page with it in seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# printable ASCII; the tokenizer lowers capitals before it looks a piece up
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
COMMON = (  # noqa: SIM905
    "the a an and or but of to in is it its that this for with as be are was not on "
    "at by from has have you he she they his her film movie story one more than so "
    "good bad great best worst all no into about most like too much very what who "
    "up out if when there characters comedy love make funny never just little well"
).split()


def vocabulary() -> dict[str, int]:
    """Return the WordPiece vocabulary: special tokens, characters, common words."""
    inner = [f"##{c}" for c in CHARACTERS if c.isalnum()]
    words = [word for word in COMMON if len(word) > 1]
    pieces = [*SPECIAL, *CHARACTERS, *inner, *words]
    return {piece: i for i, piece in enumerate(pieces)}


def tiny_random(
    classes: int, seed: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return a 2 x 32 BERT for ``classes`` labels, all weights drawn from ``seed``."""
    from transformers import BertForSequenceClassification

    return _tiny(BertForSequenceClassification, classes, seed)


def tiny_random_tokens(
    classes: int, seed: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the same with a head for ``classes`` tags on each token."""
    from transformers import BertForTokenClassification

    return _tiny(BertForTokenClassification, classes, seed)


def _tiny(
    kind: type[PreTrainedModel], classes: int, seed: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    from transformers import BertConfig, BertTokenizer

    pieces = vocabulary()
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,  # as BERT: no page needs other lengths
    )
    config.num_labels = classes
    with torch.random.fork_rng(devices=[]):  # the global generator stays as it was
        torch.manual_seed(seed)
        model = kind(config)
    return model, BertTokenizer(vocab=pieces, model_max_length=512)
