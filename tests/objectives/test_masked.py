"""Masks: what is chosen, what is shown; and the loss at the chosen positions."""

import math

import pytest
import torch
from scipy.stats import chisquare
from transformers import BertConfig as TheirConfig
from transformers import BertForMaskedLM, DataCollatorForLanguageModeling

from chapter2.models.bert import BertConfig, BertForPretraining
from chapter2.models.bert_folder import load_bert
from chapter2.models.tiny import tiny_random
from chapter2.objectives import (
    continues_word,
    mask_tokens,
    masked_lm,
    masked_loss,
    ordinary_ids,
    special_mask,
    word_ids_of,
)
from chapter2.objectives.masked import corrupt

PAD, UNK, CLS, SEP, MASK = range(5)
ALLOWED = torch.arange(5, 60)  # of a vocabulary of 60
SPECIAL = torch.arange(5)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def tokenizer():
    return tiny_random(2, 0)[1]


def rows(generator, batch=400, length=60, padding=10):
    """[CLS] tokens [SEP] [PAD] ..., (batch, length)."""
    ids = torch.randint(5, 60, (batch, length), generator=generator)
    ids[:, 0], ids[:, length - padding - 1] = CLS, SEP
    ids[:, length - padding :] = PAD
    return ids


def hide(ids, generator, **options):
    special = special_mask(ids, SPECIAL)
    return mask_tokens(ids, special, MASK, ALLOWED, generator, **options)


def test_special_tokens_and_padding_are_never_chosen(generator):
    ids = rows(generator)
    masked = hide(ids, generator, rate=0.9)
    special = special_mask(ids, SPECIAL)
    assert (masked.labels[special] == -100).all()
    assert torch.equal(masked.input_ids[special], ids[special])


def test_the_input_is_left_alone(generator):
    ids = rows(generator)
    before, special = ids.clone(), special_mask(ids, SPECIAL)
    hide(ids, generator, rate=0.5)
    assert torch.equal(ids, before)
    assert torch.equal(special, special_mask(ids, SPECIAL))


def test_labels_are_the_originals_where_chosen_and_nothing_else_changes(generator):
    ids = rows(generator)
    masked = hide(ids, generator)
    chosen = masked.labels != -100
    assert torch.equal(masked.labels[chosen], ids[chosen])
    assert torch.equal(masked.input_ids[~chosen], ids[~chosen])
    assert (masked.input_ids != ids)[chosen].any()


def test_random_replacement_draws_every_ordinary_token_and_no_special_one(generator):
    ids = rows(generator)
    masked = hide(ids, generator, rate=1.0, shares=(0.0, 1.0, 0.0))
    drawn = masked.input_ids[masked.labels != -100]
    assert set(drawn.tolist()) == set(ALLOWED.tolist())


@pytest.mark.parametrize("seed", range(3))
def test_shares_pass_a_chi_square_test(seed):
    """Replacements from tokens that the text does not have: all three are seen."""
    draw = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 30, (1000, 100), generator=draw)
    other = torch.arange(30, 60)
    none = torch.zeros_like(ids, dtype=torch.bool)
    masked = mask_tokens(ids, none, MASK, other, draw)
    chosen = masked.labels != -100
    shown, original = masked.input_ids[chosen], ids[chosen]
    as_mask = int((shown == MASK).sum())
    kept = int((shown == original).sum())
    total = len(shown)
    counts = [as_mask, total - as_mask - kept, kept]
    expected = [0.8 * total, 0.1 * total, 0.1 * total]
    assert chisquare(counts, expected).pvalue > 0.01
    # the same test tells 80/10/10 from 81/10/9
    wrong = [0.81 * total, 0.10 * total, 0.09 * total]
    assert chisquare(expected, wrong).pvalue < 0.01
    rate = [total, ids.numel() - total]
    assert chisquare(rate, [0.15 * ids.numel(), 0.85 * ids.numel()]).pvalue > 0.01


def test_the_expectation_of_the_shares_is_exact():
    """Every value of the one draw, on a grid: 8, 1 and 1 of ten, and no other."""
    n = 1000
    action = ((torch.arange(n, dtype=torch.float64) + 0.5) / n)[None]
    ids, chosen = torch.full((1, n), 7), torch.ones(1, n, dtype=torch.bool)
    shown = corrupt(ids, chosen, action, torch.full((1, n), 8), MASK)
    counts = [int((shown == token).sum()) for token in (MASK, 8, 7)]
    assert counts == [800, 100, 100]


def test_a_random_token_may_be_the_original():
    """So 10 % and a further 10 % / A are shown as they are; enumerated, not drawn."""
    size, n = len(ALLOWED), 100
    action = ((torch.arange(n, dtype=torch.float64) + 0.5) / n).repeat(size, 1)
    replacement = ALLOWED[:, None].expand(size, n)
    ids, chosen = torch.full((size, n), 7), torch.ones(size, n, dtype=torch.bool)
    shown = corrupt(ids, chosen, action, replacement, MASK)
    same = int((shown == 7).sum())
    assert same == 10 * size + 10
    assert same / (n * size) == pytest.approx(0.1 + 0.1 / size)


def test_same_seed_same_masks():
    ids = rows(torch.Generator().manual_seed(1))
    first, second, other = (
        hide(ids, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(first.input_ids, second.input_ids)
    assert torch.equal(first.labels, second.labels)
    assert not torch.equal(first.labels, other.labels)


def test_exactly_so_many_in_each_row_each_equally_often(generator):
    ids = rows(generator, batch=4000, length=12, padding=2)  # 8 ordinary tokens
    chosen = hide(ids, generator, per_row=2).labels != -100
    assert (chosen.sum(dim=1) == 2).all()
    counts = chosen.sum(dim=0)
    ordinary = ~special_mask(ids, SPECIAL)[0]
    assert (counts[~ordinary] == 0).all()
    assert chisquare(counts[ordinary]).pvalue > 0.01


def test_what_cannot_be_done_is_refused(generator):
    ids = rows(generator)
    with pytest.raises(ValueError, match="fewer than 59"):
        hide(ids, generator, per_row=59)
    with pytest.raises(ValueError, match="keep words whole"):
        hide(ids, generator, per_row=1, word_ids=torch.zeros_like(ids))
    with pytest.raises(ValueError, match="three parts of 1"):
        hide(ids, generator, shares=(0.8, 0.1, 0.2))


# ---- whole words


def test_words_are_numbered_by_their_first_pieces(tokenizer):
    ids = tokenizer("The movie quietly ends.", return_tensors="pt")["input_ids"]
    pieces = tokenizer.convert_ids_to_tokens(ids[0].tolist())
    words = word_ids_of(ids, continues_word(tokenizer))[0].tolist()
    starts = [not piece.startswith("##") for piece in pieces]
    assert [b != a for a, b in zip([-1, *words], words, strict=False)] == starts
    theirs = tokenizer("The movie quietly ends.").word_ids()[1:-1]
    assert [word - 1 for word in words[1:-1]] == theirs


def test_a_block_that_begins_inside_a_word_begins_with_a_word_of_its_own():
    continues = torch.tensor([False, True])
    ids = torch.tensor([[1, 1, 0, 1, 0], [0, 1, 0, 0, 1]])
    assert word_ids_of(ids, continues).tolist() == [[0, 0, 1, 1, 2], [0, 0, 1, 2, 2]]


def test_whole_words_are_hidden_or_not_and_at_the_same_rate(generator):
    words = torch.arange(60).div(3, rounding_mode="floor").expand(400, 60)
    ids = torch.randint(5, 60, (400, 60), generator=generator)
    chosen = hide(ids, generator, word_ids=words).labels != -100
    whole = chosen.view(400, 20, 3)
    assert (whole.any(dim=2) == whole.all(dim=2)).all()
    found = int(whole.any(dim=2).sum())
    assert chisquare([found, 8000 - found], [1200, 6800]).pvalue > 0.01


# ---- the loss


def test_uniform_logits_cost_log_of_the_vocabulary():
    labels = torch.full((2, 9), -100)
    labels[0, 3], labels[1, 4], labels[1, 8] = 1, 2, 3
    loss, count = masked_loss(torch.zeros(2, 9, 13), labels)
    assert count == 3
    assert float(loss / count) == pytest.approx(math.log(13), rel=1e-6)


def test_gradient_is_that_of_the_numbers_and_zero_where_nothing_is_asked(generator):
    logits = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)
    labels = torch.tensor([[-100, 1, -100, 2], [0, -100, -100, 1]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: masked_loss(z, labels, mask)[0], logits)
    masked_loss(logits, labels, mask)[0].backward()
    asked = torch.tensor([[0, 1, 0, 1], [1, 0, 0, 0]], dtype=torch.bool)
    assert (logits.grad.abs().sum(-1) > 0).equal(asked)


def test_labels_at_padding_change_nothing(generator):
    logits = torch.randn(2, 6, 5, generator=generator)
    labels = torch.randint(5, (2, 6), generator=generator)
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]])
    loss, count = masked_loss(logits, labels, mask)
    other = torch.where(mask == 1, labels, 4 - labels)
    torch.testing.assert_close(masked_loss(logits, other, mask), (loss, count))
    assert count == 9


def small_bert():
    config = BertConfig(
        vocab_size=60, width=16, layers=2, heads=2, inner=32, positions=64
    )
    return BertForPretraining(config).double().eval()


def batch_of(generator):
    ids = rows(generator, batch=4, length=20, padding=5)
    ids[0, 6:] = PAD
    masked = hide(ids, generator, rate=0.3)
    mask = (ids != PAD).long()
    return {
        "input_ids": masked.input_ids,
        "labels": masked.labels,
        "attention_mask": mask,
    }


def test_the_head_is_computed_at_the_hidden_positions_only(generator):
    model, batch = small_bert(), batch_of(generator)
    seen = []
    model.transform.register_forward_hook(lambda m, i, o: seen.append(o.shape[:-1]))
    loss, count = masked_lm(model, batch)
    assert seen == [(int(count),)]
    inputs = {k: v for k, v in batch.items() if k != "labels"}
    everywhere = model(**inputs).mlm_logits  # (B, L, V)
    expected = masked_loss(everywhere, batch["labels"])
    torch.testing.assert_close((loss, count), expected)


def test_the_objective_ignores_labels_at_padding(generator):
    model, batch = small_bert(), batch_of(generator)
    padding = batch["attention_mask"] == 0
    wrong = {**batch, "labels": batch["labels"].masked_fill(padding, 7)}
    torch.testing.assert_close(masked_lm(model, wrong), masked_lm(model, batch))


def test_a_batch_in_which_nothing_is_hidden_costs_nothing():
    model = small_bert()
    ids = torch.tensor([[CLS, 7, SEP]])
    loss, count = masked_lm(
        model, {"input_ids": ids, "labels": torch.full_like(ids, -100)}
    )
    loss.backward()
    assert (loss.item(), count.item()) == (0.0, 0)
    assert not any(p.grad.any() for p in model.parameters() if p.grad is not None)


@pytest.fixture
def theirs(tmp_path):
    config = TheirConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    model = BertForMaskedLM(config).eval()
    model.save_pretrained(tmp_path)
    return model, load_bert(tmp_path)


def test_loss_and_gradients_equal_transformers(theirs, generator):
    reference, ours = theirs
    batch = batch_of(generator)
    loss, count = masked_lm(ours, batch)
    expected = reference(**batch).loss
    torch.testing.assert_close(loss / count, expected, rtol=1e-5, atol=1e-6)
    (loss / count).backward()
    expected.backward()
    table = reference.bert.embeddings.word_embeddings.weight.grad
    torch.testing.assert_close(
        ours.bert.embeddings.words.weight.grad, table, rtol=1e-4, atol=1e-6
    )


# ---- beside transformers' collator


def test_statistics_are_those_of_the_collator_of_transformers(tokenizer):
    """Both on the same text: how much is chosen, shown as [MASK], changed, kept."""
    text = "the movie was good and the story was like no one had ever made it " * 8
    ids = tokenizer([text] * 200, return_tensors="pt")["input_ids"]
    special = special_mask(ids, torch.tensor(tokenizer.all_special_ids))
    draw = torch.Generator().manual_seed(0)
    ours = mask_tokens(
        ids, special, tokenizer.mask_token_id, ordinary_ids(tokenizer), draw
    )
    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15, seed=0)
    theirs = collator([{"input_ids": row} for row in ids.tolist()])

    def shares(shown, labels):
        chosen = labels != -100
        at, original = shown[chosen], ids[chosen]
        as_mask = (at == tokenizer.mask_token_id).double().mean()
        same = (at == original).double().mean()
        return torch.stack([chosen.double().mean(), as_mask, same])

    found = shares(ours.input_ids, ours.labels)
    expected = shares(theirs["input_ids"], theirs["labels"])
    n = int((ours.labels != -100).sum())
    assert n > 2000
    # four deviations of a share near 0.8, for the difference of two samples
    torch.testing.assert_close(found, expected, rtol=0, atol=4 * (0.32 / n) ** 0.5)


def test_ordinary_tokens_are_all_but_the_special_ones(tokenizer):
    found = set(ordinary_ids(tokenizer).tolist())
    assert found == set(range(len(tokenizer))) - set(tokenizer.all_special_ids)
