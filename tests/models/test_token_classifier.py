"""A tagger on an encoder: which piece carries the tag, and what is decoded."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForTokenClassification, AutoTokenizer

from chapter2.errors import ModelError, UsageError
from chapter2.models import load_encoder
from chapter2.models.crf import NO_TAG
from chapter2.models.token_classifier import (
    TokenClassifier,
    labels_of,
    load_token_encoder,
)

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
SENTENCES = [
    ("The", "film", "of", "Anna", "Bolena", "in", "Rome"),
    ("so-so",),
    (),
    ("a", "中文", "good", "\u200b", "story") * 3,
]


@pytest.fixture(scope="module")
def tagger():
    made = load_token_encoder("tiny-random", TAGS, seed=1, max_length=24)
    with torch.no_grad():  # logits that differ, so that tags do
        made.model.classifier.weight.normal_(std=3)
    return made


def test_the_first_piece_of_each_word_carries_its_tag(tagger):
    pieces = tagger.encode(SENTENCES)
    for sentence, ids, firsts in zip(SENTENCES, pieces.ids, pieces.firsts, strict=True):
        assert len(firsts) == len(sentence)
        assert len(ids) <= tagger.max_length
        for word, place in zip(sentence, firsts, strict=True):
            alone = tagger.tokenizer(word, add_special_tokens=False)["input_ids"]
            if place is not None:
                assert ids[place] == alone[0]
    assert pieces.firsts[3][3] is None  # nothing is left of a zero-width space
    assert None in pieces.firsts[3][10:]  # cut off
    assert tagger.cut_off(SENTENCES) == sum(row.count(None) for row in pieces.firsts)


def test_the_other_pieces_carry_none(tagger):
    pieces = tagger.encode(SENTENCES[:1])
    tags = [("O", "O", "O", "B-PER", "I-PER", "O", "B-LOC")]
    labels = labels_of(pieces, tags, TAGS)[0]
    assert len(labels) == len(pieces.ids[0])
    said = [(i, label) for i, label in enumerate(labels) if label != NO_TAG]
    wanted = [TAGS.index(tag) for tag in tags[0]]
    assert said == list(zip(pieces.firsts[0], wanted, strict=True))
    assert labels[0] == labels[-1] == NO_TAG  # [CLS], [SEP]


def legal(tags):
    steps = zip(("O", *tags), tags, strict=False)
    return all(tag[0] != "I" or before[2:] == tag[2:] for before, tag in steps)


def test_decoding_is_legal_and_as_each_word_says_where_that_is(tagger):
    words = [tuple("thebestfilmandstory"[i:]) for i in range(12)]
    free = tagger.predict(words, constrained=False)
    held = tagger.predict(words)
    assert all(map(legal, held))
    assert not all(map(legal, free))
    assert all(a == b for a, b in zip(free, held, strict=True) if legal(a))


def test_a_word_without_a_piece_is_outside(tagger):
    pieces = tagger.encode(SENTENCES).firsts[3]
    tags = tagger.predict(SENTENCES)[3]
    assert all(t == "O" for t, p in zip(tags, pieces, strict=True) if p is None)


def test_a_sentence_gets_the_same_alone_and_beside_longer_ones(tagger):
    together = tagger.predict(SENTENCES, batch_size=2)
    assert together == [tagger.predict([sentence])[0] for sentence in SENTENCES]
    assert [len(tags) for tags in together] == [len(s) for s in SENTENCES]
    assert tagger.predict([]) == []


def test_a_saved_tagger_is_a_plain_folder_and_comes_back(tagger, tmp_path):
    folder = tagger.save(tmp_path / "tagger")
    again = TokenClassifier.load(folder)
    assert (again.tag_names, again.max_length) == (TAGS, tagger.max_length)
    assert again.predict(SENTENCES) == tagger.predict(SENTENCES)
    mine, theirs = (t.model.state_dict() for t in (tagger, again))
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    plain = AutoModelForTokenClassification.from_pretrained(folder).eval()
    inputs = AutoTokenizer.from_pretrained(folder)("the film", return_tensors="pt")
    with torch.no_grad():
        wanted = tagger.model.eval()(**inputs).logits
        torch.testing.assert_close(plain(**inputs).logits, wanted)
    assert plain.config.id2label[1] == "B-PER"


def test_a_folder_without_its_head_is_refused(tagger, tmp_path):
    folder = tagger.save(tmp_path / "tagger")
    weights = load_file(folder / "model.safetensors")
    kept = {k: v for k, v in weights.items() if k != "classifier.weight"}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks classifier\.weight"):
        TokenClassifier.load(folder)


def test_other_tags_get_a_new_head_from_the_seed(tagger, tmp_path):
    folder = str(tagger.save(tmp_path / "tagger"))
    tags = ("O", "B-ORG", "I-ORG", "B-X", "I-X")  # as many, but others
    made = [load_token_encoder(folder, tags, seed).model for seed in (1, 1, 2)]
    heads = [model.classifier.weight for model in made]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])
    assert not torch.equal(heads[0], tagger.model.classifier.weight)


def test_the_encoder_of_a_text_classifier_serves_and_not_its_head(tmp_path):
    classifier = load_encoder("tiny-random", ("1", "2", "3", "4", "5"), 2)
    folder = classifier.save(tmp_path / "texts")
    made = load_token_encoder(str(folder), TAGS)
    words = made.model.bert.embeddings.word_embeddings.weight
    assert not torch.equal(
        made.model.classifier.weight, classifier.model.classifier.weight
    )
    assert torch.equal(words, classifier.model.bert.embeddings.word_embeddings.weight)
    with pytest.raises(ModelError, match="holds no tagger"):
        TokenClassifier.load(folder)


@pytest.mark.parametrize("tags", [("O",), ("O", "O", "B-X"), ("O", "PER"), ("B-X",)])
def test_tags_that_do_not_serve_are_refused(tags):
    with pytest.raises(UsageError):
        load_token_encoder("tiny-random", tags)
