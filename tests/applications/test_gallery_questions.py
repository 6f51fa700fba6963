"""Questions: pairs of texts, search, and spans, on small models and sets."""

from itertools import product

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForQuestionAnswering, BertTokenizer

from chapter2 import data
from chapter2.applications import text_study
from chapter2.applications.gallery import extractive, questions
from chapter2.data import TextDataset
from chapter2.errors import DataError, ModelError, UsageError
from chapter2.evaluation import accuracy
from chapter2.models import load_encoder
from chapter2.models.embedding import load_embedder
from chapter2.models.tiny import vocabulary
from chapter2.training import TrainingConfig

RECORDS = TextDataset(
    "asked",
    (
        "is rome big\nRome -- rome is a city",
        "is rome old\nRome -- rome is a city",
        "are cats loud\nCat -- a cat is an animal",
        "do birds fly\nBird -- most birds fly far",
    ),
    (1, 1, 0, 1),
    ("no", "yes"),
)


class Letters:
    """Vectors that are shares of letters: alike texts are near."""

    def embed(self, texts):
        counts = [[text.lower().count(c) + 1e-9 for c in "abcdfr"] for text in texts]
        vectors = np.array(counts, dtype=float)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def passages():
    return questions.Passages.of([RECORDS, RECORDS], Letters())


def test_each_passage_stands_once(passages):
    assert len(passages.texts) == 3
    assert passages.places(RECORDS) == [0, 0, 1, 2]
    assert passages.vectors.shape == (3, 6)
    assert questions.questions_of(RECORDS).texts[2] == "are cats loud"
    other = TextDataset("x", ("q\nX -- new",), (0,), ("no", "yes"))
    with pytest.raises(DataError, match="1 passages that are not among the 3"):
        passages.places(other)


def test_pair_features():
    u, v = np.array([[1.0, -2.0]]), np.array([[3.0, 0.5]])
    found = questions.pair_features(u, v)
    assert found.tolist() == [[1, -2, 3, 0.5, 2, 2.5, 3, -1]]


def test_the_own_passage_is_placed_behind_its_equals(passages):
    scores = np.array([[3.0, 1, 2], [1, 1, 0], [0, 0, 0], [5, 6, 7]])
    found = questions.ranks(lambda _: scores, RECORDS, passages)
    assert found.places.tolist() == [1, 2, 3, 1]
    assert found.recall(1).value == 0.5


def test_both_searches_score_each_question_against_each_passage(passages):
    asked = questions.questions_of(RECORDS).texts
    words = questions.by_words(passages)(asked)
    meaning = questions.by_meaning(passages, Letters())(asked)
    assert words.shape == meaning.shape == (4, 3)
    assert words[3].argmax() == 2
    assert words[2].max() == 0  # "cats" is not "cat", and nothing else is shared
    np.testing.assert_allclose(meaning, Letters().embed(asked) @ passages.vectors.T)


@pytest.fixture(scope="module")
def real():
    records = data.load("yes-no-questions", limit=80)
    parts = data.split(records, (0.6, 0.0, 0.4))
    return parts.train, parts.test


def test_four_models_answer_the_same_questions(real):
    known, asked = real
    embedder = load_embedder("tiny-random", 32)
    passages = questions.Passages.of(real, embedder)
    study = questions.yes_no_study(known, asked, passages, embedder, resamples=50)
    assert next(iter(study.predicted)) == questions.MAJORITY
    assert study.predicted[questions.MAJORITY].mean() == 1  # yes
    assert all(len(guess) == len(asked) for guess in study.predicted.values())
    share = np.mean(asked.labels)
    assert study.score(questions.MAJORITY).value == pytest.approx(share)
    assert "TF-IDF of both" in study._repr_markdown_()


def test_a_reader_reads_both_texts(real):
    known = real[0].select(range(16))
    config = TrainingConfig(epochs=1, monitor="step", precision="fp32")
    reader = questions.fit_reader(known, "tiny-random", config, max_length=128)
    both = questions.joined(known, reader)
    assert all(text.count("[SEP]") == 1 for text in both.texts)
    assert reader.predict_proba(both.texts).shape == (len(known), 2)
    ids = reader.encode(both.texts[:1])[0]
    assert ids.count(reader.tokenizer.sep_token_id) == 2  # between, and at the end


def test_a_reader_learns_to_hold_a_passage_against_its_question():
    """Neither the question nor the passage tells the answer by itself."""
    kinds = {
        "is the story of {} good": "a great love, and no comedy",
        "who is it that made {}": "she and her characters",
        "when is {} out": "at first not on film",
    }

    def asked(numbers):
        rows = [
            (f"{question.format(f'film {i}')}\nFilm -- {passage}", int(own == passage))
            for i in numbers
            for question, own in kinds.items()
            for passage in kinds.values()
        ]
        texts, labels = zip(*rows, strict=True)
        return TextDataset("films", texts, labels, ("no", "yes"))

    known, test = asked(range(19)), asked(range(19, 34))
    config = TrainingConfig(
        epochs=30, learning_rate=2e-3, monitor="step", precision="fp32"
    )
    reader = questions.fit_reader(known, "tiny-random", config, max_length=64)
    found = reader.predict(questions.joined(test, reader).texts)
    assert accuracy(np.array(test.labels), found) > 0.9  # always no: 2/3


def test_a_study_of_several_classes_keeps_the_sources_test_part():
    wire = data.load("reuters-r8", limit=400)
    study = text_study.text_study(
        wire, "tiny-random", 150, 60, 16, "accuracy", resamples=50
    )
    assert study.classes == 8
    assert len(study.true) == 60
    guess = study.predicted[text_study.TFIDF]
    assert study.score(text_study.TFIDF).value == accuracy(study.true, guess)
    assert study.against(text_study.TFIDF, text_study.MAJORITY).low > 0


def test_copies_do_not_narrow_a_studys_intervals():
    draw = np.random.default_rng(0)
    true, *answers = draw.integers(2, size=(3, 80))
    predicted = dict(zip("ab", answers, strict=True))
    once = text_study.TextStudy(true, predicted, 0, 400)
    copies = np.repeat(np.arange(80), 5)
    many = text_study.TextStudy(
        true[copies], {k: p[copies] for k, p in predicted.items()}, 0, 400, units=copies
    )
    for told in (lambda s: s.score("a"), lambda s: s.against("a", "b")):
        one, other = told(once), told(many)
        ends = (other.value, other.low, other.high)
        assert ends == pytest.approx((one.value, one.low, one.high))


# --- spans --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_best_span_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    starts, ends = rng.normal(size=(2, 9))
    allowed = rng.random(9) < 0.7
    allowed[4] = True
    spans = {
        (i, j): starts[i] + ends[j]
        for i, j in product(range(9), repeat=2)
        if i <= j < i + 3 and allowed[i] and allowed[j]
    }
    i, j, score = extractive.best_span(starts, ends, allowed, 3)
    assert score == max(spans.values()) == spans[i, j]


def test_a_span_needs_a_place():
    with pytest.raises(UsageError, match="give a passage"):
        extractive.best_span(np.zeros(3), np.zeros(3), np.zeros(3, bool), 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("reader")
    config = BertConfig(
        vocab_size=len(vocabulary()),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,  # logits that differ
    )
    torch.manual_seed(0)
    BertForQuestionAnswering(config).save_pretrained(path)
    BertTokenizer(vocab=vocabulary(), model_max_length=64).save_pretrained(path)
    return str(path)


LONG = " ".join(
    f"the film {word} was made in 19{n}." for n, word in enumerate("abcdefghij")
)


def test_the_answer_is_a_stretch_of_the_passage(folder):
    read = extractive.hub_reader(folder, max_length=40, stride=8, longest=5)
    for passage in ("It is the best film.", LONG):
        found = read("what is it", passage)
        assert passage[found.start : found.end] == found.text != ""
        assert np.isfinite(found.margin)


def test_a_long_passage_is_answered_by_its_best_window(folder):
    question = "what is it"
    read = extractive.hub_reader(folder, max_length=40, stride=8, longest=5)
    tokenizer = BertTokenizer.from_pretrained(folder)
    model = BertForQuestionAnswering.from_pretrained(folder).eval()
    asked = tokenizer(question)["input_ids"]
    pieces = tokenizer(LONG, add_special_tokens=False)["input_ids"]
    room, at, margins = 40 - len(asked) - 1, 0, []
    while True:  # windows of ``room`` pieces, 8 of them shared, written out
        window = pieces[at : at + room]
        ids = torch.tensor([[*asked, *window, tokenizer.sep_token_id]])
        types = torch.tensor([[0] * len(asked) + [1] * (len(window) + 1)])
        with torch.no_grad():
            out = model(input_ids=ids, token_type_ids=types)
        starts, ends = (x[0].double() for x in (out.start_logits, out.end_logits))
        first = len(asked)
        scores = [
            float(starts[i] + ends[j])
            for i in range(first, first + len(window))
            for j in range(i, min(i + 5, first + len(window)))
        ]
        margins.append(max(scores) - float(starts[0] + ends[0]))
        if at + room >= len(pieces):
            break
        at += room - 8
    assert len(margins) > 2
    assert read(question, LONG).margin == pytest.approx(max(margins), abs=1e-4)


def test_what_cannot_be_read_is_told(folder, tmp_path):
    read = extractive.hub_reader(folder, max_length=40)
    with pytest.raises(UsageError, match="passage is empty"):
        read("what", "  ")
    with pytest.raises(UsageError, match="ask a shorter one"):
        read("what " * 40, "a film")
    encoder = load_encoder("tiny-random", ("no", "yes"), 2).save(tmp_path / "encoder")
    with pytest.raises(ModelError, match="head for spans would be a random one"):
        extractive.hub_reader(str(encoder))
    with pytest.raises(ModelError, match="no model here"):
        extractive.hub_reader("./nowhere")
