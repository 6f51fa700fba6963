"""Names on the Hub, tested without one: a cache folder in the Hub's own layout."""

from unittest import mock

import pytest
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HTTPError, RepositoryNotFoundError

from chapter2 import data
from chapter2.errors import FetchError, ModelError
from chapter2.models import hub, load_encoder

LABELS = ("negative", "positive")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def unreachable(monkeypatch):
    def refuse(*args, **kwargs):
        raise HTTPError("Name or service not known")

    monkeypatch.setattr(HfApi, "model_info", refuse)


def store(cache, repository="owner/encoder", commit=COMMIT):
    """Lay a model out as the Hub's client does: refs/main and snapshots/COMMIT."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(commit)
    return load_encoder("tiny-random", LABELS, 2).save(folder / "snapshots" / commit)


def test_a_cached_model_needs_no_network(cache, unreachable):
    folder = store(cache)
    assert hub.snapshot("owner/encoder") == folder
    assert load_encoder("owner/encoder", LABELS).model.config.hidden_size == 32


def test_a_stated_revision_is_the_one_that_is_read(cache, unreachable):
    folder = store(cache)
    assert hub.snapshot(f"owner/encoder@{COMMIT}") == folder
    with pytest.raises(FetchError, match="at revision 7654"):
        hub.snapshot(f"owner/encoder@{COMMIT[::-1]}")


@pytest.mark.parametrize("name", ["minilm", "google-bert/bert-base-uncased"])
def test_weights_of_the_catalogue_are_the_catalogues(name, tmp_path, monkeypatch):
    asked = []
    folder = load_encoder("tiny-random", LABELS, 2).save(tmp_path / "weights")
    monkeypatch.setattr(data, "folder", lambda entry: asked.append(entry) or folder)
    monkeypatch.setattr(HfApi, "model_info", lambda *a, **k: pytest.fail("asked"))
    assert load_encoder(name, LABELS).model.config.hidden_size == 32
    assert asked == [name]


def test_a_half_fetched_model_is_not_taken_for_whole(cache, unreachable):
    (store(cache) / "model.safetensors").unlink()
    with pytest.raises(FetchError, match="'minilm'"):
        hub.snapshot("owner/encoder")


def test_an_unknown_name_is_said(cache, monkeypatch):
    def unknown(*args, **kwargs):
        raise RepositoryNotFoundError("404", response=mock.Mock(headers={}))

    monkeypatch.setattr(HfApi, "model_info", unknown)
    with pytest.raises(ModelError, match="has no model 'owner/nothing'"):
        load_encoder("owner/nothing", LABELS)


@pytest.mark.parametrize(
    "name", ["./models/none", "/no/such/folder", "a/b/c", "", "a b"]
)
def test_a_path_that_is_not_there_is_not_looked_up(cache, name, monkeypatch):
    monkeypatch.setattr(HfApi, "model_info", lambda *a, **k: pytest.fail("asked"))
    with pytest.raises(ModelError, match="neither a folder that exists nor"):
        load_encoder(name, LABELS)
