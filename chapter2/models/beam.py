r"""Writing with an encoder-decoder: beam search, and greedy, which is a beam of one.

.. math:: \mathrm{score}(y) = \frac{\sum_t \log p(y_t \mid y_{<t}, x)}
          {\bigl((5 + |y|) / 6\bigr)^{\alpha}}

The K best beginnings go on together. Longer texts have smaller probabilities, so the
end is chosen by the score of Wu et al. (2016, equation 14), |y| counting the sign that
ends; without their coverage penalty.

Shapes: B sources, K beams, V vocabulary, S source length.
"""

from __future__ import annotations

import torch
from torch import Tensor

from chapter2.errors import UsageError
from chapter2.evaluation.inference import evaluating
from chapter2.models.seq2seq import Decoding, Seq2Seq, rows_of


def beam_search(
    model: Seq2Seq,
    input_ids: Tensor,
    attention_mask: Tensor | None,
    begin: int,
    end: int,
    length: int,
    beams: int = 1,
    alpha: float = 0.6,
) -> list[list[int]]:
    """Return the best text found for each source (B, S), at most ``length`` tokens.

    The sign that ends is the last token, unless the length was used up first.

    Args:
        begin, end: ids of the two signs.
        beams: K; 1 takes the most probable token each time.
        alpha: 0 ranks by the sum of logarithms alone; Wu et al. took 0.2 to 0.6.

    Raises:
        UsageError: no beam or no token is asked for, or a source is too long.
    """
    if beams < 1 or length < 1:
        raise UsageError(
            f"beams is {beams} and length {length}; both must be 1 or more."
        )
    with evaluating(model):
        state = model.read(input_ids, attention_mask)
        sources = torch.arange(len(input_ids), device=input_ids.device)
        # (B,) -> (B * K,): the beams of a source stand together
        state = state.rows(sources.repeat_interleave(beams))
        ids, scores = _search(model, state, (begin, end), length, beams, len(input_ids))
    return _best(ids, scores, end, alpha)


def _search(
    model: Seq2Seq,
    state: Decoding,
    signs: tuple[int, int],
    length: int,
    beams: int,
    sources: int,
) -> tuple[Tensor, Tensor]:
    """Return the tokens (B, K, <= length) and the sums of logarithms (B, K)."""
    begin, end = signs
    place = state.memory[0][0].device
    ids = torch.full((sources * beams, 1), begin, device=place)
    # at first all beams are equal: one of them goes on
    scores = torch.full((sources, beams), -torch.inf, device=place)
    scores[:, 0] = 0
    for _ in range(length):
        logits, state = model.step(ids[:, -1:], state)
        steps = logits[:, -1].float().log_softmax(-1)  # (B * K, V)
        steps = _ended_stay(steps, ids[:, -1] == end, end)
        # (B, K, 1) + (B, K, V) -> (B, K * V)
        total = (scores[..., None] + steps.unflatten(0, (sources, beams))).flatten(1)
        scores, chosen = total.topk(beams, dim=-1)
        first = torch.arange(sources, device=place)[:, None] * beams
        rows = (first + chosen // steps.shape[-1]).flatten()  # (B * K,) who goes on
        new = (chosen % steps.shape[-1]).flatten()
        ids = torch.cat([ids[rows], new[:, None]], dim=1)
        if beams > 1:  # the source stays the same, what was written does not
            state = state._replace(written=rows_of(state.written, rows))
        if bool((new == end).all()):
            break
    return ids[:, 1:].unflatten(0, (sources, beams)), scores


def _ended_stay(steps: Tensor, ended: Tensor, end: int) -> Tensor:
    """Let a text that has ended go on by the sign that ends only, at no cost."""
    if not bool(ended.any()):
        return steps
    steps = steps.masked_fill(ended[:, None], -torch.inf)
    steps[:, end] = torch.where(ended, 0.0, steps[:, end])
    return steps


def normalised(scores: Tensor, lengths: Tensor, alpha: float) -> Tensor:
    """Return the sums of logarithms over ((5 + |y|) / 6)^alpha, all of one shape."""
    return scores / ((5 + lengths) / 6) ** alpha


def _best(ids: Tensor, scores: Tensor, end: int, alpha: float) -> list[list[int]]:
    """Return of each source the text with the best score, cut where it ends."""
    lengths = (ids != end).sum(-1) + (ids[..., -1] == end)  # (B, K)
    best = normalised(scores, lengths, alpha).argmax(-1)
    rows = zip(ids, best.tolist(), lengths.tolist(), strict=True)
    return [row[k, : sizes[k]].tolist() for row, k, sizes in rows]
