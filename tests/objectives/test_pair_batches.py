"""Pairs as batches: joined and cut as the tokenizer does it, masked anew each epoch."""

import pytest
import torch

from chapter2.errors import DataError, UsageError
from chapter2.models.tiny import tiny_random
from chapter2.objectives import Pair, PairBatches, join_pairs, sentence_pairs

DOCUMENTS = [
    ["The movie was good.", "I love it so much that I have seen it twice.", "Well."],
    ["She was not in the film.", "One more like that, please.", "The worst story."],
    ["He made a comedy.", "There is no love in it.", "It has characters."],
]


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_random(2, 0)[1]


@pytest.fixture(scope="module")
def pairs():
    return sentence_pairs(DOCUMENTS, seed=0)


@pytest.mark.parametrize("length", [64, 21, 16, 9])
def test_joined_as_the_tokenizer_joins(tokenizer, pairs, length):
    joined = join_pairs(pairs, tokenizer, length)
    theirs = tokenizer(
        [pair.first for pair in pairs],
        [pair.second for pair in pairs],
        truncation="longest_first",
        max_length=length,
        return_token_type_ids=True,
    )
    assert [len(pair.input_ids) for pair in joined] == [
        len(row) for row in theirs["input_ids"]
    ]
    for ours, types, ids in zip(
        joined, theirs["token_type_ids"], theirs["input_ids"], strict=True
    ):
        assert abs(sum(ours.token_type_ids) - sum(types)) <= 1  # who loses the odd one
        if sum(ours.token_type_ids) == sum(types):
            assert ours.input_ids == ids
            assert ours.token_type_ids == types


def test_a_batch_is_whole(tokenizer, pairs):
    batches = PairBatches(join_pairs(pairs, tokenizer, 40), tokenizer, 2, batch_size=4)
    items = batches.epoch(0)
    assert sorted(i for _, rows in items for i in rows) == list(range(len(pairs)))
    for item in items:
        batch = batches.collate(item)
        hidden = batch["labels"] != -100
        assert (hidden.sum(dim=1) == 2).all()
        assert (batch["attention_mask"][hidden] == 1).all()
        assert not torch.isin(
            batch["labels"][hidden], torch.tensor(tokenizer.all_special_ids)
        ).any()
        original = torch.where(hidden, batch["labels"], batch["input_ids"])
        stored = [batches.pairs[i] for i in item[1]]
        for row, mask, types, pair, label in zip(
            original,
            batch["attention_mask"].bool(),
            batch["token_type_ids"],
            stored,
            batch["next_sentence_label"],
            strict=True,
        ):
            assert row[mask].tolist() == pair.input_ids
            assert types[mask].tolist() == pair.token_type_ids
            assert int(label) == pair.label


def test_masks_are_new_in_each_epoch_and_the_same_for_the_same_item(tokenizer, pairs):
    joined = join_pairs(pairs, tokenizer, 40)
    one, two = (PairBatches(joined, tokenizer, 2, batch_size=9) for _ in range(2))
    item = one.epoch(0)[0]
    first, again = one.collate(item), two.collate(item)
    assert torch.equal(first["labels"], again["labels"])
    assert torch.equal(first["input_ids"], again["input_ids"])
    later = one.collate((1, item[1]))
    assert not torch.equal(first["labels"], later["labels"])
    assert one.fingerprint() == two.fingerprint()


def test_pairs_that_are_too_short_are_left_out(tokenizer):
    joined = join_pairs(
        sentence_pairs([["a", "b"], ["c c c c c c", "d"]]), tokenizer, 20
    )
    lengths = [len(pair.input_ids) for pair in joined]
    batches = PairBatches(joined, tokenizer, 4)
    assert [len(pair.input_ids) for pair in batches.pairs] == [
        n for n in lengths if n >= 7
    ]


def test_pairs_of_unknown_tokens_are_left_out(tokenizer):
    """[UNK] is never hidden, so it does not count towards the tokens to hide."""
    known = Pair("The movie was good.", "I love it so much.", 0, 0, 0)
    unknown = Pair("The \u2603 \u2603 \u2603.", "\u2603 \u2603 \u2603 \u2603", 1, 0, 1)
    joined = join_pairs([unknown, known], tokenizer, 40)
    batches = PairBatches(joined, tokenizer, 4)
    assert batches.pairs == joined[1:]
    batch = batches.collate(batches.epoch(0)[0])
    assert int((batch["labels"] != -100).sum()) == 4


def test_faults_are_said(tokenizer, pairs):
    with pytest.raises(DataError, match="pairs has 60 tokens to hide"):
        PairBatches(join_pairs(pairs, tokenizer, 40), tokenizer, 60)
    with pytest.raises(UsageError, match="max_length is 4"):
        join_pairs(pairs, tokenizer, 4)
