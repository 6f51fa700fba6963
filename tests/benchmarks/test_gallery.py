"""The benchmark of taggers and readers, at a tiny size; no figure is judged."""


def test_each_arm_stands_beside_its_baseline(stored):
    sizes = ("--sizes", 30, "--seeds", 1, "--test", 20)
    _, result = stored("gallery.py", "--encoder", "tiny-random", *sizes)
    english, chinese, yes_no = result["runs"]
    assert [run["arm"] for run in result["runs"]] == ["english", "chinese", "yes-no"]
    assert {run["records"] for run in result["runs"]} == {30}
    for run in (english, chinese):
        assert run["support"] == run["gazetteer"]["support"] > 0
        assert 0 <= run["f1"] <= 1
    assert 0 < yes_no["majority"] < 1
