"""The profile of a task: injected faults are found, each with what to do."""

import csv
import json
import re
import time
from dataclasses import replace

import numpy as np
import pytest

from chapter2 import data, selection
from chapter2.errors import DataError, FetchError
from chapter2.selection import lengths as lengths_module
from chapter2.selection.lengths import lengths
from chapter2.selection.profile import analyse


@pytest.fixture(scope="module")
def snippets():
    return data.load("product-snippets", limit=800)


@pytest.fixture(scope="module")
def profile(snippets):
    return analyse(snippets)


def finding(profile, kind):
    found = [one for one in profile.findings if one.kind == kind]
    assert len(found) == 1, [one.kind for one in profile.findings]
    return found[0]


def kinds(profile):
    return {one.kind for one in profile.findings}


def with_records(dataset, texts, labels):
    """Return the data set with more records at its end, without groups."""
    return replace(
        dataset,
        texts=(*dataset.texts, *texts),
        labels=(*dataset.labels, *labels),
        groups=None,
        scores=None,
    )


def test_clean_data_are_described_without_warning(profile, snippets):
    assert (profile.kind, profile.records, profile.classes) == (
        "classification",
        800,
        2,
    )
    assert profile.language == "en"
    assert dict(profile.balance) == snippets.counts()
    assert {one.severity for one in profile.findings} <= {"info", "advice"}
    assert profile.difficulty.gap.low > 0
    assert profile.median_tokens > 5


def test_summary_and_json_say_the_same(profile):
    shown = profile.summary()
    assert str(profile) == shown
    for one in profile.findings:
        plain = " ".join(shown.split())
        assert one.found in plain
        assert one.advice in plain
    assert max(map(len, shown.splitlines())) <= 80
    held = json.loads(json.dumps(profile.to_dict()))
    assert held["records"] == 800
    assert held["kind"]["kind"] == "classification"
    assert len(held["findings"]) == len(profile.findings)


def test_figures_have_numbers_captions_and_alt_text(profile):
    found = profile.figures("3.1")
    assert len(found) == 3
    for i, figure in enumerate(found, 1):
        assert repr(figure).startswith(f"Figure 3.1.{i}. ")
        assert re.search(r'aria-label="[^"]{40,}"', figure._repr_html_())


def test_duplicates_and_contradictions_are_found(snippets):
    texts = [snippets.texts[0], snippets.texts[1].upper(), snippets.texts[2]]
    labels = [snippets.labels[0], snippets.labels[1], 1 - snippets.labels[2]]
    found = analyse(with_records(snippets, texts, labels))
    assert {800, 801, 802} <= set(finding(found, "duplicates").records)
    wrong = finding(found, "contradictory labels")
    assert wrong.severity == "warning"
    assert {2, 802} <= set(wrong.records)
    assert found.findings[0].severity == "warning"  # the gravest first


def test_near_duplicates_are_found(snippets):
    long = [i for i, text in enumerate(snippets.texts) if len(text) > 100][:5]
    texts = [snippets.texts[i] + " ok" for i in long]
    found = analyse(with_records(snippets, texts, [snippets.labels[i] for i in long]))
    assert {*long, *range(800, 805)} <= set(finding(found, "near duplicates").records)


def test_imbalance_and_rare_labels_are_found(snippets):
    labels = np.array(snippets.labels)
    kept = [*np.flatnonzero(labels == 1)[:300], *np.flatnonzero(labels == 0)[:7]]
    found = analyse(snippets.select(kept))
    assert found.imbalance == pytest.approx(300 / 7)
    assert finding(found, "imbalance").severity == "warning"
    assert "'negative'" in finding(found, "rare labels").found


def test_overlap_with_the_test_set_is_found(snippets, tmp_path):
    train, test = snippets.select(range(700)), snippets.select(range(690, 800))
    found = analyse(train, test=test)
    warning = finding(found, "overlap")
    assert set(range(10)) <= set(warning.records)
    assert "10 exactly" in warning.found or len(found.overlap.exact) > 10
    apart = analyse(train, test=data.load("tweets", limit=100))
    assert "overlap" not in kinds(apart)


def test_chinese_texts_are_unknown_to_the_english_encoder():
    found = analyse(data.load("chinese-reviews", limit=400))
    assert found.language == "zh"
    assert finding(found, "unknown tokens").severity == "warning"


def test_long_texts_are_told_with_the_window_that_fits(snippets):
    texts = tuple(" ".join(snippets.texts[i : i + 10]) for i in range(400))
    found = analyse(replace(snippets.select(range(400)), texts=texts))
    assert found.lengths.truncated(128) > 0.5
    assert re.search(r"window to (256|512) tokens", finding(found, "long texts").advice)


def test_random_labels_are_told(snippets):
    labels = tuple(np.random.default_rng(0).integers(0, 2, 800).tolist())
    assert "nothing learnt" in kinds(analyse(replace(snippets, labels=labels)))


def test_a_file_is_analysed_and_its_test_file_with_it(snippets, tmp_path):
    for name, part in (("train", range(500)), ("test", range(490, 600))):
        with open(tmp_path / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow([" review ", "stars"])
            rows.writerows(
                (snippets.texts[i], snippets.label_names[snippets.labels[i]])
                for i in part
            )
    found = analyse(
        tmp_path / "train.csv", "review", "stars", test=tmp_path / "test.csv"
    )
    assert (found.name, found.records) == ("train.csv", 500)
    assert len(found.overlap.exact) >= 10
    assert any("' review '" in notice for notice in found.notices)


def test_a_sample_is_told_and_its_indices_are_those_of_the_whole(snippets):
    texts = [snippets.texts[0]]
    whole = with_records(snippets, texts, [snippets.labels[0]])
    found = analyse(whole, limit=300)
    assert found.records == 801
    assert len(found.lengths.words) == 300
    assert any("300 of the 801" in notice for notice in found.notices)
    assert 800 in finding(found, "duplicates").records  # counted over all


def test_probabilities_of_a_better_model_find_the_label_errors(snippets):
    draw = np.random.default_rng(0)
    true = np.array(snippets.labels)
    wrong = np.zeros(800, dtype=bool)
    wrong[draw.choice(800, 60, replace=False)] = True
    # a calibrated model: right as often as it says, most often sure
    says = 1 / (1 + np.exp(-np.abs(draw.normal(0, 8, 800))))
    choice = np.where(draw.random(800) < says, true, 1 - true)
    p = np.where(np.arange(2) == choice[:, None], says[:, None], 1 - says[:, None])
    noisy = replace(snippets, labels=tuple(np.where(wrong, 1 - true, true).tolist()))
    found = finding(analyse(noisy, probabilities=p), "label errors")
    assert len(found.records) > 30
    assert wrong[list(found.records)].mean() > 0.9
    with pytest.raises(DataError, match="one row of C"):
        analyse(noisy, probabilities=p[:10])


def test_other_kinds_are_described_and_said_to_be_out_of_reach():
    found = analyse(data.load("chinese-entities", limit=200))
    assert (found.kind, found.difficulty, found.label_errors) == ("tagging", None, None)
    assert "kind" in kinds(found)
    assert any("only classification" in notice for notice in found.notices)
    assert "tagging" in found.summary()
    assert len(found.figures("3.2")) == 2


def test_few_records_are_described_without_a_model(snippets):
    found = analyse(snippets.select([0, 1, 2]))
    assert "few records" in kinds(found)
    assert found.difficulty is None
    assert any("could not be measured" in notice for notice in found.notices)


def test_without_a_tokenizer_tokens_are_not_counted(snippets, monkeypatch):
    def fetch(name):
        raise FetchError("There is no network.")

    monkeypatch.setattr(data, "folder", fetch)
    tokenizer, why = lengths_module.embedded_tokenizer()
    assert tokenizer is None
    assert "no network" in why
    found = analyse(snippets.select(range(300)))
    assert found.lengths.tokens is None
    assert found.lengths.truncated(128) is None
    assert why in found.notices
    assert found.summary()


def test_lengths_in_closed_form():
    found = lengths(["one two", "好的 OK", ""])
    assert found.characters.tolist() == [7, 5, 0]
    assert found.words.tolist() == [2, 3, 0]


def test_two_thousand_records_take_less_than_four_seconds():
    texts = data.load("movie-snippets", limit=2000)
    start = time.process_time()  # of this process: other programs do not count
    analyse(texts)
    assert time.process_time() - start < 4


def test_an_empty_data_set_is_refused(snippets):
    with pytest.raises(DataError, match="no records"):
        analyse(snippets.select([]))


def test_the_door_imports_what_is_asked_for():
    assert selection.analyse is analyse
    assert "Requirements" in selection.__all__
    assert selection.form().requirements() == selection.Requirements()
    assert callable(selection.form)  # no module of this name hides it
    with pytest.raises(AttributeError, match="no attribute"):
        selection.nothing  # noqa: B018
