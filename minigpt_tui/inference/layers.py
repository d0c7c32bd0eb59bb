"""Both layouts of the transformer in numpy, for a few rows that see what a cache already holds.

A row is a token at its position. Rows that go through together may follow one another (a prompt),
lie side by side (branches after one context), or be a single one (a step of generation): a mask
says which earlier rows each may see. A single row of a small model takes numpy two thirds of the
time that torch takes, for a call costs torch more; and torch's threads are left to the training.

The weights are views of the module's memory (`x @ weight.T` is as fast as with a copy turned
round), so that nothing is kept twice.

Shapes: R rows, S slots of the cache, D = d_model, H heads of d_head = D / H each, V tokens.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from minigpt_tui.model.fused import NORM_EPSILON
from minigpt_tui.model.gpt2 import GPT
from minigpt_tui.model.qwen3 import Qwen3

LAYER_NORM_EPSILON = 1e-5
GELU_SLOPE, GELU_CUBE = math.sqrt(2 / math.pi), 0.044715
FEWEST_SLOTS = 64

Floats = npt.NDArray[np.float32]


class Linear(NamedTuple):
    """x W + b."""

    weight: Floats  # [in, out]
    bias: Floats | None


class Norm(NamedTuple):
    """LayerNorm, or RMSNorm where there is no bias."""

    weight: Floats
    bias: Floats | None


@dataclass(frozen=True)
class Block:
    """One layer's weights."""

    norm_1: Norm
    qkv: Linear
    qk_norm: Norm | None  # [2, 1, d_head]: of queries and of keys
    out: Linear
    norm_2: Norm
    up: Linear  # gate and up side by side in the modern layout
    down: Linear


@dataclass(frozen=True)
class Weights:
    """A whole model, as the functions below read it."""

    token_embedding: Floats  # [V, D]
    position_embedding: Floats | None  # [max_seq_len, D], learned positions
    rotation: tuple[Floats, ...]  # cosines and signed sines [max_seq_len, d_head], or nothing
    blocks: tuple[Block, ...]
    final_norm: Norm
    head: Floats  # [V, D]
    n_heads: int
    window: int  # max_seq_len


class Cache:
    """What rows leave behind for later ones: keys and values of every layer, and their last state.

    `used` counts the slots that hold a row; there are as many more as were needed at the most.
    """

    def __init__(self, weights: Weights) -> None:
        width = weights.token_embedding.shape[1]
        heads = (len(weights.blocks), weights.n_heads, 0, width // weights.n_heads)
        self.keys: Floats = np.empty(heads, np.float32)  # [n_layers, H, S, d_head]
        self.values: Floats = np.empty(heads, np.float32)
        self.states: Floats = np.empty((0, width), np.float32)  # [S, D], after the final norm
        self.used = 0

    @property
    def bytes(self) -> int:
        return self.keys.nbytes + self.values.nbytes + self.states.nbytes

    def reserve(self, slots: int) -> None:
        """Makes room for so many slots in all, and for some more when it has to make any."""
        if slots > len(self.states):
            slots = max(slots, 2 * len(self.states), FEWEST_SLOTS)
            self.keys = _enlarged(self.keys, 2, slots, self.used)
            self.values = _enlarged(self.values, 2, slots, self.used)
            self.states = _enlarged(self.states, 0, slots, self.used)

    def copy(self) -> Cache:
        """A cache of its own with the same rows."""
        new = copy.copy(self)
        new.keys = self.keys[:, :, : self.used].copy()
        new.values = self.values[:, :, : self.used].copy()
        new.states = self.states[: self.used].copy()
        return new


def read_rows(
    weights: Weights,
    cache: Cache,
    ids: int | Sequence[int],
    positions: int | Sequence[int],
    mask: Floats | None = None,
) -> None:
    """Sends R rows, or a single one, through the model and appends them to the cache.

    `mask` [R, S] is 0 where a row sees a slot and −∞ where it does not; the S slots are those in
    use and the R new ones. None shows every slot to every row.
    """
    # [R, D]. Of a single row [D], and then the embedding itself: x is never changed in place.
    x: Floats = weights.token_embedding[ids]
    start, stop = cache.used, cache.used + x.size // x.shape[-1]
    cache.reserve(stop)

    def attend(layer: int, qkv: Floats) -> Floats:
        keys, values = cache.keys[layer], cache.values[layer]
        q, keys[:, start:stop], values[:, start:stop] = qkv.transpose(1, 2, 0, 3)
        return _attention(q, keys[:, :stop], values[:, :stop], mask).swapaxes(0, 1)

    cache.states[start:stop] = _last_states(weights, x, positions, attend)
    cache.used = stop


def read_side_by_side(
    weights: Weights, caches: Sequence[Cache], ids: Sequence[int], positions: Sequence[int]
) -> None:
    """Sends R rows through the model, each the next one of a cache of its own.

    What every row costs by itself is its attention; the products are shared.
    """
    slots = [cache.used for cache in caches]
    for cache, slot in zip(caches, slots, strict=True):
        cache.reserve(slot + 1)

    def attend(layer: int, qkv: Floats) -> Floats:
        z: Floats = np.empty((len(caches), *qkv.shape[2:]), np.float32)  # [R, H, d_head]
        for row, (cache, slot) in enumerate(zip(caches, slots, strict=True)):
            keys, values = cache.keys[layer], cache.values[layer]
            q, keys[:, slot], values[:, slot] = qkv[row]
            z[row] = _attention(q[:, None], keys[:, : slot + 1], values[:, : slot + 1], None)[:, 0]
        return z

    x: Floats = weights.token_embedding[list(ids)]
    states = _last_states(weights, x, list(positions), attend)
    for cache, slot, state in zip(caches, slots, states, strict=True):
        cache.states[slot] = state
        cache.used = slot + 1


def _last_states(
    weights: Weights,
    x: Floats,
    positions: int | Sequence[int],
    attend: Callable[[int, Floats], Floats],
) -> Floats:
    """Embeddings [R, D], or [D] of a single row, through all layers and the final norm.

    `attend(layer, qkv)` keeps the keys and values in qkv [R, 3, H, d_head] and returns the heads'
    outputs [R, H, d_head].
    """
    if weights.position_embedding is not None:
        x = x + weights.position_embedding[positions]
    cos_sin = [table[positions].reshape(-1, 1, 1, table.shape[1]) for table in weights.rotation]
    with np.errstate(over="ignore", invalid="ignore"):  # of a model that diverged; see its logits
        for layer, block in enumerate(weights.blocks):
            qkv: Floats = _linear(_normalised(x, block.norm_1), block.qkv)
            qkv = qkv.reshape(x.size // x.shape[-1], 3, weights.n_heads, -1)
            if block.qk_norm is not None:
                qkv[:, :2] = _rotated(_normalised(qkv[:, :2], block.qk_norm), *cos_sin)
            x = x + _linear(attend(layer, qkv).reshape(x.shape), block.out)
            up = _linear(_normalised(x, block.norm_2), block.up)
            x = x + _linear(_swiglu(up) if block.up.bias is None else _gelu(up), block.down)
        return _normalised(x, weights.final_norm)


def _enlarged(array: Floats, axis: int, slots: int, used: int) -> Floats:
    """A copy with so many slots along an axis, of which those in use are filled."""
    shape = (*array.shape[:axis], slots, *array.shape[axis + 1 :])
    larger: Floats = np.empty(shape, np.float32)
    kept = (slice(None),) * axis + (slice(used),)
    larger[kept] = array[kept]
    return larger


def causal_mask(rows: int, used: int) -> Floats:
    """For rows that follow one another and all that is in a cache; [R, used + R]."""
    return np.triu(np.full((rows, used + rows), -np.inf, np.float32), used + 1)


def _linear(x: Floats, layer: Linear) -> Floats:
    y: Floats = x @ layer.weight
    if layer.bias is not None:
        y += layer.bias
    return y


def _normalised(x: Floats, norm: Norm) -> Floats:
    """(x − mean) / √(variance + ε) · w + b, and without a bias x / √(mean(x²) + ε) · w."""
    width = x.shape[-1]
    epsilon = NORM_EPSILON if norm.bias is None else LAYER_NORM_EPSILON
    if x.ndim == 1:  # a scalar in place of an array of one number takes a third of the time
        if norm.bias is not None:
            x = x - np.add.reduce(x) / width
        y: Floats = x * norm.weight
        y *= 1 / math.sqrt(x.dot(x) / width + epsilon)
    else:
        if norm.bias is not None:
            x = x - np.add.reduce(x, axis=-1, keepdims=True) / width
        mean_square: Floats = np.einsum("...d,...d->...", x, x) / width
        y = x / np.sqrt(mean_square + epsilon)[..., None]
        y *= norm.weight
    if norm.bias is not None:
        y += norm.bias
    return y


def _rotated(x: Floats, cos: Floats, sin: Floats) -> Floats:
    """Each pair (x_i, x_{i + d_head/2}) turned by its position's angle (see `fused.rotate`)."""
    half = x.shape[-1] // 2
    turned: Floats = x * cos
    turned[..., :half] += x[..., half:] * sin[..., :half]
    turned[..., half:] += x[..., :half] * sin[..., half:]
    return turned


def _attention(q: Floats, k: Floats, v: Floats, mask: Floats | None) -> Floats:
    """softmax(q kᵀ / √d_head + mask) v; q [H, R, d_head], k and v [H, S, d_head]."""
    scores: Floats = q @ k.swapaxes(1, 2)  # [H, R, S]
    scores *= 1 / math.sqrt(q.shape[-1])
    if mask is not None:
        scores += mask
    scores -= np.maximum.reduce(scores, axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    z: Floats = scores @ v
    z /= np.add.reduce(scores, axis=-1, keepdims=True)
    return z


def _gelu(x: Floats) -> Floats:
    """x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), as in GPT-2."""
    y: Floats = x * x
    y *= GELU_SLOPE * GELU_CUBE
    y += GELU_SLOPE
    y *= x
    np.tanh(y, out=y)
    y += 1
    y *= x
    y *= 0.5
    return y


def _swiglu(gate_up: Floats) -> Floats:
    """silu(gate) · up, where silu(g) = g · σ(g) = g/2 · (1 + tanh(g/2)) never overflows."""
    width = gate_up.shape[-1] // 2
    halved: Floats = gate_up[..., :width] * 0.5
    y: Floats = np.tanh(halved)
    y += 1
    y *= halved
    y *= gate_up[..., width:]
    return y


def weights_of(model: GPT | Qwen3) -> Weights:
    """The weights of a float32 model on the CPU."""
    arrays = {name: _array(tensor) for name, tensor in model.named_parameters()}

    def linear(name: str) -> Linear:
        return Linear(arrays[f"{name}.weight"].T, arrays.get(f"{name}.bias"))

    def norm(name: str) -> Norm:
        return Norm(arrays[f"{name}.weight"], arrays.get(f"{name}.bias"))

    def block(name: str) -> Block:
        modern = isinstance(model, Qwen3)
        qk_norms = [arrays[f"{name}.attention.{which}_norm.weight"] for which in "qk" if modern]
        return Block(
            norm_1=norm(f"{name}.norm_1"),
            qkv=linear(f"{name}.attention.qkv"),
            qk_norm=Norm(np.stack(qk_norms)[:, None], None) if modern else None,
            out=linear(f"{name}.attention.out"),
            norm_2=norm(f"{name}.norm_2"),
            up=linear(f"{name}.feed_forward.{'gate_up' if modern else 'up'}"),
            down=linear(f"{name}.feed_forward.down"),
        )

    embedding = arrays["token_embedding.weight"]
    return Weights(
        token_embedding=embedding,
        position_embedding=arrays.get("position_embedding.weight"),
        rotation=(_array(model.cos), _array(model.sin)) if isinstance(model, Qwen3) else (),
        blocks=tuple(block(f"blocks.{layer}") for layer in range(model.config.n_layers)),
        final_norm=norm("final_norm"),
        head=arrays.get("head.weight", embedding),
        n_heads=model.config.n_heads,
        window=model.config.max_seq_len,
    )


def _array(tensor: Tensor) -> Floats:
    array: Floats = tensor.detach().numpy()
    return array
