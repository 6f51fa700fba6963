"""Summaries: central sentences by linear algebra, an oracle, one that learns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from chapter2.applications.gallery import summaries
from chapter2.applications.gallery.summaries import Article, Extractor
from chapter2.data import TextPairs
from chapter2.errors import DataError
from chapter2.models import load_causal


def unit(rng: np.random.Generator, rows: int, width: int = 6) -> np.ndarray:
    vectors = rng.normal(size=(rows, width))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(1, 9), st.integers(0, 50))
def test_ranks_solve_their_equation(count, seed) -> None:
    vectors = unit(np.random.default_rng(seed), count)
    ranks = summaries.centrality(vectors)
    weights = np.clip(vectors @ vectors.T, 0, None) * (1 - np.eye(count))
    given_away = weights.sum(1, keepdims=True)
    votes = np.where(
        given_away > 0, weights / np.maximum(given_away, 1e-300), 1 / count
    )
    # r = (1 - d) / S + d V^T r, solved directly
    system = np.eye(count) - 0.85 * votes.T
    np.testing.assert_allclose(
        ranks, np.linalg.solve(system, np.full(count, 0.15 / count)), atol=1e-8
    )
    assert ranks.sum() == pytest.approx(1)


def test_ranks_are_networkxs_pagerank() -> None:
    networkx = pytest.importorskip("networkx")
    vectors = unit(np.random.default_rng(1), 8)
    weights = np.clip(vectors @ vectors.T, 0, None) * (1 - np.eye(8))
    graph = networkx.from_numpy_array(weights)
    expected = networkx.pagerank(graph, alpha=0.85, tol=1e-12, max_iter=500)
    found = summaries.centrality(vectors)
    np.testing.assert_allclose(found, [expected[i] for i in range(8)], atol=1e-7)


def article(sentences, summary="The mayor opened a new bridge.", seed=0) -> Article:
    vectors = unit(np.random.default_rng(seed), len(sentences))
    return Article(tuple(sentences), vectors, summary)


NEWS = (
    "It rained on Monday.",
    "A bridge was opened.",
    "The mayor spoke of a new start.",
    "Cows stood by the river.",
)


def test_the_oracle_of_one_sentence_is_the_best_one() -> None:
    one = article(NEWS)
    scores = [summaries.likeness(text, one.summary) for text in NEWS]
    assert summaries.oracle(one, 1) == [int(np.argmax(scores))]


def test_the_oracle_adds_only_what_helps() -> None:
    one = article(NEWS)
    chosen = summaries.oracle(one, 4)
    reached = summaries.likeness(one.copy(chosen), one.summary)
    singles = [summaries.likeness(text, one.summary) for text in NEWS]
    assert reached >= max(singles)
    assert 0 not in chosen  # no word in common
    assert summaries.oracle(article(("Nothing here.",), "All there is"), 2) == []
    sets = [set_ for k in (1, 2) for set_ in itertools.combinations(range(4), k)]
    best = max(summaries.likeness(one.copy(chosen), one.summary) for chosen in sets)
    two = summaries.likeness(one.copy(summaries.oracle(one, 2)), one.summary)
    assert max(singles) <= two <= best


def test_lead_textrank_and_copy() -> None:
    one = article(NEWS)
    assert summaries.lead(one, 2) == [0, 1]
    assert summaries.lead(one, 9) == [0, 1, 2, 3]
    assert one.copy([2, 0]) == f"{NEWS[0]} {NEWS[2]}"
    alike = unit(np.random.default_rng(0), 4)
    alike[1:] = alike[1] + 0.05 * alike[1:]
    alike[0] = -alike[1]
    assert summaries.textrank(Article(NEWS, alike, "."), 1)[0] in {1, 2, 3}
    written = summaries.copied([one, one], summaries.lead, 1)
    assert written == [NEWS[0]] * 2
    assert set(summaries.rouge_of([one], [one.summary])) == {
        *("rouge1", "rouge2", "rougeL")
    }


class Counting:
    """An embedder whose vectors say which sentence mentions a bridge."""

    def embed(self, texts):
        rows = [[float("bridge" in text), 1.0, len(text) % 3] for text in texts]
        vectors = np.array(rows)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def news(count: int, seed: int) -> TextPairs:
    rng = np.random.default_rng(seed)
    documents, wanted = [], []
    for i in range(1000 * seed, 1000 * seed + count):  # no other seed has them
        lines = [f"Number {i} of the day {j} went by quietly." for j in range(5)]
        lines[rng.integers(5)] = f"Town {i} opened a bridge."
        documents.append("\n".join(lines))
        wanted.append(f"Town {i} has opened its bridge.")
    return TextPairs("news", tuple(documents), tuple(wanted))


def test_the_extractor_learns_what_the_oracle_takes() -> None:
    train, validation, test = (
        summaries.read_articles(news(n, seed), Counting())
        for n, seed in ((30, 0), (10, 1), (20, 2))
    )
    extractor = Extractor.fit(train, validation)
    assert extractor.inverse_penalty in summaries.INVERSE_PENALTIES
    right = [extractor(each) == summaries.oracle(each) for each in test]
    lead = [summaries.lead(each) == summaries.oracle(each) for each in test]
    assert np.mean(right) > 0.9 > np.mean(lead)
    with pytest.raises(DataError, match="articles to learn from and choose by"):
        Extractor.fit(train, [])


def test_articles_are_cut_and_keep_their_vectors() -> None:
    found = summaries.read_articles(news(3, 0), Counting(), most=2)
    assert [len(each.sentences) for each in found] == [2, 2, 2]
    for each in found:
        np.testing.assert_array_equal(each.vectors, Counting().embed(each.sentences))
    split = summaries.sentences_of("One. Two\nThree.")
    assert split == ["One.", "Two", "Three."]
    with pytest.raises(DataError, match="no article to summarise"):
        summaries.read_articles(TextPairs("n", (), ()), Counting())


def test_an_article_without_a_sentence_is_named() -> None:
    pairs = TextPairs("news", ("One. Two.", " \n"), ("x", "y"))
    with pytest.raises(DataError, match="news: article 2 has no sentence"):
        summaries.read_articles(pairs, Counting())


def test_a_decoder_writes_something() -> None:
    causal = load_causal("tiny-random")
    written = summaries.generate(causal, "The mayor opened a bridge. " * 40, 60, 12)
    assert written == summaries.generate(
        causal, "The mayor opened a bridge. " * 90, 60, 12
    )


def test_a_model_of_the_hub_summarises(tmp_path) -> None:
    words = ["<pad>", "</s>", "<unk>", "a", "bridge", "was", "opened"]
    raw = Tokenizer(
        models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>")
    )
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    torch.manual_seed(0)
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    config = T5Config(vocab_size=len(words), decoder_start_token_id=0, **sizes)
    T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    summarise = summaries.hub_summariser(str(tmp_path), tokens=6, length=3)
    long = "a bridge was opened " * 5
    found = summarise([long, "a bridge"])
    assert len(found) == 2
    assert all(len(text.split()) <= 3 for text in found)
    assert summarise(["a bridge was opened a bridge"])[0] == found[0]  # read: 6 tokens
