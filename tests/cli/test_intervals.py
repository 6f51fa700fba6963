"""Copies and records of one group are no further evidence: they are drawn together."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from chapter2 import data
from chapter2.cli.measure import difference, measure, verdict
from chapter2.data import TextDataset
from chapter2.deployment import export
from chapter2.evaluation import wilson_interval
from chapter2.models import Classifier

TEXTS = [f"{w} film {'so ' * n}good" for n in range(20) for w in ("a", "bad", "the")]


@pytest.fixture(scope="module")
def files(tiny, tmp_path_factory):
    """Return one file of texts once, and one with each five times, of 12 sources."""
    model = Classifier.load(tiny)
    answers = [model.label_names[i] for i in model.predict(TEXTS)]
    other = {name: model.label_names[i - 1] for i, name in enumerate(model.label_names)}
    wrong = [other[a] if i % 3 else a for i, a in enumerate(answers)]
    rows = list(zip(TEXTS, wrong, (f"film {i % 12}" for i in range(60)), strict=True))
    folder, paths = tmp_path_factory.mktemp("data"), []
    for times in (1, 5):
        paths.append(folder / f"{times}.csv")
        with paths[-1].open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label", "film"), *rows * times])
    return paths


def same_interval(once, copied):
    ends = [[one[end] for end in ("low", "value", "high")] for one in (once, copied)]
    assert ends[0] == pytest.approx(ends[1])
    return ends[0][0] < ends[0][2]


def test_copies_do_not_narrow_the_intervals_of_evaluate(cli, tiny, files):
    once, copied = (cli("evaluate", tiny, path, "--json").json() for path in files)
    for score in ("accuracy", "macro_f1"):
        assert same_interval(once[score], copied[score])
    assert "The 300 records form 60 independent units" in " ".join(copied["notices"])
    assert not any("independent" in notice for notice in once["notices"])


def test_copies_do_not_narrow_the_interval_of_export(
    cli, tiny, files, tmp_path, monkeypatch
):
    class Rounded(export.OnnxClassifier):
        """Of 8 bits, and so rough that it changed its answer to some texts."""

        def predict_proba(self, texts):
            turned = np.array([len(text) % 4 == 0 for text in texts])
            found = super().predict_proba(texts)
            return np.where(turned[:, None], found[:, ::-1], found)

    monkeypatch.setattr(export, "OnnxClassifier", Rounded)  # not what parity reads
    found = []
    for i, path in enumerate(files):
        given = ("--data", path, "--max-loss", 100, "--out", tmp_path / str(i))
        done = cli("export", tiny, *given, "--json")
        assert done.code == 0, done.err
        found.append(done.json())
    once, copied = found
    assert same_interval(once["change"], copied["change"])
    assert "The 300 records form 60 independent units" in " ".join(copied["notices"])


def test_the_sources_of_ones_own_file_are_drawn_together(cli, tiny, files):
    done = cli("evaluate", tiny, files[0], "--group", "film", "--json")
    (said,) = [n for n in done.json()["notices"] if "independent" in n]
    assert said.startswith("The 60 records form 12 independent units")
    assert "With fewer than 30 units intervals are too narrow." in said
    # 12 films of five texts, each of them right in all or in none
    plain = cli("evaluate", tiny, files[0], "--json").json()["accuracy"]
    grouped = done.json()["accuracy"]
    assert grouped["high"] - grouped["low"] > 1.5 * (plain["high"] - plain["low"])


def test_export_refuses_a_group_without_data(cli, tiny, tmp_path):
    done = cli("export", tiny, "--group", "film", "--out", tmp_path / "o")
    assert (done.code, done.out) == (2, "")
    assert "--group, --limit and --encoding belong to --data." in done.err


def test_of_one_source_nothing_is_told(cli, tiny, files, tmp_path):
    """Its records may all be alike: no interval without width, and no verdict."""
    path = tmp_path / "one.csv"
    lines = files[0].read_text().splitlines()
    rows = [line.rsplit(",", 1)[0] for line in lines[1:]]
    path.write_text("\n".join(["text,label,film", *(f"{row},one" for row in rows)]))
    told = cli("evaluate", tiny, path, "--group", "film", "--json").json()
    assert told["accuracy"]["high"] - told["accuracy"]["low"] > 0.9
    assert "form 1 independent unit, because" in " ".join(told["notices"])
    assert "Fewer than 6 units tell nothing" in " ".join(told["notices"])


def test_all_right_by_one_source_tells_nothing():
    one = TextDataset("all", tuple(TEXTS), (0, 1) * 30, ("no", "yes"), ("film",) * 60)
    found = measure(one, data.unit_numbers(one), np.array(one.labels), 0).accuracy
    assert (found.low, found.value, found.high) == (0, 1, 1)


def test_all_right_is_as_sure_as_its_sources_are_many():
    labels = TextDataset("all", tuple(TEXTS), (0, 1) * 30, ("no", "yes"))
    grouped = replace(labels, groups=tuple(f"film {i % 10}" for i in range(60)))
    found = [
        measure(each, data.unit_numbers(each), np.array(each.labels), 0)
        for each in (labels, grouped)
    ]
    assert found[0].accuracy == wilson_interval(60, 60)
    assert found[1].accuracy.low == pytest.approx(wilson_interval(10, 10).low)


def test_the_verdict_of_finetune_rests_on_sources():
    """Better by record, open by source: one of ten sources makes the difference."""
    texts = tuple(f"text {i}" for i in range(200))
    plain = TextDataset("all", texts, (0, 1) * 100, ("no", "yes"))
    grouped = replace(plain, groups=tuple(f"film {i // 20}" for i in range(200)))
    true = np.array(plain.labels)
    theirs = np.where(np.arange(200) < 20, 1 - true, true)
    said = []
    for each in (plain, grouped):
        units = data.unit_numbers(each)
        gain = difference(each, units, true, theirs, 0)
        said.append(verdict(gain, "it", units))
    assert said[0].startswith("The fine-tuned model is better")
    assert said[1].startswith("The baseline is as good as far as 10 units of test")
