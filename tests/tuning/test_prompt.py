"""Prompts against transformers' own ``inputs_embeds``, put together by hand."""

import copy

import pytest
import torch
import torch.nn.functional as F

from chapter2.errors import UsageError
from chapter2.models.fast_bert import classify
from chapter2.tuning.prompt import PromptOptions, apply
from chapter2.tuning.virtual import frequent_words

D, P, C = 32, 5, 3  # of tiny-random; the prompt


@pytest.fixture
def prompted(base):
    return apply(copy.deepcopy(base), PromptOptions(length=P), seed=0)[0]


def by_hand(base, inputs, prompt):
    """Return transformers' logits of [CLS], the prompt (P, D), the rest."""
    words = base.get_input_embeddings()(inputs["input_ids"])
    rows = [torch.cat([text[:1], prompt, text[1:]]) for text in words]
    mask = F.pad(inputs["attention_mask"], (P, 0), value=1)
    return base(inputs_embeds=torch.stack(rows), attention_mask=mask).logits


def test_the_number_of_trained_parameters(prompted):
    sizes = {n: p.numel() for n, p in prompted.named_parameters() if p.requires_grad}
    head = D * D + D + C * D + C  # pooler and classifier
    assert sum(sizes.values()) == P * D + head
    assert sum(s for n, s in sizes.items() if "prompt" in n) == P * D


@pytest.mark.parametrize("lengths", [(9, 4, 1, 7), (5, 5), (512 - P, 3)])
def test_the_logits_are_those_of_the_embeddings_by_hand(base, prompted, lengths, batch):
    inputs = batch(lengths)
    prompt = prompted.model.bert.embeddings.prompt.weight
    with torch.no_grad():
        expected, without = by_hand(base, inputs, prompt), classify(base, inputs)
        found = classify(prompted, inputs)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=0)
    assert (found - without).abs().max() > 1e-3


def test_the_gradient_of_the_prompt_is_that_by_hand(base, prompted, batch):
    labels = torch.tensor([0, 2, 1, 1])
    prompt = prompted.model.bert.embeddings.prompt.weight
    F.cross_entropy(classify(prompted, batch()), labels).backward()
    other = prompt.detach().clone().requires_grad_()
    F.cross_entropy(by_hand(base, batch(), other), labels).backward()
    torch.testing.assert_close(prompt.grad, other.grad, atol=1e-12, rtol=1e-9)


def test_it_starts_as_rows_of_the_vocabulary(base, prompted):
    words = frequent_words(base.config.vocab_size, P, seed=0)
    prompt = prompted.model.bert.embeddings.prompt.weight
    assert torch.equal(prompt, base.get_input_embeddings().weight[words])


def test_the_text_is_told_how_many_positions_are_taken(base):
    _, method = apply(copy.deepcopy(base), PromptOptions(length=P), seed=0)
    assert method.reserved == P


@pytest.mark.parametrize(
    ("length", "why"), [(0, "and got 0;"), (-3, "and got -3;"), (510, "at most 509")]
)
def test_a_length_that_cannot_be_is_refused(base, length, why):
    with pytest.raises(UsageError, match=why):
        apply(copy.deepcopy(base), PromptOptions(length=length), seed=0)
