"""Measures of language models against closed forms."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from chapter2.errors import DataError, UsageError
from chapter2.evaluation import (
    TextSize,
    at_positions,
    masked_accuracy,
    perplexity,
    pseudo_perplexity,
    unigram,
)

V, MASK, SURE = 11, 4, 50.0  # exp(-50) is nothing
BLOCKS = np.random.default_rng(0).integers(5, V, size=(6, 9))


def uniform(ids, positions=None):
    shape = ids.shape if positions is None else (int(positions.sum()),)
    return torch.full((*shape, V), 3.7)


def one_hot(ids):
    return SURE * nn.functional.one_hot(ids, V).float()


def clairvoyant(blocks):
    """A causal model that knows the blocks: its logits at t name the token at t + 1."""
    rows = {tuple(row[:1]): torch.tensor(row) for row in blocks.tolist()}

    def model(ids):
        known = torch.stack([rows[tuple(row[:1].tolist())] for row in ids])
        return one_hot(known.roll(-1, dims=1))

    return model


def copying(ids):
    """For texts of two equal tokens: each position is predicted to equal the other."""
    return one_hot(ids.flip(1))


# --- perplexity ---------------------------------------------------------------------


def test_a_uniform_model_has_a_perplexity_of_v() -> None:
    score = perplexity(uniform, BLOCKS)
    assert score.value == pytest.approx(V)
    assert score.counts.tolist() == [8] * 6
    assert score.cross_entropy == pytest.approx(math.log(V))


def test_a_model_that_knows_the_text_has_a_perplexity_of_1() -> None:
    blocks = BLOCKS.copy()
    blocks[:, 0] = np.arange(5, 11)  # by which the model tells the blocks apart
    assert perplexity(clairvoyant(blocks), blocks, batch_size=4).value == pytest.approx(
        1
    )


def test_perplexity_is_that_of_the_chain_rule() -> None:
    generator = torch.Generator().manual_seed(1)
    table = torch.randn(V, V, generator=generator)  # a bigram model
    p = table.softmax(dim=1).numpy().astype(float)
    wanted = np.prod([p[a, b] for row in BLOCKS for a, b in pairwise(row)])
    score = perplexity(lambda ids: table[ids], BLOCKS, batch_size=4)
    assert score.value == pytest.approx(wanted ** (-1 / 48), rel=1e-6)
    assert np.exp(-score.nats.sum()) == pytest.approx(wanted, rel=1e-5)


def test_it_equals_the_loss_of_transformers() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    size = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 16}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=V, **size, bos_token_id=0))
    model.train()  # with dropout, which must be off while measuring
    score = perplexity(model, BLOCKS)
    assert model.training
    ids = torch.tensor(BLOCKS)
    with torch.inference_mode():
        loss = model.eval()(ids, labels=ids).loss
    assert score.cross_entropy == pytest.approx(loss.item(), rel=1e-6)


def test_the_first_positions_may_be_left_out() -> None:
    table = torch.eye(V) * 3
    late = perplexity(lambda ids: table[ids], BLOCKS, first=4)
    assert late.counts.tolist() == [5] * 6
    tail = perplexity(lambda ids: table[ids], BLOCKS[:, 3:])
    assert late.value == pytest.approx(tail.value)


def test_batches_do_not_matter() -> None:
    table = torch.randn(V, V, generator=torch.Generator().manual_seed(2))
    values = [
        perplexity(lambda i: table[i], BLOCKS, batch_size=b).nats for b in (1, 4, 99)
    ]
    np.testing.assert_allclose(values[0], values[1])
    np.testing.assert_allclose(values[0], values[2])


# --- per word and byte --------------------------------------------------------------


def test_values_per_word_and_byte_do_not_depend_on_how_text_is_cut() -> None:
    text = ["to be or not to be", "déjà vu"]
    nats = 24.0
    found = []
    for tokens in (8, 24):
        size = TextSize.of(text, tokens)
        score = perplexity(uniform, BLOCKS, size)
        each = np.full(6, nats / tokens * 8)  # so that the text costs 24 nats
        score = type(score)(score.measure, each, score.counts, size)
        found.append((score.per_word, score.bits_per_byte))
    assert found[0] == pytest.approx(found[1])
    words, size = 8, len("to be or not to be") + len("déjà vu") + 2
    assert found[0][0] == pytest.approx(math.exp(nats / words))
    assert found[0][1] == pytest.approx(nats / math.log(2) / size)


def test_a_value_per_word_needs_the_size() -> None:
    with pytest.raises(UsageError, match=r"size=TextSize\.of"):
        _ = perplexity(uniform, BLOCKS).per_word


def test_the_interval_covers_the_value() -> None:
    table = torch.randn(V, V, generator=torch.Generator().manual_seed(3))
    interval = perplexity(lambda ids: table[ids], BLOCKS).interval(resamples=200)
    assert interval.low < interval.value < interval.high
    same = perplexity(uniform, BLOCKS).interval(resamples=50)
    assert same.low == pytest.approx(same.high)


# --- pseudo-perplexity --------------------------------------------------------------


def test_a_uniform_model_has_a_pseudo_perplexity_of_v() -> None:
    assert pseudo_perplexity(uniform, BLOCKS, MASK).value == pytest.approx(V)


def test_two_equal_tokens_show_why_the_two_cannot_be_compared() -> None:
    twins = np.repeat(np.arange(5, V)[:, None], 2, axis=1)  # (6, 2)

    def causal(ids):  # the best there is: all 6 alike at first, then the copy
        return one_hot(ids)

    chain = perplexity(causal, twins)  # of the second token alone
    first = math.log(6)
    whole = math.exp((first + chain.cross_entropy) / 2)
    assert whole == pytest.approx(math.sqrt(6))
    found = pseudo_perplexity(at_positions(copying), twins, MASK)
    assert found.value == pytest.approx(1)


def test_each_token_is_masked_alone_and_no_special_one() -> None:
    seen = []

    def spy(ids, positions):
        seen.append((ids.tolist(), positions.tolist()))
        return uniform(ids, positions)

    score = pseudo_perplexity(spy, [[2, 7, 8, 3]], MASK, special_ids=(2, 3))
    ((shown, asked),) = seen
    assert shown == [[2, MASK, 8, 3], [2, 7, MASK, 3]]
    assert asked == [[False, True, False, False], [False, False, True, False]]
    assert score.counts.tolist() == [2]


def test_the_rest_of_a_word_is_masked_with_it() -> None:
    shown = []

    def spy(ids, positions):
        shown.extend(ids.tolist())
        return uniform(ids, positions)

    continues = np.zeros(V, dtype=bool)
    continues[[8, 9]] = True
    pseudo_perplexity(spy, [[7, 8, 9, 6]], MASK, continues=continues)
    assert shown == [
        [MASK, MASK, MASK, 6],
        [7, MASK, MASK, 6],
        [7, 8, MASK, 6],
        [7, 8, 9, MASK],
    ]


def test_pseudo_perplexity_agrees_with_masking_by_hand() -> None:
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = BertForMaskedLM(
        BertConfig(vocab_size=V, intermediate_size=32, **size)
    ).eval()
    total, sequences = 0.0, [[2, 7, 8, 9, 3], [2, 6, 3]]
    for ids in sequences:
        for place in range(1, len(ids) - 1):
            shown = torch.tensor([ids])
            shown[0, place] = MASK
            with torch.inference_mode():
                log_p = model(shown).logits[0, place].log_softmax(-1)
            total -= log_p[ids[place]].item()
    score = pseudo_perplexity(
        at_positions(model), sequences, MASK, special_ids=(2, 3), batch_size=2
    )
    assert score.counts.tolist() == [3, 1]
    assert score.cross_entropy == pytest.approx(total / 4, rel=1e-6)


def test_a_sample_of_positions_is_seeded() -> None:
    table = torch.randn(V, V, generator=torch.Generator().manual_seed(4))
    model = at_positions(lambda ids: table[ids.roll(1, dims=1)])
    whole = pseudo_perplexity(model, BLOCKS, MASK)
    some = [pseudo_perplexity(model, BLOCKS, MASK, sample=3, seed=s) for s in (0, 0, 1)]
    assert some[0].value == some[1].value != some[2].value
    assert some[0].counts.tolist() == [3] * 6
    many = [pseudo_perplexity(model, BLOCKS, MASK, sample=3, seed=s) for s in range(60)]
    mean = np.mean([score.cross_entropy for score in many])
    assert mean == pytest.approx(whole.cross_entropy, rel=0.1)


# --- masked accuracy ----------------------------------------------------------------


def hidden():
    labels = np.full(BLOCKS.shape, -100)
    labels[:, [1, 4]] = BLOCKS[:, [1, 4]]
    inputs = np.where(labels >= 0, MASK, BLOCKS)
    return inputs, labels


def test_a_model_that_knows_is_always_right() -> None:
    inputs, labels = hidden()
    known = dict(zip(map(tuple, inputs.tolist()), BLOCKS.tolist(), strict=True))

    def model(ids):
        return one_hot(torch.tensor([known[tuple(row)] for row in ids.tolist()]))

    score = masked_accuracy(at_positions(model), inputs, labels, batch_size=4)
    assert (score.correct, score.count, score.accuracy) == (12, 12, 1.0)
    assert score.loss == pytest.approx(0, abs=1e-6)
    assert score.interval().high == 1.0


def test_a_uniform_model_loses_log_v() -> None:
    assert masked_accuracy(uniform, *hidden()).loss == pytest.approx(math.log(V))


def test_blocks_without_a_hidden_token_are_passed_over() -> None:
    inputs, labels = hidden()
    labels[:4] = -100
    assert masked_accuracy(uniform, inputs, labels, batch_size=2).count == 4


# --- unigram ------------------------------------------------------------------------


def test_unigram_measures_are_closed_forms() -> None:
    train = np.array([[5, 5, 5, 6], [6, 7, 5, 5]])
    model = unigram(train, vocab_size=V, add=0.5)
    p = (np.bincount(train.ravel(), minlength=V) + 0.5) / (8 + 0.5 * V)
    np.testing.assert_allclose(np.exp(model.log_probabilities), p, rtol=1e-6)
    entropy = -np.log(p[BLOCKS[:, 1:]]).mean()
    assert perplexity(model, BLOCKS).cross_entropy == pytest.approx(entropy)
    inputs, labels = hidden()
    score = masked_accuracy(model, inputs, labels)
    assert model.best == 5
    assert score.accuracy == (labels[labels >= 0] == 5).mean()


def test_unigram_perplexity_and_pseudo_perplexity_are_one() -> None:
    model = unigram(BLOCKS, vocab_size=V)
    log_p = model.log_probabilities.astype(float)
    wanted = math.exp(-log_p[BLOCKS].mean())
    assert pseudo_perplexity(model, BLOCKS, MASK).value == pytest.approx(wanted)
    opened = np.concatenate([np.full((6, 1), 2), BLOCKS], axis=1)  # all are predicted
    assert perplexity(model, opened).value == pytest.approx(wanted)


# --- what is refused ----------------------------------------------------------------


@pytest.mark.parametrize("blocks", [[], [[5]], [5, 6, 7], np.empty((0, 9))])
def test_blocks_that_cannot_be_scored_are_refused(blocks) -> None:
    with pytest.raises(DataError, match="cannot be scored"):
        perplexity(uniform, blocks)


def test_rows_of_several_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="rows of one length"):
        perplexity(uniform, [[5, 6, 7], [5]])


def test_special_tokens_alone_are_refused() -> None:
    with pytest.raises(DataError, match="no ordinary token"):
        pseudo_perplexity(uniform, [[2, 3], []], MASK, special_ids=(2, 3))


def test_nothing_asked_is_refused() -> None:
    with pytest.raises(DataError, match="some label that is not -100"):
        masked_accuracy(uniform, BLOCKS, np.full(BLOCKS.shape, -100))


@pytest.mark.parametrize("ids", [[], [V], [-1]])
def test_tokens_outside_the_vocabulary_are_refused(ids: list[int]) -> None:
    with pytest.raises(DataError, match="needs token ids in 0 to 10"):
        unigram(ids, V)


def test_a_count_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="add is 0"):
        unigram([1], V, add=0)


def test_the_first_token_cannot_be_scored() -> None:
    with pytest.raises(UsageError, match="nothing before it"):
        perplexity(uniform, BLOCKS, first=0)
