"""Page 3e: each numbered equation, computed in two ways."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from chapter2.applications.gallery import extractive, summaries
from chapter2.evaluation import generated
from chapter2.models import crf, load_causal
from chapter2.models.beam import beam_search
from chapter2.models.embedding import load_embedder
from chapter2.models.seq2seq import CrossAttention, Seq2Seq, Seq2SeqConfig
from chapter2.objectives import cross_entropy_sum


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations("03e_task_gallery.ipynb", "3e", globals())
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


def paths_of(e: torch.Tensor, chain: crf.Chain) -> dict[tuple[int, ...], float]:
    """Return s(y) of every path, by hand."""
    length, tags = e.shape
    scores = {}
    for y in itertools.product(range(tags), repeat=length):
        s = chain.starts[y[0]] + chain.ends[y[-1]]
        s = s + sum(e[t, y[t]] for t in range(length))
        s = s + sum(chain.transitions[a, b] for a, b in itertools.pairwise(y))
        scores[y] = float(s)
    return scores


@pytest.fixture
def chained() -> tuple[torch.Tensor, crf.Chain]:
    torch.manual_seed(0)
    shapes = ((4, 3), (3, 3), (3,), (3,))
    e, transitions, starts, ends = (torch.randn(s).double() for s in shapes)
    return e, crf.Chain(transitions, starts, ends)


def test_equation_3e_1(chained) -> None:
    e, chain = chained
    scores = paths_of(e, chain)
    total = sum(map(math.exp, scores.values()))
    model = crf.CRF(("O", "B-X", "I-X"), constrained=False).double()
    with torch.no_grad():
        model.transitions.copy_(chain.transitions)
        model.starts.copy_(chain.starts)
        model.ends.copy_(chain.ends)
        mask = torch.ones(1, 4, dtype=torch.bool)
        for y, s in scores.items():
            loss = model(e[None], torch.tensor([y]), mask)
            assert math.exp(-float(loss)) == pytest.approx(math.exp(s) / total)


def test_equation_3e_2(chained) -> None:
    e, chain = chained
    mask = torch.ones(1, 4, dtype=torch.bool)
    total = sum(map(math.exp, paths_of(e, chain).values()))
    found = crf.log_partition(e[None], mask, chain)
    assert float(found) == pytest.approx(math.log(total))
    best = max(paths_of(e, chain).items(), key=lambda item: item[1])[0]
    assert tuple(crf.viterbi(e[None], mask, chain)[0].tolist()) == best


def test_equation_3e_3() -> None:
    s, e = np.random.default_rng(0).normal(size=(2, 8))
    spans = {(i, j): s[i] + e[j] for i in range(8) for j in range(i, min(i + 3, 8))}
    i, j, score = extractive.best_span(s, e, np.ones(8, dtype=bool), 3)
    assert (i, j) == max(spans, key=spans.__getitem__)
    assert score == pytest.approx(spans[i, j])


@pytest.fixture
def writer() -> Seq2Seq:
    torch.manual_seed(0)
    config = Seq2SeqConfig(6, width=8, layers=1, heads=2, inner=8, positions=8)
    return Seq2Seq(config, seed=4).eval()


SOURCE = torch.tensor([[4, 5, 1]])
BEGIN, END = 2, 3


def test_equation_3e_4(writer) -> None:
    """The probabilities of all texts of up to three tokens sum to 1; a loss is one."""

    def after(written: tuple[int, ...]) -> torch.Tensor:
        logits = writer(SOURCE, torch.tensor([[BEGIN, *written]]))[0, -1]
        return logits.double().softmax(-1)

    def total(written: tuple[int, ...], p: float) -> float:
        if len(written) == 3 or written[-1:] == (END,):
            return p
        steps = after(written).tolist()
        return sum(total((*written, y), p * q) for y, q in enumerate(steps))

    with torch.no_grad():
        assert total((), 1.0) == pytest.approx(1)
        text = (5, 4, END)
        product = math.prod(float(after(text[:t])[text[t]]) for t in range(3))
        logits = writer(SOURCE, torch.tensor([[BEGIN, 5, 4]]))
        loss, count = cross_entropy_sum(logits, torch.tensor([text]))
    assert math.exp(-float(loss)) == pytest.approx(product)
    assert int(count) == 3


def test_equation_3e_5() -> None:
    """One head after the other, one query after the other."""
    torch.manual_seed(1)
    cross = CrossAttention(8, 2, 0.0)
    h, m = torch.randn(1, 3, 8), torch.randn(1, 5, 8)
    wq, bq = cross.q.weight, cross.q.bias
    (wk, wv), (bk, bv) = cross.kv.weight.chunk(2), cross.kv.bias.chunk(2)
    rows = []
    for token in h[0]:
        heads = []
        for part in (slice(0, 4), slice(4, 8)):
            q = (wq @ token + bq)[part]
            keys = torch.stack([(wk @ each + bk)[part] for each in m[0]])
            values = torch.stack([(wv @ each + bv)[part] for each in m[0]])
            heads.append((keys @ q / math.sqrt(4)).softmax(0) @ values)
        rows.append(cross.out(torch.cat(heads)))
    torch.testing.assert_close(cross(h, cross.read(m), None)[0], torch.stack(rows))


def test_equation_3e_6(writer) -> None:
    (text,) = beam_search(writer, SOURCE, None, BEGIN, END, 4, beams=6**4, alpha=0.6)
    best = -math.inf
    with torch.no_grad():
        for words in itertools.product(range(6), repeat=4):
            ends = words.index(END) + 1 if END in words else 4
            y = words[:ends]
            logits = writer(SOURCE, torch.tensor([[BEGIN, *y[:-1]]]))[0]
            log_p = float(logits.log_softmax(-1)[range(ends), y].sum())
            score = log_p / ((5 + len(y)) / 6) ** 0.6
            if score > best:
                best, expected = score, y
    assert tuple(text) == expected


def ngrams(tokens: Sequence[str], n: int) -> Counter:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def common(one: Counter, two: Counter) -> int:
    return sum((one & two).values())


WRITTEN = ["打开这个文件夹里的笔记本", "保存全部单元格"]
REFERENCES = ["打开文件夹里的那个笔记本", "保存笔记本的全部单元格"]


def test_equation_3e_7() -> None:
    product = 1.0
    for n in range(1, 5):
        pairs = [
            (ngrams(list(a), n), ngrams(list(b), n))
            for a, b in zip(WRITTEN, REFERENCES, strict=True)
        ]
        product *= sum(common(*pair) for pair in pairs) / sum(
            a.total() for a, _ in pairs
        )
    c, r = (sum(map(len, texts)) for texts in (WRITTEN, REFERENCES))
    expected = min(1, math.exp(1 - r / c)) * product**0.25
    found = generated.bleu(WRITTEN, REFERENCES, "zh", resamples=1)
    assert found.value == pytest.approx(expected)


def test_equation_3e_8() -> None:
    for text, wanted in zip(WRITTEN, REFERENCES, strict=True):
        counts = [(ngrams(list(text), n), ngrams(list(wanted), n)) for n in range(1, 7)]
        p = sum(common(a, b) / a.total() for a, b in counts) / 6
        r = sum(common(a, b) / b.total() for a, b in counts) / 6
        expected = (1 + 2**2) * p * r / (2**2 * p + r)
        assert generated.chrf([text], [wanted])[0] == pytest.approx(expected)


def test_equation_3e_9() -> None:
    rng = np.random.default_rng(0)
    v = rng.normal(size=(5, 3)) + 1  # each is like some other
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    w = np.maximum(0, v @ v.T)
    r = summaries.centrality(v)
    for i in range(5):
        votes = 0.0
        for j in range(5):
            given = sum(w[j, k] for k in range(5) if k != j)
            if j != i:
                votes += w[j, i] / given * r[j]
        assert r[i] == pytest.approx(0.15 / 5 + 0.85 * votes, abs=1e-7)


def test_equation_3e_10() -> None:
    text, wanted = "a red car hit a wall", "the red car hit the old wall"
    a, b = text.split(), wanted.split()
    found = generated.rouge([text], [wanted])
    for n in (1, 2):
        one, two = ngrams(a, n), ngrams(b, n)
        expected = 2 * common(one, two) / (one.total() + two.total())
        assert found[f"rouge{n}"][0] == pytest.approx(expected)


def test_an_encoder_alone_does_not_write() -> None:
    """Its vector of a token depends on what follows it: no p(y_t | y_<t) comes of it.

    And it has no logits over a vocabulary. The decoder's do not depend on later tokens.
    """
    encoder = load_embedder("tiny-random", max_length=16).model.eval()
    ids = torch.tensor([[5, 6, 7, 8]])
    later = torch.tensor([[5, 6, 7, 9]])
    with torch.no_grad():
        one, two = (encoder(input_ids=x).last_hidden_state for x in (ids, later))
        causal = load_causal("tiny-random").model
        three, four = (causal(input_ids=x).logits for x in (ids, later))
    assert not hasattr(encoder(input_ids=ids), "logits")
    assert (one != two)[0, :3].any(-1).all()
    torch.testing.assert_close(three[0, :3], four[0, :3])
