"""Weights under Hugging Face's names: the same numbers there and back, and nothing else taken."""

from __future__ import annotations

import json

import pytest
import torch

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.interop.hugging_face_config import (
    OWN,
    config_document,
    config_from_document,
    kv_heads,
)
from minigpt_tui.interop.hugging_face_weights import from_hugging_face, to_hugging_face
from tests.interop.models import EVERY, checkpoint, noisy, shape

V = 11


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_weights_come_back_bit_for_bit(layout, head):
    config = shape(layout, head)
    own = noisy(config, V).state_dict()
    theirs = to_hugging_face(own, config)
    assert ("lm_head.weight" in theirs) == (head == "untied")
    again = from_hugging_face(theirs, config, V)
    assert again.keys() == own.keys()
    assert all(torch.equal(again[name], own[name]) for name in own)


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_no_two_tensors_share_memory(layout, head):
    weights = to_hugging_face(noisy(shape(layout, head), V).state_dict(), shape(layout, head))
    assert len({w.untyped_storage().data_ptr() for w in weights.values()}) == len(weights)


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_the_shape_comes_back_from_config_json(layout, head):
    config = RunConfig(model=shape(layout, head))
    document = json.loads(json.dumps(config_document(config, V, {})))
    again, vocab_size = config_from_document(document)
    assert (again.model.layout, again.model.head, vocab_size) == (layout, head, V)
    assert (again.model.d_model, again.model.n_heads, again.model.d_ff) == (16, 2, 24)


def test_all_settings_come_back_where_they_are_given():
    config = from_dict(checkpoint("qwen3").config)
    own = {"config": checkpoint("qwen3").config}
    again, _ = config_from_document(config_document(config, V, own))
    assert again == config


def test_a_gpt2_may_leave_its_feed_forward_width_open():
    document = config_document(RunConfig(model=shape("gpt2")), V, {}) | {"n_inner": None}
    assert config_from_document(document)[0].model.d_ff == 4 * 16


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"model_type": "llama"}, "only gpt2 and qwen3"),
        ({"model_type": "\x1b]0;x"}, "␛"),
        ({"vocab_size": 10**12}, "vocab_size"),
        ({"vocab_size": True}, "vocab_size"),
        ({"n_embd": -1}, "n_embd"),
        ({"n_embd": 10**6}, "d_model must be"),
        ({"n_head": 3}, "multiple of n_heads"),
        ({"n_layer": "two"}, "n_layer"),
        ({"n_inner": 10**12}, "n_inner"),
        ({"activation_function": "relu"}, "activation_function = relu"),
        ({"activation_function": ["relu"]}, "activation_function"),
        ({"layer_norm_epsilon": 1e-6}, "layer_norm_epsilon"),
        ({"scale_attn_by_inverse_layer_idx": True}, "inverse_layer_idx"),
        ({OWN: {"config": {"model": {"d_model": "wide"}}}}, "settings that are wrong"),
        ({OWN: {"config": [1]}}, "settings that are wrong"),
    ],
)
def test_a_gpt2_that_is_none_of_ours_is_refused(change, fault):
    document = config_document(RunConfig(model=shape("gpt2")), V, {}) | change
    with pytest.raises(ValueError, match=fault):
        config_from_document(document)


@pytest.mark.parametrize(
    "change",
    [
        {"head_dim": 128},
        {"rope_theta": 1e6},
        {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}},
        {"rope_parameters": 7},
        {"attention_bias": True},
        {"rms_norm_eps": 1e-5},
    ],
)
def test_a_qwen3_that_computes_otherwise_is_refused(change):
    document = config_document(RunConfig(model=shape("qwen3")), V, {}) | change
    with pytest.raises(ValueError, match=r"computes|turns|sensible"):
        config_from_document(document)


def test_heads_that_cannot_share_keys_and_values_evenly_are_refused():
    config = shape("qwen3")
    assert kv_heads({"num_key_value_heads": 1}, config) == 1
    with pytest.raises(ValueError, match="cannot share evenly"):
        kv_heads({"num_key_value_heads": config.n_heads + 1}, config)


def test_wrong_weights_are_refused_by_name():
    config = shape("gpt2")
    theirs = to_hugging_face(noisy(config, V).state_dict(), config)
    name = "transformer.h.1.mlp.c_fc.weight"
    for changed, fault in (
        ({n: w for n, w in theirs.items() if n != name}, f"no weight {name}"),
        ({**theirs, name: theirs[name].T}, "shape"),
        ({**theirs, name: theirs[name].to(torch.int8)}, "not as numbers"),
        ({**theirs, name: theirs[name] / 0.0}, "not finite"),
        ({**theirs, "transformer.h.2.ln_1.weight": torch.ones(16)}, "does not have"),
        ({**theirs, "lm_head.weight": torch.ones(10**4, 16)}, "shape"),
    ):
        with pytest.raises(ValueError, match=fault):
            from_hugging_face(changed, config, V)


def test_names_without_the_prefix_and_masks_of_old_files_are_understood():
    config = shape("gpt2", "tied")
    own = noisy(config, V).state_dict()
    theirs = {n.removeprefix("transformer."): w for n, w in to_hugging_face(own, config).items()}
    theirs["h.0.attn.bias"] = torch.ones(1, 1, 16, 16)
    theirs["lm_head.weight"] = own["token_embedding.weight"]
    again = from_hugging_face(theirs, config, V)
    assert all(torch.equal(again[name], own[name]) for name in own)


@pytest.mark.peer
@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_hugging_faces_model_computes_the_same(layout, head):
    pytest.importorskip("transformers")
    from tests.interop.models import as_hugging_face

    model = noisy(shape(layout, head), V)
    ids = torch.randint(V, (3, 16), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        theirs = as_hugging_face(model)(input_ids=ids).logits
        assert (theirs - model(ids)).norm() < 1e-5 * theirs.norm()
