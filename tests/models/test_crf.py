"""The CRF against the sum, and the maximum, over all paths written out."""

from itertools import pairwise, product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from chapter2.errors import UsageError
from chapter2.models.crf import (
    CRF,
    NO_TAG,
    Chain,
    bio_chain,
    bio_rules,
    log_partition,
    path_score,
    viterbi,
)

BIO = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
LENGTHS = (4, 1, 3)


def random_case(tags=4, lengths=LENGTHS, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        numbers = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return numbers * scale

    emissions = draw(len(lengths), max(lengths), tags)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return emissions, mask, Chain(draw(tags, tags), draw(tags), draw(tags))


def score_by_hand(path, emissions, chain):
    """Return s(y) of one path, sum by sum; ``emissions`` are those of its sentence."""
    total = chain.starts[path[0]] + chain.ends[path[-1]]
    for t, tag in enumerate(path):
        total = total + emissions[t, tag]
    for before, tag in pairwise(path):
        total = total + chain.transitions[before, tag]
    return total


def every_path(emissions, length, chain):
    """Return all paths of a sentence of ``length`` tokens, and their scores."""
    paths = list(product(range(emissions.shape[-1]), repeat=length))
    return paths, torch.stack([score_by_hand(p, emissions, chain) for p in paths])


def is_legal(names):
    steps = zip(("O", *names), names, strict=False)
    return all(tag[0] != "I" or before[2:] == tag[2:] for before, tag in steps)


@pytest.mark.parametrize("seed", range(3))
def test_the_partition_is_the_sum_over_all_paths(seed):
    emissions, mask, chain = random_case(seed=seed)
    found = log_partition(emissions, mask, chain)
    for row, length in enumerate(LENGTHS):
        _, scores = every_path(emissions[row], length, chain)
        torch.testing.assert_close(found[row], scores.logsumexp(0))


def test_each_path_has_its_score_and_probabilities_sum_to_one():
    emissions, mask, chain = random_case(tags=3)
    total = log_partition(emissions, mask, chain)
    for row, length in enumerate(LENGTHS):
        paths, scores = every_path(emissions[row], length, chain)
        tags = torch.full((len(paths), max(LENGTHS)), NO_TAG)
        tags[:, :length] = torch.tensor(paths)
        e, m = (x[row].expand(len(paths), *x.shape[1:]) for x in (emissions, mask))
        found = path_score(e, tags, m, chain)
        torch.testing.assert_close(found, scores)
        torch.testing.assert_close((found - total[row]).exp().sum().item(), 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_viterbi_finds_the_best_of_all_paths(seed):
    emissions, mask, chain = random_case(seed=seed)
    found = viterbi(emissions, mask, chain)
    for row, length in enumerate(LENGTHS):
        paths, scores = every_path(emissions[row], length, chain)
        assert found[row, :length].tolist() == list(paths[int(scores.argmax())])
        assert (found[row, length:] == NO_TAG).all()


@pytest.mark.parametrize("seed", range(3))
def test_constrained_probabilities_are_shared_by_the_legal_paths(seed):
    torch.manual_seed(seed)
    crf = CRF(BIO).double()
    for weights in crf.parameters():
        torch.nn.init.normal_(weights)
    emissions, mask, _ = random_case(tags=5, lengths=(3,), seed=seed)
    free = Chain(crf.transitions, crf.starts, crf.ends)
    paths, scores = every_path(emissions[0], 3, free)
    legal = torch.tensor([is_legal([BIO[tag] for tag in path]) for path in paths])
    total = scores[legal].logsumexp(0)
    e, m = (x.expand(len(paths), *x.shape[1:]) for x in (emissions, mask))
    loss = crf(e, torch.tensor(paths), m)
    torch.testing.assert_close(loss[legal], total - scores[legal])
    assert torch.isinf(loss[~legal]).all()
    best = scores.masked_fill(~legal, -torch.inf).argmax()
    assert crf.decode(emissions, mask)[0].tolist() == list(paths[int(best)])


def test_gradients_are_those_of_finite_differences():
    emissions, mask, chain = random_case(tags=3, lengths=(3, 2, 1))
    tags = torch.tensor([[0, 2, 1], [1, 1, NO_TAG], [2, NO_TAG, NO_TAG]])
    inputs = tuple(x.clone().requires_grad_() for x in (emissions, *chain))

    def loss(e, *scores):
        made = Chain(*scores)
        return log_partition(e, mask, made) - path_score(e, tags, mask, made)

    assert torch.autograd.gradcheck(loss, inputs)


def test_constrained_gradients_are_those_of_finite_differences():
    crf = CRF(BIO).double()
    emissions, mask, _ = random_case(tags=5, lengths=(3, 1))
    tags = torch.tensor([[0, 3, 4], [1, NO_TAG, NO_TAG]])
    inputs = (emissions.requires_grad_(), *crf.parameters())

    def loss(e, *_):
        return crf(e, tags, mask)

    assert torch.autograd.gradcheck(loss, inputs)


def test_the_gradient_of_the_partition_is_the_probability_of_a_tag():
    emissions, mask, chain = random_case(tags=3)
    emissions.requires_grad_()
    log_partition(emissions, mask, chain).sum().backward()
    for row, length in enumerate(LENGTHS):
        paths, scores = every_path(emissions[row].detach(), length, chain)
        probabilities = scores.softmax(0)
        wanted = torch.zeros(max(LENGTHS), 3, dtype=torch.float64)
        for path, p in zip(paths, probabilities, strict=True):
            for t, tag in enumerate(path):
                wanted[t, tag] += p
        torch.testing.assert_close(emissions.grad[row], wanted)  # 0 at the padding


def test_what_stands_at_the_padding_changes_nothing():
    emissions, mask, chain = random_case()
    tags = torch.tensor([[0, 1, 2, 3], [1, 0, 0, 0], [2, 2, 1, 0]])
    other = emissions.where(mask.unsqueeze(2), torch.tensor(1e6).double())
    changed = tags.where(mask, NO_TAG)
    for function in (log_partition, viterbi):
        found = function(emissions, mask, chain)
        assert torch.equal(found, function(other, mask, chain))
    found = path_score(emissions, tags, mask, chain)
    assert torch.equal(found, path_score(other, changed, mask, chain))


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.sampled_from([0.1, 3.0, 1e4]),
)
def test_constrained_decoding_never_leaves_bio(seed, lengths, scale):
    emissions, mask, chain = random_case(len(BIO), lengths, seed, scale)
    crf = CRF(BIO).double()
    with torch.no_grad():
        for weights, drawn in zip(crf.parameters(), chain, strict=True):
            weights.copy_(drawn)
    for found in (
        crf.decode(emissions, mask),
        viterbi(emissions, mask, bio_chain(BIO)),
    ):
        for row, length in zip(found.tolist(), lengths, strict=True):
            assert is_legal([BIO[tag] for tag in row[:length]])


def test_without_constraints_it_may_leave_bio():
    emissions = torch.tensor([[[0.0, 0, 9, 0, 0], [0, 0, 0, 0, 9]]])
    mask = torch.ones(1, 2, dtype=torch.bool)
    assert CRF(BIO, constrained=False).decode(emissions, mask).tolist() == [[2, 4]]
    assert CRF(BIO).decode(emissions, mask).tolist() == [[3, 4]]


def test_shapes_that_do_not_fit_are_refused():
    emissions, mask, chain = random_case()
    tags = torch.zeros(3, 4, dtype=torch.int64)
    for others in ((tags, mask[:1]), (tags[:, :3], mask), (tags[:1], mask)):
        with pytest.raises(ValueError, match="need tags and a mask of shape"):
            path_score(emissions, *others, chain)


def test_half_precision_is_raised():
    emissions, mask, _ = random_case(tags=5)
    tags = torch.zeros(3, 4, dtype=torch.int64)
    loss = CRF(BIO)(emissions.bfloat16(), tags, mask)
    assert loss.dtype == torch.float32


def test_the_rules_of_bio():
    after, first = bio_rules(("O", "B-X", "I-X", "B-Y"))
    assert first.tolist() == [True, True, False, True]
    assert after[:, 2].tolist() == [False, True, True, False]  # what may precede I-X
    assert after[:, (0, 1, 3)].all()


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (("O", "PER"), "'PER' is none of O"),
        (("O", "B-"), "'B-' is none of O"),
        (("O", "I-X"), "could never stand"),
        (("B-X", "I-X"), "lack O"),
    ],
)
def test_tags_that_are_no_bio_are_refused(tags, words):
    with pytest.raises(UsageError, match=words):
        CRF(tags)
