"""The answerer as a whole, on a small shop's exchanges and an embedder of words."""

import sqlite3
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chapter2.applications.customer_service import (
    AnswerIndex,
    CustomerService,
    Entry,
    Found,
    Handed,
    Ranks,
    Remembering,
    Reranker,
    Settings,
    Store,
    choose,
    entries_of,
    fit_reranker,
    fit_topics,
    learn,
    rank,
    topic_parts,
    training_pairs,
)
from chapter2.applications.customer_service import service as service_module
from chapter2.applications.customer_service import store as store_module
from chapter2.applications.customer_service.index import embed
from chapter2.applications.customer_service.reranker import pair_text
from chapter2.applications.customer_service.service import NEVER, reorder
from chapter2.data.exchanges import Exchanges, split_exchanges
from chapter2.data.files import read_exchanges
from chapter2.data.records import TextDataset
from chapter2.errors import DataError, ModelError, UsageError
from chapter2.evaluation import answered_curve
from chapter2.training import TrainingConfig

SHOP = (
    Entry("How do I return a dress?", "Send the dress back within 30 days."),
    Entry("When does my parcel arrive?", "A parcel takes three days to arrive."),
    Entry("Can I pay by card?", "We take every card, and cash on delivery."),
    Entry(None, "The size table is below each picture."),
    Entry("怎么退货?", "三十天内可以退货。"),
    Entry("什么时候发货?", "付款后两天发货。"),
)


class Words:
    """Vectors of length 1 from the words alone: each word a fixed random direction."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return (N, 64)."""
        rows = np.zeros((len(texts), 64))
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                seed = zlib.crc32(word.strip("?.,").encode())
                row += np.random.default_rng(seed).normal(size=64)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def shop(embedder: Words | None = None, **settings: object) -> CustomerService:
    index = AnswerIndex.of(SHOP, embedder)
    chosen = Settings(**{"thresholds": {"en": 0.3, "zh": 0.2}, **settings})
    return CustomerService(index, chosen)


@pytest.mark.parametrize("embedder", [None, Words()])
@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("how can I return the dress", 0),
        ("parcel: when will it arrive?", 1),
        ("请问可以退货吗", 4),
        ("发货要多久", 5),
    ],
)
def test_the_answer_that_fits_comes_first(
    embedder: Words | None, message: str, place: int
) -> None:
    service = shop(embedder)
    reply = service.answer(message)
    assert reply.candidates[0].place == place
    assert reply.language == ("zh" if place > 3 else "en")
    limit = {reply.language: reply.confidence}  # from which on an answer is given
    assert shop(embedder, thresholds=limit).answer(message).answer == SHOP[place].answer
    assert shop(embedder, thresholds={}).answer(message).handed_over


def test_below_the_threshold_a_person_is_asked() -> None:
    message = "how can I return the dress"
    sure = shop().answer(message).confidence
    assert 0 < sure < 1
    given = shop(thresholds={"en": sure}).answer(message)
    assert given.answer == SHOP[0].answer
    handed = shop(thresholds={"en": np.nextafter(sure, 1)}).answer(message)
    assert handed.handed_over
    assert handed.candidates[0].entry == SHOP[0]  # the person sees it all the same


def test_without_a_threshold_only_repeated_questions_are_answered() -> None:
    service = shop(thresholds={})
    assert service.answer("HOW do I return a dress").answer == SHOP[0].answer
    assert service.answer("how can I return the dress").handed_over


@pytest.mark.parametrize("embedder", [None, Words()])
def test_nothing_alike_is_handed_over(embedder: Words | None) -> None:
    index = AnswerIndex.of(SHOP[:3], embedder, bm25_share=1.0)
    found = CustomerService(index, Settings(bm25_share=1.0)).answer("zzz qqq")
    assert found.handed_over
    assert found.candidates == ()
    assert found.confidence == 0


def test_an_empty_message_or_index_is_refused() -> None:
    with pytest.raises(UsageError, match="message is empty"):
        shop().answer(" \n")
    with pytest.raises(UsageError, match="An index needs a stored answer"):
        AnswerIndex.of([])


# --- corrections --------------------------------------------------------------------


@pytest.mark.parametrize("embedder", [None, Words()])
def test_a_correction_is_found_at_once(embedder: Words | None) -> None:
    service = shop(embedder)
    assert service.answer("Do you ship abroad?").handed_over
    service.correct("Do you ship abroad?", "Yes, to all of Europe.")
    assert service.answer("do you ship ABROAD").answer == "Yes, to all of Europe."
    assert len(service.index) == len(SHOP) + 1


@pytest.mark.parametrize("embedder", [None, Words()])
def test_a_correction_replaces_what_was_wrong(embedder: Words | None) -> None:
    service = shop(embedder)
    service.correct("how do i return a dress", "Within 14 days.")
    assert len(service.index) == len(SHOP)
    for message in (SHOP[0].question or "", "return dress back within 30 days"):
        answers = [hit.entry.answer for hit in service.answer(message).candidates]
        assert SHOP[0].answer not in answers
    assert service.answer(SHOP[0].question or "").answer == "Within 14 days."


def test_corrections_outlive_the_process(tmp_path: Path) -> None:
    service = shop(Words())
    service.save(tmp_path / "shop")
    service.correct("Can I pay by card?", "Only in cash.")
    service.correct("Do you ship abroad?", "Yes.")
    again = CustomerService.load(tmp_path / "shop", Words())
    assert again.settings == service.settings
    for message in ("Can I pay by card?", "Do you ship abroad?", "return the dress"):
        ours, theirs = service.answer(message), again.answer(message)
        assert ours.answer == theirs.answer
        assert ours.confidence == pytest.approx(theirs.confidence)
    live = np.flatnonzero(service.index.live)
    assert service.index.vectors is not None
    assert again.index.vectors is not None
    np.testing.assert_array_equal(service.index.vectors[live], again.index.vectors)


def test_a_correction_made_without_the_encoder_is_read_by_it_later(
    tmp_path: Path,
) -> None:
    shop(Words()).save(tmp_path / "shop")
    without = CustomerService.load(tmp_path / "shop")  # has vectors, and none to ask by
    without.correct("Do you ship abroad?", "Yes, to all of Europe.")
    without.save(tmp_path / "copy")
    for name in ("shop", "copy"):
        again = CustomerService.load(tmp_path / name, Words())
        texts = [entry.text for entry in again.index.entries]
        assert texts[-1] == "Do you ship abroad? Yes, to all of Europe."
        assert again.index.vectors is not None
        expected = embed(texts, Words())
        np.testing.assert_array_equal(again.index.vectors, expected)


class Others:
    """An encoder of another kind: as wide as Words and turned, or narrower."""

    def __init__(self, width: int) -> None:
        self.width = width

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return Words().embed(texts)[:, ::-1][:, : self.width]


@pytest.mark.parametrize("width", [64, 32])
def test_another_encoder_is_refused(tmp_path: Path, width: int) -> None:
    english = CustomerService(AnswerIndex.of(SHOP[4:] + SHOP[:4], Words()))
    english.save(tmp_path / "shop")  # the first text that has a vector is not the first
    with pytest.raises(ModelError, match="were read by another encoder"):
        CustomerService.load(tmp_path / "shop", Others(width))
    CustomerService.load(tmp_path / "shop", Words())
    # nothing was read by an encoder: any will do
    shop().save(tmp_path / "words alone")
    CustomerService.load(tmp_path / "words alone", Others(width))


def test_an_encoder_of_another_width_is_refused_for_chinese_texts_too(
    tmp_path: Path,
) -> None:
    CustomerService(AnswerIndex.of(SHOP[4:], Words())).save(tmp_path)
    with pytest.raises(ModelError, match="were read by another encoder"):
        CustomerService.load(tmp_path, Others(32))


class Unwritable:
    def scores(self, question: str, answers: Sequence[str]) -> np.ndarray:
        return np.zeros(len(answers))

    def save(self, folder: Path) -> None:
        raise ModelError(f"{folder} cannot be written.")


@pytest.mark.parametrize("failing", ["reranker", "settings", "answers"])
def test_a_folder_that_was_half_written_can_be_used_again(
    tmp_path: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    service = shop(Words())
    with monkeypatch.context() as patch:
        if failing == "reranker":
            service.reranker = Unwritable()  # type: ignore[assignment]
        elif failing == "settings":
            patch.setattr(service_module, "write_json", fail)
        else:
            patch.setattr(store_module, "INSERT", "INSERT INTO nowhere VALUES (?)")
        with pytest.raises((DataError, ModelError), match="cannot be"):
            service.save(tmp_path)
        assert service.store is None
    with pytest.raises(ModelError, match="holds no customer service"):
        CustomerService.load(tmp_path, Words())
    service.reranker = None
    service.save(tmp_path)
    assert len(CustomerService.load(tmp_path, Words()).index) == len(SHOP)


def test_a_file_is_no_folder_to_save_in(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        shop().save(tmp_path / "file")


def test_a_correction_that_cannot_be_kept_changes_nothing(tmp_path: Path) -> None:
    service = shop()
    service.save(tmp_path)
    (tmp_path / "answers.sqlite").write_bytes(b"no database at all" * 99)
    with pytest.raises(DataError, match="cannot be used as a store of answers"):
        service.correct("Do you ship abroad?", "Yes.")
    assert len(service.index) == len(SHOP)
    with pytest.raises(UsageError, match="needs a question and an answer"):
        service.correct("  ", "Yes.")


def test_a_folder_is_not_written_over_nor_guessed(tmp_path: Path) -> None:
    shop().save(tmp_path)
    with pytest.raises(UsageError, match="holds a service already"):
        shop().save(tmp_path)
    with pytest.raises(ModelError, match="holds no customer service"):
        CustomerService.load(tmp_path / "elsewhere")


def test_a_correction_reads_no_whole_table(tmp_path: Path) -> None:
    store = store_module.Store(tmp_path / "a.sqlite")
    store.add(SHOP)
    with closing(sqlite3.connect(store.path)) as connection:
        sought = "EXPLAIN QUERY PLAN DELETE FROM entries WHERE key = 'x'"
        (plan,) = connection.execute(sought).fetchall()
    assert "SEARCH" in plan[-1]
    assert "SCAN" not in plan[-1]


def test_vectors_of_any_precision_serve_and_each_entry_has_one() -> None:
    vectors = Words().embed([entry.text for entry in SHOP])
    given = [vectors.astype(kind) for kind in (np.float64, np.float32)]
    for each in given:
        index = AnswerIndex.of(SHOP, Words(), vectors=each)
        assert index.search("When does it arrive?")[0].place == 1
    with pytest.raises(UsageError, match="2 vectors for 3 stored answers"):
        AnswerIndex.of(SHOP[:3], Words(), vectors=vectors[:2])


def test_a_store_keeps_all_or_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    vectors = np.eye(2, dtype=np.float32)
    store.add([Entry("a", "b"), Entry(None, "c")], vectors)
    entries, found = store.read()
    assert entries == (Entry("a", "b"), Entry(None, "c"))
    np.testing.assert_array_equal(found, vectors)
    with pytest.raises(DataError, match="cannot be used as a store"):
        store.add([Entry("f", "g"), Entry("h", None)])  # type: ignore[arg-type]
    assert len(store.read()[0]) == 2
    store.add([Entry("d", "e")])  # without a vector: all are to be read again
    assert store.read()[1] is None


# --- conversations ------------------------------------------------------------------


@pytest.mark.parametrize("embedder", [None, Words()])
def test_a_turn_is_read_with_the_one_before_it(embedder: Words | None) -> None:
    service = shop(embedder)
    alone = service.answer("and when does it arrive?")
    joined = service.answer("does it arrive", ["Hello!", "When does my parcel"])
    assert joined.asked == "When does my parcel does it arrive"
    assert joined.candidates[0].place == 1
    assert alone.asked == "and when does it arrive?"


def test_a_new_subject_is_not_drawn_back_to_the_old_one() -> None:
    message = "Can I pay by card?"
    reply = shop().answer(message, ["How do I return a dress?"])
    assert reply.asked == message
    assert reply.answer == SHOP[2].answer
    without = shop(turns=0).answer("arrive", ["When does my parcel"])
    assert without.asked == "arrive"


@pytest.mark.parametrize(
    ("turns", "searched"),
    [(1, "c d"), (2, "b c d"), (3, "a b c d"), (4, "a b c d"), (5, "a b c d")],
)
def test_so_many_turns_are_read_or_all_that_there_were(
    monkeypatch: pytest.MonkeyPatch, turns: int, searched: str
) -> None:
    asked: list[str] = []
    service = shop(turns=turns)
    search = service._search_all
    monkeypatch.setattr(service, "_search_all", lambda q: asked.extend(q) or search(q))
    service.answer("d", ["a", " ", "b", "c"])
    assert asked == ["d", searched]


# --- the cross-encoder --------------------------------------------------------------


def pairs_of(n: int) -> Exchanges:
    names = [f"item{i}" for i in range(n)]
    return Exchanges(
        "items",
        tuple(f"where is {name} kept" for name in names),
        tuple(f"the {name} is kept upstairs" for name in names),
    )


def test_training_pairs_hold_no_right_answer_as_a_wrong_one() -> None:
    train = Exchanges("t", ("a b", "a b", "c d"), ("a x", "b y", "c a"))
    extra = Entry(None, "a b c d")  # of a held-out question: never right in training
    index = AnswerIndex.of([*map(Entry, train.questions, train.answers), extra])
    pairs = training_pairs(train, index, negatives=5)
    wrong = {t for t, y in zip(pairs.texts, pairs.labels, strict=True) if y == 0}
    right = {t for t, y in zip(pairs.texts, pairs.labels, strict=True) if y == 1}
    assert right == {"a b [SEP] a x", "a b [SEP] b y", "c d [SEP] c a"}
    assert wrong == {
        "a b [SEP] c a"
    }  # nothing else that is found is of another question


def test_a_wrong_answer_that_several_questions_share_is_given_once() -> None:
    train = Exchanges("t", ("a b", "a c", "a d"), ("a x", "a X", "c a"))
    index = AnswerIndex.of(list(map(Entry, train.questions, train.answers)))
    pairs = training_pairs(train, index, negatives=5)
    of_last = [text for text in pairs.texts if text.startswith("a d [SEP]")]
    assert of_last[0] == "a d [SEP] c a"
    assert len(of_last) == 2  # and one of the two spellings of "a x"


def test_a_mark_in_a_message_parts_nothing() -> None:
    assert pair_text("a [SEP] b", "c", "[SEP]").count("[SEP]") == 1


def test_held_out_questions_are_nowhere_and_their_answers_are() -> None:
    parts = split_exchanges(pairs_of(40))
    entries = entries_of(parts)
    index = AnswerIndex.of(entries)
    stored = {entry.question for entry in entries} - {None}
    assert stored == set(parts.train.questions)
    held_out = {*parts.validation.questions, *parts.test.questions}
    assert not any(
        question in text
        for text in training_pairs(parts.train, index).texts
        for question in held_out
    )
    answers = {entry.answer for entry in entries}
    assert answers == set(pairs_of(40).answers)


def test_a_reranker_is_trained_saved_and_asked(tmp_path: Path) -> None:
    parts = split_exchanges(pairs_of(30))
    index = AnswerIndex.of(entries_of(parts), Words())
    config = TrainingConfig(epochs=1, monitor="step", batch_size=8)
    reranker = fit_reranker(parts.train, index, "tiny-random", config, negatives=2)
    assert reranker.classifier.max_length == 64
    settings = Settings(rerank=True, candidates=3)
    service = CustomerService(index, settings, reranker)
    found = service.search("which place is item3 kept")
    assert len(found) == 3
    scores = reranker.scores(
        "which place is item3 kept", [f.entry.answer for f in found]
    )
    np.testing.assert_allclose([f.confidence for f in found], scores)
    assert (np.diff(scores) <= 0).all()
    service.save(tmp_path)
    again = CustomerService.load(tmp_path, Words())
    assert isinstance(again.reranker, Reranker)
    assert [f.entry for f in again.search("item3 place")] == [
        f.entry for f in service.search("item3 place")
    ]


def test_reranking_leaves_a_repeated_question_in_front() -> None:
    entry = Entry(None, "x")
    found = [
        Found(0, entry, 1.0, True),
        Found(1, entry, 0.9, False),
        Found(2, entry, 0.8, False),
    ]
    ordered = reorder(found, np.array([0.1, 0.2, 0.7]))
    assert [(hit.place, hit.confidence) for hit in ordered] == [
        (0, 1.0),
        (2, 0.7),
        (1, 0.2),
    ]


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="from 1 to 10 answers"):
        Settings(candidates=11)
    with pytest.raises(UsageError, match="turns is -1"):
        Settings(turns=-1)
    with pytest.raises(UsageError, match="there is no re-ranker"):
        shop(rerank=True)
    with pytest.raises(UsageError, match="give a share from 0 to 1"):
        shop(bm25_share=2.0)


# --- measures and choice ------------------------------------------------------------


def test_recall_and_mrr_by_hand() -> None:
    ranks = Ranks(np.array([1, 2, 6, np.inf]), np.ones(4))
    assert ranks.recall(1).value == 0.25
    assert ranks.recall(5).value == 0.5
    assert ranks.mrr().value == pytest.approx((1 + 1 / 2 + 1 / 6) / 4)
    assert (
        ranks.gain(ranks).value == ranks.gain(ranks).low == ranks.gain(ranks).high == 0
    )
    better = Ranks(np.array([1, 1, 1, 1]), np.ones(4))
    assert better.gain(ranks, k=1).value == 0.75
    with pytest.raises(DataError, match="nothing to measure on"):
        Ranks(np.array([]), np.array([])).mrr()


def test_any_of_a_questions_answers_is_right() -> None:
    asked = Exchanges("a", ("Hi", "hi!", "Bye"), ("Hello.", "Hey.", "See you."))
    index = AnswerIndex.of([Entry("hi", "HEY"), Entry(None, "bye bye")])
    ranks = rank(lambda question: index.search(question), asked)
    assert ranks.places.tolist() == [1, 1, np.inf]


def test_what_is_chosen_is_best_on_validation() -> None:
    parts = split_exchanges(pairs_of(60))
    index = AnswerIndex.of(entries_of(parts), Words())
    choice = choose(index, parts.validation, target=0.9)
    best = max(ranks.mrr().value for _, ranks in choice.by_share)
    share = choice.service.settings.bm25_share
    assert dict(choice.by_share)[share].mrr().value == best
    asked = rank(choice.service.search, parts.validation)
    handed = Handed.of(asked, choice.service.settings.thresholds["en"])
    assert handed.right >= 0.9 * handed.answered > 0
    assert choice.reranked is None


def test_re_ranking_is_used_only_where_it_pays() -> None:
    # no word tells the search which of a box's four answers is the right one
    places = [(i, i // 4) for i in range(60)]
    items = Exchanges(
        "boxes",
        tuple(f"where is item{i} from box{box} kept" for i, box in places),
        tuple(f"in box{box} on shelf{i}" for i, box in places),
    )
    parts = split_exchanges(items)
    index = AnswerIndex.of(entries_of(parts), Words())

    class Oracle:
        def __init__(self, sign: int) -> None:
            self.sign = sign

        def scores(self, question: str, answers: Sequence[str]) -> np.ndarray:
            shelf = question.split()[2].replace("item", "shelf")
            return np.array([self.sign * (shelf in a.split()) for a in answers])

    good, bad = (choose(index, parts.validation, 0.9, Oracle(s)) for s in (1, -1))
    alone = max(ranks.mrr().value for _, ranks in good.by_share)
    assert bad.reranked is not None
    assert good.reranked is not None
    assert bad.reranked.mrr().value < alone < good.reranked.mrr().value
    assert good.service.settings.rerank
    assert not bad.service.settings.rerank
    ranks = [rank(each.service.search, parts.test) for each in (good, bad)]
    assert ranks[0].recall(1).value > ranks[1].recall(1).value


def test_where_no_answer_can_be_trusted_all_are_handed_over() -> None:
    parts = split_exchanges(pairs_of(60))
    confused = replace(
        parts.validation, answers=tuple("xyz" for _ in parts.validation.answers)
    )
    choice = choose(AnswerIndex.of(entries_of(parts)), confused)
    assert choice.service.settings.thresholds == {"en": NEVER}


def test_one_index_serves_two_languages() -> None:
    english = split_exchanges(pairs_of(40))
    texts = (
        tuple(f"第{i}件货在哪" for i in range(40)),
        tuple(f"第{i}件在楼上" for i in range(40)),
    )
    chinese = split_exchanges(Exchanges("zh", *texts))
    index = AnswerIndex.of([*entries_of(english), *entries_of(chinese)], Words())
    first = choose(index, english.validation).service.settings
    both = choose(index, chinese.validation, settings=first).service.settings
    assert replace(both, thresholds=first.thresholds) == first
    assert both.thresholds.keys() == {"en", "zh"}
    assert both.thresholds["en"] == first.thresholds["en"]


def test_a_file_becomes_a_service_in_two_calls(tmp_path: Path) -> None:
    path, items = tmp_path / "own.tsv", pairs_of(60)
    rows = zip(items.questions, items.answers, strict=True)
    path.write_text("ask\tsaid\n" + "\n".join("\t".join(row) for row in rows))
    found = learn(read_exchanges(path, "ask", "said"), Words())
    assert found.handed.questions == len(found.test.places) == 12
    assert len(found.service.index) == 60
    for question, answer in zip(items.questions, items.answers, strict=True):
        assert found.service.answer(question.upper()).answer == answer  # all are known
    alone = learn(items)
    assert alone.service.index.vectors is None


class Counting(Words):
    """Words, and what was read how often."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.read.update(texts)
        return super().embed(texts)


def test_learning_reads_each_text_once() -> None:
    counting = Counting()
    found = learn(pairs_of(60), counting)
    assert set(counting.read.values()) == {1}
    assert found.service.index.embedder is counting  # no memory is left behind
    with_it = Remembering(counting)
    assert with_it.embed([]).shape == (0, 64)
    np.testing.assert_array_equal(
        with_it.embed(["a b", "c", "a b"]), Words().embed(["a b", "c", "a b"])
    )
    assert counting.read["a b"] == counting.read["c"] == 1


def test_the_curve_counts_those_answered() -> None:
    curve = answered_curve([True, False, True, True], [0.9, 0.8, 0.8, 0.1])
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    assert curve.accuracy == pytest.approx([1, 2 / 3, 3 / 4])
    assert curve.threshold_for(0.7) == 0.1
    with pytest.raises(DataError, match="one truth value and one finite number"):
        answered_curve([True], [0.5, 0.5])
    with pytest.raises(DataError, match="one truth value and one finite number"):
        answered_curve([True], [np.nan])


# --- topics -------------------------------------------------------------------------


def test_topics_of_a_message() -> None:
    train = TextDataset(
        "t",
        ("soft skirt", "long skirt", "warm coat", "wool coat"),
        (0, 0, 1, 1),
        ("Skirts", "Coats"),
    )
    topics = fit_topics(train)
    assert topics.of("a skirt please").name == "Skirts"
    service = CustomerService(AnswerIndex.of(SHOP), topics=topics)
    topic = service.answer("is the coat warm").topic
    assert topic is not None
    assert topic.name == "Coats"
    assert 0.5 < topic.probability < 1
    assert service.answer("怎么退货").topic is None


@pytest.mark.parametrize("label", ["department", "class"])
def test_topics_are_learned_by_garment(label: str) -> None:
    train, validation, test = topic_parts(label, limit=3000)
    assert train.groups
    assert test.groups
    assert validation.groups
    assert not set(train.groups) & {*test.groups, *validation.groups}
    assert min(train.counts()[name] for name in train.label_names) >= 1
