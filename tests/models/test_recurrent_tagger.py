"""The recurrent tagger: padding, unknown tokens, the disk."""

import pytest
import torch

from chapter2.errors import ModelError
from chapter2.models.recurrent_tagger import (
    FIRST,
    UNKNOWN,
    LSTMConfig,
    RecurrentTagger,
    Vocabulary,
    pairs_of,
)

TAGS = ("O", "B-PER", "I-PER")
SENTENCES = [
    tuple("江泽民来"),
    tuple("来"),
    (),
    tuple("李鹏李鹏来江泽民"),
    ("未", "知"),
]
SMALL = LSTMConfig(width=8, hidden=8, least=1)


@pytest.fixture
def tagger():
    made = RecurrentTagger.new(TAGS, Vocabulary.of(SENTENCES[:4], SMALL), SMALL)
    with torch.no_grad():  # emissions that differ, so that tags do
        made.model.emissions.weight.mul_(30)
    return made


def test_a_pair_holds_the_token_before():
    assert pairs_of("ab") == ["\x02\x1fa", "a\x1fb"]
    assert pairs_of("") == []


def test_the_vocabulary_is_by_frequency_then_name_and_bounded():
    found = Vocabulary.of(["bbba", "acc"], LSTMConfig(least=2))
    assert found.tokens == ("b", "a", "c")
    assert found.pairs == ("b\x1fb",)
    few = Vocabulary.of(["bbba", "acc"], LSTMConfig(least=1, max_tokens=4))
    assert few.tokens == ("b", "a")


def test_what_training_did_not_show_is_unknown(tagger):
    ids, pairs = tagger.encode([("未", "来"), ("来",)])
    assert ids == [[UNKNOWN, FIRST], [FIRST]]  # 来 is the most frequent
    assert pairs[0] == [UNKNOWN, UNKNOWN]
    assert pairs[1][0] >= FIRST


def test_a_sentence_gets_the_same_alone_and_beside_longer_ones(tagger):
    together = tagger.predict(SENTENCES, batch_size=2)
    alone = [tagger.predict([sentence])[0] for sentence in SENTENCES]
    assert together == alone
    assert [len(tags) for tags in together] == [len(s) for s in SENTENCES]
    assert len({tag for tags in together for tag in tags}) > 1
    assert tagger.predict([]) == []


def test_emissions_do_not_see_the_padding(tagger):
    ids, pairs, mask = torch.tensor([[[3, 4, 5, 0]], [[2, 3, 4, 0]], [[1, 1, 1, 0]]])
    padded = tagger.model(ids, pairs, mask)
    plain = tagger.model(ids[:, :3], pairs[:, :3], mask[:, :3])
    torch.testing.assert_close(padded[:, :3], plain)


def test_it_comes_back_from_disk_bit_for_bit(tagger, tmp_path):
    tagger.save(tmp_path)
    again = RecurrentTagger.load(tmp_path)
    assert again.predict(SENTENCES) == tagger.predict(SENTENCES)
    assert (again.tag_names, again.config) == (TAGS, SMALL)
    assert again.vocabulary == tagger.vocabulary
    mine, theirs = (t.model.state_dict() for t in (tagger, again))
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    (tmp_path / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(ModelError, match="recurrent tagger"):
        RecurrentTagger.load(tmp_path)


def test_the_seed_decides_the_weights_and_nothing_else_is_drawn(tagger):
    before = torch.get_rng_state()
    made = [
        RecurrentTagger.new(TAGS, tagger.vocabulary, SMALL, seed).model.tokens.weight
        for seed in (1, 1, 2)
    ]
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])
