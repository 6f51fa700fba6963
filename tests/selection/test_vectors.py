"""Vectors that are kept: equal to those that are not, and each text read once."""

import numpy as np
import pytest

from chapter2.models.embedding import load_embedder
from chapter2.selection import vectors
from chapter2.selection.vectors import kept

TEXTS = ["a film", "\ud800 half", "", "a film", "another one, longer than the first"]


@pytest.fixture
def plain():
    return load_embedder("tiny-random", 32)


@pytest.fixture
def counted(monkeypatch):
    """The texts that the encoder itself was asked to read."""
    read = []
    inner = vectors.Embedder.embed

    def embed(self, texts, batch_size=64):
        read.extend(texts)
        return inner(self, texts, batch_size)

    monkeypatch.setattr(vectors.Embedder, "embed", embed)
    return read


def test_vectors_are_those_of_the_encoder_and_read_once(plain, counted, tmp_path):
    expected = plain.embed(TEXTS)
    counted.clear()
    embedder = kept(plain, "tiny", tmp_path)
    assert embedder.embed(TEXTS) == pytest.approx(expected, abs=1e-6)
    assert sorted(counted) == sorted(set(TEXTS))
    again = kept(plain, "tiny", tmp_path)  # as another trial has it
    assert np.array_equal(again.embed(TEXTS[::-1]), embedder.embed(TEXTS)[::-1])
    more = again.embed(["new", "a film"])
    assert sorted(counted) == sorted({*TEXTS, "new"})
    assert np.array_equal(more[1], again.embed(["a film"])[0])
    assert again.embed([]).shape == (0, expected.shape[1])


def test_another_encoder_length_or_version_finds_nothing(plain, monkeypatch, tmp_path):
    files = {kept(plain, "tiny", tmp_path).file, kept(plain, "other", tmp_path).file}
    files.add(kept(load_embedder("tiny-random", 16), "tiny", tmp_path).file)
    monkeypatch.setattr(vectors, "versions", lambda: {"torch": "0"})
    files.add(kept(plain, "tiny", tmp_path).file)
    assert len(files) == 4
    assert kept(plain, "tiny", None) is plain


def test_a_broken_file_is_read_over(plain, tmp_path):
    embedder = kept(plain, "tiny", tmp_path)
    whole = embedder.embed(TEXTS)
    for broken in (b"", b"PK\x03\x04 half", embedder.file.read_bytes()[:200]):
        embedder.file.write_bytes(broken)
        assert embedder.embed(TEXTS) == pytest.approx(whole, abs=1e-6)
