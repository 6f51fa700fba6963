"""Copies and records of one group are no further evidence: they are drawn together."""

import csv

import numpy as np
import pytest

from chapter2.deployment import export
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
    assert "Fewer than 30 tell little of new ones" in said
    # 12 films of five texts, each of them right in all or in none
    plain = cli("evaluate", tiny, files[0], "--json").json()["accuracy"]
    grouped = done.json()["accuracy"]
    assert grouped["high"] - grouped["low"] > 1.5 * (plain["high"] - plain["low"])


def test_export_refuses_a_group_without_data(cli, tiny, tmp_path):
    done = cli("export", tiny, "--group", "film", "--out", tmp_path / "o")
    assert (done.code, done.out) == (2, "")
    assert "--group, --limit and --encoding belong to --data." in done.err
