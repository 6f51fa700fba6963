"""The claims of the errata page about section 5, and the tests that it names."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def named_tests() -> list[tuple[str, str]]:
    return NAMED.findall((ROOT / "book" / "errata.md").read_text(encoding="utf-8"))


def test_every_named_test_exists() -> None:
    for file, name in named_tests():
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in defined, f"{file}::{name}"


def test_every_fault_names_a_test() -> None:
    text = (ROOT / "book" / "errata.md").read_text(encoding="utf-8")
    faults = text.split("\n### ")[1:]
    assert len(faults) >= 12
    for fault in faults:
        parts = [f"**{part}.**" for part in ("It says", "Right", "Shown by")]
        places = [fault.index(part) for part in parts]
        assert places == sorted(places)
        assert NAMED.search(fault[places[-1] :]), fault.split("\n")[0]


def test_python_of_the_source_is_refused() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["requires-python"] == ">=3.11,<3.14"


def test_load_dataset_takes_no_shuffle(tmp_path: Path) -> None:
    from datasets import load_dataset

    table = tmp_path / "reviews.csv"
    table.write_text("text,label\ngood,1\nbad,0\n", encoding="utf-8")
    options = {"data_files": str(table), "cache_dir": str(tmp_path)}
    assert len(load_dataset("csv", split="train", **options)) == 2
    with pytest.raises((TypeError, ValueError), match="shuffle"):
        load_dataset("csv", split="train", shuffle=True, **options)


def test_raw_records_make_no_batch_of_tokens() -> None:
    from torch.utils.data import DataLoader

    records = [{"text": "good", "label": 1}, {"text": "not good", "label": 0}]
    (batch,) = DataLoader(records, batch_size=2)
    assert batch["text"] == ["good", "not good"]
    assert not {"input_ids", "attention_mask", "labels"} & set(batch)


def test_assigning_in_the_loop_keeps_the_last_batch() -> None:
    records = torch.arange(25_000)
    for batch in records.split(16):
        assigned = batch.tolist()
    assert len(assigned) == 8


def test_appending_twice_hides_in_the_mean() -> None:
    losses = [0.75, 0.5, 0.25]
    doubled = [loss for loss in losses for _ in range(2)]
    assert sum(doubled) / len(doubled) == sum(losses) / len(losses)
    assert sum(doubled) != sum(losses)
    assert len(doubled) != len(losses)


def test_the_model_computes_the_same_loss() -> None:
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    size = {"vocab_size": 30, "hidden_size": 8, "intermediate_size": 8}
    config = BertConfig(**size, num_hidden_layers=1, num_attention_heads=2)
    model = BertForSequenceClassification(config).eval()
    tokens, labels = torch.randint(30, (4, 6)), torch.tensor([0, 1, 1, 0])
    outputs = model(tokens, labels=labels)
    again = torch.nn.CrossEntropyLoss()(outputs.logits, labels)
    torch.testing.assert_close(outputs.loss, again)


def test_mean_of_means_is_another_number() -> None:
    losses = torch.tensor([1.0, 1.0, 1.0, 5.0])
    means = torch.stack([part.mean() for part in losses.split(3)])
    assert losses.mean().item() == 2.0
    assert means.mean().item() == 3.0
    # the derivation: a record in a batch of n weighs 1/(K n) instead of 1/N
    weights = torch.tensor([1 / 6, 1 / 6, 1 / 6, 1 / 2])
    torch.testing.assert_close(means.mean(), weights @ losses)
    equal = torch.stack([part.mean() for part in losses.split(2)])
    assert equal.mean() == losses.mean()


def test_the_default_rate_is_that_of_the_paper() -> None:
    from chapter2.training import TrainingConfig

    assert 2e-5 <= TrainingConfig().learning_rate <= 5e-5
