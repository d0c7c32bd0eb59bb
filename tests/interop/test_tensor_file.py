"""One safetensors file: it comes back bit for bit, and whatever else lies there is refused."""

from __future__ import annotations

import json
import struct

import pytest
import torch

from minigpt_tui.interop.reading import read_model
from minigpt_tui.interop.tensor_file import load_model, read_tensors, save_model
from tests.interop.models import EVERY, checkpoint, same_model, service

safetensors = pytest.importorskip("safetensors.torch")


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_a_model_comes_back_bit_for_bit(layout, head, tmp_path):
    save_model(service(tmp_path, layout, "bpe", head), tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert same_model(again, checkpoint(layout, "bpe", head))
    assert again.metrics == checkpoint(layout, "bpe", head).metrics


def test_it_says_nothing_about_the_folders_of_whoever_trained_it(tmp_path):
    save_model(service(tmp_path), tmp_path / "m.safetensors")
    assert b"/home/someone" not in (tmp_path / "m.safetensors").read_bytes()
    config = load_model(tmp_path / "m.safetensors").config
    assert config["data"]["corpus"] == ["diary.txt"]


def test_any_program_reads_the_tensors(tmp_path):
    save_model(service(tmp_path, "qwen3"), tmp_path / "m.safetensors")
    tensors = safetensors.load_file(tmp_path / "m.safetensors")
    own = checkpoint("qwen3").model_state
    assert all(torch.equal(tensors[name], own[name]) for name in own)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "m.safetensors").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="already"):
        save_model(service(tmp_path), tmp_path / "m.safetensors")
    assert (tmp_path / "m.safetensors").read_text(encoding="utf-8") == "mine"


def written(tmp_path, metadata=None, drop="", **tensors):
    """Our file with some of its metadata and tensors changed."""
    path = tmp_path / "m.safetensors"
    save_model(service(tmp_path), path)
    said, weights = read_tensors(path)
    changed = {**weights, **tensors}
    changed.pop(drop, None)
    path.write_bytes(safetensors.save(changed, {**said, **(metadata or {})}))
    return path


@pytest.mark.parametrize(
    ("metadata", "fault"),
    [
        ({"format": "pt"}, "not written by this version"),
        ({"version": "9"}, "not written by this version"),
        ({"tokenizer": "{}"}, "no known level"),
        ({"tokenizer": "[" * 10**5}, "JSON"),
        ({"config": "7"}, "config"),
        ({"config": '{"model": {"d_model": -1}}'}, "d_model"),
        ({"config": '{"model": {"n_layers": 1024}}'}, "does not hold the weights"),
        ({"metrics": "nonsense"}, "metrics"),
        ({"vocab_size": "7"}, "another vocabulary"),
    ],
)
def test_metadata_that_do_not_fit_are_refused(metadata, fault, tmp_path):
    with pytest.raises(ValueError, match=fault):
        load_model(written(tmp_path, metadata))


def test_numbers_of_four_bits_are_refused(tmp_path):
    packed = torch.zeros(4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    safetensors.save_file({"w": packed}, tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="four bits"):
        read_tensors(tmp_path / "m.safetensors")


def test_weights_that_do_not_fit_are_refused(tmp_path):
    name = "head.weight"
    for changes in ({"drop": name}, {name: torch.ones(3, 3)}, {"more": torch.ones(1)}):
        with pytest.raises(ValueError, match="weight"):
            load_model(written(tmp_path, **changes))
        (tmp_path / "m.safetensors").unlink()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 8,
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 10**9),
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 70)
        + json.dumps({"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4]}})
        .encode()[:70]
        .ljust(70)
        + b"\x00" * 4,
    ],
)
def test_what_is_no_safetensors_file_is_refused(raw, tmp_path, data):
    path = tmp_path / "x.safetensors"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"x\.safetensors"):
        read_model(path, [], data)
