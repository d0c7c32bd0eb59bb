"""Attention is the same function whichever way it is computed, and knows nothing of the future."""

from __future__ import annotations

import threading

import pytest
import torch
import torch.nn.functional as F

from minigpt_tui.model import attention
from minigpt_tui.model.attention import causal_attention, written_out
from minigpt_tui.planning.memory import LONGEST_WRITTEN_OUT_ATTENTION


def queries_keys_values(shape=(2, 3, 17, 8), dtype=torch.float32) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(shape, generator=generator).to(dtype).requires_grad_(True) for _ in range(3)
    ]


def gradients(attend, inputs) -> list[torch.Tensor]:
    z = attend(*inputs)
    return [
        z,
        *torch.autograd.grad((z * torch.linspace(-1, 1, z.numel()).view_as(z)).sum(), inputs),
    ]


def fused(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


@pytest.mark.parametrize("shape", [(2, 3, 17, 8), (1, 1, 1, 2), (3, 2, 5, 3)])
def test_written_out_it_equals_the_fused_kernel_forwards_and_backwards(shape):
    inputs = queries_keys_values(shape)
    for own, other in zip(gradients(written_out, inputs), gradients(fused, inputs), strict=True):
        assert torch.allclose(own, other, rtol=1e-4, atol=1e-5)


def test_in_bfloat16_it_is_as_exact_as_the_fused_kernel():
    exact = gradients(fused, queries_keys_values())
    rounded = queries_keys_values(dtype=torch.bfloat16)
    for own, kernel, truth in zip(
        gradients(causal_attention, rounded), gradients(fused, rounded), exact, strict=True
    ):
        assert own.dtype == torch.bfloat16
        own_error, kernel_error = (own - truth).norm(), (kernel - truth).norm()
        assert own_error < 1.5 * kernel_error + 1e-3 * truth.norm()


def test_queries_and_keys_that_a_norm_left_in_float32_are_taken_as_the_values_are():
    q, k, v = (part.detach() for part in queries_keys_values(dtype=torch.bfloat16))
    assert torch.equal(causal_attention(q.float(), k.float(), v), causal_attention(q, k, v))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_later_token_changes_nothing_before_it(dtype):
    q, k, v = (part.detach() for part in queries_keys_values(dtype=dtype))
    before = causal_attention(q, k, v)
    k[:, :, 10:] += 1
    v[:, :, 10:] += 1
    after = causal_attention(q, k, v)
    assert torch.equal(before[:, :, :10], after[:, :, :10])
    assert not torch.equal(before[:, :, 10:], after[:, :, 10:])


def test_long_windows_keep_no_matrix_of_position_times_position(monkeypatch):
    monkeypatch.setattr(attention, "written_out", None)
    long = torch.zeros(1, 1, LONGEST_WRITTEN_OUT_ATTENTION + 1, 2, dtype=torch.bfloat16)
    assert causal_attention(long, long, long).shape == long.shape


def test_masks_are_kept_in_bounded_number_and_serve_every_thread():
    def ask(length: int) -> None:
        part = torch.zeros(1, 1, length, 2, dtype=torch.bfloat16)
        with torch.inference_mode():
            causal_attention(part, part, part)

    threads = [threading.Thread(target=ask, args=(1 + i % 40,)) for i in range(80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = attention._future_hidden_once.cache_info()
    assert kept.currsize <= kept.maxsize == 8

    inputs = queries_keys_values((1, 1, 40, 2), torch.bfloat16)
    causal_attention(*inputs).sum().backward()
    assert inputs[0].grad is not None, "a mask made in inference mode serves a training"
