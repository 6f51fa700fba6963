"""Which candidates suit a task, and one sentence for each that does not."""

import importlib.util

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HTTPError

from chapter2 import data
from chapter2.errors import UsageError
from chapter2.selection.candidates import CANDIDATES, candidate, eligible, knowledge
from chapter2.selection.candidates.endpoint import endpoint_candidate
from chapter2.selection.candidates.tuned import hub_encoder
from chapter2.selection.requirements import Requirements

ANSWERS = knowledge._answers  # what the fixture replaces
# the fine-tuned encoders, of which there is a variant with weights of 8 bits
EIGHT_BITS = (
    *("bert-tiny-full", "minilm-lora", "minilm-full"),
    *("bert-base-full", "bert-base-chinese-full"),
)


@pytest.fixture(autouse=True)
def no_hub(monkeypatch):
    monkeypatch.setattr(knowledge, "_answers", lambda repository: False)


def refused(wanted=None, language="en", kind="classification", records=1000, **more):
    return eligible(language, kind, wanted or Requirements(), records, **more)


def test_names_and_simplicity_are_unique_and_facts_have_sources():
    entries = [one.entry for one in CANDIDATES.values()]
    assert len({entry.simplicity for entry in entries}) == len(entries)
    assert [entry.name for entry in entries] == list(CANDIDATES)
    assert all(entry.sources and entry.licence for entry in entries)


def test_english_gets_everything_but_the_hub_in_order_of_simplicity():
    names, against = refused()
    chinese = {n: why for n, why in against.items() if "chinese" in n}
    assert [n for n in against if n not in chinese] == [
        "bert-base-full",
        "bert-base-full-int8",
    ]
    assert set(chinese.values()) == {"It reads zh only, and the texts are en."}
    assert "cannot be reached" in against["bert-base-full"]
    order = [CANDIDATES[name].entry.simplicity for name in names]
    assert order == sorted(order)
    assert names[0] == "majority"
    assert len(names) + len(against) == len(CANDIDATES)


def test_chinese_gets_what_reads_it():
    names, against = refused(language="zh")
    assert names == ("majority", "char-ngrams", "recurrent")
    assert "cannot be reached" in against["bert-base-chinese-full"]
    assert against["tfidf"] == "It counts words, and zh puts no spaces between them."
    assert against["minilm-full"] == "It reads en only, and the texts are zh."


def test_an_unknown_language_is_said_to_be_so():
    names, against = refused(language=None)
    assert names == ("majority", "tfidf", "char-ngrams", "recurrent")
    assert "not known" in against["lexicon"]


@pytest.mark.parametrize(
    ("wanted", "more", "name", "says"),
    [
        (Requirements(explainable=True), {}, "minilm-full", "that a person can read"),
        (
            Requirements(licences=("mit",)),
            {},
            "bert-tiny-full",
            "Its licence is Apache-2.0",
        ),
        (Requirements(maximum={"size_mb": 20}), {}, "minilm-frozen", "at least 90 MB"),
        (
            Requirements(maximum={"memory_mb": 400}),
            {},
            "smollm2-zero-shot",
            "at least 538 MB",
        ),
        (Requirements(), {"kind": "tagging"}, "majority", "not tagging"),
        (Requirements(), {"records": 10}, "recurrent", "needs 20 records"),
    ],
)
def test_each_demand_has_its_sentence(wanted, more, name, says):
    names, against = refused(wanted, **more)
    assert name not in names
    assert says in against[name]
    assert all(why.endswith(".") and why.count(". ") == 0 for why in against.values())


def test_what_is_explainable_stays():
    assert refused(Requirements(explainable=True))[0] == (
        "majority",
        "lexicon",
        "tfidf",
        "char-ngrams",
    )


def test_an_endpoint_is_there_only_when_named_and_never_for_private_texts():
    assert not any(one.entry.network for one in CANDIDATES.values())
    remote = endpoint_candidate("http://localhost/v1", "some-model")
    more = {**CANDIDATES, remote.entry.name: remote}
    assert "endpoint:some-model@http://localhost/v1" in refused(candidates=more)[0]
    against = refused(Requirements(private=True), candidates=more)[1]
    assert "must stay here" in against[remote.entry.name]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install vaderSentiment" in refused()[1]["lexicon"]
    assert "pip install onnx`" in refused()[1]["minilm-full-int8"]


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_8_bits_need_what_exports_and_runs_them_and_nothing_else_does(
    monkeypatch, package
):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == package else there(name),
    )
    against = {n: why for n, why in refused()[1].items() if not n.startswith("bert-ba")}
    assert set(against) == {f"{n}-int8" for n in EIGHT_BITS if "bert-base" not in n}
    assert all(f"needs the package {package}," in why for why in against.values())


def test_8_bits_stand_right_behind_their_parent_which_runs_wherever_they_do():
    for name in EIGHT_BITS:
        entry, variant = (CANDIDATES[n].entry for n in (name, f"{name}-int8"))
        assert variant.parent == name
        assert variant.simplicity == entry.simplicity + 1
    assert [n for n, c in CANDIDATES.items() if c.entry.parent] == [
        f"{name}-int8" for name in EIGHT_BITS
    ]
    tight, against = refused(Requirements(maximum={"size_mb": 30}))
    assert {"minilm-full", "minilm-full-int8"} <= set(tight)
    assert "at least 90 MB" in against["minilm-head"]  # it has no such variant


def test_a_hub_model_counts_once_it_is_cached_or_answers(monkeypatch, tmp_path):
    assert not knowledge.reachable("someone/some-model@abc")
    assert knowledge.reachable(str(tmp_path))
    monkeypatch.setattr(knowledge, "_answers", lambda repository: True)
    chosen = hub_encoder("someone/some-model@abc", "MIT", ("de",))
    more = {chosen.entry.name: chosen}
    assert refused(language="de", candidates=more)[0] == ("hub:someone/some-model@abc",)
    assert "bert-base-full" in refused()[0]
    chinese = ("bert-base-chinese-full", "bert-base-chinese-full-int8")
    assert set(chinese) <= set(refused(language="zh")[0])


@pytest.mark.parametrize(
    "name",
    [
        *CANDIDATES,
        "hub:owner/name@abc",
        "hub:owner/name@abc:int8",
        "endpoint:some/model@v1@https://localhost:8000/v1",
    ],
)
def test_a_candidate_is_found_by_the_name_that_it_states(name):
    assert candidate(name).entry.name == name


def test_an_address_and_a_model_are_read_from_the_name():
    found = candidate("endpoint:org/model@http://localhost:8000/v1").config
    assert (found.url, found.model) == ("http://localhost:8000/v1", "org/model")


@pytest.mark.parametrize("name", ["bert", "hub:", "endpoint:m", "endpoint:@http://a"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="There is no candidate"):
        candidate(name)


def test_the_catalogue_states_the_weights_that_are_named():
    for one in CANDIDATES.values():
        if one.entry.weights:
            card = data.card(one.entry.weights)
            assert card.licence_text.startswith(one.entry.licence)


def test_asking_what_suits_loads_nothing_heavy(words_of):
    code = (
        "import sys, chapter2.selection.candidates; "
        "print(*[m for m in ('torch', 'transformers', 'sklearn') if m in sys.modules])"
    )
    assert words_of(code) == []


def test_asking_whether_weights_can_be_had_loads_no_torch(words_of):
    """Importing it took most of the time until the first candidate began."""
    code = (
        "import sys\n"
        "from chapter2.selection.candidates.knowledge import reachable\n"
        "print(reachable('nobody/has-this'), 'torch' in sys.modules)"
    )
    assert words_of(code, HF_HUB_OFFLINE="1") == ["False", "False"]


@pytest.mark.parametrize("error", [HTTPError, OSError, RuntimeError])
def test_a_hub_that_cannot_be_asked_has_nothing(monkeypatch, error):
    """A machine without network raised the client's own error through the door."""

    def refuse(*args, **kwargs):
        raise error("Name or service not known")

    monkeypatch.setattr(HfApi, "model_info", refuse)
    assert ANSWERS("owner/encoder") is False
