"""Our BERT against transformers', value by value and gradient by gradient."""

import copy

import pytest
import torch
import transformers

from chapter2 import data
from chapter2.errors import UsageError
from chapter2.models import BertConfig, BertForPretraining, load_bert, load_tokenizer
from chapter2.models.bert_folder import their_names
from chapter2.models.layout import to_theirs
from chapter2.objectives.classification import cross_entropy_sum

TEXTS = (
    "Paris is the capital of [MASK], a country in Europe that is known for its wine.",
    "The film was [MASK].",
)
PAIRS = ("It is [MASK] for its bread too.", "I saw it twice.")
SMALL = BertConfig(vocab_size=60, width=32, layers=2, heads=4, inner=64, positions=16)


def theirs(kind, name):
    """The same weights in transformers' model."""
    return getattr(transformers, kind).from_pretrained(data.folder(name)).eval()


def inputs(name, kind):
    """Real texts as a batch: alone, padded, or in pairs and padded."""
    tokenizer = load_tokenizer(name)
    if kind == "one text":
        return dict(tokenizer([TEXTS[0]], return_tensors="pt"))
    pairs = (list(PAIRS),) if kind == "pairs" else ()
    return dict(tokenizer(list(TEXTS), *pairs, padding=True, return_tensors="pt"))


def close(ours, expected, tolerance=1e-5):
    torch.testing.assert_close(ours, expected, atol=tolerance, rtol=1e-6)


def real(batch):
    return batch["attention_mask"].bool()


KINDS = ("one text", "padded", "pairs")


@pytest.fixture(scope="module")
def minilm():
    return load_bert("minilm"), theirs("BertModel", "minilm")


@pytest.fixture(scope="module")
def tiny():
    return load_bert("bert-tiny"), theirs("BertForMaskedLM", "bert-tiny")


@pytest.fixture
def small():
    return BertForPretraining(SMALL, seed=3).eval()


def small_batch():
    ids = torch.randint(1, 60, (3, 9), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    types = (torch.arange(9) > 4).long().expand(3, 9)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states_and_pooled_of_minilm_are_those_of_transformers(minilm, kind):
    ours, reference = minilm
    batch = inputs("minilm", kind)
    with torch.no_grad():
        found, expected = ours.bert(**batch), reference(**batch)
    close(found.hidden[real(batch)], expected.last_hidden_state[real(batch)])
    close(found.pooled, expected.pooler_output)


@pytest.mark.parametrize("kind", KINDS)
def test_mlm_logits_of_bert_tiny_are_those_of_transformers(tiny, kind):
    ours, reference = tiny
    batch = inputs("bert-tiny", kind)
    with torch.no_grad():
        found, expected = ours(**batch).mlm_logits, reference(**batch).logits
    close(found[real(batch)], expected[real(batch)])


def test_in_double_precision_nothing_but_rounding_is_left(tiny):
    ours, reference = (copy.deepcopy(model).double() for model in tiny)
    batch = inputs("bert-tiny", "pairs")
    with torch.no_grad():
        found, expected = ours(**batch).mlm_logits, reference(**batch).logits
    close(found[real(batch)], expected[real(batch)], tolerance=1e-12)


def gradients(model):
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad
        for name, p in model.named_parameters()
    }


def masked_loss(model, batch, labels, chosen):
    """The mean loss at the blanks, with logits everywhere or at the blanks only."""
    asked = labels != -100
    if chosen:  # ours alone can: the way of the training
        logits = model(**batch, positions=asked).mlm_logits
    else:
        logits = model(**batch)
        logits = getattr(logits, "mlm_logits", getattr(logits, "logits", None))[asked]
    return torch.nn.functional.cross_entropy(logits, labels[asked])


# at chosen positions only in double precision: BLAS adds up the 30,522 terms of so few
# rows in another order, and in fp32 that leaves 2e-5 of the largest gradient
@pytest.mark.parametrize(
    ("dtype", "chosen", "tolerance"),
    [(torch.float32, False, 1e-5), (torch.float64, True, 1e-12)],
)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_bert_tiny_are_those_of_transformers(
    tiny, kind, dtype, chosen, tolerance
):
    ours, reference = (copy.deepcopy(model).to(dtype) for model in tiny)
    batch = inputs("bert-tiny", kind)
    mask_id = load_tokenizer("bert-tiny").mask_token_id
    labels = torch.where(batch["input_ids"] == mask_id, 2605, -100)
    masked_loss(ours, batch, labels, chosen).backward()
    masked_loss(reference, batch, labels, False).backward()
    found = to_theirs(gradients(ours), their_names)
    for name, expected in gradients(reference).items():
        close(found.pop(name), expected, tolerance)
    assert not any(gradient.any() for gradient in found.values())  # pooler, NSP head


@pytest.mark.parametrize("kind", ["padded", "pairs"])
def test_gradients_of_minilm_are_those_of_transformers(minilm, kind):
    ours, reference = (copy.deepcopy(model) for model in minilm)
    batch = inputs("minilm", kind)
    chosen = real(batch)
    found = ours.bert(**batch)
    expected = reference(**batch)
    (found.hidden[chosen].square().mean() + found.pooled.square().mean()).backward()
    states, pooled = expected.last_hidden_state[chosen], expected.pooler_output
    (states.square().mean() + pooled.square().mean()).backward()
    by_name = to_theirs(gradients(ours), their_names)
    for name, gradient in gradients(reference).items():
        close(by_name[f"bert.{name}"], gradient)


def test_both_heads_are_those_of_transformers(small, tmp_path):
    folder = small.save(tmp_path)
    reference = transformers.BertForPreTraining.from_pretrained(folder).eval()
    batch = small_batch()
    with torch.no_grad():
        found, expected = small(**batch), reference(**batch)
    chosen = real(batch)
    close(found.mlm_logits[chosen], expected.prediction_logits[chosen], 1e-6)
    close(found.nsp_logits, expected.seq_relationship_logits, 1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_chosen_positions_get_the_states_they_would_get_among_all(small, training):
    batch = small_batch()
    if training:  # dropout must not draw differently where there is none
        small = BertForPretraining(
            BertConfig(**{**vars(SMALL), "dropout": 0.0, "attention_dropout": 0.0})
        ).train()
    chosen = torch.rand(3, 9, generator=torch.Generator().manual_seed(1)) < 0.3
    every = small(**batch)
    some = small(**batch, positions=chosen)
    close(some.mlm_logits, every.mlm_logits[chosen], 1e-6)
    close(some.nsp_logits, every.nsp_logits, 1e-6)


def test_no_chosen_position_gives_no_logits(small):
    batch = small_batch()
    nothing = torch.zeros(3, 9, dtype=torch.bool)
    assert small(**batch, positions=nothing).mlm_logits.shape == (0, 60)


def outcome(model, batch, labels):
    """The loss, the gradients and the states of one batch."""
    model.zero_grad()
    asked = labels != -100
    logits = model(**batch, positions=asked)
    loss = cross_entropy_sum(logits.mlm_logits, labels[asked])[0]
    (loss + logits.nsp_logits.square().sum()).backward()
    with torch.no_grad():
        states = model.bert(**batch).hidden
    return loss.detach(), {n: g.clone() for n, g in gradients(model).items()}, states


def test_a_pad_token_changes_nothing(small):
    """Neither how many pads there are nor which tokens stand there."""
    batch = small_batch()
    labels = torch.where(batch["input_ids"] % 3 == 0, batch["input_ids"], -100)
    labels = labels.masked_fill(~real(batch), -100)
    loss, slopes, states = outcome(small, batch, labels)
    more = {k: torch.nn.functional.pad(v, (0, 5)) for k, v in batch.items()}
    other = dict(more, input_ids=more["input_ids"].clone())
    other["input_ids"][more["attention_mask"] == 0] = 17
    wider = torch.nn.functional.pad(labels, (0, 5), value=-100)
    for padded in (more, other):
        found = outcome(small, padded, wider)
        close(found[0], loss, 1e-5)
        close(found[2][:, :9][real(batch)], states[real(batch)], 1e-6)
        for name, slope in slopes.items():
            close(found[1][name], slope, 1e-5)


def test_a_mask_of_ones_is_no_mask(small):
    batch = small_batch()
    ids, ones = batch["input_ids"], torch.ones_like(batch["input_ids"])
    with torch.no_grad():
        with_mask, without = small(ids, attention_mask=ones), small(ids)
    assert torch.equal(with_mask.mlm_logits, without.mlm_logits)


def test_without_types_all_is_sentence_a(small):
    ids = small_batch()["input_ids"]
    with torch.no_grad():
        stated = small(ids, token_type_ids=torch.zeros_like(ids))
        close(small(ids).mlm_logits, stated.mlm_logits, 1e-6)


def test_the_attention_maps_are_those_of_transformers(small, tmp_path):
    reference = transformers.BertModel.from_pretrained(
        small.save(tmp_path), attn_implementation="eager"
    ).eval()
    batch = small_batch()
    with torch.no_grad():
        found = small.bert.attention_maps(**batch)
        expected = reference(**batch, output_attentions=True).attentions
    assert len(found) == 2
    for ours, other in zip(found, expected, strict=True):
        close(ours, other, 1e-6)
        close(ours.sum(-1), torch.ones(3, 4, 9), 1e-6)
        assert ours[1, :, :, 6:].max() == 0  # nobody looks at padding


def test_bfloat16_stays_near_and_defined_even_for_a_row_of_padding(small):
    batch = small_batch()
    batch["attention_mask"][2] = 0
    with torch.no_grad():
        expected = small(**batch).mlm_logits
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = small(**batch).mlm_logits.float()
    assert found.isfinite().all()
    torch.testing.assert_close(found[:2], expected[:2], atol=0.02, rtol=0)


def test_the_seed_decides_the_weights_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    one, again, other = (BertForPretraining(SMALL, seed=s) for s in (3, 3, 4))
    for (name, p), q in zip(one.named_parameters(), again.parameters(), strict=True):
        assert torch.equal(p, q), name
    words = [m.bert.embeddings.words.weight for m in (one, other)]
    assert not torch.equal(*words)
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_start_from_a_normal_biases_from_zero():
    model = BertForPretraining(BertConfig(vocab_size=4000))
    for name, p in model.named_parameters():
        if "norm" in name:
            assert (p == (1 if name.endswith("weight") else 0)).all(), name
        elif name.endswith("bias"):
            assert (p == 0).all(), name
        else:
            error = 4 * 0.02 / (2 * p.numel()) ** 0.5  # four standard errors
            assert p.std().item() == pytest.approx(0.02, abs=error), name


def test_forward_makes_no_parameters(small):
    before = [id(p) for p in small.parameters()]
    small(**small_batch())
    assert [id(p) for p in small.parameters()] == before


def test_the_word_table_is_one_tensor(small):
    tables = [n for n, p in small.named_parameters() if p.shape == (60, 32)]
    assert tables == ["bert.embeddings.words.weight"]
    before = small(**small_batch()).mlm_logits
    with torch.no_grad():
        # not by a constant: what it is multiplied with has mean 0
        small.bert.embeddings.words.weight[7] += torch.arange(32.0)
    change = (small(**small_batch()).mlm_logits - before).abs()
    assert change[..., 7].min() > 1e-3  # the head's row 7 moved with the embedding


def test_the_global_generator_decides_dropout():
    model = BertForPretraining(SMALL).train()
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        found.append(model(**small_batch()).mlm_logits)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_what_does_not_fit_is_said():
    with pytest.raises(UsageError, match="17 tokens and the model reads 16"):
        BertForPretraining(SMALL)(torch.ones(1, 17, dtype=torch.long))
    with pytest.raises(UsageError, match="shared by 5 heads"):
        BertConfig(heads=5)
    for name in ("vocab_size", "width", "layers", "heads", "inner", "positions"):
        with pytest.raises(UsageError, match=f"{name} is 0; set it"):
            BertConfig(**{name: 0})
    with pytest.raises(UsageError, match=r"attention_dropout is 1\.0; set it"):
        BertConfig(attention_dropout=1.0)
    with pytest.raises(UsageError, match="tiny, mini, small, base"):
        BertConfig.preset("huge")
