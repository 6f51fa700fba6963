"""Fewer vectors looked at, by a graph of neighbours; and two questions in one go."""

import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from chapter2.applications.customer_service import (
    AnswerIndex,
    CustomerService,
    Entry,
    Found,
    Graph,
    Settings,
    choose,
    entries_of,
)
from chapter2.applications.customer_service import index as index_module
from chapter2.data.exchanges import Exchanges, split_exchanges
from chapter2.errors import UsageError
from chapter2.models.embedding import load_embedder

COLOURS = ["red", "blue", "green", "black", "white", "grey", "pink", "brown"]
THINGS = ["dress", "coat", "hat", "shoe", "scarf", "glove", "shirt", "belt"]
ACTS = ["return", "pay", "send", "wash", "mend", "change", "order", "cancel"]
SHOP = tuple(
    Entry(f"How do I {act} a {colour} {thing}?", f"To {act} the {thing}, see {colour}.")
    for act in ACTS
    for colour in COLOURS
    for thing in THINGS
)
CHINESE = (Entry("怎么退货?", "三十天内可以退货。"), Entry(None, "付款后两天发货。"))


class Words:
    """Vectors of length 1 from the words alone: each word a fixed random direction."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return (N, 48)."""
        rows = np.zeros((len(texts), 48))
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                seed = zlib.crc32(word.strip("?.,").encode())
                row += np.random.default_rng(seed).normal(size=48)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def unit(number: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(number, 32)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def answers(found: Sequence[Found]) -> list[Entry]:
    return [hit.entry for hit in found]


@pytest.fixture(scope="module")
def index() -> AnswerIndex:
    return AnswerIndex.of([*SHOP, *CHINESE], Words())


# --- the graph ----------------------------------------------------------------------


def test_the_graph_finds_nearly_all_that_is_near() -> None:
    vectors, asked = unit(4000), unit(50, seed=1)
    found = Graph.of(vectors).cosines(vectors, asked, np.ones(4000, bool), 10)
    all_of_them = asked @ vectors.T
    nearest = np.argsort(-all_of_them, axis=1)[:, :10]
    assert (found != 0).sum(axis=1).tolist() == [10] * 50  # not the exhaustive search
    recall = np.mean(np.take_along_axis(found, nearest, axis=1) != 0)
    assert recall > 0.97
    np.testing.assert_allclose(
        found[found != 0], all_of_them[found != 0], rtol=1e-4, atol=1e-6
    )


def test_what_is_not_live_is_not_found_and_what_came_later_is() -> None:
    vectors, asked = unit(500), unit(5, seed=1)
    live = np.arange(500) % 3 > 0
    graph = Graph.of(vectors[:450])
    found = graph.cosines(vectors, asked, live, 400)
    assert (found[:, ~live] == 0).all()
    assert (found[:, live] != 0).mean() > 0.99
    np.testing.assert_allclose(
        found[:, 450:], np.where(live, asked @ vectors.T, 0)[:, 450:], atol=1e-6
    )


def test_a_vector_of_noughts_is_no_vertex() -> None:
    vectors = unit(40)
    vectors[::2] = 0
    graph = Graph.of(vectors)
    assert graph.places.tolist() == [*range(1, 40, 2)]
    found = graph.cosines(vectors, unit(1, seed=1), np.ones(40, bool), 40)
    assert (found[0, ::2] == 0).all()
    assert (found[0, 1::2] != 0).all()
    empty = Graph.of(np.zeros((3, 32), np.float32))
    assert not empty.cosines(vectors[:3] * 0, unit(1), np.ones(3, bool), 9).any()


def test_a_service_with_a_graph_answers_as_one_without(index: AnswerIndex) -> None:
    plain, fast = (CustomerService(index, Settings(graph=g)) for g in (False, True))
    assert plain.index.graph is None
    asked = [
        f"{c} {t}, may I {a} it" for c, t, a in zip(COLOURS, THINGS, ACTS, strict=True)
    ]
    shared = []
    for message in asked:
        expected, found = plain.search(message), fast.search(message)
        assert found[0].entry == expected[0].entry
        assert found[0].confidence == pytest.approx(expected[0].confidence)
        shared.append(len({*answers(found)} & {*answers(expected)}) / len(expected))
    assert np.mean(shared) > 0.9
    assert fast.answer("请问可以退货吗").candidates[0].entry == CHINESE[0]


def test_what_words_alone_have_found_has_its_cosine(index: AnswerIndex) -> None:
    service = CustomerService(index, Settings(graph=True, bm25_share=1.0))
    vector = Words().embed(["cancel"])[0]
    assert index.vectors is not None
    found = service.search("cancel")
    assert len(found) == 10
    for hit in found:
        assert hit.confidence == pytest.approx(index.vectors[hit.place] @ vector)


def test_corrections_are_found_and_kept(tmp_path: Path, index: AnswerIndex) -> None:
    service = CustomerService(index, Settings(graph=True, thresholds={"en": 0.5}))
    service.save(tmp_path)
    old = SHOP[9]
    assert old.question is not None
    service.correct(old.question, "It cannot be done.")
    service.correct("Do you ship to the moon?", "No rocket goes there.")
    again = CustomerService.load(tmp_path, Words())
    graph = again.index.graph
    assert graph is not None
    assert graph.seen == len(again.index) == len(index) + 1  # built with them in it
    for each in (service, again):
        assert each.answer("do you ship to moon").answer == "No rocket goes there."
        assert each.answer(old.question).answer == "It cannot be done."
        hits = each.search("To return a blue coat cannot be done.")
        assert old not in answers(hits)
        assert Entry(old.question, "It cannot be done.") in answers(hits)


def test_faiss_is_asked_for_only_where_it_is_needed(
    tmp_path: Path, index: AnswerIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    CustomerService(index, Settings(graph=True)).save(tmp_path)
    monkeypatch.setitem(sys.modules, "faiss", None)
    CustomerService(index).search("return")
    for build in (index.with_graph, lambda: CustomerService.load(tmp_path, Words())):
        with pytest.raises(UsageError, match="run `pip install faiss-cpu`"):
            build()
    alone = AnswerIndex.of(SHOP)  # words alone: there are no vectors to find
    assert CustomerService(alone, Settings(graph=True)).search("return")


def test_choosing_builds_one_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [(e.question or "", e.answer) for e in SHOP[:60]]
    parts = split_exchanges(Exchanges("shop", *map(tuple, zip(*texts, strict=True))))
    built = []

    class Noting(Graph):
        @classmethod
        def of(cls, vectors: np.ndarray) -> Graph:
            built.append(len(vectors))
            return Graph.of(vectors)

    monkeypatch.setattr(index_module, "Graph", Noting)
    entries = entries_of(parts)
    index = AnswerIndex.of(entries, Words())
    choice = choose(index, parts.validation, settings=Settings(graph=True))
    assert choice.service.settings.graph
    assert choice.service.index.graph is not None
    assert built == [len(entries)]


# --- two questions in one go --------------------------------------------------------


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("reads", ["words", "encoder", None])
def test_a_turn_read_with_its_message_changes_nothing(
    reads: str | None, graph: bool
) -> None:
    embedder = {"words": Words(), "encoder": load_embedder("tiny-random", 64)}
    index = AnswerIndex.of([*SHOP, *CHINESE], embedder.get(reads or ""))
    service = CustomerService(index, Settings(graph=graph))
    messages = ["the blue hat", "How do I pay a red hat?", "and the belt", "怎么退"]
    turns = ["I want to return something", "怎么退", "How do I mend a grey coat?"]
    both = set()
    for message in messages:
        for turn in turns:
            reply = service.answer(message, [turn])
            alone, joined = service.search(message), service.search(f"{turn} {message}")
            if not alone[0].exact and joined[0].confidence > alone[0].confidence:
                expected = joined
            else:
                expected = alone
            both.add(expected is joined)
            assert [h.place for h in reply.candidates] == [h.place for h in expected]
            np.testing.assert_allclose(
                [h.confidence for h in reply.candidates],
                [h.confidence for h in expected],
                atol=1e-6,
            )
    assert both == {False, True}


def test_the_encoder_reads_message_and_turn_together() -> None:
    read: list[int] = []

    class Counting(Words):
        def embed(self, texts: Sequence[str]) -> np.ndarray:
            read.append(len(texts))
            return super().embed(texts)

    service = CustomerService(AnswerIndex.of(SHOP, Counting()))
    read.clear()
    service.answer("the blue hat", ["I want to return something"])
    service.answer(SHOP[0].question or "", ["I want to return something"])  # is stored
    service.answer("the blue hat")
    assert read == [2, 1, 1]
