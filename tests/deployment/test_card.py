"""Model cards: a header that the Hub's own library reads, and prose."""

import pytest
from huggingface_hub import ModelCard

from chapter2.deployment.card import model_card
from chapter2.errors import UsageError

FACTS = {
    "title": "Film reviews",
    "license": "mit",
    "language": ("en", "zh"),
    "tags": ["sentiment"],
    "base_model": None,
    "scores": {"accuracy": 0.85512, "f1_macro": 0.8},
    "dataset": "movie-snippets",
    "summary": "Says whether a film was liked.",
    "limits": ["English only.", "Short texts."],
    "evaluation": {"accuracy": "85.5 [84.0, 87.1] %", "odd | name": 12345.678},
}


def test_the_hubs_library_reads_the_header():
    card = ModelCard(model_card(FACTS))
    data = card.data.to_dict()
    assert (data["license"], data["language"]) == ("mit", ["en", "zh"])
    assert data["pipeline_tag"] == "text-classification"
    assert data["metrics"] == ["accuracy", "f1_macro"]
    assert "base_model" not in data
    (first, second) = card.data.eval_results
    assert (first.metric_type, first.metric_value) == ("accuracy", 0.8551)
    assert second.dataset_name == "movie-snippets"


def test_sections_stand_in_order_and_empty_ones_are_left_out():
    text = model_card(FACTS)
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads == ["# Film reviews", "## Limits", "## Evaluation", "## Use"]
    assert "- English only.\n- Short texts." in text
    assert "| odd \\| name | 1.235e+04 |" in text
    assert "load_model" in text


def test_a_title_is_enough_and_a_misspelt_key_is_refused():
    assert model_card({"title": "Small"}).startswith("---\n")
    with pytest.raises(UsageError, match="knows no 'licence'"):
        model_card({"title": "x", "licence": "mit"})
    with pytest.raises(UsageError, match="title"):
        model_card({})
