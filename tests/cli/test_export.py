"""``chapter2 export``: from a folder of torch to one of ONNX, and what is refused."""

import csv
import subprocess
import sys

import pytest

from chapter2.deployment import parity
from chapter2.deployment.graph import to_graph
from chapter2.models import Classifier, load_encoder


@pytest.fixture(scope="module")
def answered(tiny, tmp_path_factory):
    """A file of texts with the model's own answers: it is always right on them."""
    texts = [
        f"{w} film {'so ' * n}good" for n in range(10) for w in ("a", "bad", "the")
    ]
    model = Classifier.load(tiny)
    names = [model.label_names[i] for i in model.predict(texts)]
    path = tmp_path_factory.mktemp("data") / "answered.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *zip(texts, names, strict=True)])
    return path


@pytest.fixture(scope="module")
def small(tiny, tmp_path_factory):
    """The folder of the model, exported by the command line."""
    from chapter2.cli import run

    out = tmp_path_factory.mktemp("exported") / "small"
    assert run(["export", str(tiny), "--out", str(out), "--quiet"]) == 0
    return out


def test_the_exported_model_predicts_the_same(cli, tiny, small, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("a good film\nthe worst of all\n\n")
    before, after = cli("predict", tiny, texts), cli("predict", small, texts)
    assert (after.code, after.out) == (0, before.out)


def test_the_exported_model_is_evaluated_like_any(cli, small, answered):
    done = cli("evaluate", small, answered, "--json")
    assert (done.code, done.json()["accuracy"]["value"]) == (0, 1.0)


def test_predicting_with_it_loads_neither_torch_nor_transformers(small):
    code = (
        "import sys; from chapter2.cli import run;"
        f"assert run(['predict', {str(small)!r}, '-', '--quiet']) == 0;"
        "print(*[m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input="a film\n", capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1] == ""


def test_scores_before_and_after_stand_side_by_side(cli, tiny, answered, tmp_path):
    out = tmp_path / "out"
    done = cli("export", tiny, "--data", answered, "--out", out)
    assert done.code == 0
    assert "accuracy on 30 records: 100.0 % before, 100.0 % exported" in done.out
    assert "+0.0 [+0.0, +0.0] points (95 % interval, paired)" in done.out
    assert f"chapter2 predict {out}" in done.err


def test_json_holds_the_comparison(cli, tiny, answered, tmp_path):
    given = ("--data", answered, "--int8", "--max-loss", 100, "--metric", "macro_f1")
    done = cli("export", tiny, *given, "--out", tmp_path / "out", "--json")
    assert done.code == 0
    found = done.json()
    assert (found["precision"], found["metric"]) == ("int8", "macro_f1")
    assert found["change"]["value"] == found["exported"] - found["original"]
    assert found["parity"] < 1e-4


def test_int8_without_labelled_texts_is_refused(cli, tiny, tmp_path):
    done = cli("export", tiny, "--int8", "--out", tmp_path / "out")
    assert done.code == 2
    assert "What 8 bits lose is only known from labelled texts" in done.err
    assert not (tmp_path / "out").exists()


def test_a_model_that_changed_is_refused_with_nothing_left(
    cli, tiny, tmp_path, monkeypatch
):
    other = load_encoder("tiny-random", ("blame", "praise"), seed=9).model
    monkeypatch.setattr(parity, "TOLERANCE", 1e-9)
    monkeypatch.setattr(parity, "to_graph", lambda model: to_graph(other))
    done = cli("export", tiny, "--out", tmp_path / "out")
    assert done.code == 6
    assert "nothing was written" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--text", "text"), "belong to --data"),
        (("--max-loss", "-1"), "--max-loss"),
        (("--data", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_bad_options_end_in_one_sentence(cli, tiny, tmp_path, options, says):
    done = cli("export", tiny, *options, "--out", tmp_path / "out")
    assert done.code in (2, 3)
    assert says in done.err
    assert done.err.count("\n") == 1


def test_an_exported_model_is_not_exported_again(cli, small, tmp_path):
    done = cli("export", small, "--out", tmp_path / "out")
    assert done.code == 2
    assert done.err == (
        "Error: The OnnxClassifier has no graph to export; copy its folder, which runs"
        " as it is by `chapter2 predict` and `chapter2 serve`.\n"
    )


def test_a_folder_in_use_is_refused_before_anything_loads(cli, small, tmp_path):
    done = cli("export", tmp_path / "no-model", "--out", small)
    assert done.code == 2
    assert "not empty" in done.err
