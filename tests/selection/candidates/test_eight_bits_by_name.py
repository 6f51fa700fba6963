"""Variants of 8 bits of what a user names, and what a name decides."""

import pytest

from chapter2 import data
from chapter2.selection.candidates import candidate, eligible
from chapter2.selection.candidates.endpoint import endpoint_candidate
from chapter2.selection.candidates.quantised import Quantised
from chapter2.selection.entrants import named
from chapter2.selection.report.shortened import short_names
from chapter2.selection.requirements import Requirements

PRICED = Requirements(maximum={"cost_per_1000": 1.0}, price_per_hour=0.05)


def test_a_named_encoder_has_a_variant_of_8_bits_right_behind_it():
    encoder = candidate("hub:owner/name@abc")
    variant = candidate("hub:owner/name@abc:int8")
    assert isinstance(variant, Quantised)
    assert variant.parent == encoder
    assert variant.entry.parent == encoder.entry.name
    assert variant.entry.simplicity == encoder.entry.simplicity + 1
    assert variant.entry.on_request


def test_it_enters_beside_all_and_otherwise_where_it_is_named():
    beside = list(named(("all", "hub:owner/name")))
    assert beside[-2:] == ["hub:owner/name", "hub:owner/name:int8"]
    assert list(named(("tfidf", "hub:owner/name"))) == ["tfidf", "hub:owner/name"]
    assert list(named(("hub:a/b:int8",))) == ["hub:a/b:int8"]


def test_no_folder_of_it_stands_in_a_report(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    names = ["hub:/home/someone/model:int8", "hub:./mine:int8", "hub:a/b:int8"]
    assert list(short_names(names).values()) == [
        "hub:model:int8",
        "hub:mine:int8",
        "hub:a/b:int8",
    ]


def test_a_price_that_nobody_knows_is_said_before_anything_is_sent():
    remote = endpoint_candidate("http://localhost/v1", "some-model")
    field = {remote.entry.name: remote, "tfidf": candidate("tfidf")}
    names, against = eligible("en", "classification", PRICED, 1000, candidates=field)
    assert names == ("tfidf",)
    assert "keeps the limit on cost_per_1000" in against[remote.entry.name]
    names, _ = eligible("en", "classification", Requirements(), 1000, candidates=field)
    assert remote.entry.name in names


@pytest.mark.parametrize("name", ["minilm-lora", "minilm-frozen", "minilm-setfit"])
def test_the_window_that_a_card_states_is_what_is_read(name):
    one = candidate(name)
    assert one.entry.window == one.max_length


def test_what_is_read_of_chinese_weights_is_stated():
    card = data.card("google-bert/bert-base-chinese")
    assert (card.language, card.licence_text) == ("zh", "Apache-2.0")
    assert len(card.source.revision) == 40
    assert "Not fetched by us yet" in card.notes
