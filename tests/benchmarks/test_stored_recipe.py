"""The stored result of chapter 5 has the recipe that the page and its script run.

A field that :class:`TrainingConfig` was given later is not in the stored recipe; the
result holds as long as the recipe of today leaves that field at its default, which is
what the loop did before.
"""

import ast
from pathlib import Path

import nbformat
import pytest

from chapter2 import results, runtime, training

PAGE = Path(__file__).parents[2] / "notebooks" / "05_bert_fine_tuning.ipynb"
BOOK = runtime.SCALES["book"]


def of_page():
    """Return what the page assigns to ``config`` at the profile ``book``."""
    sources = [
        cell.source
        for cell in nbformat.read(PAGE, as_version=4).cells
        if cell.cell_type == "code" and cell.source.startswith("config = ")
    ]
    (assigned,) = ast.parse(sources[0]).body[:1]
    call = compile(ast.Expression(assigned.value), str(PAGE), "eval")
    return eval(call, {"training": training, "scale": BOOK, "SEED": 0})


def of_script(script):
    return script("chapter5").RECIPE


@pytest.mark.parametrize("where", ["page", "script"])
def test_the_stored_recipe_is_the_one_of_today(script, where):
    today = (of_page() if where == "page" else of_script(script)).to_dict()
    stored = results.stored("chapter5")["recipe"]
    default = training.TrainingConfig().to_dict()
    assert stored == {name: today[name] for name in stored}
    later = today.keys() - stored.keys()
    assert {n: today[n] for n in later} == {n: default[n] for n in later}


def test_the_stored_runs_are_of_the_encoder_and_records_of_the_page():
    from chapter2 import data

    stored = results.stored("chapter5")
    assert stored["encoder"] == BOOK.encoder
    assert sum(stored["records"].values()) == data.card(BOOK.sentiment).records
    assert [run["seed"] for run in stored["runs"]] == [0, 1, 2]
