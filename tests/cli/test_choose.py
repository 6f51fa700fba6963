"""``chapter2 choose``: what it makes, says, refuses and goes on with."""

import json
import subprocess
import sys

import pytest
from chat_server import answered

from chapter2.cli import run
from chapter2.selection.trial import Trial

pytestmark = pytest.mark.timeout(900)  # processes start slowly on a busy machine
TEXT = (".json", ".order")
SERVED = ("--candidates", "all,endpoint:m@http://localhost:1")
FAST = ("--candidates", "majority,tfidf", "--budget", "60s", "--jobs", "1")


@pytest.fixture(scope="module")
def chosen(reviews, tmp_path_factory):
    """A finished choice: its folder."""
    out = tmp_path_factory.mktemp("out") / "choice"
    assert run(["choose", str(reviews), "--out", str(out), "--quiet", *FAST]) == 0
    return out


def test_the_folder_holds_a_model_a_page_and_a_record(chosen, reviews):
    told = json.loads((chosen / "report.json").read_text())
    assert told["data"] == "reviews.csv"
    assert told["recommended"] == "tfidf"  # one word decides
    assert {c["name"] for c in told["contenders"]} == {"majority", "tfidf"}
    assert told["budget"]["used"] <= 60
    phases = told["budget"]["phases"]
    assert phases["report"] > 0
    assert sum(phases.values()) == pytest.approx(told["budget"]["used"], abs=1)
    page = (chosen / "report.html").read_text()
    assert "Use TF-IDF of words + logistic regression (tfidf)." in page
    assert (chosen / "model" / "README.md").read_text().startswith("---\n")
    for path in (chosen / "report.html", chosen / "report.json"):
        assert str(reviews.parent) not in path.read_text()
    assert not (chosen / ".lock").exists()


def test_the_shipped_model_predicts(chosen):
    from chapter2.deployment.shipped import load_model

    model = load_model(chosen / "model")
    rows = model.predict_proba(
        ["the story is good at first", "the film is bad in the end"]
    )
    assert [model.label_names[i] for i in rows.argmax(1)] == ["praise", "blame"]


def test_trials_state_no_place_and_the_report_says_what_they_hold(chosen):
    """They may be moved, sent or deleted; what they hold is said where one looks."""
    told = [p for p in (chosen / "trials").rglob("*.*") if p.suffix in TEXT]
    assert {path.suffix for path in told} >= {".json", ".order"}
    assert not [p.name for p in told if str(chosen.parent) in p.read_text()]
    page = " ".join((chosen / "report.html").read_text().split())
    assert "trials beside it holds all your texts and may be deleted" in page


def test_the_first_answer_is_said_while_others_are_still_measured(
    cli, reviews, tmp_path
):
    done = cli("choose", reviews, "--out", tmp_path / "o", *FAST)
    assert done.code == 0, done.err
    lines = done.err.splitlines()
    (place,) = (i for i, line in enumerate(lines) if line.startswith("First answer"))
    assert "(f1_macro, out of fold): majority 33.3 % [" in lines[place]
    assert any("tfidf-f4" in line for line in lines[place:])
    assert "First answer" not in done.out


def praised(count, body):
    """Answer as one who reads: each text of ``reviews`` says good or bad."""
    last = body["messages"][-1]["content"]
    return answered("praise" if "good" in last else "blame")


def test_a_served_model_is_measured_shipped_and_asked_again(
    cli, server, reviews, tmp_path, monkeypatch
):
    server.reply = praised
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret")
    out, name = tmp_path / "o", f"endpoint:org/some-model@{server.url}"
    named = ("--candidates", f"majority,{name}", *FAST[2:])
    done = cli("choose", reviews, "--out", out, "--json", *named)
    assert done.code == 0, done.err
    told = done.json()
    assert told["recommended"] == told["shipped"]["name"] == name
    assert told["shipped"]["fitted_on_all"]
    assert told["test"]["accuracy"]["value"] == 1
    # 48 development records out of fold, 12 of the test part, a few more for its speed
    sent = [body["messages"][-1]["content"] for _, _, body in server.requests]
    assert 60 <= len(sent) <= 60 + 12 + 250
    assert len(set(sent)) == 60
    keys = {headers["Authorization"] for _, headers, _ in server.requests}
    assert keys == {"Bearer very-secret"}
    files = [path for path in out.rglob("*") if path.is_file()]
    assert not [path for path in files if b"very-secret" in path.read_bytes()]
    assert (
        "sends each text to the\naddress" in (out / "model" / "README.md").read_text()
    )
    texts = tmp_path / "texts.txt"
    texts.write_text("a good one\na bad one\n")
    again = cli("predict", out / "model", texts)
    assert [line.split("\t")[0] for line in again.out.split("\n")[-3:-1]] == [
        "praise",
        "blame",
    ]


def test_an_encoder_in_a_folder_is_measured_and_shipped_on_the_stated_device(
    cli, tiny, reviews, tmp_path, monkeypatch
):
    # a process that did not hear of --device would ask for this one, and fail
    monkeypatch.setenv("CHAPTER2_DEVICE", "tpu")
    out = tmp_path / "o"
    named = ("--candidates", f"hub:{tiny}", "--budget", "5m", "--jobs", "1")
    done = cli("choose", reviews, "--out", out, "--json", "--device", "cpu", *named)
    assert done.code == 0, done.err
    told = done.json()
    assert told["recommended"] == told["shipped"]["name"] == "hub:tiny"
    assert told["shipped"]["fitted_on_all"]
    assert {t["candidate"] for t in told["trials"]} == {"hub:tiny"}
    assert told["limits"]["device"] == "cpu"
    shown = [out / "report.html", out / "report.json", *(out / "model").rglob("*")]
    place = str(tiny.parent).encode()
    assert not [p for p in shown if p.is_file() and place in p.read_bytes()]


def test_a_finished_choice_is_not_overwritten(cli, chosen, reviews):
    before = (chosen / "report.json").read_bytes()
    done = cli("choose", reviews, "--out", chosen, *FAST)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"Error: {chosen} holds a finished choice; choose another --out, or move it"
        " away.\n"
    )
    assert (chosen / "report.json").read_bytes() == before


def test_a_folder_with_something_else_is_left_alone(cli, reviews, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    done = cli("choose", reviews, "--out", tmp_path, *FAST)
    assert done.code == 2
    assert "is not empty and holds no choice of chapter2" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_stopped_run_goes_on_and_says_so(cli, chosen, reviews, tmp_path):
    out = tmp_path / "again"
    (out / "trials").mkdir(parents=True)
    kept = [p for p in (chosen / "trials").iterdir() if p.suffix in (".json", ".npz")]
    kept = [path for path in kept if Trial("tfidf", 0, 1).title[:8] in path.name]
    for path in kept:
        (out / "trials" / path.name).write_bytes(path.read_bytes())
    done = cli("choose", reviews, "--out", out, "--json", *FAST)
    assert done.code == 0, done.err
    assert f"{out} holds 1 trials of a run that was stopped" in done.err
    assert done.json()["recommended"] == "tfidf"
    seconds = {(t["candidate"], t["fold"]): t["seconds"] for t in done.json()["trials"]}
    before = json.loads((chosen / "report.json").read_text())["trials"]
    (first,) = (t for t in before if (t["candidate"], t["fold"]) == ("tfidf", 0))
    assert seconds["tfidf", 0] == first["seconds"]  # taken over, not measured again


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--min", "f1_macro=80"), "f1_macro can be 1 at most"),
        (("--max", "latency=20"), "--max knows no 'latency'"),
        (("--budget", "soon"), "The budget is 'soon'"),
        (("--metric", "beauty"), "metric is 'beauty'"),
        (("--margin", "2"), "margin is 2.0"),
        (("--candidates", "tfid"), "There is no candidate 'tfid'"),
        (("--candidates", ","), "No name was given"),
        (("--private", *SERVED), "would be sent them; leave out one of the two"),
        (("--max", "cost_per_1000=1"), "give price_per_hour"),
        (("--join",), "say where, with --study"),
        (("--study", "foo://x", *FAST), "one of sqlite, postgresql"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(cli, reviews, tmp_path, options, said):
    done = cli("choose", reviews, "--out", tmp_path / "o", *options)
    assert done.code == 2
    last = done.err.splitlines()[-1]  # notices on the file may stand before
    assert last.startswith("Error: ")
    assert said in last
    assert not (tmp_path / "o").exists()  # nothing is left behind


def test_another_process_joins_and_the_choice_is_that_of_one_alone(
    cli, chosen, reviews, tmp_path
):
    shared = ("choose", reviews, "--study", tmp_path / "j", "--json", *FAST)
    command = [sys.executable, "-m", "chapter2", *map(str, shared), "--join"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as joiner:
        while "Waiting for the choice" not in joiner.stderr.readline():
            assert joiner.poll() is None
        done = cli(*shared, "--out", tmp_path / "o")
        told, _ = joiner.communicate(timeout=60)
    assert done.code == joiner.returncode == 0, done.err
    there = {each["trial"] for each in json.loads(told)["trials"]}
    trials = done.json()["trials"]
    assert 0 < len(there) < len(trials) == 10
    assert done.err.count("on another machine") == len(there)
    alone = json.loads((chosen / "report.json").read_text())
    assert done.json()["recommended"] == alone["recommended"]
    score = {c["name"]: c["score"] for c in alone["contenders"]}
    assert {c["name"]: c["score"] for c in done.json()["contenders"]} == score


def test_nobody_can_join_a_choice_that_is_not_under_way(
    cli, reviews, tmp_path, monkeypatch
):
    monkeypatch.setattr("chapter2.selection.join.PATIENCE", 0.1)
    place = tmp_path / "j"
    done = cli("choose", reviews, "--study", place, "--join", *FAST)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == (
        "Error: No choice on these records, with these settings and versions of"
        f" packages, is under way at {place}; start it there with the same command"
        " without --join."
    )
    assert list(tmp_path.iterdir()) == []


def test_limits_stand_in_a_file_or_in_options_but_not_in_both(cli, reviews, tmp_path):
    limits = tmp_path / "limits.yaml"
    limits.write_text("min: {f1_macro: 0.8}\nbudget: 60s\n")
    done = cli("choose", reviews, "--requirements", limits, "--budget", "5m")
    assert done.code == 2
    assert "leave out --budget, or write it into that file" in done.err


def test_bad_data_is_refused_before_anything_is_measured(cli, tmp_path):
    done = cli("choose", tmp_path / "none.csv", "--out", tmp_path / "o")
    assert done.code == 3
    assert not (tmp_path / "o").exists()
    one = tmp_path / "one.csv"
    one.write_text("text,label\na text,a\nanother,a\n")
    assert cli("choose", one, "--out", tmp_path / "o").code == 3


def test_the_help_names_the_flags(cli):
    done = cli("choose", "--help")
    assert done.code == 0
    for flag in ("--budget", "--min", "--max", "--requirements", "--margin", "--test"):
        assert flag in done.out
    told = " ".join(done.out.replace("│", " ").split())
    assert "trials holds your texts and may be deleted" in told
    assert "endpoint:MODEL@https" in told
