"""The benchmark of the recommenders, at a tiny size; no figure is judged."""

import argparse

import numpy as np
import pytest

SMALL = ("--encoder", "tiny-random", "--steps", 4, "--rounds", 1, "--cold-steps", 2)
SMALL += ("--times", 2, "--records", 40, "--seeds", 2)


def test_each_way_stands_beside_its_references(stored):
    _, result = stored("recommendation.py", *SMALL)
    kinds = [(f["arm"], f["times"], f["folds"]) for f in result["films"]]
    few, more = ("cold", 2, 3), ("cold", 2, 5)
    assert kinds == [("known", 1, 0), ("known", 2, 0), ("cold", 1, 3), few, more]
    for found in result["films"]:
        ways = found["ways"]
        first = {"known": "popularity", "cold": "random"}[found["arm"]]
        assert next(iter(ways)) == first
        for name, way in ways.items():
            assert np.mean(way["of_seeds"]) == pytest.approx(way["ndcg"]["value"])
            for other, gain in way["against"].items():
                theirs = ways[other]["ndcg"]["value"]
                assert gain["value"] == pytest.approx(way["ndcg"]["value"] - theirs)
                assert gain["low"] <= gain["value"] <= gain["high"]
                assert other != name
    known = result["films"][0]
    assert {"popularity", "popular now"} == set(known["ways"]["blend"]["against"])
    assert all(sum(each.values()) == pytest.approx(1) for each in known["weights"])
    assert [(r["seed"], r["learnt_from"]) for r in result["reviews"]] == [
        (0, 40),
        (1, 40),
    ]


def test_more_steps_change_what_is_trained_and_nothing_else(script):
    module = script("recommendation")
    options = argparse.Namespace(encoder="tiny-random", steps=4, rounds=1)
    once, twice = (
        module.known(module.Order("known", times, 0, 0), options)["ndcg"]
        for times in (1, 2)
    )
    same = {name for name in once if once[name] == twice[name]}
    assert same == {"popularity", "popular now", "item-kNN"}


def test_a_setting_is_averaged_over_seeds_and_users(script):
    module = script("recommendation")
    counts = {"popularity": [0, 1], "popular now": [0, 0]}
    runs = [
        {"arm": "known", "times": 1, "folds": 0, "ndcg": {**counts, "ALS": ndcg}}
        for ndcg in ([1, 1], [0.5, 1])
    ]
    found = module.settings(runs)[0]
    assert found["users"] == 2
    assert found["ways"]["ALS"]["of_seeds"] == [1, 0.75]
    assert found["ways"]["ALS"]["ndcg"]["value"] == 0.875
    gains = found["ways"]["ALS"]["against"]
    assert gains["popularity"]["value"] == 0.375
    assert gains["popular now"]["value"] == 0.875


@pytest.mark.parametrize("option", ["--seeds", "--times"])
def test_one_seed_or_no_more_steps_are_refused(run, option):
    done = run("recommendation.py", option, 1)
    assert done.returncode == 2
    assert "two" in done.stderr
