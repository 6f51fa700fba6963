"""Our GPT against transformers' GPT-2 on random weights, and what causal means."""

import copy

import pytest
import torch
import transformers

from chapter2.errors import ModelError, UsageError
from chapter2.models import GPT, GPTConfig, load_gpt
from chapter2.models.gpt_folder import their_names, turned
from chapter2.models.layout import to_theirs

SIZES = {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 24}
SMALL = GPTConfig(vocab_size=50, width=32, layers=3, heads=4, inner=64, positions=24)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A random GPT-2 with large weights, where its parts differ, and ours of it."""
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=50, **SIZES, initializer_range=0.2, bos_token_id=0, eos_token_id=0
    )
    reference = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for p in reference.parameters():
            p.add_(torch.randn_like(p) * 0.05)  # biases and LayerNorms too
    folder = tmp_path_factory.mktemp("gpt")
    reference.save_pretrained(folder)
    return load_gpt(folder), reference


def ids(length=13, batch=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 50, (batch, length), generator=generator)


def close(ours, expected, tolerance=1e-5):
    torch.testing.assert_close(ours, expected, atol=tolerance, rtol=1e-6)


def padded():
    mask = torch.ones(3, 13, dtype=torch.long)
    mask[1, 6:] = 0
    return ids() * mask, mask


def test_logits_are_those_of_transformers(pair):
    ours, reference = pair
    with torch.no_grad():
        close(ours(ids()), reference(ids()).logits)


def test_logits_with_padding_are_those_of_transformers(pair):
    ours, reference = pair
    batch, mask = padded()
    with torch.no_grad():
        found, expected = ours(batch), reference(batch, attention_mask=mask).logits
    close(found[mask.bool()], expected[mask.bool()])


def loss_of(logits, batch, mask):
    targets = batch[:, 1:].masked_fill(mask[:, 1:] == 0, -100)
    return torch.nn.functional.cross_entropy(
        logits[:, :-1].flatten(0, 1), targets.flatten()
    )


def test_gradients_are_those_of_transformers(pair):
    ours, reference = (copy.deepcopy(model) for model in pair)
    batch, mask = padded()
    loss_of(ours(batch), batch, mask).backward()
    loss_of(reference(batch, attention_mask=mask).logits, batch, mask).backward()
    slopes = {name: p.grad for name, p in ours.named_parameters()}
    found = turned(to_theirs(slopes, their_names))
    expected = {name: p.grad for name, p in reference.named_parameters()}
    assert found.keys() == expected.keys()
    for name, slope in expected.items():
        close(found[name], slope)


def test_a_pad_token_changes_nothing(pair):
    ours = copy.deepcopy(pair[0])
    batch, mask = padded()
    wider = torch.nn.functional.pad(batch, (0, 4), value=9)
    wider_mask = torch.nn.functional.pad(mask, (0, 4))
    found = []
    for some, real in ((batch, mask), (wider, wider_mask)):
        ours.zero_grad()
        logits = ours(some)
        loss = loss_of(logits, some, real)
        loss.backward()
        slopes = [p.grad.clone() for p in ours.parameters()]
        found.append((logits[real.bool()], loss, slopes))
    close(found[0][0], found[1][0])
    close(found[0][1], found[1][1])
    for one, other in zip(found[0][2], found[1][2], strict=True):
        close(one, other)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("place", [1, 7, 12])
def test_a_later_token_changes_no_earlier_logit(pair, training, place):
    """On both ways: torch's kernel, and the weights written out for dropout."""
    model = copy.deepcopy(pair[0]).train(training)
    batch, changed = ids(), ids()
    changed[:, place] = (changed[:, place] + 1) % 50
    logits = []
    for some in (batch, changed):
        torch.manual_seed(0)
        logits.append(model(some).detach())
    assert torch.equal(logits[0][:, :place], logits[1][:, :place])
    assert not torch.equal(logits[0][:, place], logits[1][:, place])


def test_both_ways_of_attention_agree(pair):
    """A dropout of a millionth leaves the kernel's way, and drops nothing here."""
    model = copy.deepcopy(pair[0]).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 1e-6
    with torch.no_grad():
        close(model(ids()), pair[0](ids()))


def test_token_by_token_gives_the_same_logits(pair):
    model = pair[0]
    with torch.no_grad():
        expected = model(ids())
        logits, state = model.step(ids()[:, :5])
        close(logits, expected[:, :5])
        more, state = model.step(ids()[:, 5:8], state)
        close(more, expected[:, 5:8])
        for place in range(8, 13):
            logits, state = model.step(ids()[:, place : place + 1], state)
            close(logits[:, 0], expected[:, place])


def test_the_attention_maps_are_those_of_transformers(pair, tmp_path):
    reference = transformers.GPT2Model.from_pretrained(
        pair[0].save(tmp_path), attn_implementation="eager"
    ).eval()
    with torch.no_grad():
        found = pair[0].attention_maps(ids())
        expected = reference(ids(), output_attentions=True).attentions
    for ours, other in zip(found, expected, strict=True):
        close(ours, other)
        assert ours.triu(1).max() == 0  # nobody looks ahead


def test_transformers_reads_what_we_save(pair, tmp_path):
    folder = pair[0].save(tmp_path)
    again, info = transformers.GPT2LMHeadModel.from_pretrained(
        folder, output_loading_info=True
    )
    assert [info[k] for k in ("missing_keys", "unexpected_keys")] == [set(), set()]
    with torch.no_grad():
        close(again.eval()(ids()).logits, pair[0](ids()))
    assert again.lm_head.weight is again.transformer.wte.weight
    ours = load_gpt(folder)
    assert ours.config == pair[0].config
    for p, q in zip(ours.parameters(), pair[0].parameters(), strict=True):
        assert torch.equal(p, q)


def test_weights_start_as_in_the_paper():
    before = torch.get_rng_state()
    model, again = (GPT(GPTConfig(vocab_size=3000, layers=8), seed=2) for _ in "ab")
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(model.words.weight, again.words.weight)
    assert model.words.weight.std().item() == pytest.approx(0.02, rel=0.01)
    for block in model.blocks:
        for added in (block.attention.out, block.outer):
            assert added.weight.std().item() == pytest.approx(0.02 / 4, rel=0.05)
        assert block.inner.weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert block.inner.bias.abs().max() == 0


def test_what_does_not_fit_is_said(tmp_path):
    model = GPT(SMALL)
    with pytest.raises(UsageError, match="25 tokens and the model reads 24"):
        model(torch.ones(1, 25, dtype=torch.long))
    _, state = model.step(ids(20))
    with pytest.raises(UsageError, match="25 tokens"):
        model.step(ids(5), state)
    with pytest.raises(UsageError, match="shared by 5 heads"):
        GPTConfig(heads=5)
    for name in ("vocab_size", "width", "layers", "heads", "inner", "positions"):
        with pytest.raises(UsageError, match=f"{name} is 0; set it"):
            GPTConfig(**{name: 0})
    with pytest.raises(UsageError, match=r"attention_dropout is 1\.0; set it"):
        GPTConfig(attention_dropout=1.0)
    with pytest.raises(UsageError, match="tiny, mini, small, base"):
        GPTConfig.preset("huge")
    config = transformers.GPT2Config(vocab_size=50, **SIZES, activation_function="relu")
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="activation_function = 'relu'"):
        load_gpt(tmp_path)
