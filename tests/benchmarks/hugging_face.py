"""Our weights in Hugging Face's models, to be measured beside ours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.tokenizers import EOT_ID
from tests.interop.models import as_hugging_face


def generates(model: LanguageModel, tokens: int) -> Callable[[], object]:
    """Their `generate` of so many tokens after <EOT>. Raises ImportError without transformers."""
    theirs = as_hugging_face(model)
    ids = torch.arange(EOT_ID, 12)[None]
    with torch.inference_mode():
        np.testing.assert_allclose(theirs(input_ids=ids).logits, model(ids), atol=1e-3, rtol=1e-3)
    prompt = torch.tensor([[EOT_ID]])

    def generate() -> None:
        made = theirs.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=tokens,
            do_sample=True,
            top_k=0,
            eos_token_id=None,
            pad_token_id=EOT_ID,
            use_cache=True,
        )
        assert made.shape[1] == tokens + 1

    return generate
