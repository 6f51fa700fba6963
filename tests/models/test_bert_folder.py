"""Folders: what we save transformers reads, what it saves we read, faults are named."""

import json

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from chapter2.errors import ModelError
from chapter2.models import (
    BertConfig,
    BertForPretraining,
    load_bert,
    load_encoder,
    load_tokenizer,
)
from chapter2.models.fast_bert import classify
from chapter2.models.tiny import tiny_random, vocabulary

CONFIG = BertConfig(
    vocab_size=len(vocabulary()), width=32, layers=2, heads=2, inner=48, positions=64
)
IDS = torch.arange(5, 15)[None]


@pytest.fixture
def model():
    return BertForPretraining(CONFIG, seed=1).eval()


@pytest.fixture
def saved(model, tmp_path):
    return model.save(tmp_path / "model", tiny_random(2, seed=0)[1])


def edit_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_weights(folder, change):
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


KINDS = ("BertForPreTraining", "BertForMaskedLM", "BertModel")


@pytest.mark.parametrize("kind", KINDS)
def test_transformers_reads_every_weight(saved, kind):
    _, found = getattr(transformers, kind).from_pretrained(
        saved, output_loading_info=True
    )
    assert found["missing_keys"] == set()
    assert found["mismatched_keys"] == set()
    if kind == "BertForPreTraining":
        assert found["unexpected_keys"] == set()


def test_transformers_reads_the_same_settings(saved):
    config = transformers.AutoConfig.from_pretrained(saved)
    assert type(config) is transformers.BertConfig
    assert (config.hidden_size, config.intermediate_size) == (32, 48)
    assert (config.num_hidden_layers, config.num_attention_heads) == (2, 2)
    assert (config.max_position_embeddings, config.type_vocab_size) == (64, 2)
    assert (config.hidden_act, config.layer_norm_eps) == ("gelu", 1e-12)
    assert config.tie_word_embeddings


def test_the_word_table_is_stored_once_and_reloaded_tied(model, saved):
    shapes = [t.shape for t in load_file(saved / "model.safetensors").values()]
    assert shapes.count((CONFIG.vocab_size, 32)) == 1
    again = load_bert(saved)
    assert again.config == CONFIG
    assert again.notices == ()
    for (name, p), q in zip(model.named_parameters(), again.parameters(), strict=True):
        assert torch.equal(p, q), name
    reference = transformers.BertForPreTraining.from_pretrained(saved)
    words = reference.bert.embeddings.word_embeddings.weight
    assert reference.cls.predictions.decoder.weight is words


@pytest.mark.parametrize("kind", KINDS)
def test_we_read_what_transformers_saves(tmp_path, kind):
    sizes = {"vocab_size": 70, "hidden_size": 32, "num_hidden_layers": 1}
    config = transformers.BertConfig(
        **sizes, num_attention_heads=2, intermediate_size=40, type_vocab_size=3
    )
    reference = getattr(transformers, kind)(config).eval()
    reference.save_pretrained(tmp_path)
    ours = load_bert(tmp_path, seed=5)
    states = getattr(reference, "bert", reference)(IDS).last_hidden_state
    torch.testing.assert_close(ours.bert(IDS).hidden, states, atol=1e-6, rtol=0)
    expected = {"BertForPreTraining": 0, "BertForMaskedLM": 2, "BertModel": 2}
    assert len(ours.notices) == expected[kind]


def test_new_parts_start_from_the_seed_and_are_named(saved):
    def without_heads(tensors):
        return {k: t for k, t in tensors.items() if not k.startswith("cls.")}

    edit_weights(saved, without_heads)
    one, again, other = (load_bert(saved, seed=s) for s in (1, 1, 2))
    assert torch.equal(one.transform.weight, again.transform.weight)
    assert not torch.equal(one.transform.weight, other.transform.weight)
    assert ["MLM head" in one.notices[0], "NSP head" in one.notices[1]] == [True] * 2


def test_half_precision_is_raised_to_fp32(saved):
    edit_weights(saved, lambda found: {k: t.half() for k, t in found.items()})
    assert {p.dtype for p in load_bert(saved).parameters()} == {torch.float32}


def test_a_saved_bert_becomes_a_classifier_that_learns(model, saved):
    classifier = load_encoder(str(saved), ("negative", "positive"))
    stored = classifier.model.bert.encoder.layer[1].output.dense.weight
    assert torch.equal(stored, model.bert.layers[1].outer.weight)
    classifier.model.train()
    optimizer = torch.optim.SGD(classifier.model.parameters(), lr=0.1)
    batch, labels = {"input_ids": IDS.repeat(2, 1)}, torch.tensor([0, 0])

    def loss():
        logits = classify(classifier.model.eval(), batch)
        return torch.nn.functional.cross_entropy(logits, labels)

    before = loss()
    before.backward()
    optimizer.step()
    assert loss() < before
    assert not torch.equal(stored, model.bert.layers[1].outer.weight)


def test_the_tokenizer_is_saved_beside_the_weights(saved):
    assert load_tokenizer(saved).get_vocab() == vocabulary()


def damaged(folder, kind):
    """Break a saved folder in one way; return what the sentence must contain."""
    table = "bert.embeddings.word_embeddings.weight"
    match kind:
        case "other family":
            edit_config(folder, model_type="gpt2")
            return "model_type = 'gpt2'"
        case "other activation":
            edit_config(folder, hidden_act="relu")
            return "hidden_act = 'relu'"
        case "decoder":
            edit_config(folder, is_decoder=True)
            return "is_decoder = True"
        case "no weights":
            (folder / "model.safetensors").unlink()
            return "no model.safetensors"
        case "cut off":
            path = folder / "model.safetensors"
            path.write_bytes(path.read_bytes()[:-10])
            return "cut off or damaged"
        case "other width":
            edit_config(folder, hidden_size=48)
            return "has the shape"
        case "more layers":
            edit_config(folder, num_hidden_layers=3)
            return "lacks 12 of the model's weights, bert.encoder.layer.2"
        case "half a head":
            edit_weights(
                folder, lambda t: {k: v for k, v in t.items() if "transform.d" not in k}
            )
            return "lacks 2 of the model's weights, cls.predictions.transform"
        case "untied":
            other = "cls.predictions.decoder.weight"
            edit_weights(folder, lambda t: {**t, other: t[table] + 1})
            return "word table of its own"


DAMAGES = (
    "other family",
    "other activation",
    "decoder",
    "no weights",
    "cut off",
    "other width",
    "more layers",
    "half a head",
    "untied",
)


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_folder_that_is_not_whole_is_refused_in_one_sentence(saved, kind):
    expected = damaged(saved, kind)
    with pytest.raises(ModelError, match=expected) as caught:
        load_bert(saved)
    assert str(caught.value).endswith(".")
    assert str(saved) in str(caught.value)


def test_a_folder_that_cannot_be_written_is_said(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        model.save(tmp_path / "file" / "model")
