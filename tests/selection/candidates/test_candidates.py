"""Every candidate through one table: fit, predict, save, load again, the same numbers.

Encoders and the causal model are tiny and random here: what is tested is the contract,
not the quality.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from chapter2.data import TextDataset
from chapter2.errors import Chapter2Error, DataError, UsageError
from chapter2.models import Classifier
from chapter2.selection.candidates import CANDIDATES, lexicon
from chapter2.selection.candidates.endpoint import endpoint_candidate
from chapter2.selection.candidates.quantised import Quantised
from chapter2.selection.candidates.schedule import Schedule

MARKS = ("good", "bad", "so so", "never", "it's")
FEW = Schedule(epochs=2, least_steps=2, most_epochs=2, batch_size=8)


def made(n=40, names=("5 stars", "1 star", "été")):
    """Texts whose last word tells the class."""
    draw = np.random.default_rng(0)
    words = ("the", "film", "story", "and", "was", "with")
    labels = tuple(i % len(names) for i in range(n))
    texts = tuple(
        " ".join([*draw.choice(words, size=4), MARKS[i % len(MARKS)], str(i)])
        for i in labels
    )
    return TextDataset("made", texts, labels, names)


def small(candidate):
    """Return the candidate with a tiny random model and a short schedule."""
    changes = {"encoder": "tiny-random", "model": "tiny-random", "schedule": FEW}
    changes |= {"shots": min(2, getattr(candidate, "shots", 0)), "most": 16}
    if isinstance(candidate, Quantised):
        changes["parent"] = small(candidate.parent)
    known = {k: v for k, v in changes.items() if hasattr(candidate, k)}
    return replace(candidate, **known)


# variants of 8 bits are all of one class and export for seconds: one stands for them
SMALL = {
    name: small(candidate)
    for name, candidate in CANDIDATES.items()
    if name == "minilm-lora-int8" or not isinstance(candidate, Quantised)
}
each = pytest.mark.parametrize("candidate", SMALL.values(), ids=SMALL)
LEARNERS = {n: c for n, c in SMALL.items() if n != "majority" and "shot" not in n}
TRAINED = {n: c for n, c in SMALL.items() if c.entry.trains_by_epochs}
TEXTS = ["the film was good 0", "", "很好", "bad " * 200, "\ud800 half"]


@each
def test_what_was_fitted_comes_back_from_disk(candidate, tmp_path):
    model = candidate.fit(made(), seed=1)
    found = model.predict_proba(TEXTS)
    assert found.shape == (5, 3)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)
    assert (found >= 0).all()
    model.save(tmp_path / "new")
    again = type(model).load(tmp_path / "new")
    assert tuple(again.label_names) == made().label_names
    np.testing.assert_allclose(again.predict_proba(TEXTS), found, atol=1e-12)
    assert model.predict_proba([]).shape == (0, 3)


@each
def test_a_class_that_is_absent_from_training_has_its_column(candidate):
    records = made()
    part = records.select(i for i, label in enumerate(records.labels) if label != 1)
    found = candidate.fit(part).predict_proba(TEXTS[:1])
    assert found.shape == (1, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)


@each
def test_it_is_silent_and_leaves_the_random_state(candidate, capfd):
    before = torch.get_rng_state()
    candidate.fit(made(12), effort=0.5)
    assert capfd.readouterr() == ("", "")
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("candidate", TRAINED.values(), ids=TRAINED)
def test_seed_and_effort_decide_what_is_trained(candidate):
    records, texts = made(), ["the story was bad", "film"]

    def predicted(**how):
        return candidate.fit(records, **how).predict_proba(texts)

    first = predicted(seed=3, effort=0.5)
    np.testing.assert_array_equal(first, predicted(seed=3, effort=0.5))
    assert not np.array_equal(first, predicted(seed=4, effort=0.5))
    assert not np.array_equal(first, predicted(seed=3, effort=1.0))


@pytest.mark.parametrize("candidate", LEARNERS.values(), ids=LEARNERS)
def test_one_class_or_none_is_refused(candidate):
    records = made()
    with pytest.raises(DataError, match="no records"):
        candidate.fit(records.select([]))
    with pytest.raises(DataError, match="two classes"):
        candidate.fit(records.select([0, 3, 6]))


@pytest.mark.parametrize("candidate", TRAINED.values(), ids=TRAINED)
@pytest.mark.parametrize("effort", [0, -1, 1.5])
def test_an_effort_out_of_range_is_refused(candidate, effort):
    with pytest.raises(UsageError, match="effort"):
        candidate.fit(made(), effort=effort)


@pytest.mark.parametrize("name", ["tfidf", "recurrent", "minilm-setfit", "minilm-full"])
def test_fifty_classes_are_told_apart_or_at_least_counted(name):
    names = tuple(f"class {i}" for i in range(50))
    found = SMALL[name].fit(made(150, names)).predict_proba(TEXTS[:2])
    assert found.shape == (2, 50)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)


@pytest.mark.parametrize("name", ["tfidf", "char-ngrams", "recurrent", "minilm-frozen"])
def test_an_easy_task_is_learnt(name):
    candidate = SMALL[name]
    if name == "recurrent":
        longer = Schedule(epochs=10, least_steps=10, most_epochs=10)
        candidate = replace(candidate, schedule=longer, learning_rate=1e-2)
    records = made(90)
    predicted = candidate.fit(records).predict_proba(records.texts).argmax(axis=1)
    assert (predicted == records.labels).mean() > 0.95


@pytest.mark.parametrize("name", ["minilm-lora", "minilm-head", "minilm-full"])
def test_tuning_returns_a_plain_classifier_without_insertions(name):
    model = SMALL[name].fit(made(16))
    assert type(model) is Classifier
    plain = Classifier(model.model, model.tokenizer, model.label_names, 16)
    wanted = {
        name for name, _ in SMALL["minilm-full"].fit(made(16)).model.named_modules()
    }
    assert {name for name, _ in plain.model.named_modules()} == wanted
    assert not model.model.training


@pytest.mark.parametrize("name", ["minilm-full", "minilm-frozen", "minilm-setfit"])
def test_texts_that_lost_their_end_are_counted(name):
    records = made(16)
    long = ("good " * 200, *records.texts[1:])
    model = SMALL[name].fit(replace(records, texts=long))
    assert any("1 of 16 training texts" in notice for notice in model.notices)
    assert not any("training texts" in n for n in SMALL[name].fit(records).notices)


def test_validation_records_choose_the_epoch():
    longer = Schedule(epochs=8, least_steps=8, most_epochs=8, batch_size=4)
    candidate = replace(SMALL["minilm-full"], learning_rate=3e-3, schedule=longer)
    records = made()
    other = replace(records, labels=tuple((i + 1) % 3 for i in records.labels))
    texts = ["good 0", "bad 1"]
    with_, against = (
        candidate.fit(records, validation=part).predict_proba(texts)
        for part in (records, other)
    )
    assert not np.array_equal(with_, against)


def test_an_endpoint_is_fitted_without_a_word_sent():
    candidate = endpoint_candidate("http://127.0.0.1:9/v1", "m", shots=2, tries=1)
    assert candidate.entry.network
    assert candidate.entry.on_request
    model = candidate.fit(made())  # nothing listens there: sending would raise
    assert [label for _, label in model.examples] != []
    with pytest.raises(Chapter2Error, match="cannot be reached"):
        model.predict_proba(["a"])


def test_the_lexicon_learns_from_a_sample_that_lacks_no_class(monkeypatch):
    monkeypatch.setattr(lexicon, "MOST", 50)
    texts = (*(f"a good film {i}" for i in range(3000)), "a bad film")
    train = TextDataset("rare", texts, (0,) * 3000 + (1,), ("good", "bad"))
    some = lexicon.sample(train, seed=0)
    assert (len(some), some.labels.count(1)) == (51, 1)
    assert CANDIDATES["lexicon"].fit(train).predict_proba(["bad"]).shape == (1, 2)
