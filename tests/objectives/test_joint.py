"""The joint loss: two criteria, two counts, and one quotient under accumulation."""

import math
from functools import partial

import pytest
import torch
from transformers import BertConfig as TheirConfig
from transformers import BertForPreTraining

from chapter2.models.bert import BertConfig, BertForPretraining
from chapter2.models.bert_folder import load_bert
from chapter2.objectives import Terms, joint, joint_terms, masked_lm, next_sentence
from chapter2.training.step import accumulate_gradients


def small_bert(dtype=torch.float64):
    config = BertConfig(
        vocab_size=40, width=16, layers=2, heads=2, inner=32, positions=32
    )
    return BertForPretraining(config).to(dtype).eval()


def batch_of(hidden, seed=0, length=12):
    """One row for each number in ``hidden``: so many of its tokens are hidden."""
    draw = torch.Generator().manual_seed(seed)
    rows = len(hidden)
    ids = torch.randint(5, 40, (rows, length), generator=draw)
    labels = torch.full_like(ids, -100)
    for row, n in enumerate(hidden):
        labels[row, 1 : n + 1] = ids[row, 1 : n + 1]
        ids[row, 1 : n + 1] = 4
    types = (torch.arange(length) > length // 2).long().expand(rows, length)
    return {
        "input_ids": ids,
        "labels": labels,
        "token_type_ids": types,
        "attention_mask": torch.ones_like(ids),
        "next_sentence_label": torch.randint(2, (rows,), generator=draw),
    }


def part(batch, rows):
    return {name: value[rows] for name, value in batch.items()}


def gradients(model, batches, objective):
    """Return gradient and value of a step over ``batches``, as the loop makes them."""
    model.zero_grad()
    loss, count, _ = accumulate_gradients(model, objective, batches, "fp32")
    found = [p.grad / count for p in model.parameters()]
    return found, float(loss / count)


def test_terms_are_the_two_losses_apart():
    model, batch = small_bert(), batch_of([2, 3, 1])
    terms = joint_terms(model, batch)
    mlm = masked_lm(model, batch)
    inputs = {k: v for k, v in batch.items() if "label" not in k}
    nsp = next_sentence(model(**inputs).nsp_logits, batch["next_sentence_label"])
    torch.testing.assert_close((terms.masked_sum, terms.masked_count), mlm)
    torch.testing.assert_close((terms.pair_sum, terms.pair_count), nsp)
    assert (int(terms.masked_count), int(terms.pair_count)) == (6, 3)


def test_knowing_nothing_costs_log_v_plus_log_2():
    model = small_bert()
    for p in model.parameters():
        torch.nn.init.zeros_(p)
    loss, count = joint(model, batch_of([2, 2, 2]), masked_per_pair=2)
    expected = math.log(40) + math.log(2)
    assert (loss / count).item() == pytest.approx(expected, rel=1e-12)


def test_the_sum_of_the_means_whatever_the_numbers():
    model, batch = small_bert(), batch_of([2, 3, 1])
    masked, pairs = joint_terms(model, batch).means
    loss, count = joint(model, batch, masked_per_pair=6 / 3)
    torch.testing.assert_close(loss / count, masked + pairs)


def test_terms_of_batches_add_up_to_those_of_their_union():
    model, batch = small_bert(), batch_of([2, 3, 1, 4, 5])
    whole = joint_terms(model, batch)
    first = joint_terms(model, part(batch, slice(0, 2)))
    added = first + joint_terms(model, part(batch, slice(2, 5)))
    assert isinstance(added, Terms)
    torch.testing.assert_close(torch.stack(added.means), torch.stack(whole.means))


@pytest.mark.parametrize("hidden", [[2, 2, 2, 2, 2], [1, 5, 2, 3, 1]])
@pytest.mark.parametrize("cuts", [[(0, 5)], [(0, 4), (4, 5)], [(0, 1), (1, 3), (3, 5)]])
def test_any_partition_of_a_step_gives_the_same_gradient(hidden, cuts):
    model, batch = small_bert(), batch_of(hidden)
    objective = partial(joint, masked_per_pair=sum(hidden) / len(hidden))
    whole, value = gradients(model, [batch], objective)
    batches = [part(batch, slice(*cut)) for cut in cuts]
    parted, same = gradients(model, batches, objective)
    assert same == pytest.approx(value, rel=1e-12)
    for a, b in zip(whole, parted, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-14)


def test_taking_k_from_each_micro_batch_is_wrong():
    """What the constant is for: this quotient moves with the partition."""
    model, batch = small_bert(), batch_of([1, 5, 2, 3, 1])

    def own_k(model, batch):
        k = (batch["labels"] != -100).sum() / len(batch["labels"])
        return joint(model, batch, k)

    batches = [part(batch, slice(0, 1)), part(batch, slice(1, 5))]
    whole, value = gradients(model, [batch], own_k)
    parted, other = gradients(model, batches, own_k)
    assert abs(value - other) > 1e-4
    assert any((a - b).abs().max() > 1e-4 for a, b in zip(whole, parted, strict=True))


def test_both_classes_of_the_pairs_are_trained_with_padding_in_the_batch():
    """0 is [PAD] in the tokens and a class in the pairs; -100 is neither."""
    model, batch = small_bert(), batch_of([2, 2])
    for label in (0, 1):
        model.zero_grad()
        alike = {**batch, "next_sentence_label": torch.tensor([label, label])}
        joint(model, alike, 2)[0].backward()
        bias = model.nsp.bias.grad
        assert bias[label] < 0 < bias[1 - label]


def test_labels_at_padding_change_nothing():
    model, batch = small_bert(), batch_of([2, 3, 1])
    batch["attention_mask"] = batch["attention_mask"].clone()
    batch["attention_mask"][1, 7:] = 0
    wrong = {**batch, "labels": batch["labels"].clone()}
    wrong["labels"][1, 7:] = 9
    torch.testing.assert_close(joint(model, wrong, 2), joint(model, batch, 2))


def test_equals_transformers(tmp_path):
    config = TheirConfig(
        vocab_size=40,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    theirs = BertForPreTraining(config).eval()
    theirs.save_pretrained(tmp_path)
    ours, batch = load_bert(tmp_path), batch_of([2, 3, 1])
    expected = theirs(**batch).loss
    loss, count = joint(ours, batch, masked_per_pair=2)
    torch.testing.assert_close(loss / count, expected, rtol=1e-5, atol=1e-6)
    (loss / count).backward()
    expected.backward()
    theirs_nsp = theirs.cls.seq_relationship.weight.grad
    torch.testing.assert_close(ours.nsp.weight.grad, theirs_nsp, rtol=1e-4, atol=1e-6)
