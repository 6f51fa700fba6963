"""The sweeps of sections 3.2.3 and 9, at a tiny size; no figure is judged."""

TINY = ("--encoder", "tiny-random", "--records", 300, "--seeds", 1, "--labels", 32)


def test_each_method_runs_with_the_rate_of_its_best_validation_loss(stored):
    asked = ("--choose-with", 32, "--methods", "head", "lora")
    _, found = stored("tuning.py", *TINY, *asked)
    for name, rate in found["rates"].items():
        tried = [run for run in found["choosing"] if run["name"] == name]
        assert len(tried) == 3
        losses = {
            run["settings"]["learning_rate"]: run["validations"][-1]["loss"]
            for run in tried
        }
        assert losses[rate] == min(losses.values())
    head, lora = found["runs"]
    assert head["trainable"] < lora["trainable"]
    assert head["bytes_on_disk"] < lora["bytes_on_disk"]
    assert 0 <= head["test_accuracy"] <= 1


def test_adversarial_training_is_asked_for_clean_and_for_misspelt_texts(stored):
    _, found = stored("advice.py", *TINY, "--parts", "adversarial")
    arms = {run["name"]: run for run in found["adversarial"]}
    assert list(arms) == ["plain", "FGM", "PGD", "FreeLB"]
    assert all(0 <= run["noisy_accuracy"] <= 1 for run in arms.values())
    losses = {run["validations"][-1]["loss"] for run in arms.values()}
    assert len(losses) == 4  # four ways to train, four models
