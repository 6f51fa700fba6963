"""Writing equals transformers': greedy, the filters, and drawing with the same seed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from chapter2.errors import UsageError
from chapter2.models import GPT, GPTConfig, RecurrentConfig, RecurrentLM
from chapter2.models.generation import (
    filtered,
    greedy,
    keep_top_k,
    keep_top_p,
    plain,
    remember,
    sample,
    tempered,
)
from chapter2.models.ngram import fit
from chapter2.models.tiny_causal import tiny_causal

PROMPT = [5, 6, 7]
LOGITS = torch.randn(4, 50, generator=torch.Generator().manual_seed(0)) * 3


@pytest.fixture(scope="module")
def llama():
    return tiny_causal(seed=0)[0]


def generate(model, length, **options):
    options = {"pad_token_id": 0, "eos_token_id": None, **options}
    made = model.generate(torch.tensor([PROMPT]), max_new_tokens=length, **options)
    return made[0, len(PROMPT) :].tolist()


def test_greedy_equals_generate(llama):
    theirs = generate(llama, 20, do_sample=False)
    assert greedy(remember(llama), PROMPT, 20) == theirs
    assert greedy(plain(llama), PROMPT, 20) == theirs
    assert len(set(theirs)) > 1  # not one token again and again


def test_gpt2_s_cache_too():
    config = GPT2Config(vocab_size=40, n_positions=64, n_embd=32, n_layer=2, n_head=2)
    config.initializer_range = 0.3
    torch.manual_seed(0)
    model = GPT2LMHeadModel(config).eval()
    assert greedy(remember(model), PROMPT, 12) == generate(model, 12, do_sample=False)


def test_greedy_stops_where_generate_stops(llama):
    end = generate(llama, 20, do_sample=False)[4]
    theirs = generate(llama, 20, do_sample=False, eos_token_id=end)
    assert greedy(remember(llama), PROMPT, 20, stop=[end]) == theirs
    assert theirs[-1] == end


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_temperature_equals_the_warper(temperature):
    expected = TemperatureLogitsWarper(temperature)(None, LOGITS)
    assert torch.equal(tempered(LOGITS, temperature), expected)


@pytest.mark.parametrize("k", [1, 5, 50, 80])
def test_top_k_equals_the_warper(k):
    assert torch.equal(keep_top_k(LOGITS, k), TopKLogitsWarper(k)(None, LOGITS))


@pytest.mark.parametrize("p", [0.01, 0.5, 0.9, 0.999, 1.0])
def test_top_p_equals_the_warper(p):
    assert torch.equal(keep_top_p(LOGITS, p), TopPLogitsWarper(p)(None, LOGITS))


def test_top_p_by_hand():
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    for p, kept in ((1e-9, 1), (0.4, 1), (0.6, 2), (0.9, 3), (0.97, 4)):
        assert torch.isfinite(keep_top_p(logits, p)).sum() == kept


def test_filters_leave_their_input_alone():
    before = LOGITS.clone()
    filtered(LOGITS, 0.7, 5, 0.5)
    assert torch.equal(LOGITS, before)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"temperature": 0.7},
        {"top_k": 8},
        {"top_p": 0.6},
        {"temperature": 1.5, "top_k": 20, "top_p": 0.8},
    ],
    ids=str,
)
def test_drawing_equals_generate_at_the_same_seed(llama, filters):
    ours = sample(remember(llama), PROMPT, 15, seed=3, **filters)
    torch.manual_seed(3)
    options = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, **filters}
    assert ours == generate(llama, 15, do_sample=True, **options)


def test_drawing_follows_the_distribution():
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, -2.0, 1.5])
    drawn = sample(lambda ids: logits, PROMPT, 5_000, 0, temperature=1.3, top_k=5)
    counts = np.bincount(drawn, minlength=6)
    expected = filtered(logits, 1.3, 5, None).softmax(-1).double().numpy()
    assert counts[4] == 0 == expected[4]
    kept = expected > 0
    expected = expected[kept] / expected.sum() * counts.sum()
    assert chisquare(counts[kept], expected).pvalue > 0.01


def test_the_seed_decides_and_the_global_generator_stays(llama):
    before = torch.random.get_rng_state()
    one, two, other = (sample(remember(llama), PROMPT, 15, seed) for seed in (0, 0, 1))
    assert one == two != other
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_family_writes(llama):
    gpt = GPT(GPTConfig(vocab_size=30, width=16, positions=64), seed=0).eval()
    config = RecurrentConfig(vocab_size=30, width=16)
    models = [gpt] + [
        RecurrentLM(replace(config, kind=kind)).eval()
        for kind in ("rnn", "lstm", "gru")
    ]
    for model in models:
        kept = sample(remember(model), PROMPT, 12, seed=0)
        assert kept == sample(plain(model), PROMPT, 12, seed=0)
        assert len(kept) == 12
    counted = fit([[5, 6, 7, 8, 9, 5, 6, 7, 8, 9]], 30, 3)
    assert greedy(counted.next_logits, PROMPT, 4) == [8, 9, 5, 6]
    assert greedy(plain(counted), PROMPT, 4) == [8, 9, 5, 6]


def test_what_is_remembered_is_dropped_when_the_text_changes(llama):
    next_logits, fresh = remember(llama), plain(llama)
    for ids in ([5, 6], [5, 6, 7, 8], [5, 6, 7], [5, 9], [5, 9], [1, 2, 3]):
        torch.testing.assert_close(next_logits(ids), fresh(ids))


def test_only_what_is_new_is_read(llama):
    read = []
    forward = llama.forward

    class Watched:
        device = llama.device

        def forward(self, *args, **kwargs):
            raise AssertionError

        def __call__(self, input_ids, **kwargs):
            read.append(input_ids.shape[1])
            return forward(input_ids, **kwargs)

    watched = Watched()
    watched.forward = forward
    greedy(remember(watched), PROMPT, 5)
    assert read == [3, 1, 1, 1, 1]


def test_a_window_keeps_the_last_tokens():
    gpt = GPT(GPTConfig(vocab_size=30, width=16, positions=4), seed=0).eval()
    next_logits = plain(gpt, window=4)
    expected = gpt(torch.tensor([[2, 3, 4, 5]]))[0, -1]
    torch.testing.assert_close(next_logits([1, 2, 3, 4, 5]), expected)


def test_what_is_read_goes_where_the_model_is():
    """Here to torch's device without memory, elsewhere to a GPU."""
    config = RecurrentConfig(vocab_size=30, width=16)
    for model in (GPT(GPTConfig(vocab_size=30, width=16)), RecurrentLM(config)):
        places = []

        def watch(module, inputs, places=places):
            places.append(inputs[0].device.type)

        table = next(m for m in model.modules() if isinstance(m, torch.nn.Embedding))
        table.register_forward_pre_hook(watch)
        model.to("meta").eval()
        for read in (plain(model), remember(model)):
            read(PROMPT)
        assert places == ["meta", "meta"]


def test_faults_are_said():
    def constant(ids):
        return LOGITS[0]

    with pytest.raises(UsageError, match="no token"):
        greedy(constant, [], 5)
    with pytest.raises(UsageError, match="length is -1"):
        greedy(constant, PROMPT, -1)
    with pytest.raises(UsageError, match="use greedy for 0"):
        sample(constant, PROMPT, 1, 0, temperature=0)
    with pytest.raises(UsageError, match="at least one token"):
        sample(constant, PROMPT, 1, 0, top_k=0)
    for p in (0, 1.1):
        with pytest.raises(UsageError, match="at most 1"):
            sample(constant, PROMPT, 1, 0, top_p=p)
