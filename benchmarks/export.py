"""What ONNX and 8 bits bring on a CPU, and what they lose: each from a fresh process.

Run ``python benchmarks/export.py``. An encoder is fine-tuned on film snippets (or given
by ``--model``), exported, and quantised in the ways among which
:mod:`chapter2.deployment.quantise` chose. Each model is loaded by a process of its own,
which takes its time for one text and for all, its memory and its size; the change in
accuracy on the same test snippets has a paired bootstrap interval.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import contest
import numpy as np

from chapter2.data import TextDataset, load, split
from chapter2.deployment.measure import measure
from chapter2.deployment.parity import to_int8, write_onnx
from chapter2.deployment.quantise import Quantisation
from chapter2.deployment.shipped import write_manifest
from chapter2.evaluation import paired_bootstrap
from chapter2.models import Classifier, load_encoder
from chapter2.training import TrainingConfig, fine_tune

INT8 = {
    "int8 (chosen)": Quantisation(),
    "int8, 8 bits used": Quantisation(reduce_range=False),
    "int8, one scale a matrix": Quantisation(per_channel=False),
    "uint8, 8 bits used": Quantisation(signed=False, reduce_range=False),
    "int8, word table in fp32": Quantisation(embeddings=False),
}
HEADS = (
    *("model", "size, MB", "accuracy, %", "change, points [95 %]", "one text p50, ms"),
    *("p95, ms", "batch, ms a text", "memory, MB", "loading, s"),
)


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--encoder", default="minilm")
    add("--model", help="the folder of a fine-tuned classifier, used as it is")
    add("--records", type=int, default=2000, help="to fine-tune on")
    add("--texts", type=int, default=1000, help="of the test part, to measure on")
    add("--threads", type=int, default=2)
    add("--repeats", type=int, default=3, help="processes; the middle one counts")
    add("--json", type=Path, help="where to store; default: in chapter2/results")
    return parser.parse_args()


def fitted(options: argparse.Namespace) -> tuple[Classifier, TextDataset]:
    """Return the classifier and the test records."""
    parts = split(load("movie-snippets"), seed=0)
    test = parts.test.take(options.texts)
    if options.model:
        return Classifier.load(options.model), test
    classifier = load_encoder(options.encoder, parts.train.label_names)
    few = parts.train.take(options.records), parts.validation.take(200)
    fine_tune(classifier, *few, TrainingConfig(epochs=1, seed=0), progress=False)
    return classifier, test


def folders(classifier: Classifier, place: Path) -> dict[str, Path]:
    """Write every contestant below ``place``; return its folder by name."""
    found = {"torch": classifier.save(place / "torch")}
    plain = place / "fp32"
    plain.mkdir()
    write_onnx(classifier, plain)
    found["ONNX fp32"] = plain
    for i, (name, how) in enumerate(INT8.items()):
        found[name] = place / f"int8-{i}"
        shutil.copytree(plain, found[name])
        to_int8(found[name], how)
        write_manifest(found[name], "onnx", classifier.label_names)
    write_manifest(plain, "onnx", classifier.label_names)
    return found


def measured(
    name: str, folder: Path, test: TextDataset, options: argparse.Namespace
) -> dict[str, Any]:
    """Return the costs of one model, the middle of several processes, and answers."""
    runs = [
        measure(folder, test.texts, threads=options.threads, timeout=600)
        for _ in range(options.repeats)
    ]
    runs.sort(key=lambda run: run.latency_ms_p50)
    middle = runs[len(runs) // 2]
    return {
        "model": name,
        **middle.to_dict(),
        "p50_range": [runs[0].latency_ms_p50, runs[-1].latency_ms_p50],
        "answers": middle.probabilities.argmax(axis=1),
    }


def compare(rows: list[dict[str, Any]], test: TextDataset) -> None:
    """Add to each row its accuracy and the change against the first, in place."""
    labels = np.asarray(test.labels)
    first = rows[0]["answers"]
    for row in rows:
        row["accuracy"] = float((row["answers"] == labels).mean())
        change = paired_bootstrap("accuracy", labels, row["answers"], first)
        row["change"] = change.to_dict()
    for row in rows:
        row["other_answers"] = int((row.pop("answers") != first).sum())


def cells(row: dict[str, Any]) -> list[str]:
    """Return the cells under ``HEADS``."""
    value, low, high = (100 * row["change"][key] for key in ("value", "low", "high"))
    return [
        row["model"],
        f"{row['size_mb']:.1f}",
        f"{100 * row['accuracy']:.1f}",
        f"{value:+.1f} [{low:+.1f}, {high:+.1f}]",
        f"{row['latency_ms_p50']:.1f}",
        f"{row['latency_ms_p95']:.1f}",
        f"{row['batch_ms_per_text']:.2f}",
        f"{row['memory_mb']:.0f}",
        f"{row['load_seconds']:.1f}",
    ]


def main() -> None:
    """Fine-tune, export, measure, print the table, store the figures."""
    options = arguments()
    classifier, test = fitted(options)
    with tempfile.TemporaryDirectory() as scratch:
        made = folders(classifier, Path(scratch))
        rows = [measured(name, made[name], test, options) for name in made]
    compare(rows, test)
    print(contest.markdown(HEADS, map(cells, rows)))
    told = contest.chosen(options)
    told["model"] = bool(options.model)  # that there was one, not where
    found = {"options": told, "records": len(test), "runs": rows}
    contest.store(options.json or contest.RESULTS / "export.json", found)


if __name__ == "__main__":
    main()
