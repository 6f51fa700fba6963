"""The answers to sentence pairs: counted by hand, and as the loop's validation."""

from functools import partial

import numpy as np
import pytest
import torch

from chapter2.models import BertConfig, BertForPretraining
from chapter2.models.tiny import tiny_random
from chapter2.objectives import PairBatches, join_pairs, joint, sentence_pairs
from chapter2.training import TrainingConfig, train
from chapter2.training.pairs import answer_pairs, pair_validation

DOCUMENTS = [
    [f"the {a} was {b}", f"{a} is {b} like the {a}", f"no {b} in {a}", f"one {a}"]
    for a, b in (("film", "good"), ("movie", "bad"), ("story", "great"))
]


@pytest.fixture
def batches():
    tokenizer = tiny_random(2, 0)[1]
    pairs = join_pairs(sentence_pairs(DOCUMENTS), tokenizer, 24)
    return PairBatches(pairs, tokenizer, 2, batch_size=4)


def small_bert():
    config = BertConfig(
        vocab_size=200, width=16, layers=1, heads=2, inner=32, positions=32
    )
    return BertForPretraining(config)


def test_answers_are_counted_over_all_pairs(batches):
    model = small_bert().train()
    found = answer_pairs(model, batches)
    assert model.training
    model.eval()
    named, labels, predicted, losses = [], [], [], []
    for item in batches.epoch(0):
        batch = batches.collate(item)
        right = batch.pop("next_sentence_label")
        hidden = batch["labels"] != -100
        targets = batch.pop("labels")[hidden]
        with torch.no_grad():
            logits = model(**batch)
        named += (logits.mlm_logits[hidden].argmax(-1) == targets).tolist()
        p = logits.nsp_logits.softmax(-1)
        losses += (-p.log())[torch.arange(len(right)), right].tolist()
        labels += right.tolist()
        predicted += p.argmax(-1).tolist()
    assert found.named.tolist() == named
    assert found.labels.tolist() == labels
    assert found.predicted.tolist() == predicted
    assert found.pair_loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert found.pair_accuracy == np.mean(np.array(labels) == np.array(predicted))
    assert len(named) == 2 * len(labels)


def test_the_loop_trains_both_tasks_and_validates_them(batches):
    model = small_bert()
    before, head = pair_validation(batches)(model), model.nsp.weight.clone()
    history = train(
        model,
        partial(joint, masked_per_pair=2),
        batches,
        TrainingConfig(epochs=30, learning_rate=1e-2),
        validate=pair_validation(batches),
        progress=False,
    )
    after = history.validations[-1]
    assert after["loss"] < before["loss"] - 1
    assert not torch.equal(model.nsp.weight, head)
    assert 0 <= after["pair_accuracy"] <= 1
    assert after["masked_accuracy"] > before["masked_accuracy"]
