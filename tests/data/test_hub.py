"""The Hub source, on a local folder laid out as a repository of the Hub."""

import errno
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chapter2 import data
from chapter2.data import catalogue
from chapter2.data.sources import hub
from chapter2.data.sources.hub import HubDataset, HubWeights
from chapter2.errors import DataError, FetchError

README = """---
configs:
- config_name: plain_text
  data_files:
  - {split: train, path: plain_text/train-*}
  - {split: test, path: plain_text/test-*}
dataset_info:
  config_name: plain_text
  features:
  - {name: text, dtype: string}
  - name: label
    dtype:
      class_label:
        names: {'0': neg, '1': pos}
---
# Film reviews
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAPTER2_CACHE", str(tmp_path / "cache"))


def repository(folder: Path, labels: list[int]) -> Path:
    (folder / "plain_text").mkdir(parents=True)
    (folder / "README.md").write_text(README)
    for part in ("train", "test"):
        texts = [f"{part} film {i}" for i in range(len(labels))]
        table = pa.table({"text": texts, "label": labels})
        pq.write_table(table, folder / f"plain_text/{part}-00000-of-00001.parquet")
    return folder


def use_as_imdb(monkeypatch: pytest.MonkeyPatch, folder: Path, each: int) -> HubDataset:
    source = HubDataset(str(folder), "0" * 40)
    balances = {"sentiment": {"negative": each, "positive": each}}
    card = replace(
        data.card("imdb"), source=source, balances=balances, records=2 * each
    )
    monkeypatch.setitem(catalogue.BY_NAME, "imdb", card)
    return source


def test_a_repository_is_read_once_then_from_our_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    source = use_as_imdb(monkeypatch, repository(tmp_path / "r", [0, 1, 1, 0]), 4)
    dataset = data.load("imdb")
    assert dataset.labels == (0, 1, 1, 0, 0, 1, 1, 0)
    assert dataset.label_names == ("negative", "positive")
    assert dataset.parts == ("train",) * 4 + ("test",) * 4
    assert dataset.texts[4] == "test film 0"
    assert sorted(p.name for p in source.folder.iterdir()) == [
        "manifest.json",
        "test.parquet",
        "train.parquet",
    ]
    monkeypatch.setattr(datasets, "load_dataset", None)
    assert data.load("imdb").fingerprint() == dataset.fingerprint()
    assert data.verify("imdb").fetched
    assert dataset.take(2).parts
    assert len(dataset.take(2).parts) == 2


def test_labels_that_are_all_one_class_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_as_imdb(monkeypatch, repository(tmp_path / "r", [1, 1, 1, 1]), 4)
    with pytest.raises(DataError, match="imdb should hold"):
        data.load("imdb")


def test_unlabelled_records_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_as_imdb(monkeypatch, repository(tmp_path / "r", [0, 1, -1, -1]), 4)
    with pytest.raises(DataError, match=r"labels \[-1\] beside 0 to 1"):
        data.load("imdb")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"], "target": [1]}), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=r"train\.parquet: there is no column 'label'"):
        hub.parse(tmp_path, "imdb", ("negative", "positive"))


def test_a_missing_part_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_as_imdb(monkeypatch, repository(tmp_path / "r", [0, 1]), 2)
    source = HubDataset(str(tmp_path / "r"), "0" * 40, parts=("train", "validation"))
    with pytest.raises(FetchError, match="cannot be read from the Hugging Face Hub"):
        source.fetch()
    assert not source.folder.exists()


def test_an_unreachable_hub_is_one_sentence() -> None:
    program = """
        import os
        os.environ["HF_HUB_OFFLINE"] = "1"
        from chapter2 import data
        from chapter2.errors import FetchError
        for act in (data.load, data.folder):
            for name in ("imdb", "google-bert/bert-base-uncased"):
                try:
                    act(name)
                except FetchError as error:
                    print(error)
                except Exception as error:
                    print("other:", error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    for line in (lines[0], lines[2], lines[3]):
        assert "go online once and try again, or set CHAPTER2_SCALE=book" in line
    assert lines[1].startswith("other: google-bert/bert-base-uncased holds weights")


# --- weights ------------------------------------------------------------------------


def fake_snapshot(monkeypatch: pytest.MonkeyPatch, names: list[str]) -> list[dict]:
    import huggingface_hub

    calls: list[dict] = []

    def snapshot(repository: str, *, local_dir: Path, **options: object) -> None:
        calls.append({"repository": repository, **options})
        (local_dir / ".cache/huggingface").mkdir(parents=True)
        for name in names:
            (local_dir / name).write_text(name)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    return calls


def test_weights_are_fetched_at_their_commit_without_pickles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = data.card("google-bert/bert-base-uncased").source
    assert isinstance(source, HubWeights)
    calls = fake_snapshot(monkeypatch, list(source.files))
    folder = data.folder("google-bert/bert-base-uncased")
    assert calls == [
        {
            "repository": "google-bert/bert-base-uncased",
            "revision": source.revision,
            "allow_patterns": list(source.files),
        }
    ]
    assert len(source.revision) == 40
    assert not (folder / ".cache").exists()
    assert data.folder("google-bert/bert-base-uncased") == folder
    assert len(calls) == 1


def test_a_repository_without_a_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_snapshot(monkeypatch, ["config.json"])
    with pytest.raises(FetchError, match=r"lacks model\.safetensors, tokenizer\.json"):
        data.folder("google-bert/bert-base-uncased")
    assert not data.status("google-bert/bert-base-uncased").bytes


def test_a_full_disk_is_not_taken_for_an_unreachable_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import huggingface_hub

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", full)
    with pytest.raises(FetchError, match="no space left"):
        data.folder("google-bert/bert-base-uncased")


def refused(arguments: object) -> Exception:
    """What the Hub's client raises behind a broken proxy, of whatever package."""
    from huggingface_hub.errors import HTTPError

    return type("ProxyError", (HTTPError,), {})(arguments)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "TimeoutError"),
        (ConnectionError(" \n"), "ConnectionError"),
        (refused("502 Bad Gateway.\nMore of it"), "502 Bad Gateway"),
        (RuntimeError("the client has been closed"), "the client has been closed"),
    ],
)
def test_what_the_clients_raise_is_one_sentence(error: Exception, reason: str) -> None:
    with pytest.raises(FetchError) as caught, hub.reaching("owner/name"):
        raise error
    assert f"read from the Hugging Face Hub ({reason}): go online" in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        (refused("502 Bad Gateway"), "502 Bad Gateway"),
        (OSError(errno.ENOSPC, "No space left on device"), "no space left"),
    ],
)
def test_what_datasets_hides_is_told(
    monkeypatch: pytest.MonkeyPatch, hidden: Exception, said: str
) -> None:
    import datasets
    from datasets.exceptions import DatasetGenerationError

    def load(*_: object, **__: object) -> None:
        raise DatasetGenerationError("An error occurred") from hidden

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(FetchError, match=said):
        data.load("imdb")
