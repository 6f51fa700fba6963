"""Requirements: from flags, a file or a form, the same; contradictions are told."""

import math

import pytest

from chapter2.errors import UsageError
from chapter2.evaluation import METRICS
from chapter2.selection.quantities import (
    QUALITIES,
    cost_per_1000,
    parse_budget,
)
from chapter2.selection.requirements import Requirements
from chapter2.selection.requirements_form import form

FILE = """
min: {f1_macro: 0.8}
max: {latency_ms_p95: 20, cost_per_1000: 0.5}
budget: 10m
device: cpu
explainable: true
licences: [MIT, Apache-2.0]
private: true
price_per_hour: 0.05
"""


@pytest.fixture
def flags():
    return Requirements.from_flags(
        min=["f1_macro=0.8"],
        max=["latency_ms_p95=20", "cost_per_1000=0.5"],
        budget="10m",
        device="cpu",
        explainable=True,
        licences="MIT, Apache-2.0",
        private=True,
        price_per_hour=0.05,
    )


def write(tmp_path, text):
    path = tmp_path / "wanted.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_file_and_form_say_the_same(flags, tmp_path):
    assert flags.minimum == {"f1_macro": 0.8}
    assert flags.licences == ("MIT", "Apache-2.0")
    assert Requirements.from_yaml(write(tmp_path, FILE)) == flags
    assert form(flags).requirements() == flags


def test_an_empty_file_and_an_untouched_form_ask_for_nothing(tmp_path):
    nothing = Requirements()
    assert Requirements.from_yaml(write(tmp_path, "# nothing\n")) == nothing
    assert form().requirements() == nothing
    assert nothing.unmet({}) == []


def test_each_quality_is_a_metric_and_either_spelling_is_read():
    assert set(QUALITIES.values()) == set(METRICS)
    for name, metric in QUALITIES.items():
        assert Requirements.from_flags(min=[f"{metric}=0.5"]).minimum == {name: 0.5}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"min": ["f1=0.8"]}, "did you mean 'f1_macro'"),
        ({"max": ["latency=20"]}, "'latency_ms_p50' or 'latency_ms_p95'?"),
        ({"min": ["accuracy"]}, "--min accuracy=NUMBER"),
        ({"min": ["accuracy=high"]}, "give a number"),
        ({"min": ["accuracy=nan"]}, "give a number"),
        ({"min": ["f1_macro=0.8", "macro_f1=0.7"]}, "given twice"),
        ({"min": ["accuracy=80"]}, "write 0.8 for 80 %"),
        ({"min": ["accuracy=-1"]}, "never below 0"),
        ({"max": ["size_mb=0"]}, "always above 0"),
        ({"max": ["latency_ms_p50=30", "latency_ms_p95=20"]}, "never below the median"),
        ({"max": ["memory_mb=1"]}, "Python with NumPy alone"),
        ({"max": ["cost_per_1000=1"]}, "price_per_hour"),
        ({"endpoint": "http://a"}, "There is no flag 'endpoint'"),
        ({"licences": ""}, "is empty"),
        ({"budget": "ten minutes"}, "90s, 10m or 1h"),
        ({"budget": "0.1s"}, "give a longer one"),
        ({"device": "gpu"}, "use one of cpu, cuda, mps"),
        ({"price_per_hour": -1.0}, "what an hour"),
        ({"licence": "MIT"}, "did you mean 'licences'"),
    ],
)
def test_what_no_model_could_meet_is_one_sentence(given, words):
    with pytest.raises(UsageError) as caught:
        Requirements.from_flags(**given)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("minimum: {f1_macro: 0.8}", "did you mean 'min'"),
        ("min: [", "line 1"),
        ("- budget", "holds no keys"),
        ("private: 1", "private is 1; write true or false"),
        ("licences: MIT", "write a list"),
        ("min: {f1_macro: high}", "f1_macro is 'high'; write a number"),
        ("max: {latency_ms_p9: 2}", "'latency_ms_p95'?"),
        ("min: {accuracy: 2}", "can be 1 at most"),
    ],
)
def test_a_faulty_file_is_named_with_what_is_wrong(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        Requirements.from_yaml(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_binary_one_are_told(tmp_path):
    with pytest.raises(UsageError, match="There is no file"):
        Requirements.from_yaml(tmp_path / "none.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UsageError, match="UTF-8"):
        Requirements.from_yaml(tmp_path / "b.yaml")


def test_unmet_names_each_limit_that_is_not_kept():
    asked = Requirements({"f1_macro": 0.8}, {"latency_ms_p95": 20, "size_mb": 100})
    measured = {"f1_macro": 0.8, "latency_ms_p95": 20.0, "size_mb": 99.0}
    assert asked.unmet(measured) == []  # at the limit is within it
    slow = asked.unmet({**measured, "latency_ms_p95": 31.234})
    assert slow == ["latency_ms_p95 is 31.23 ms; at most 20 ms is allowed."]
    near = asked.unmet({**measured, "f1_macro": 0.79999})
    assert near == ["f1_macro is 0.79999; at least 0.8 is asked for."]


@pytest.mark.parametrize("measured", [{}, {"size_mb": math.nan}])
def test_what_was_not_measured_is_not_met(measured):
    found = Requirements(maximum={"size_mb": 100}).unmet(measured)
    assert found == ["size_mb was not measured; at most 100 MB is allowed."]


def test_durations_and_costs_in_closed_form():
    written = ("90", "90s", "1.5m", "1h", 60)
    assert [parse_budget(w) for w in written] == [90, 90, 90, 3600, 60]
    # 1,000 texts of 3.6 s are one hour
    assert cost_per_1000(3.6, 0.05) == pytest.approx(0.05)


def test_limits_are_a_copy_of_what_was_handed_over():
    limits = {"f1_macro": 0.8}
    asked = Requirements(limits)
    limits["f1_macro"] = 0.1
    assert asked.minimum == {"f1_macro": 0.8}


def test_the_form_has_a_table_for_a_page_without_a_kernel(flags):
    asked = form(flags)
    page = asked.static()
    assert page.count("<tr>") == len(asked.fields)
    assert "MIT, Apache-2.0" in page
    assert "f1_macro, at least" in page
    bundle = asked._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/html"] == page
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_faulty_field_of_the_form_is_told():
    asked = form()
    asked.fields["price_per_hour"].value = "cheap"
    with pytest.raises(UsageError, match="price_per_hour is 'cheap'"):
        asked.requirements()
    asked.fields["price_per_hour"].value = ""
    asked.fields["accuracy"].value = "0.9"
    assert asked.requirements().minimum == {"accuracy": 0.9}
