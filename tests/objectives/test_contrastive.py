"""The loss of pairs against its formula, and against autograd."""

import torch

from chapter2.objectives.contrastive import cosine_similarity_sum


def test_the_loss_is_the_summed_square_of_cosine_minus_label():
    left = torch.tensor([[1.0, 0.0], [2.0, 0.0], [1.0, 1.0]])
    right = torch.tensor([[3.0, 0.0], [0.0, 5.0], [-1.0, -1.0]])
    # cosines 1, 0, -1; labels 1, 1, 0: 0 + 1 + 1
    loss, count = cosine_similarity_sum(left, right, torch.tensor([1, 1, 0]))
    assert count == 3
    assert abs(loss.item() - 2.0) < 1e-6


def test_the_gradient_is_that_of_finite_differences():
    draw = torch.Generator().manual_seed(0)
    left, right = (torch.randn(4, 3, generator=draw) for _ in range(2))
    left.requires_grad_(True)
    same = torch.tensor([0, 1, 1, 0])
    cosine_similarity_sum(left, right, same)[0].backward()
    step = torch.zeros_like(left)
    step[1, 2] = 1e-2
    with torch.no_grad():
        above, _ = cosine_similarity_sum(left + step, right, same)
        below, _ = cosine_similarity_sum(left - step, right, same)
    slope = (above - below).item() / 2e-2
    assert abs(left.grad[1, 2].item() - slope) < 1e-3
