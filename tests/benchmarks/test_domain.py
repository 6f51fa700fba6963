"""The benchmark of domain-adaptive pretraining, at a tiny size; no figure is judged."""


def test_what_was_read_and_what_it_brought_is_stored(stored):
    sizes = {"seeds": 1, "tokens": 2048, "documents": 60, "records": 300, "labels": 32}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    arms = ("--models", "bert-tiny", "--read", "nothing", "snippets")
    _, result = stored("domain.py", *options, *arms)
    plain, after = result["runs"]
    assert (plain["read"], after["read"]) == ("nothing", "snippets")
    assert "tokens" not in plain
    assert after["tokens"] == 2048
    # the same weights, and the weights that have read, are not the same model
    name = "masked_loss_snippets"
    assert plain[name] != after[name]
    assert [task["labels"] for task in after["tasks"]] == [32]
