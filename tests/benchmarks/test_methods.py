"""The costs of the ways to fine-tune, at a tiny size; no time is judged."""

import statistics

SHAPE = ("--encoder", "tiny-random", "--batch", 4, "--steps", 2, "--repeats", 2)


def test_each_way_is_weighed_and_timed_against_full(stored):
    ways = ("--ours", "full", "head", "lora", "--peft", "lora")
    printed, result = stored("methods.py", *SHAPE, *ways)
    full, head, lora, peft = result["runs"]
    assert [run["arm"] for run in result["runs"]][-1] == "lora (peft)"
    assert {len(run["seconds"]) for run in result["runs"]} == {2}
    assert full["of_full"] == {"median": 1, "low": 1, "high": 1}
    assert head["trainable"] < lora["trainable"] == peft["trainable"] < full["total"]
    assert head["bytes_on_disk"] < full["bytes_on_disk"]
    assert full["tokens"] == peft["tokens"]  # the same batches
    assert all(run["peak"] > 0 for run in result["runs"])
    ratios = [
        sum(ours) / sum(theirs)
        for ours, theirs in zip(lora["seconds"], peft["seconds"], strict=True)
    ]
    found = result["our_lora_to_peft"]
    assert abs(found["median"] - statistics.median(ratios)) < 1e-9
    assert f"takes {found['median']:.2f} of peft's" in printed


def test_an_arm_that_fails_stops_the_run(run):
    done = run("methods.py", *SHAPE, "--ours", "none", "--peft")
    assert done.returncode == 1
    assert "There is no method 'none'" in done.stderr
    assert "none failed." in done.stderr
