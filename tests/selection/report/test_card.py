"""The model card: what the Hub reads, and no text of a record."""

from dataclasses import replace

import pytest
import yaml
from huggingface_hub import ModelCard

from chapter2.selection.report.card import as_card


def test_the_hub_reads_the_head_back(choice):
    data = ModelCard(as_card(choice)).data
    assert data.license == "apache-2.0"
    assert data.language == "en"
    assert data.pipeline_tag == "text-classification"
    found = {result.metric_type: result.metric_value for result in data.eval_results}
    assert found == {
        "accuracy": round(choice.test["accuracy"].value, 4),
        "f1": round(choice.test["f1_macro"].value, 4),
    }


def test_it_holds_counts_and_no_texts(choice):
    card = as_card(choice)
    head = yaml.safe_load(card.split("---")[1])
    assert head["model-index"][0]["results"]
    counts = choice.prepared.development.counts()
    assert f"| records, praise | {counts['praise']} |" in card
    texts = choice.prepared.development.texts
    assert not any(f"text {i} &" in card for i in range(len(texts)))
    body = card.split("---", 2)[2]
    assert "<script" not in body
    assert "had no say in the choice | 225 |" in body
    for heading in ("Use", "Training data", "Evaluation", "Limits", "Speed and size"):
        assert f"\n## {heading}\n" in card


@pytest.mark.parametrize("name", ["smollm2-few-shot", "endpoint:m@http://localhost/v1"])
def test_records_in_a_prompt_are_told(choice, name):
    told = "Its prompt holds up to 8 records of the training data"
    assert told not in as_card(choice)
    assert told in as_card(replace(choice, shipped=replace(choice.shipped, name=name)))


def test_the_card_of_a_service_says_where_texts_go_and_states_no_licence(choice):
    name = "endpoint:m@http://localhost/v1"
    card = as_card(replace(choice, shipped=replace(choice.shipped, name=name)))
    assert "sends each text to the\naddress" in card
    assert "No network is needed" not in card
    assert ModelCard(card).data.license is None
