"""The encoder-decoder: parity with torch, what it must not see, how it writes."""

from __future__ import annotations

import itertools
import math
import warnings

import pytest
import torch
from torch import nn

from chapter2.errors import UsageError
from chapter2.models.beam import beam_search
from chapter2.models.seq2seq import CrossAttention, Seq2Seq, Seq2SeqConfig, sinusoids

SMALL = Seq2SeqConfig(11, width=16, heads=2, inner=24, positions=12, dropout=0.0)
BEGIN, END = 2, 3


@pytest.fixture
def model() -> Seq2Seq:
    torch.manual_seed(0)
    made = Seq2Seq(SMALL, seed=1).eval()
    with torch.no_grad():
        for parameter in made.parameters():  # gains and biases too: none is 1 or 0
            parameter.add_(0.3 * torch.randn(parameter.shape))
    return made


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    source, target = torch.randint(4, 11, (2, 3, 7), generator=generator)
    mask = (torch.arange(7) < torch.tensor([[7], [4], [1]])).long()
    return source, target, mask


def copied(ours: Seq2Seq) -> nn.Transformer:
    """Return torch's Transformer with the same weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a shortcut that pre-norm does not take
        peer = nn.Transformer(16, 2, 2, 2, 24, 0.0, batch_first=True, norm_first=True)

    def attention(own, theirs) -> None:
        theirs.load_state_dict(
            {
                "in_proj_weight": own.qkv.weight,
                "in_proj_bias": own.qkv.bias,
                "out_proj.weight": own.out.weight,
                "out_proj.bias": own.out.bias,
            }
        )

    def rest(own, theirs, norms) -> None:
        theirs.linear1.load_state_dict(own.forward_part.inner.state_dict())
        theirs.linear2.load_state_dict(own.forward_part.outer.state_dict())
        attention(own.attention, theirs.self_attn)
        for place, name in enumerate(norms, 1):
            norm = getattr(theirs, f"norm{place}")
            norm.load_state_dict(getattr(own, name).state_dict())

    for own, theirs in zip(ours.encoder, peer.encoder.layers, strict=True):
        rest(own, theirs, ("attention_norm", "inner_norm"))
    for own, theirs in zip(ours.decoder, peer.decoder.layers, strict=True):
        rest(own, theirs, ("attention_norm", "cross_norm", "inner_norm"))
        cross = own.cross
        weights = [torch.cat([cross.q.weight, cross.kv.weight])]
        weights += [torch.cat([cross.q.bias, cross.kv.bias])]
        names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
        values = (*weights, cross.out.weight, cross.out.bias)
        theirs.multihead_attn.load_state_dict(dict(zip(names, values, strict=True)))
    peer.encoder.norm.load_state_dict(ours.encoder_norm.state_dict())
    peer.decoder.norm.load_state_dict(ours.decoder_norm.state_dict())
    return peer


def test_it_is_the_transformer_of_torch(model, batch) -> None:
    source, target, mask = batch
    peer = copied(model)
    hidden = mask == 0
    theirs = peer(
        model.embed(source, 0),
        model.embed(target, 0),
        tgt_mask=nn.Transformer.generate_square_subsequent_mask(7),
        src_key_padding_mask=torch.zeros(3, 7).masked_fill(hidden, -torch.inf),
        memory_key_padding_mask=torch.zeros(3, 7).masked_fill(hidden, -torch.inf),
    )
    expected = theirs @ model.words.weight.T
    torch.testing.assert_close(model(source, target, mask), expected)


def test_the_gradients_are_those_of_torch_too(model, batch) -> None:
    cross = CrossAttention(16, 2, 0.0)
    peer = nn.MultiheadAttention(16, 2, batch_first=True)
    with torch.no_grad():
        peer.in_proj_weight.copy_(torch.cat([cross.q.weight, cross.kv.weight]))
        peer.in_proj_bias.copy_(torch.cat([cross.q.bias, cross.kv.bias]))
        peer.out_proj.load_state_dict(cross.out.state_dict())
    x, memory = torch.randn(2, 3, 16), torch.randn(2, 5, 16, requires_grad=True)
    ours = cross(x, cross.read(memory), None)
    theirs = peer(x, memory, memory)[0]
    torch.testing.assert_close(ours, theirs)
    (one,) = torch.autograd.grad(ours.square().sum(), memory)
    (two,) = torch.autograd.grad(theirs.square().sum(), memory)
    torch.testing.assert_close(one, two)


def test_token_by_token_is_the_same_as_all_at_once(model, batch) -> None:
    source, target, mask = batch
    whole = model(source, target, mask)
    state = model.read(source, mask)
    for at in range(target.shape[1]):
        logits, state = model.step(target[:, at : at + 1], state)
        torch.testing.assert_close(logits[:, 0], whole[:, at])


def test_padding_of_the_source_changes_nothing(model, batch) -> None:
    source, target, mask = batch
    more = source.masked_fill(mask == 0, 9)
    torch.testing.assert_close(model(source, target, mask), model(more, target, mask))
    alone = model(source[1:2, :4], target[1:2])
    torch.testing.assert_close(model(source, target, mask)[1:2], alone)


def test_the_decoder_sees_the_source_and_not_what_comes_later(model, batch) -> None:
    source, target, _ = batch
    before = model(source, target)
    later = target.clone()
    later[:, 4] = (later[:, 4] - 3) % 7 + 4
    changed = (model(source, later) != before).any(-1)
    assert not changed[:, :4].any()
    assert changed[:, 4:].all()
    other = source.clone()
    other[:, -1] = (other[:, -1] - 3) % 7 + 4
    assert (model(other, target) != before).any(-1).all()


def greedy(model, source, length) -> list[int]:
    written = [BEGIN]
    while len(written) <= length and written[-1] != END:
        logits = model(source[None], torch.tensor([written]))
        written.append(int(logits[0, -1].argmax()))
    return written[1:]


def test_one_beam_takes_the_most_probable_token(model, batch) -> None:
    source, _, mask = batch
    found = beam_search(model, source, mask, BEGIN, END, length=9)
    for row, real, written in zip(source, mask.sum(1), found, strict=True):
        assert written == greedy(model, row[:real], 9)


def scored(model, source, written, alpha) -> float:
    logits = model(source[None], torch.tensor([[BEGIN, *written[:-1]]]))[0]
    steps = logits.log_softmax(-1)[range(len(written)), written]
    return float(steps.sum()) / ((5 + len(written)) / 6) ** alpha


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_beams_enough_find_the_best_of_all_texts(alpha) -> None:
    torch.manual_seed(5)
    tiny = Seq2SeqConfig(5, width=8, layers=1, heads=2, inner=8, positions=6)
    model, length = Seq2Seq(tiny, seed=2).eval(), 3
    source = torch.tensor([[4, 1, 4], [1, 0, 3]])
    texts = {
        text[: text.index(END) + 1] if END in text else text
        for text in itertools.product(range(5), repeat=length)
    }
    found = beam_search(model, source, None, BEGIN, END, length, beams=125, alpha=alpha)
    with torch.no_grad():
        for row, written in zip(source, found, strict=True):
            best = max(texts, key=lambda t: scored(model, row, t, alpha))
            assert tuple(written) == best


def test_more_beams_do_not_score_lower_here(model, batch) -> None:
    source, _, mask = batch
    one, eight = (
        beam_search(model, source, mask, BEGIN, END, 6, beams, alpha=0)
        for beams in (1, 8)
    )
    with torch.no_grad():
        for row, real, a, b in zip(source, mask.sum(1), one, eight, strict=True):
            sums = [scored(model, row[:real], text, 0) for text in (a, b)]
            assert sums[1] >= sums[0] - 1e-5


def test_positions_are_the_papers_waves() -> None:
    found = sinusoids(5, 6)
    for t, i in itertools.product(range(5), range(3)):
        angle = t / 10_000 ** (2 * i / 6)
        assert found[t, 2 * i] == pytest.approx(math.sin(angle), abs=1e-6)
        assert found[t, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-6)


def test_what_cannot_be_is_refused(model) -> None:
    with pytest.raises(UsageError, match="has 13 tokens and the model reads 12"):
        model(torch.zeros(1, 13, dtype=torch.long), torch.zeros(1, 1, dtype=torch.long))
    with pytest.raises(UsageError, match="cannot be shared by 3 heads"):
        Seq2SeqConfig(heads=3)
    with pytest.raises(UsageError, match="no size 'huge'; use tiny, small, base"):
        Seq2SeqConfig.preset("huge")
    with pytest.raises(UsageError, match="beams is 0 and length 4"):
        beam_search(model, torch.ones(1, 1, dtype=torch.long), None, 2, 3, 4, beams=0)


def test_the_seed_makes_the_weights() -> None:
    state = torch.random.get_rng_state()
    one, same, other = (Seq2Seq(SMALL, seed).words.weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), state)
