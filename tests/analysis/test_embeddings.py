"""Neighbours are the tokens whose embeddings point the same way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from minigpt_tui.analysis.embeddings import neighbours, position_similarity
from tests.analysis.models import EVERY, V, noisy


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_they_are_sorted_by_cosine_and_leave_the_token_out(layout, head):
    model = noisy(layout, head)
    found = neighbours(model, 4, k=V)
    assert sorted(found.ids.tolist()) == [i for i in range(V) if i != 4]
    assert (np.diff(found.cosines) <= 0).all()
    weight = model.token_embedding.weight.detach()
    for i, cosine in zip(found.ids.tolist(), found.cosines, strict=True):
        expected = torch.cosine_similarity(weight[4], weight[i], dim=0).item()
        assert cosine == pytest.approx(expected, abs=1e-6)


def test_length_does_not_matter():
    model = noisy()
    with torch.no_grad():
        model.token_embedding.weight[7] = 30 * model.token_embedding.weight[4]
    found = neighbours(model, 4, k=1)
    assert found.ids.tolist() == [7]
    assert found.cosines[0] == pytest.approx(1)


def test_positions_are_compared_with_one_another():
    model = noisy()
    similarity = position_similarity(model)
    assert similarity.shape == (8, 8)
    assert np.allclose(similarity.diagonal(), 1)
    assert np.allclose(similarity, similarity.T)
    weight = model.position_embedding.weight.detach()
    expected = torch.cosine_similarity(weight[2], weight[6], dim=0)
    assert similarity[2, 6] == pytest.approx(expected.item(), abs=1e-6)


def test_rotated_positions_have_no_embedding():
    with pytest.raises(ValueError, match="learns no positions"):
        position_similarity(noisy("qwen3"))


@pytest.mark.parametrize(("token", "k"), [(V, 3), (-1, 3), (2, 0)])
def test_what_does_not_exist_is_refused(token, k):
    with pytest.raises(ValueError, match=r"no token|from 1 up"):
        neighbours(noisy(), token, k)
