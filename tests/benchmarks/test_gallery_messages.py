"""What the translator of the gallery's benchmark learns from, when it learns most."""

import argparse

import pytest

from chapter2 import data
from chapter2.data import TextPairs, normalise


@pytest.fixture
def made_up(script, monkeypatch):
    """Put small sets in the place of the real ones; a third of each is in all."""
    module = script("gallery_messages")

    def load(name):
        sources = [f"{name} {i}" for i in range(40)] + [f"Open {i}" for i in range(20)]
        targets = [f"{name} 第 {i}" for i in range(40)] + [f"开 {i}" for i in range(20)]
        if name != module.NAMES[0]:  # equal after normalise
            sources = [f"{source.upper()}!" for source in sources]
        return TextPairs(name, tuple(sources), tuple(targets))

    monkeypatch.setattr(data, "load", load)
    return module


def test_all_programs_are_read_where_one_has_too_few_messages(made_up):
    own = data.split_pairs(data.load(made_up.NAMES[0]), (0.8, 0.05, 0.15), seed=0)
    assert made_up.known_messages(own, 48, 3) == own.train
    assert made_up.known_messages(own, 20, 3) == own.train.take(20, 3)
    known = made_up.known_messages(own, 49, 3)
    assert (len(known), known.name) == (49, " + ".join(made_up.NAMES))
    everything = made_up.known_messages(own, 1_000, 3)
    assert len(everything) == 48 + 3 * 40
    assert set(own.train.sources) <= set(everything.sources)
    held = {normalise(text) for text in own.test.sources + own.validation.sources}
    assert any(text.startswith("open") for text in held)
    assert not held & {normalise(text) for text in everything.sources}


def test_the_arm_learns_from_them(made_up, script, monkeypatch):
    gallery = script("gallery_arms")
    monkeypatch.setitem(gallery.EPOCHS, "translation", 1)
    gallery.messages.cache_clear()
    try:
        found = gallery.translate(
            gallery.Order("translation", 1_000, 0), argparse.Namespace(test=5)
        )
    finally:
        gallery.messages.cache_clear()
    assert found["records"] == 48 + 3 * 40
    assert 0 <= found["score"] <= 1


def test_the_largest_size_is_all_that_there_is(script):
    module = script("gallery_messages")
    if not all(data.status(name).fetched for name in module.NAMES):
        pytest.skip(f"needs `chapter2 data fetch {' '.join(module.NAMES)}`")
    own = script("gallery_arms").messages()
    sizes = script("gallery").ARMS["translation"][1]
    assert sizes[0] == len(module.all_but_held_out(own))
    assert sizes[1] == len(own.train)
