"""Both taggers through the loop: what they are shown, and that they learn it."""

import numpy as np
import pytest
import torch

from chapter2.data import TaggedDataset
from chapter2.errors import DataError, UsageError
from chapter2.evaluation import tagging_report
from chapter2.models.recurrent_tagger import LSTMConfig, RecurrentTagger, Vocabulary
from chapter2.models.token_classifier import load_token_encoder
from chapter2.objectives.classification import IGNORE_INDEX
from chapter2.training import TrainingConfig
from chapter2.training.tagging import (
    crf_likelihood,
    fit_tagger,
    tag_batches,
    validation_of,
)

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
NAMES = {"PER": ("his", "her", "his her"), "LOC": ("film", "movie", "best film")}
SMALL = LSTMConfig(width=16, hidden=16, dropout=0.0, max_length=6)
RATES = {"recurrent": 2e-2, "encoder": 5e-3}


def toy(n, seed):
    """Return sentences of the words of the tiny tokenizer, some of which are names."""
    rng = np.random.default_rng(seed)
    tokens, tags = [], []
    for _ in range(n):
        words, marks = ["the"], ["O"]
        for _ in range(rng.integers(1, 4)):
            kind = rng.choice(["PER", "LOC"])
            name = str(rng.choice(NAMES[kind])).split()
            words += [*name, str(rng.choice(["is", "and", "was"]))]
            marks += [f"B-{kind}", *[f"I-{kind}"] * (len(name) - 1), "O"]
        tokens.append(tuple(words))
        tags.append(tuple(marks))
    return TaggedDataset("toy", tuple(tokens), tuple(tags), TAGS)


@pytest.fixture(scope="module")
def parts():
    return toy(120, 0), toy(40, 1)


def made(kind, train):
    if kind == "encoder":
        return load_token_encoder("tiny-random", TAGS, max_length=32)
    return RecurrentTagger.new(TAGS, Vocabulary.of(train.tokens, SMALL), SMALL)


@pytest.mark.parametrize("kind", RATES)
def test_a_tagger_learns_whole_names(kind, parts):
    train, validation = parts
    tagger = made(kind, train)
    config = TrainingConfig(
        epochs=6,
        batch_size=16,
        learning_rate=RATES[kind],
        precision="fp32",
        monitor="entity_f1",
    )
    history = fit_tagger(tagger, train, validation, config, progress=False)
    assert history.losses[-1] < history.losses[0] / 2
    best = max(figures["entity_f1"] for figures in history.validations)
    found = tagging_report(validation.tags, tagger.predict(validation.tokens))
    assert found.micro.f1 == pytest.approx(best)
    assert found.micro.f1 > 0.95
    assert not tagger.model.training


@pytest.mark.parametrize("kind", RATES)
def test_the_same_seed_gives_the_same_weights(kind, parts):
    train = parts[0].select(range(20))
    config = TrainingConfig(epochs=1, learning_rate=1e-3, precision="fp32")
    weights = []
    for _ in range(2):
        tagger = made(kind, train)
        fit_tagger(tagger, train, None, config, progress=False)
        weights.append([p.detach().clone() for p in tagger.model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))


def test_frozen_layers_stay_and_the_others_learn(parts):
    train = parts[0].select(range(20))
    tagger = made("encoder", train)
    tagger.freeze_below(1)
    before = {k: p.detach().clone() for k, p in tagger.model.named_parameters()}
    config = TrainingConfig(epochs=1, learning_rate=1e-2, precision="fp32")
    fit_tagger(tagger, train, None, config, progress=False)
    moved = {k for k, p in tagger.model.named_parameters() if (p != before[k]).any()}
    assert all(k.startswith(("bert.encoder.layer.1.", "classifier.")) for k in moved)
    weights = {"classifier.weight", "bert.encoder.layer.1.output.dense.weight"}
    assert weights <= moved
    with pytest.raises(UsageError, match="the encoder has 2"):
        tagger.freeze_below(3)


def test_a_batch_holds_labels_where_there_are_tokens(parts):
    train = parts[0]
    batches = tag_batches(made("recurrent", train), train, TrainingConfig(batch_size=8))
    seen = []
    for item in batches.epoch(0):
        batch = batches.collate(item)
        assert set(batch) == {"input_ids", "pair_ids", "attention_mask", "labels"}
        mask = batch["attention_mask"].bool()
        assert torch.equal(mask, batch["labels"] != IGNORE_INDEX)
        assert torch.equal(mask, batch["pair_ids"] != 0)
        for i, labels in zip(item, batch["labels"].tolist(), strict=True):
            tags = [TAGS[label] for label in labels if label != IGNORE_INDEX]
            assert tags == list(train.tags[i][: SMALL.max_length])
        seen += item
    assert sorted(seen) == list(range(len(train)))


def test_the_pieces_inside_a_word_have_no_label():
    dataset = TaggedDataset("one", (("xyz", "the"),), (("B-PER", "O"),), TAGS)
    tagger = made("encoder", dataset)
    batch = tag_batches(tagger, dataset, TrainingConfig()).collate([0])
    wanted = [IGNORE_INDEX, 1, IGNORE_INDEX, IGNORE_INDEX, 0, IGNORE_INDEX]
    assert batch["labels"].tolist() == [wanted]


def test_the_validation_is_the_mean_over_all_sentences(parts):
    train, validation = parts
    tagger = made("recurrent", train)
    figures = validation_of(tagger, validation, TrainingConfig(batch_size=7))(
        tagger.model
    )
    whole = tag_batches(tagger, validation, TrainingConfig())
    total, count = crf_likelihood(
        tagger.model, whole.collate(list(range(len(validation))))
    )
    assert figures["loss"] == pytest.approx(total.item() / count.item(), rel=1e-5)


def test_the_fingerprint_changes_with_a_tag(parts):
    train = parts[0]
    tagger = made("recurrent", train)
    tags = (("O",) * len(train.tags[0]), *train.tags[1:])
    other = TaggedDataset("toy", train.tokens, tags, TAGS)
    one, same, changed = (
        tag_batches(tagger, part, TrainingConfig()).fingerprint()
        for part in (train, train, other)
    )
    assert one == same != changed


def test_what_cannot_be_learnt_is_told(parts):
    tagger = made("recurrent", parts[0])
    strange = TaggedDataset("x", (("a",),), (("B-ORG",),), ("O", "B-ORG"))
    with pytest.raises(DataError, match="x has the tag 'B-ORG'"):
        fit_tagger(tagger, strange, None, TrainingConfig())
    empty = TaggedDataset("x", ((),), ((),), TAGS)
    with pytest.raises(DataError, match="no sentences"):
        fit_tagger(tagger, empty, None, TrainingConfig())
