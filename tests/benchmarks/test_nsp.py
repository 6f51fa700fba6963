"""The benchmark of next sentence prediction, at a tiny size; no figure is judged."""


def test_arms_read_the_same_number_of_pairs_and_are_stored(stored):
    arms = ["MLM", "MLM + next"]
    sizes = {"seeds": 1, "steps": 2, "documents": 60, "test-pairs": 20, "records": 60}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    _, result = stored("nsp.py", *options, "--arms", *arms)
    assert [run["arm"] for run in result["runs"]] == arms
    assert {run["steps"] for run in result["runs"]} == {2}
    for name in arms:
        for mean, low, high in result["summary"][name].values():
            assert 0 <= low <= mean <= high <= 1
