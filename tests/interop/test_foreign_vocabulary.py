"""<UNK> and <EOT> in a model that had neither: the others keep their probabilities."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from minigpt_tui.interop.foreign_vocabulary import with_special_tokens
from minigpt_tui.model.build import build_model
from minigpt_tui.model.language_model import LanguageModel
from tests.interop.models import noisy, shape

V = 11
ROWS = (3, 1, 0, 2, 4, 5, 6, 7, 8)  # another order, and the last two left out


def widened(model: LanguageModel, logit: float, opening: int | None = 10) -> LanguageModel:
    config = dataclasses.replace(model.config, head="untied")
    other = build_model(config, 2 + len(ROWS))
    weights = with_special_tokens(model.state_dict(), ROWS, opening=opening, special_logit=logit)
    other.load_state_dict(weights)
    return other.eval()


@pytest.mark.parametrize("head", ["untied", "tied"])
@pytest.mark.parametrize("seed", range(3))
def test_the_other_logits_stay_and_the_special_ones_are_constant(head, seed):
    model = noisy(shape("gpt2", head), V, seed)
    ids = torch.randint(len(ROWS), (4, 16), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        before = model(torch.tensor(ROWS)[ids])
        after = widened(model, -33.0)(ids + 2)
    assert torch.allclose(after[..., 2:], before[..., list(ROWS)], atol=2e-5)
    assert torch.allclose(after[..., :2], torch.tensor(-33.0), atol=2e-5)


def test_the_opening_token_lends_its_embedding_to_eot():
    model = noisy(shape("gpt2"), V)
    embedding = model.token_embedding.weight
    assert torch.equal(widened(model, 0.0).token_embedding.weight[1], embedding[10])
    without = widened(model, 0.0, opening=None).token_embedding.weight[1]
    assert torch.allclose(without, embedding[list(ROWS)].mean(dim=0), atol=1e-6)


def test_a_norm_that_silences_the_stream_is_refused():
    model = noisy(shape("gpt2"), V)
    with torch.no_grad():
        model.final_norm.weight[3] = 0.0
    with pytest.raises(ValueError, match="silences"):
        widened(model, 0.0)
