"""Causal models by name: the tiny one, folders, SmolLM2 from its GGUF file."""

import importlib.util
import math

import numpy as np
import pytest
import torch
from gguf import GGUFWriter
from transformers import BertConfig, BertModel

from chapter2.errors import ModelError, UsageError
from chapter2.models import load_causal, score, smollm
from chapter2.models.scoring import token_log_probabilities
from chapter2.models.tiny import tiny_random
from chapter2.models.tiny_causal import SPECIAL, tiny_causal


@pytest.fixture(scope="module")
def tiny():
    return load_causal("tiny-random")


@pytest.mark.parametrize("text", ["Hello, World!", "naïve café", "语言模型", " \n\t "])
def test_every_text_comes_back(tiny, text):
    assert tiny.decode(tiny.encode(text)) == text


def test_the_seed_alone_decides_the_tiny_weights():
    before = torch.random.get_rng_state()
    one, two, other = (tiny_causal(seed)[0] for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(map(torch.equal, one.parameters(), two.parameters()))
    assert not all(map(torch.equal, one.parameters(), other.parameters()))


def test_complete_equals_generate(tiny):
    ids = torch.tensor([tiny.encode("The film")])
    made = tiny.model.generate(ids, max_new_tokens=12, do_sample=False)
    expected = tiny.tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)
    assert tiny.complete("The film", 12) == expected


def test_drawing_needs_a_seed(tiny):
    assert tiny.complete("a", 9, seed=1) == tiny.complete("a", 9, seed=1)
    assert tiny.complete("a", 9, seed=1) != tiny.complete("a", 9, seed=2)
    with pytest.raises(UsageError, match="top_p given without a seed"):
        tiny.complete("a", 9, top_p=0.5)


def test_chat_puts_the_question_into_the_template(tiny):
    ids = tiny.chat_ids("Who?")
    written = "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n"
    assert tiny.tokenizer.decode(ids) == written
    assert ids[0] == SPECIAL.index("<|im_start|>")
    dialogue = [
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": "I."},
        {"role": "user", "content": "Why?"},
    ]
    assert tiny.chat_ids(dialogue)[: len(ids)] == ids
    assert isinstance(tiny.chat("Who?", 5), str)
    assert tiny.stop == {SPECIAL.index("<|im_end|>")}


def test_a_folder_is_loaded(tiny, tmp_path):
    tiny.model.save_pretrained(tmp_path)
    tiny.tokenizer.save_pretrained(tmp_path)
    again = load_causal(str(tmp_path))
    assert again.complete("The film", 8) == tiny.complete("The film", 8)
    assert again.chat_ids("Who?") == tiny.chat_ids("Who?")


def test_a_model_without_a_template_does_not_chat(tmp_path):
    model, tokenizer = tiny_causal(0)
    tokenizer.chat_template = None
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="no chat template"):
        load_causal(str(tmp_path)).chat("Who?")


def test_other_models_are_refused(tmp_path):
    with pytest.raises(ModelError, match="neither a folder that exists nor"):
        load_causal("./none")
    BertModel(
        BertConfig(
            vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1
        )
    ).save_pretrained(tmp_path)
    tiny_random(2, 0)[1].save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="weights of a causal language model"):
        load_causal(str(tmp_path))


def test_what_the_text_follows_is_not_scored_however_long(tiny):
    scored = score(tiny, "bcd", after="xya")
    row = [*tiny.encode("xya"), *tiny.encode("bcd")]
    expected = token_log_probabilities(tiny.model, row)[2:]
    np.testing.assert_allclose(scored.log_probabilities, expected)


def test_scores_by_hand(tiny):
    ids = tiny.encode("abcd")
    with torch.inference_mode():
        p = tiny.model(torch.tensor([ids])).logits[0].double().softmax(-1)
    expected = [math.log(p[t, ids[t + 1]]) for t in range(3)]
    found = token_log_probabilities(tiny.model, ids)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    scored = score(tiny, "bcd", after="a")
    assert scored.tokens == ("b", "c", "d")
    assert scored.log_probabilities == pytest.approx(expected)
    assert scored.total == pytest.approx(sum(expected))
    assert scored.perplexity == pytest.approx(math.exp(-sum(expected) / 3))
    with pytest.raises(UsageError, match="two or more"):
        token_log_probabilities(tiny.model, [1])
    with pytest.raises(UsageError, match="needs a text"):
        score(tiny, "")


def interleave(weight, heads):
    """Order rows as llama.cpp stores them for its rotary positions."""
    rows = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return rows.swapaxes(1, 2).reshape(weight.shape)


NAMES = {  # GGUF's name of each weight of a layer
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(path, model, tokenizer):
    """Write the tiny Llama as a GGUF file, its weights as they are."""
    c, tensors = model.config, model.state_dict()
    writer = GGUFWriter(str(path), "llama")
    writer.add_context_length(c.max_position_embeddings)
    writer.add_embedding_length(c.hidden_size)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_head_count(c.num_attention_heads)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(c.vocab_size + 1)
    writer.add_tokenizer_model("gpt2")
    # transformers wants one merge at least, so there is one piece more
    vocabulary = [*sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get), "ab"]
    writer.add_token_list(vocabulary)
    writer.add_token_types([3] * len(SPECIAL) + [1] * (len(vocabulary) - len(SPECIAL)))
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(tokenizer.chat_template)
    table = np.pad(tensors["model.embed_tokens.weight"].numpy(), ((0, 1), (0, 0)))
    writer.add_tensor("token_embd.weight", table)
    writer.add_tensor("output_norm.weight", tensors["model.norm.weight"].numpy())
    for i in range(c.num_hidden_layers):
        for theirs, stored in NAMES.items():
            weight = tensors[f"model.layers.{i}.{theirs}.weight"].numpy()
            if stored in ("attn_q", "attn_k"):
                heads = c.num_attention_heads if stored == "attn_q" else 1
                weight = interleave(weight, heads)
            writer.add_tensor(f"blk.{i}.{stored}.weight", weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture
def gguf_file(tmp_path):
    folder = tmp_path / "fetched"
    folder.mkdir()
    write_gguf(folder / "tiny.gguf", *tiny_causal(seed=4))
    return folder / "tiny.gguf"


def test_a_gguf_file_is_read_once_and_kept(gguf_file, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("CHAPTER2_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(smollm, "gguf_in_cache", lambda: gguf_file)
    loaded = load_causal("smollm2")
    assert capfd.readouterr() == ("", "")  # no bar, no warning
    expected = tiny_causal(seed=4)[0]
    ids = torch.tensor([[5, 6, 7, 8]])
    found = loaded.model(ids).logits[..., :-1]
    torch.testing.assert_close(found, expected(ids).logits)
    assert loaded.model.dtype == torch.float32
    assert loaded.chat_ids("Who?") == load_causal("tiny-random").chat_ids("Who?")
    gguf_file.unlink()
    again = load_causal("smollm2")
    assert torch.equal(again.model(ids).logits, loaded.model(ids).logits)


def test_a_missing_reader_says_how_to_get_it(gguf_file, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="run `pip install gguf accelerate`"):
        smollm.read_gguf(gguf_file)


def test_a_damaged_gguf_file_is_said(gguf_file):
    gguf_file.write_bytes(gguf_file.read_bytes()[:100])
    with pytest.raises(ModelError, match="cannot be read as a GGUF file"):
        smollm.read_gguf(gguf_file)


def test_smollm2_knows_a_capital():
    causal = load_causal("smollm2")
    assert sum(p.numel() for p in causal.model.parameters()) == 134_515_008
    assert causal.complete("The capital of France is", 2) == " Paris."
    ids = torch.tensor([causal.encode("The capital of France is")])
    made = causal.model.generate(ids, max_new_tokens=4, do_sample=False)
    written = causal.tokenizer.decode(made[0, ids.shape[1] :])
    assert causal.complete("The capital of France is", 4) == written
    assert "Paris" in causal.chat("What is the capital of France?", 12)
    right, wrong = "The cat sat on the mat.", "Mat the on sat cat the."
    assert score(causal, right).total > score(causal, wrong).total + 10
