"""Who runs: whatever suits, what is named, and nothing that was not asked for."""

import pytest

from chapter2.errors import UsageError
from chapter2.selection.candidates import CANDIDATES, knowledge
from chapter2.selection.choose import Options
from chapter2.selection.entrants import contents, entrants, named
from chapter2.selection.prepare import prepare
from chapter2.selection.requirements import Requirements

SERVED = "endpoint:some-model@http://localhost:8000/v1"


@pytest.fixture(scope="module")
def prepared(snippets):
    return prepare(snippets, None, 0)


@pytest.fixture(autouse=True)
def no_hub(monkeypatch):
    """The Hub is asked only for what was named."""
    asked = []
    monkeypatch.setattr(knowledge, "_answers", asked.append)
    return asked


def test_unless_named_nothing_is_sent_away():
    assert not [n for n, one in named(None).items() if one.entry.network]
    assert named(("all",)) == named(None)
    assert "tfidf" in named(None)


def test_all_stands_for_ours_beside_those_that_are_named():
    names = list(named(("all", SERVED, "hub:owner/name@abc")))
    encoder = "hub:owner/name@abc"
    assert names[-3:] == [SERVED, encoder, f"{encoder}:int8"]
    assert set(names[:-3]) <= set(CANDIDATES)
    assert list(named(("tfidf", SERVED))) == ["tfidf", SERVED]


@pytest.mark.parametrize("name", ["tfid", "endpoint:m", "hub:", "All"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="There is no candidate"):
        named(("tfidf", name))


def test_what_is_named_enters_and_no_other_is_asked_for(prepared, tmp_path, no_hub):
    options = Options(candidates=("tfidf", SERVED, f"hub:{tmp_path}"))
    names, reasons = entrants(prepared, Requirements(), options)
    assert names == ("tfidf", f"hub:{tmp_path}", SERVED)
    assert reasons == {}
    assert no_hub == []


def test_texts_that_must_stay_and_a_service_are_a_contradiction(prepared):
    private = Requirements(private=True)
    with pytest.raises(UsageError, match="leave out one of the two"):
        entrants(prepared, private, Options(candidates=("tfidf", SERVED)))
    names, _ = entrants(prepared, private, Options(candidates=("tfidf",)))
    assert names == ("tfidf",)


def test_what_shows_no_weights_is_named_with_its_reason(prepared):
    asked = Requirements(explainable=True)
    names, reasons = entrants(prepared, asked, Options(candidates=("tfidf", SERVED)))
    assert names == ("tfidf",)
    assert "no weights that a person can read" in reasons[SERVED]
    with pytest.raises(UsageError, match="No candidate is left"):
        entrants(prepared, asked, Options(candidates=(SERVED,)))


def test_another_content_of_a_folder_is_another_run(tmp_path):
    """Its trials would be found again by its name."""
    name = f"hub:{tmp_path}"
    (tmp_path / "model.safetensors").write_bytes(b"1")
    before = contents(("tfidf", "minilm-full", name, "hub:owner/name"))
    assert list(before) == [name]
    assert contents((name,)) == before
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert contents((name,)) != before
