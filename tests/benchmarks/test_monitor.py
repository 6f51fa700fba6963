"""The monitor's benchmark at a tiny size; no figure is judged but the kills'."""


def test_what_was_measured_is_stored(stored):
    sizes = {"records": 600, "texts": 600, "streams": 0, "seconds": 1, "kills": 1}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    _, result = stored("monitor.py", *options, "--encoder", "tiny-random")
    kills = result["kills"]
    assert kills["equal"]
    assert kills["tally"]["counted"] + kills["tally"]["late"] == 600
    assert result["load"]["linear"]["texts_per_second"] > 0
    models = [row["model"] for row in result["quality"]["opinions"]["macro_f1"]]
    assert models == ["majority", "always neutral", "linear", "encoder"]
    assert result["false_alarms"]["asked"] == 1 / 200
