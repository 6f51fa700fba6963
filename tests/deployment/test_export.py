"""Export: the same function, or nothing at all."""

import json

import numpy as np
import pytest
import torch
from transformers import (
    DistilBertConfig,
    DistilBertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from chapter2 import data
from chapter2.deployment import export as module
from chapter2.deployment import parity
from chapter2.deployment.export import export
from chapter2.deployment.graph import to_graph, write_graph
from chapter2.deployment.onnx_model import OnnxClassifier, session
from chapter2.deployment.quantise import quantise
from chapter2.deployment.shipped import load_model
from chapter2.errors import ModelError, UsageError
from chapter2.models import load_encoder
from chapter2.models.tiny import vocabulary
from chapter2.tuning import tune


def logits_of(model, ids, mask):
    with torch.inference_mode():
        return model(input_ids=ids, attention_mask=mask).logits.numpy()


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_logits_are_transformers_own_at_every_length(classifier, exported, batch):
    session = OnnxClassifier.load(exported).session
    generator = torch.Generator().manual_seed(0)
    for length in (1, 2, 3, 17, 64, 511, 512):
        ids = torch.randint(5, len(vocabulary()), (batch, length), generator=generator)
        mask = torch.ones_like(ids)
        for row in range(1, batch):  # padded ever more; the first text is whole
            mask[row, max(1, length - row * length // batch) :] = 0
        feed = {"input_ids": ids.numpy(), "attention_mask": mask.numpy()}
        (found,) = session.run(None, feed)
        assert np.allclose(found, logits_of(classifier.model, ids, mask), atol=1e-4)


def test_probabilities_are_the_classifiers_alone_and_together(
    classifier, exported, texts
):
    wanted = classifier.predict_proba(texts)
    assert np.ptp(wanted[:, 0]) > 0.1  # else the comparison shows nothing
    loaded = OnnxClassifier.load(exported)
    assert np.abs(loaded.predict_proba(texts) - wanted).max() < 1e-5
    alone = np.concatenate([loaded.predict_proba([text]) for text in texts])
    assert np.abs(alone - wanted).max() < 1e-5
    assert np.allclose(alone.sum(axis=1), 1)
    assert loaded.predict_proba([]).shape == (0, 2)


def test_texts_are_cut_where_the_classifier_cuts_them(tmp_path):
    short = load_encoder("tiny-random", ("a", "b"), max_length=8)
    export(short, tmp_path / "out")
    loaded = OnnxClassifier.load(tmp_path / "out")
    text = "good film " * 50
    assert loaded.encode([text]) == short.encode([text])
    assert len(loaded.encode([text])[0]) == 8


@pytest.mark.parametrize("family", ["distilbert", "roberta"])
def test_other_encoders_go_by_their_own_forward_pass(family, tmp_path):
    size = {"vocab_size": 120, "num_labels": 3}
    if family == "distilbert":
        config = DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=64, **size)
        model = DistilBertForSequenceClassification(config).eval()
    else:
        config = RobertaConfig(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=66,
            **size,
        )
        model = RobertaForSequenceClassification(config).eval()
    write_graph(to_graph(model), tmp_path / "model.onnx")
    run = session(tmp_path / "model.onnx", 1)
    for batch, length in ((1, 2), (1, 30), (4, 9)):
        ids = torch.randint(5, 120, (batch, length))
        mask = torch.ones_like(ids)
        mask[-1, 2:] = 0
        ids[mask == 0] = config.pad_token_id
        feed = {"input_ids": ids.numpy(), "attention_mask": mask.numpy()}
        assert np.allclose(
            run.run(None, feed)[0], logits_of(model, ids, mask), atol=1e-5
        )


def test_lora_is_merged_and_the_tuned_model_stays(classifier, tmp_path, texts):
    tuned = tune(classifier, "lora", rank=2)
    with torch.no_grad():
        for name, parameter in tuned.model.named_parameters():
            if "lora" in name or name.endswith((".a", ".b", ".A", ".B")):
                parameter.add_(0.1)
    before = {name: p.clone() for name, p in tuned.model.state_dict().items()}
    export(tuned, tmp_path / "out")
    found = OnnxClassifier.load(tmp_path / "out").predict_proba(texts)
    assert np.abs(found - tuned.predict_proba(texts)).max() < 1e-4
    after = tuned.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_int8_is_smaller_measured_and_says_so(classifier, labelled, tmp_path):
    plain = export(classifier, tmp_path / "plain", labelled)
    small = export(classifier, tmp_path / "small", labelled, int8=True, max_loss=100)
    assert (plain.original, plain.exported, plain.change.value) == (1, 1, 0)
    assert small.records == len(labelled)
    assert small.precision == load_model(tmp_path / "small").precision == "int8"
    graphs = [
        (tmp_path / name / "model.onnx").stat().st_size for name in ("small", "plain")
    ]
    assert graphs[0] < 0.8 * graphs[1]  # of 40,000 weights, the graph's text weighs too
    assert json.loads(json.dumps(small.to_dict()))["parity"] < 1e-4


def test_a_silent_loss_of_five_points_is_refused(
    classifier, labelled, tmp_path, monkeypatch
):
    def careless(source, target, how):
        """Quantise, and then answer blame to every text."""
        quantise(source, target, how)
        import onnx

        model = onnx.load(target)
        graph = model.graph
        for node in graph.node:
            node.output[:] = ["honest" if n == "logits" else n for n in node.output]
        blame = onnx.numpy_helper.from_array(np.array([100, -100], np.float32), "blame")
        graph.initializer.append(blame)
        added = onnx.helper.make_node("Add", ["honest", "blame"], ["logits"])
        graph.node.append(added)
        onnx.save(model, target)

    monkeypatch.setattr(parity, "quantise", careless)
    with pytest.raises(ModelError, match=r"loses .* points .* more than the 0\.5"):
        export(classifier, tmp_path / "out", labelled, int8=True)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_answers_otherwise_is_not_written(
    classifier, tmp_path, monkeypatch
):
    other = load_encoder("tiny-random", ("blame", "praise"), seed=9).model
    monkeypatch.setattr(parity, "to_graph", lambda model: to_graph(other))
    with pytest.raises(ModelError, match=r"other probabilities .* nothing was written"):
        export(classifier, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_few_records_say_what_they_cannot_exclude(labelled):
    from chapter2.evaluation import Interval

    report = {"records": 40, "change": Interval(-0.004, -0.03, 0.02, 0.95, 1000)}
    (notice,) = module._notices(report, 0.5)
    assert "40 records cannot exclude a loss of 3.0 points" in notice


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"int8": True}, "only known from labelled texts"),
        ({"max_loss": -1}, "give 0 to 100"),
        ({"metric": "beauty"}, "use one of accuracy"),
    ],
)
def test_what_makes_no_sense_is_refused_first(classifier, tmp_path, options, says):
    with pytest.raises(UsageError, match=says):
        export(classifier, tmp_path / "out", **options)


def test_somebodys_folder_is_left_alone(classifier, exported, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        export(classifier, tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "mine"
    with pytest.raises(UsageError, match="no graph to export"):
        export(exported, tmp_path / "again")


def test_the_embedded_encoder_is_the_same_on_film_snippets(tmp_path):
    records = data.load("movie-snippets").take(60)
    minilm = load_encoder("minilm", records.label_names, max_length=64)
    minilm.model.classifier.weight.data.mul_(50)  # a head that takes sides
    report = export(minilm, tmp_path / "out", records)
    assert report.parity < 1e-4
    loaded = OnnxClassifier.load(tmp_path / "out")
    wanted = minilm.predict_proba(records.texts)
    assert np.ptp(wanted[:, 0]) > 0.05
    assert np.abs(loaded.predict_proba(records.texts) - wanted).max() < 1e-4
