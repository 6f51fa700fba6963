"""The catalogue, and each embedded set as it really is (fetched on first use)."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from chapter2 import data
from chapter2.data import Corpus, TaggedDataset, TextDataset, access, catalogue
from chapter2.data.parsers.boolq_questions import question_and_passage
from chapter2.data.sources.packages import PackageSource
from chapter2.errors import DataError, FetchError, UsageError

EMBEDDED = [name for name in data.names() if data.card(name).source.embedded]
TEXTS = [name for name in EMBEDDED if data.card(name).task == "classification"]


def text_set(name: str, **options: object) -> TextDataset:
    dataset = data.load(name, **options)
    assert isinstance(dataset, TextDataset)
    return dataset


# --- cards --------------------------------------------------------------------------


@pytest.mark.parametrize("name", data.names())
def test_a_card_states_all_it_must(name: str) -> None:
    card = data.card(name)
    assert card.name == name
    kinds = {"classification", "tagging", "corpus", "words", "weights"}
    assert card.task in kinds | {"exchanges", "pairs", "ratings"}
    assert card.language
    assert card.licence_package
    assert card.licence_text
    assert card.notes.endswith(".")
    assert card.version in str(card.source) or card.version[:8] in str(card.source)
    assert (card.parse is None) == (card.task == "weights") == (card.records == 0)
    if card.task == "classification":
        assert sum(card.balance.values()) == card.records


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_package_is_pinned_and_no_member_is_code(name: str) -> None:
    source = data.card(name).source
    assert isinstance(source, PackageSource)
    assert len(source.sha256) == 64
    assert int(source.sha256, 16)
    suffixes = {PurePosixPath(path).suffix for path in source.members.values()}
    known = {".txt", ".json", ".jsonl", ".csv", ".tab", ".yml", ".mo"}
    known |= {".safetensors", ".brotli", ".gguf", ".bz2"}
    assert suffixes <= known


def test_an_unknown_name_is_told_the_names() -> None:
    with pytest.raises(UsageError, match=r"no 'imbd'; it has .*imdb, .*minilm"):
        data.card("imbd")


def test_the_data_room_imports_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "datasets", "pandas", "pyarrow", "sklearn")
    program = (
        f"import chapter2.data, sys; print([m for m in {heavy} if m in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.check_output(command, text=True).strip() == "[]"


# --- the real data ------------------------------------------------------------------

STATED = {  # counted in the files by other code than the loaders'
    "movie-snippets": (10_568, {"negative": 5326, "positive": 5242}, None),
    "product-snippets": (3_610, {"negative": 1482, "positive": 2128}, 299),
    "editorial-snippets": (4_946, {"negative": 2742, "positive": 2204}, 498),
    "tweets": (4_196, {"negative": 1299, "positive": 2897}, None),
    "chinese-reviews": (17_363, {"negative": 9031, "positive": 8332}, None),
    "clothing-reviews": (
        22_641,
        {"not recommended": 4101, "recommended": 18_540},
        1179,
    ),
    "reuters-r8": (
        7_674,
        {
            "acq": 2292,
            "crude": 374,
            "earn": 3923,
            "grain": 51,
            "interest": 271,
            "money-fx": 293,
            "ship": 144,
            "trade": 326,
        },
        None,
    ),
    "company-texts": (
        2_564,
        {"negative": 977, "neutral": 1277, "positive": 310},
        None,
    ),
    "yes-no-questions": (12_697, {"no": 4790, "yes": 7907}, 8208),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_set_is_as_stated(name: str) -> None:
    dataset = text_set(name)
    records, counts, groups = STATED[name]
    assert len(dataset) == records == data.card(name).records
    assert dataset.counts() == counts == dict(data.card(name).balance)
    assert all(text == text.strip() != "" for text in dataset.texts)
    assert dataset.notices
    assert (dataset.groups and len(set(dataset.groups))) == groups


@pytest.mark.parametrize("name", ["movie-snippets", "product-snippets", "tweets"])
def test_the_label_agrees_with_the_rating(name: str) -> None:
    dataset = text_set(name)
    assert dataset.scores
    signs = tuple(int(score > 0) for score in dataset.scores)
    assert dataset.labels == signs
    assert 0 not in dataset.scores


def test_chinese_reviews_have_no_text_twice() -> None:
    texts = text_set("chinese-reviews").texts
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("label", ["rating", "department", "class"])
def test_clothing_reviews_have_other_labels(label: str) -> None:
    dataset = text_set("clothing-reviews", label=label)
    assert dataset.counts() == dict(data.card("clothing-reviews").balances[label])


@pytest.mark.parametrize("name", ["product-snippets", "editorial-snippets"])
def test_opinions_have_a_neutral_band(name: str) -> None:
    dataset = text_set(name, label="opinion")
    assert dataset.counts() == dict(data.card(name).balances["opinion"])
    assert dataset.scores
    assert 0 in dataset.scores
    for score, label in zip(dataset.scores, dataset.labels, strict=True):
        assert label == (0 if score <= -0.5 else 2 if score >= 0.5 else 1)


def test_the_newswire_keeps_the_parts_of_its_source() -> None:
    dataset = text_set("reuters-r8")
    assert dataset.parts
    assert dataset.parts.count("train") == 5485
    assert dataset.parts.count("test") == 2189
    parted = data.split(dataset)
    assert len(parted.test) == 2189
    assert not set(parted.train.texts) & set(parted.test.texts)


def test_company_texts_stand_once_and_name_the_company() -> None:
    texts = text_set("company-texts").texts
    assert len(set(texts)) == len(texts)
    assert all("@apple" in t.lower() or "aapl" in t.lower() for t in texts)
    assert not any("&amp;" in text for text in texts)


def test_chinese_entities_are_as_stated() -> None:
    dataset = data.load("chinese-entities")
    assert isinstance(dataset, TaggedDataset)
    assert len(dataset) == 19_484
    assert dataset.counts() == {"PER": 20_084, "LOC": 27_890, "ORG": 3_573}
    for tags in dataset.tags:
        for before, tag in zip(("O", *tags), tags, strict=False):
            assert not tag.startswith("I-") or before[2:] == tag[2:]
    assert all(len(token) == 1 for token in dataset.tokens[0])


def test_english_entities_keep_the_parts_of_their_source() -> None:
    dataset = data.load("conll-entities")
    assert isinstance(dataset, TaggedDataset)
    counts = {"LOC": 10_645, "MISC": 5_062, "ORG": 9_323, "PER": 10_059}
    assert dataset.counts() == counts == dict(data.card("conll-entities").balance)
    assert dataset.parts
    sizes = {"train": 14_041, "validation": 3_250, "test": 3_453}
    assert {part: dataset.parts.count(part) for part in sizes} == sizes
    legal = all(
        not tag.startswith("I-") or before[2:] == tag[2:]
        for tags in dataset.tags
        for before, tag in zip(("O", *tags), tags, strict=False)
    )
    assert legal
    parted = data.split_tagged(dataset)
    assert (len(parted.validation), len(parted.test)) == (3_250, 3_453)
    assert parted.test.counts() == {"LOC": 1668, "MISC": 702, "ORG": 1661, "PER": 1617}
    assert not set(parted.train.tokens) & {
        *parted.validation.tokens,
        *parted.test.tokens,
    }


def test_each_question_stands_with_a_paragraph_of_its_article() -> None:
    dataset = text_set("yes-no-questions")
    assert dataset.groups
    for text, group in zip(dataset.texts, dataset.groups, strict=True):
        question, passage = question_and_passage(text)
        assert question
        assert passage.startswith(f"{group} -- ")
        assert "\n" not in passage
    assert len(set(dataset.texts)) == len(dataset)


def test_the_encyclopaedia_is_as_stated() -> None:
    corpus = data.load("encyclopaedia")
    assert isinstance(corpus, Corpus)
    stated = {"documents": 12_223, "titles": 9_710, "words": 1_136_019}
    assert corpus.counts() == stated == dict(data.card("encyclopaedia").balance)
    assert len(corpus) == data.card("encyclopaedia").records
    assert corpus.notices[0].startswith("3719 of 15942 records")
    texts = corpus.texts()
    assert all(text == text.strip() != "" for text in texts)
    assert len({data.normalise(text) for text in texts}) == len(texts)
    assert not any("``" in text for text in texts)
    assert len(data.load("encyclopaedia", limit=7)) == 7


def test_no_title_and_no_shared_passage_stands_in_two_parts() -> None:
    parts = data.split_corpus(data.load("encyclopaedia", limit=4000))
    seen: dict[object, int] = {}  # title or run of 13 words -> part
    for number, part in enumerate((parts.train, parts.validation, parts.test)):
        for document in part.documents:
            words = tuple(data.normalise(document.text).split())
            runs = {words[i : i + 13] for i in range(max(1, len(words) - 12))}
            for key in (data.normalise(document.title), *runs):
                assert seen.setdefault(key, number) == number
    words = [part.words() for part in (parts.train, parts.validation, parts.test)]
    shares = [count / sum(words) for count in words]
    assert shares == pytest.approx([0.9, 0.05, 0.05], abs=0.001)


def test_a_limit_keeps_the_balance_and_is_repeatable() -> None:
    small = text_set("tweets", limit=420)
    assert len(small) == 420
    assert small.counts() == {"negative": 130, "positive": 290}
    assert small.fingerprint() == text_set("tweets", limit=420).fingerprint()
    few = data.load("chinese-entities", limit=5)
    assert len(few) == 5


def test_the_weights_are_a_folder_of_transformers() -> None:
    from transformers import AutoConfig, AutoTokenizer

    folder = data.folder("minilm")
    config = AutoConfig.from_pretrained(folder)
    assert (config.num_hidden_layers, config.hidden_size) == (6, 384)
    tokens = AutoTokenizer.from_pretrained(folder).tokenize("A good film.")
    assert tokens == ["a", "good", "film", "."]


def test_the_tiny_bert_has_its_head() -> None:
    from transformers import AutoTokenizer, BertForMaskedLM

    folder = data.folder("bert-tiny")
    model, report = BertForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not any(report.values())
    assert sum(p.numel() for p in model.parameters()) == 4_416_698
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.tokenize("A [MASK] film.") == ["a", "[MASK]", "film", "."]


def test_the_decoder_is_one_gguf_file() -> None:
    (file,) = data.folder("smollm2").glob("*.gguf")
    assert file.read_bytes()[:4] == b"GGUF"


# --- what is refused ----------------------------------------------------------------


def doctored(monkeypatch: pytest.MonkeyPatch, **changed: object) -> None:
    card = replace(data.card("tweets"), **changed)
    monkeypatch.setitem(catalogue.BY_NAME, "tweets", card)


@pytest.mark.parametrize(
    "balance",
    [
        {"negative": 1300, "positive": 2897},
        {"negative": 4196},
        {"positive": 2897, "negative": 1299},  # labels swapped
        {"bad": 1299, "good": 2897},
    ],
)
def test_a_set_that_is_not_as_stated_is_refused(
    monkeypatch: pytest.MonkeyPatch, balance: dict[str, int]
) -> None:
    doctored(monkeypatch, balances={"sentiment": balance})
    with pytest.raises(DataError, match=r"tweets should hold .* but holds"):
        data.load("tweets")


def test_tagged_records_are_counted_too() -> None:
    tagged = TaggedDataset("t", (("a",),), (("B-PER",),), ("O", "B-PER", "I-PER"))
    card = replace(data.card("chinese-entities"), balances={"entities": {"PER": 1}})
    with pytest.raises(DataError, match="should hold 19484 records but holds 1"):
        access.assert_as_stated(card, "entities", tagged)


def test_weights_are_not_loaded_as_records() -> None:
    with pytest.raises(UsageError, match="minilm holds weights"):
        data.load("minilm")


def test_an_unknown_label_set_is_told_the_sets() -> None:
    with pytest.raises(
        UsageError, match=r"no label 'stars'; it has recommended, rating"
    ):
        data.load("clothing-reviews", label="stars")


# --- status, fetch, verify ----------------------------------------------------------


def test_nothing_is_there_before_the_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAPTER2_CACHE", str(tmp_path))
    status = data.status("minilm")
    assert (status.fetched, status.bytes) == (False, 0)
    with pytest.raises(FetchError, match="run `chapter2 data fetch minilm`"):
        data.verify("minilm")
    assert list(tmp_path.iterdir()) == []


def test_verify_finds_a_changed_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = data.folder("tweets")
    monkeypatch.setenv("CHAPTER2_CACHE", str(tmp_path))
    copy = data.status("tweets").folder
    copy.mkdir(parents=True)
    for file in whole.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert data.verify("tweets").fetched
    assert data.fetch("tweets").bytes == sum(f.stat().st_size for f in whole.iterdir())
    changed = copy / "tweets_GroundTruth.txt"
    changed.write_bytes(changed.read_bytes().replace(b"good", b"evil", 1))
    with pytest.raises(FetchError, match=r"tweets_GroundTruth\.txt has changed since"):
        data.verify("movie-snippets")  # of the same package
    assert data.status("tweets").bytes > 0
