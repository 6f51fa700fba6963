"""The benchmark of the task gallery, at a tiny size; no figure is judged."""

import json

SMALL = ("--encoder", "tiny-random", "--sizes", 30, "--seeds", 1, "--test", 20)


def test_each_arm_stands_beside_its_baseline(stored):
    _, result = stored("gallery.py", *SMALL)
    runs = {run["arm"]: run for run in result["runs"]}
    assert [*runs] == ["english", "yes-no", "chinese", "translation", "summaries"]
    assert {run["records"] for run in result["runs"]} == {30}
    assert all(
        0 <= run[of] <= 1 for run in runs.values() for of in ("score", "baseline")
    )
    for arm in ("english", "chinese"):
        assert runs[arm]["entities"]["support"] > 0
        assert runs[arm]["score"] == runs[arm]["entities"]["f1"]
    assert runs["summaries"]["oracle"] >= runs["summaries"]["baseline"]


def test_a_run_that_was_cut_goes_on(run, tmp_path):
    path = tmp_path / "result.json"
    known = {"arm": "summaries", "size": 30, "seed": 0, "records": 30, "score": 0.5}
    path.with_suffix(".jsonl").write_text(json.dumps(known) + '\n{"arm": "summ')
    done = run("gallery.py", *SMALL, "--arms", "summaries", "--json", path)
    assert done.returncode == 0, done.stderr
    assert json.loads(path.read_text())["runs"] == [known]


def test_an_unknown_arm_is_refused(run):
    done = run("gallery.py", "--arms", "poetry")
    assert done.returncode == 2
    assert "poetry" in done.stderr
