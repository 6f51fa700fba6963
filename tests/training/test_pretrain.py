"""Pretraining: each family learns, is stored, is read back, and resumes bit for bit."""

import copy
import json
import math

import numpy as np
import pytest
import torch

from chapter2.data.packing import pack, token_ids
from chapter2.data.tokenization import train_wordpiece
from chapter2.errors import DataError, InterruptedTraining, UsageError
from chapter2.models.language_model import (
    FAMILIES,
    LanguageModel,
    load_language_model,
    new_language_model,
)
from chapter2.objectives.causal import causal_lm
from chapter2.training import History, TrainingConfig
from chapter2.training import pretrain as module
from chapter2.training.counting import mean_loss
from chapter2.training.masking import Masker, masked_validation
from chapter2.training.packed import PackedBatches
from chapter2.training.pretrain import make_validation, pretrain, recipe

torch.set_num_threads(1)
ANIMALS = ["cat", "dog", "horse", "fish", "bird", "cow"]
SOUNDS = ["meows", "barks", "neighs", "bubbles", "sings", "moos"]


def documents(n, seed=0):
    """Texts in which the animal decides the sound."""
    draw = np.random.default_rng(seed)
    return [
        " ".join(
            f"the {ANIMALS[i]} {SOUNDS[i]} and"
            for i in draw.integers(len(ANIMALS), size=draw.integers(2, 9))
        )
        for _ in range(n)
    ]


@pytest.fixture(scope="module")
def tokenizer():
    return train_wordpiece(documents(200), vocab_size=90)


@pytest.fixture(scope="module")
def blocks(tokenizer):
    def make(n, seed):
        ids = token_ids(documents(n, seed), tokenizer)
        sep, cls = tokenizer.sep_token_id, tokenizer.cls_token_id
        return pack(ids, 16, sep, first=cls).blocks

    return make(150, 0), make(30, 1)


CONFIG = {"batch_size": 8, "precision": "fp32", "learning_rate": 0.01}


def made(family, tokenizer, seed=0):
    return new_language_model(family, tokenizer, seed=seed, positions=32)


def run(subject, blocks, **options):
    config = TrainingConfig(**{**CONFIG, **options.pop("config", {})})
    options = {"tokens": 20 * 8 * 16, "progress": False, **options}
    return pretrain(subject, *blocks, config, **options)


def weights(subject):
    return {k: v.clone() for k, v in subject.model.state_dict().items()}


def equal(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_learns_and_is_read_back(family, tokenizer, blocks, tmp_path):
    subject = made(family, tokenizer)
    before = make_validation(subject, blocks[1], 8, corrupt(subject))
    untrained = before(subject.model)["loss"] if subject.trains else math.log(90)
    history = run(subject, blocks, out=tmp_path / "m", tokens=60 * 8 * 16)
    assert history.validations[-1]["loss"] < 0.7 * untrained
    assert 0 < sum(history.tokens) <= 60 * 8 * 16
    assert subject.parameters() > 1000 or family == "ngram"
    stored = load_language_model(tmp_path / "m")
    assert stored.family == family
    assert stored.tokenizer.get_vocab() == tokenizer.get_vocab()
    ids = torch.from_numpy(blocks[1][:2])
    assert torch.equal(outputs(stored, ids), outputs(subject, ids))
    names = {path.name for path in (tmp_path / "m").iterdir()}
    assert {"config.json", "tokenizer.json", "history.json"} <= names
    assert "checkpoints" not in names
    assert History.load(tmp_path / "m" / "history.json") == history


def corrupt(subject):
    if subject.is_causal:
        return module.as_they_are
    return Masker(subject.tokenizer)


def outputs(subject, ids):
    if subject.family == "bert":
        return subject.model(ids).mlm_logits
    return subject.model(ids)


def test_transformers_reads_bert_and_gpt(tokenizer, blocks, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer, BertForMaskedLM

    ids = torch.from_numpy(blocks[1][:2])
    readers = {"bert": BertForMaskedLM, "gpt": AutoModelForCausalLM}
    for family, reader in readers.items():
        subject = made(family, tokenizer)
        run(subject, blocks, out=tmp_path / family)
        theirs = reader.from_pretrained(tmp_path / family).eval()
        logits = theirs(ids).logits
        assert torch.allclose(logits, outputs(subject, ids), atol=1e-5)
        read = AutoTokenizer.from_pretrained(tmp_path / family)
        assert (
            read("the cat meows")["input_ids"]
            == (tokenizer("the cat meows")["input_ids"])
        )


def test_the_budget_is_what_is_seen_by_every_family(tokenizer, blocks):
    for family in ("bert", "gpt"):
        history = run(made(family, tokenizer), blocks, tokens=1000)
        assert sum(history.tokens) == 8 * 128  # whole batches of 8 x 16
    history = run(made("ngram", tokenizer), blocks, tokens=1000)
    assert sum(history.tokens) == 63 * 16
    # a count has no second pass
    history = run(made("ngram", tokenizer), blocks, tokens=10**9)
    assert sum(history.tokens) == blocks[0].size


def test_without_a_budget_the_passes_count(tokenizer, blocks):
    config = {"epochs": 2}
    history = run(made("lstm", tokenizer), blocks, tokens=None, config=config)
    assert max(history.epochs) == 2
    assert len(history.steps) == 2 * (len(blocks[0]) // 8)
    assert len(history.validations) == 2


def interrupt_in(step, name, monkeypatch):
    import signal

    real, calls = getattr(module, name), []

    def objective(model, batch):
        calls.append(1)
        if len(calls) == step:
            signal.raise_signal(signal.SIGINT)
        return real(model, batch)

    monkeypatch.setattr(module, name, objective)


@pytest.mark.parametrize("family", ["bert", "gru"])
def test_stopped_and_resumed_is_as_never_stopped(
    family, tokenizer, blocks, tmp_path, monkeypatch
):
    def fresh():
        return new_language_model(family, tokenizer, dropout=0.2, positions=32)

    whole, stopped, resumed = fresh(), fresh(), fresh()
    expected = run(whole, blocks)
    objective = "masked_lm" if family == "bert" else "causal_lm"
    interrupt_in(7, objective, monkeypatch)
    with pytest.raises(InterruptedTraining, match="resume"):
        run(stopped, blocks, out=tmp_path / "m")
    monkeypatch.undo()
    history = run(resumed, blocks, out=tmp_path / "m", resume=True)
    assert history.losses == expected.losses
    assert equal(weights(resumed), weights(whole))


def test_a_finished_run_is_not_overwritten_and_resumes_to_itself(
    tokenizer, blocks, tmp_path
):
    for family in ("gpt", "ngram"):
        first, second = made(family, tokenizer), made(family, tokenizer, seed=1)
        out = tmp_path / family
        history = run(first, blocks, out=out)
        with pytest.raises(UsageError, match="trained before"):
            run(second, blocks, out=out)
        assert run(second, blocks, out=out, resume=True) == history
        ids = torch.from_numpy(blocks[1][:2])
        assert torch.equal(outputs(first, ids), outputs(second, ids))
        with pytest.raises(UsageError, match="other settings or data"):
            run(second, blocks, out=out, resume=True, tokens=77)
        record = json.loads((out / "training.json").read_text())
        assert record["data"]["family"] == family


def test_going_on_with_other_text_keeps_what_was_learnt(tokenizer, blocks, tmp_path):
    subject = made("bert", tokenizer)
    first = run(subject, blocks, out=tmp_path / "m", tokens=60 * 128)
    again = load_language_model(tmp_path / "m")
    config = recipe("bert", continued=True, batch_size=8, precision="fp32").to_dict()
    second = run(again, blocks, config=config, tokens=128)
    assert second.losses[0] < first.losses[0] - 0.5


def test_masks_leave_special_tokens_alone_and_keep_words_whole(tokenizer, blocks):
    rows = torch.from_numpy(blocks[0])
    draw = torch.Generator().manual_seed(0)
    batch = Masker(tokenizer, rate=0.3, whole_words=True)(rows, draw)
    asked = batch["labels"] != -100
    special = torch.isin(rows, torch.tensor(tokenizer.all_special_ids))
    assert not (asked & special).any()
    assert asked[~special].float().mean() == pytest.approx(0.3, abs=0.04)
    assert torch.equal(batch["labels"][asked], rows[asked])
    pieces = tokenizer.convert_ids_to_tokens(rows[0].tolist())
    for i, piece in enumerate(pieces[1:], start=1):
        if piece.startswith("##"):
            assert asked[0, i] == asked[0, i - 1]


def test_masked_validation_is_the_mean_over_all_masked_positions(tokenizer, blocks):
    subject = made("bert", tokenizer)
    subject.model.eval()
    batches = PackedBatches(blocks[1], 7, corrupt=Masker(tokenizer))
    figures = masked_validation(batches)(subject.model)
    losses, right = [], []
    for item in batches.in_order():
        batch = batches.collate(item)
        asked = batch["labels"] != -100
        logits = subject.model(batch["input_ids"]).mlm_logits[asked]
        each = torch.nn.functional.cross_entropy(
            logits, batch["labels"][asked], reduction="none"
        )
        losses += each.tolist()
        right += (logits.argmax(1) == batch["labels"][asked]).tolist()
    assert sum(len(i.blocks) for i in batches.in_order()) == len(blocks[1])
    assert figures["loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert figures["masked_accuracy"] == pytest.approx(np.mean(right))
    assert masked_validation(batches)(subject.model) == figures  # the same masks


def test_causal_validation_is_the_mean_over_all_targets(tokenizer, blocks):
    subject = made("gpt", tokenizer)
    subject.model.eval()
    figures = make_validation(subject, blocks[1], 7)(subject.model)
    ids = {"input_ids": torch.from_numpy(blocks[1])}
    total, count = causal_lm(subject.model, ids)
    assert figures["loss"] == pytest.approx(float(total / count), abs=1e-5)
    assert figures["perplexity"] == pytest.approx(math.exp(figures["loss"]))


def test_the_n_gram_model_is_measured_on_the_same_targets(tokenizer, blocks):
    subject = made("ngram", tokenizer)
    run(subject, blocks)
    loss, count = mean_loss(subject.model, blocks[1])
    logits = subject.model(torch.from_numpy(blocks[1]))  # log-probabilities
    assert count == blocks[1].shape[0] * 15
    targets = torch.from_numpy(blocks[1])[:, 1:]
    chosen = logits[:, :-1].gather(2, targets[..., None])
    assert loss == pytest.approx(-float(chosen.mean()), abs=1e-5)


def test_what_does_not_fit_is_refused(tokenizer, blocks):
    subject = made("gpt", tokenizer)
    with pytest.raises(DataError, match=r"token 4096 and the tokenizer \d+ tokens"):
        run(subject, (np.full((9, 16), 4096), None))
    with pytest.raises(DataError, match="64 tokens and the model reads 32"):
        run(subject, (np.ones((9, 64), dtype=int), None))
    with pytest.raises(UsageError, match="There is no family 'bart'"):
        new_language_model("bart", tokenizer)
    with pytest.raises(UsageError, match="There is no size 'huge'"):
        new_language_model("gpt", tokenizer, size="huge")
    for rate in (0, 1, -0.1):
        with pytest.raises(UsageError, match="between 0 and 1"):
            Masker(tokenizer, rate)
    unmasked = copy.copy(tokenizer)
    unmasked._special_tokens_map = {**unmasked._special_tokens_map, "mask_token": None}
    with pytest.raises(UsageError, match="no mask token"):
        Masker(unmasked)


def test_a_model_of_another_kind_is_refused(tmp_path):
    from chapter2.errors import ModelError

    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(ModelError, match="type 't5'"):
        LanguageModel.load(tmp_path)
