"""The causal loss: its shift, its mask, its closed form, transformers' own."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from chapter2.objectives import causal_lm, causal_loss


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def test_uniform_logits_cost_log_of_the_vocabulary():
    loss, count = causal_loss(torch.zeros(3, 7, 11), torch.zeros(3, 7).long())
    assert count == 3 * 6
    assert float(loss / count) == pytest.approx(math.log(11), rel=1e-6)


def test_equals_its_formula(generator):
    logits = torch.randn(2, 4, 5, generator=generator, dtype=torch.float64)
    ids = torch.randint(5, (2, 4), generator=generator)
    p = logits.softmax(dim=-1)
    by_hand = -sum(math.log(p[b, t, ids[b, t + 1]]) for b in range(2) for t in range(3))
    assert float(causal_loss(logits, ids)[0]) == pytest.approx(by_hand, rel=1e-12)


def test_equals_transformers(generator):
    config = GPT2Config(vocab_size=17, n_positions=16, n_embd=8, n_layer=1, n_head=2)
    model = GPT2LMHeadModel(config).eval()
    ids = torch.randint(17, (3, 9), generator=generator)
    loss, count = causal_lm(model, {"input_ids": ids})
    expected = model(input_ids=ids, labels=ids).loss
    torch.testing.assert_close(loss / count, expected)


def test_a_model_that_copies_its_input_is_not_rewarded():
    """Without the shift, naming the token that is seen would cost nothing."""
    ids = torch.tensor([[0, 1, 0, 1, 0]])
    copy = 50.0 * F.one_hot(ids, 2).float()
    foresee = 50.0 * F.one_hot(1 - ids, 2).float()
    assert float(causal_loss(copy, ids)[0]) == pytest.approx(4 * 50)
    assert float(causal_loss(foresee, ids)[0]) == pytest.approx(0, abs=1e-12)


def test_padding_counts_for_nothing(generator):
    logits = torch.randn(2, 6, 5, generator=generator)
    ids = torch.randint(5, (2, 6), generator=generator)
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]])
    loss, count = causal_loss(logits, ids, mask)
    apart = (
        causal_loss(logits[:1], ids[:1])[0]
        + causal_loss(logits[1:, :3], ids[1:, :3])[0]
    )
    torch.testing.assert_close(loss, apart)
    assert count == 5 + 2
    other = torch.where(mask == 1, ids, 4 - ids)
    torch.testing.assert_close(causal_loss(logits, other, mask)[0], loss)


def test_padding_on_the_left_is_no_context(generator):
    logits = torch.randn(1, 5, 3, generator=generator)
    ids = torch.randint(3, (1, 5), generator=generator)
    loss, count = causal_loss(logits, ids, torch.tensor([[0, 0, 1, 1, 1]]))
    torch.testing.assert_close(loss, causal_loss(logits[:, 2:], ids[:, 2:])[0])
    assert count == 2


def test_gradient_is_that_of_the_numbers(generator):
    logits = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)
    ids = torch.randint(3, (2, 4), generator=generator)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    assert torch.autograd.gradcheck(
        lambda z: causal_loss(z, ids, mask)[0], logits.requires_grad_()
    )


def test_the_objective_reads_the_mask_of_its_batch(generator):
    table = nn.Embedding(6, 6)  # the logits of the next token, from this one alone
    ids = torch.randint(6, (2, 5), generator=generator)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])

    class Bigram(nn.Module):
        def forward(self, input_ids):
            return table(input_ids)

    found = causal_lm(Bigram(), {"input_ids": ids, "attention_mask": mask})
    expected = causal_loss(table(ids), ids, mask)
    torch.testing.assert_close(found, expected)
    assert found[1] == 7
