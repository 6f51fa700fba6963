"""``chapter2 data`` and ``doctor``: what is there, what is missing, how to get it."""

import json
import re
from pathlib import Path

import pytest

from chapter2 import data
from chapter2.cli.doctor import Problem, examine


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAPTER2_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_list_names_every_entry(cli, empty_cache):
    done = cli("data", "list")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == list(data.names())
    entries = cli("data", "list", "--json").json()
    assert [entry["name"] for entry in entries] == list(data.names())
    assert not any(entry["fetched"] for entry in entries)
    movie = next(entry for entry in entries if entry["name"] == "movie-snippets")
    assert movie["balances"]["sentiment"] == {"negative": 5326, "positive": 5242}
    assert movie["licence_package"] == "MIT"
    assert len(movie["sha256"]) == 64


def test_fetch_prints_the_folder_and_verify_checks_it(cli):
    done = cli("data", "fetch", "tweets", "--json")
    folder = data.status("tweets").folder
    assert done.json() == [{"name": "tweets", "folder": str(folder)}]
    verified = cli("data", "verify", "tweets")
    assert (verified.code, verified.err) == (0, "")
    assert verified.out.split() == ["name", "state", "tweets", "whole"]


def test_verify_finds_what_is_not_there(cli, empty_cache):
    done = cli("data", "verify", "tweets", "--json")
    assert done.code == 4
    assert done.json()[0]["whole"] is False
    assert "run `chapter2 data fetch tweets`" in done.err
    assert done.err.count("\n") == 1


def test_verify_without_a_name_checks_what_is_cached(cli, empty_cache):
    done = cli("data", "verify")
    assert (done.code, done.out) == (0, "name  state\n")


def test_fetching_offline_is_one_sentence_and_code_4(cli, empty_cache, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    done = cli("data", "fetch", "tweets", "--quiet")
    assert (done.code, done.out) == (4, "")
    assert "vaderSentiment 3.3.2" in done.err
    assert done.err.count("\n") == 1


def test_a_wrong_name_is_refused_before_anything_is_fetched(cli, empty_cache):
    done = cli("data", "fetch", "tweets", "twets")
    assert (done.code, done.out) == (2, "")
    assert "'twets'" in done.err
    assert not empty_cache.exists()


def test_doctor_reports_and_is_content(cli):
    done = cli("doctor", "--json")
    facts = done.json()
    assert done.code == 0, done.out
    assert facts["versions"]["torch"]
    assert facts["threads"] >= 1
    assert facts["precision"][:4] in ("fp32", "bf16")
    assert set(facts["fetched"]) | set(facts["not fetched"]) == set(data.names())
    assert not any(problem["needed"] for problem in facts["problems"])
    text = cli("doctor").out
    for name in ("versions", "device", "threads", "precision", "cache", "fetched"):
        assert any(line.startswith(name) for line in text.splitlines())


def test_doctor_says_what_is_not_fetched_and_how_to_get_it(cli, empty_cache):
    done = cli("doctor")
    assert done.code == 0
    line = next(x for x in done.out.splitlines() if "data fetch --all" in x)
    assert line.startswith("optional: movie-snippets, ")
    assert "minilm" in line
    assert "imdb" not in line  # of the Hub, for the full profile


def test_doctor_fails_where_a_package_is_missing(cli, monkeypatch):
    from chapter2 import runtime

    real = runtime.versions
    monkeypatch.setattr(
        runtime,
        "versions",
        lambda packages=runtime.PACKAGES: real(packages) | {"tokenizers": None},
    )
    done = cli("doctor")
    assert done.code == 1
    assert 'MISSING: tokenizers: run `pip install "tokenizers' in done.out


def test_doctor_names_what_each_extra_lacks_with_its_range(monkeypatch):
    from importlib import metadata

    from chapter2 import runtime

    required = ["numpy>=2.0", 'jupyter-book<2,>=1.0.4; extra == "book"']
    required += ['nbmake>=1.5; extra == "book"', 'starlette>=1.0; extra == "serve"']
    required += ['uvicorn>=0.34; extra == "serve"', 'faiss-cpu>=1; extra == "search"']
    lacking = {"jupyter-book", "starlette", "uvicorn", "faiss-cpu", "wandb"}
    monkeypatch.setattr(metadata, "requires", lambda package: required)
    monkeypatch.setattr(
        runtime,
        "versions",
        lambda packages=runtime.PACKAGES: {
            name: None if name in lacking else "1" for name in packages
        },
    )
    found = {problem.what: problem for problem in examine()[1]}
    assert 'run `pip install "jupyter-book<2,>=1.0.4"`' in found["jupyter-book"].mend
    served = found["starlette, uvicorn"].mend
    assert (
        served
        == 'for `chapter2 serve`, run `pip install "starlette>=1.0" "uvicorn>=0.34"`.'
    )
    assert 'pip install "faiss-cpu>=1"' in found["faiss-cpu"].mend
    assert "--track wandb" in found["wandb"].mend
    assert not any(problem.needed for problem in found.values())


def test_the_samples_of_the_page_name_every_entry():
    page = (Path(__file__).parents[2] / "book" / "cli.md").read_text()
    sample = page.split("$ chapter2 doctor\n")[1].split("```")[0]
    assert re.search("^not fetched (.*)$", sample, re.M)[1].strip() == ", ".join(
        data.names()
    )
    listed = page.split("$ chapter2 data list\n")[1].split("```")[0].splitlines()
    assert [line.split()[0] for line in listed[1:]] == list(data.names())


def test_doctor_knows_what_every_extra_of_a_user_is_for():
    from importlib import metadata

    from chapter2.cli.doctor import EXTRAS

    assert {*EXTRAS, "dev"} == set(
        metadata.metadata("chapter2").get_all("Provides-Extra")
    )


def test_doctor_fails_where_the_cache_cannot_be_written(cli, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHAPTER2_CACHE", str(tmp_path / "file"))
    done = cli("doctor")
    assert done.code == 1
    assert "set CHAPTER2_CACHE to a folder that can be written" in done.out


def test_doctor_says_that_the_profile_is_none(monkeypatch):
    monkeypatch.setenv("CHAPTER2_SCALE", "huge")
    _, problems = examine()
    found = [problem for problem in problems if problem.what == "profile"]
    assert found == [
        Problem(
            "profile",
            "CHAPTER2_SCALE is 'huge'; set it to one of smoke, book, full.",
            True,
        )
    ]


def test_doctor_survives_a_torch_that_does_not_load(cli, monkeypatch):
    from chapter2 import runtime

    def fail():
        raise ImportError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(runtime, "device", fail)
    done = cli("doctor", "--json")
    assert done.code == 1
    needed = [p for p in json.loads(done.out)["problems"] if p["needed"]]
    assert "libtorch.so" in needed[0]["mend"]
