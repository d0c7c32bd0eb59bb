"""A tap sees every named activation, edits it, and where there is none nothing is different."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from minigpt_tui.config import ModelConfig
from minigpt_tui.model.build import build_model
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.model.tap import Tap

B, T, D, H, L, V = 3, 7, 16, 2, 2, 11
LAYOUTS = ["gpt2", "qwen3"]


def noisy(layout: str, head: str = "untied", **changes: int) -> LanguageModel:
    """A model in which every weight matters: nothing is zero or one."""
    shape = ModelConfig(
        layout=layout, head=head, d_model=D, n_heads=H, n_layers=L, d_ff=24, max_seq_len=8
    )
    model = build_model(dataclasses.replace(shape, **changes), V)
    generator = torch.Generator().manual_seed(5)
    model.init_weights(generator)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def ids(batch: int = B, length: int = T) -> Tensor:
    return torch.randint(V, (batch, length), generator=torch.Generator().manual_seed(1))


def read(model: LanguageModel, tokens: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Every activation by its name, and the logits."""
    seen: dict[str, Tensor] = {}

    def tap(name: str, x: Tensor) -> None:
        assert name not in seen, f"{name} is shown once"
        seen[name] = x

    with torch.inference_mode():
        return seen, model(tokens, tap)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_names_are_those_of_transformer_lens_in_the_order_of_the_data(layout):
    seen, _ = read(noisy(layout), ids())
    stream, head = (B, T, D), (B, T, H, D // H)
    expected = {"hook_embed": stream}
    if layout == "gpt2":
        expected["hook_pos_embed"] = stream
    for layer in range(L):
        block = f"blocks.{layer}."
        expected[block + "hook_resid_pre"] = stream
        expected |= {f"{block}attn.hook_{name}": head for name in "qkv"}
        expected[block + "attn.hook_pattern"] = (B, H, T, T)
        expected[block + "attn.hook_z"] = head
        for name in ("attn_out", "resid_mid", "mlp_out", "resid_post"):
            expected[f"{block}hook_{name}"] = stream
    expected["ln_final.hook_normalized"] = stream
    assert [(name, tuple(x.shape)) for name, x in seen.items()] == list(expected.items())


@pytest.mark.parametrize("head", ["untied", "tied"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_reading_changes_no_logit(layout, head):
    model = noisy(layout, head)
    _, logits = read(model, ids())
    with torch.inference_mode():
        assert torch.allclose(logits, model(ids()), atol=1e-5, rtol=0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_stream_is_the_sum_of_what_was_added_to_it(layout):
    model = noisy(layout)
    seen, logits = read(model, ids())
    stream = seen["hook_embed"] + seen.get("hook_pos_embed", 0)
    for layer in range(L):
        block = f"blocks.{layer}.hook_"
        assert torch.equal(stream, seen[block + "resid_pre"])
        stream = stream + seen[block + "attn_out"]
        assert torch.equal(stream, seen[block + "resid_mid"])
        stream = stream + seen[block + "mlp_out"]
        assert torch.equal(stream, seen[block + "resid_post"])
    with torch.inference_mode():
        assert torch.equal(model.unembed(seen["ln_final.hook_normalized"]), logits)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pattern_is_causal_its_rows_sum_to_one_and_it_mixes_the_values(layout):
    seen, _ = read(noisy(layout), ids())
    for layer in range(L):
        attn = f"blocks.{layer}.attn.hook_"
        pattern, v = seen[attn + "pattern"], seen[attn + "v"].transpose(1, 2)
        assert torch.allclose(pattern.sum(-1), torch.ones(B, H, T), atol=1e-6)
        assert not pattern.triu(1).any()
        assert torch.allclose((pattern @ v).transpose(1, 2), seen[attn + "z"], atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_tap_returns_takes_the_place_of_every_activation(layout):
    model = noisy(layout)
    seen, logits = read(model, ids())

    def flipping(edited: str) -> Tap:
        return lambda name, x: x.flip(-1) if name == edited else None

    with torch.inference_mode():
        for name in seen:
            assert not torch.allclose(model(ids(), flipping(name)), logits, atol=1e-3), name


def test_queries_of_the_modern_layout_are_shown_before_their_norm_takes_the_length_out():
    model = noisy("qwen3")
    _, logits = read(model, ids())
    with torch.inference_mode():
        scaled = model(
            ids(), lambda name, x: 2 * x if name.endswith(("hook_q", "hook_k")) else None
        )
        turned = model(ids(), lambda name, x: x.flip(-1) if name.endswith("hook_q") else None)
    assert torch.allclose(scaled, logits, atol=1e-4)
    assert not torch.allclose(turned, logits, atol=1e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_edit_at_one_position_leaves_those_before_it(layout):
    model = noisy(layout)
    _, logits = read(model, ids())

    def zero_from(name: str, x: Tensor) -> Tensor | None:
        if name != "blocks.0.hook_resid_mid":
            return None
        return torch.cat((x[:, :4], torch.zeros_like(x[:, 4:])), dim=1)

    with torch.inference_mode():
        edited = model(ids(), zero_from)
    assert torch.allclose(edited[:, :4], logits[:, :4], atol=1e-6)
    assert not torch.allclose(edited[:, 4:], logits[:, 4:], atol=1e-2)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_edit_out_of_shape_is_a_bug(layout):
    with pytest.raises(AssertionError, match="hook_embed"):
        noisy(layout)(ids(), lambda name, x: x[:1] if name == "hook_embed" else None)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradients_flow_through_a_tap(layout):
    model = noisy(layout)
    model(ids()).square().mean().backward()
    plain = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    model(ids(), lambda name, x: None).square().mean().backward()
    for own, parameter in zip(plain, model.parameters(), strict=True):
        assert torch.allclose(own, parameter.grad, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_without_a_tap_the_whole_model_is_one_graph_for_the_compiler(layout):
    model = noisy(layout)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    with torch.no_grad():
        assert torch.allclose(compiled(ids()), model(ids()), atol=1e-5)


@pytest.mark.peer
@pytest.mark.parametrize("head", ["untied", "tied"])
def test_a_gpt2_of_hugging_face_has_the_same_logits_streams_and_patterns(head):
    pytest.importorskip("transformers")
    from tests.interop.models import as_hugging_face

    model = noisy("gpt2", head)
    theirs = as_hugging_face(model, attn_implementation="eager")
    seen, logits = read(model, ids())
    with torch.inference_mode():
        out = theirs(input_ids=ids(), output_hidden_states=True, output_attentions=True)
    assert torch.allclose(out.logits, logits, atol=1e-4)
    for layer in range(L):
        block = f"blocks.{layer}."
        assert torch.allclose(out.hidden_states[layer], seen[block + "hook_resid_pre"], atol=1e-4)
        assert torch.allclose(out.attentions[layer], seen[block + "attn.hook_pattern"], atol=1e-4)
    assert torch.allclose(out.hidden_states[L], seen["ln_final.hook_normalized"], atol=1e-4)
