"""A ckpt.pt of nanoGPT: the same probabilities but for the GELU, and nothing of it is trusted."""

from __future__ import annotations

import json
import pickle
import re
import sys

import pytest
import torch

from minigpt_tui.config_files import from_dict
from minigpt_tui.inference.service import model_in
from minigpt_tui.interop.nanogpt import use_exact_gelu
from minigpt_tui.interop.reading import read_model
from minigpt_tui.text.tokenizers import tokenizer_from_json
from tests.interop import nanogpt_reference as nanogpt
from tests.interop.models import TEXT, checkpoint_file, gpt2_tokenizer

CHARACTERS = sorted(set(TEXT))
V = len(CHARACTERS)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "input.txt"
    path.write_text(TEXT, encoding="utf-8")
    return [str(path)]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("prefix", ["", "_orig_mod."])
def test_it_says_of_every_text_what_nanogpt_says(bias, prefix, text, tmp_path, data):
    weights = nanogpt.write(tmp_path / "ckpt.pt", V, bias=bias, prefix=prefix)
    imported = read_model(tmp_path / "ckpt.pt", text, data).checkpoint
    config = from_dict(imported.config)
    tokenizer = tokenizer_from_json(imported.tokenizer_json)
    passage = TEXT[5:21]
    theirs = torch.tensor([[CHARACTERS.index(c) for c in passage]])
    ours = torch.from_numpy(tokenizer.encode(passage)).long()[None]
    assert torch.equal(ours, theirs + 2)
    model = model_in(imported, config).eval()
    with torch.inference_mode():
        tanh = nanogpt.logits(weights, theirs, "tanh").softmax(-1)
        got = model(ours).softmax(-1)
        assert torch.allclose(got[..., 2:], tanh, atol=1e-6)
        assert float(got[..., :2].max()) < 1e-8
        use_exact_gelu(model)
        exact = nanogpt.logits(weights, theirs).softmax(-1)
        assert torch.allclose(model(ours).softmax(-1)[..., 2:], exact, atol=1e-6)


def test_the_difference_of_the_gelu_is_measured_and_said(text, tmp_path, data):
    weights = nanogpt.write(tmp_path / "ckpt.pt", V)
    notes = " ".join(read_model(tmp_path / "ckpt.pt", text, data).notes)
    said = re.search(r"exact GELU.*differs by ([\d.e-]+) at most.*loss.* by ([+-][\d.e-]+)", notes)
    assert said is not None, notes
    ids = torch.tensor([[CHARACTERS.index(c) for c in TEXT[: 8 * 16]]]).view(8, 16)
    tanh, exact = (nanogpt.logits(weights, ids, how) for how in ("tanh", "none"))
    assert float(said[1]) == pytest.approx(float((tanh - exact).abs().max()), rel=0.1)


def test_its_figures_and_its_text_go_along(text, tmp_path, data):
    nanogpt.write(tmp_path / "ckpt.pt", V)
    imported = read_model(tmp_path / "ckpt.pt", text, data).checkpoint
    assert imported.metrics["step"] == 2000
    assert imported.metrics["val_loss"] == pytest.approx(1.47)
    config = from_dict(imported.config)
    assert (config.data.level, config.data.corpus) == ("char", tuple(text))
    assert (config.model.layout, config.model.d_ff, config.model.dropout) == ("gpt2", 64, 0.1)


def test_tokens_of_gpt2_are_read_from_a_tokenizer_json(tmp_path, data):
    document = gpt2_tokenizer()
    known = len(document["model"]["vocab"]) - 1  # but for <|endoftext|>
    (tmp_path / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    weights = nanogpt.write(tmp_path / "ckpt.pt", known + 1 + 5)  # padded, as nanoGPT does
    imported = read_model(tmp_path / "ckpt.pt", [str(tmp_path / "tokenizer.json")], data)
    tokenizer = tokenizer_from_json(imported.checkpoint.tokenizer_json)
    ids = torch.from_numpy(tokenizer.encode(TEXT[:60])).long()[None, :16]
    model = model_in(imported.checkpoint, from_dict(imported.checkpoint.config)).eval()
    with torch.inference_mode():
        theirs = nanogpt.logits(weights, ids - 2, "tanh")
        assert torch.allclose(model(ids)[..., 2:], theirs[..., :known], atol=2e-5)
    assert "on random tokens" in imported.notes[-1]
    assert "5 rows" in imported.notes[1]


def test_without_a_vocabulary_it_says_what_to_give(tmp_path, data):
    nanogpt.write(tmp_path / "ckpt.pt", V)
    with pytest.raises(ValueError, match=r"--vocabulary input\.txt"):
        read_model(tmp_path / "ckpt.pt", [], data)


def test_a_text_of_other_characters_is_refused(tmp_path, data):
    nanogpt.write(tmp_path / "ckpt.pt", V)
    (tmp_path / "other.txt").write_text("abc", encoding="utf-8")
    with pytest.raises(ValueError, match=f"{V} tokens, but the text has 3 different"):
        read_model(tmp_path / "ckpt.pt", [str(tmp_path / "other.txt")], data)


def with_weight(change):
    weights = nanogpt.weights(V, bias=True)
    return {"model": {**weights, NORM: change(weights[NORM])}}


NORM = "transformer.ln_f.weight"


class Harmful:
    def __reduce__(self):
        return print, ("this must not be run",)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"config": Harmful()}, "torch refuses"),
        ({"model_args": None}, "no model and model_args"),
        ({"model": [1]}, "no model and model_args"),
        ({"model_args": {"n_layer": 2}}, "no sensible"),
        ({"model_args": nanogpt.model_args(V, True) | {"n_embd": 10**9}}, "no sensible n_embd"),
        ({"model_args": nanogpt.model_args(V, True) | {"n_embd": 10**6}}, "d_model must be"),
        ({"model_args": nanogpt.model_args(V, True) | {"n_head": 3}}, "multiple of n_heads"),
        ({"model_args": nanogpt.model_args(V + 1, True)}, "shape"),
        ({"model_args": nanogpt.model_args(V, True) | {"n_layer": 1}}, "does not have"),
        ({"model": {"transformer.wte.weight": torch.ones(1).expand(V, 16)}}, "densely"),
        ({"model": {3: torch.ones(1)}}, "no weight"),
        ({"model": {"transformer.wte.weight": "text"}}, "no weight"),
        ({"model_args": nanogpt.model_args(V, True) | {"dropout": 10**400}}, "sensible dropout"),
        ({"best_val_loss": torch.tensor(1 + 2j)}, "a kind that no checkpoint has"),
        (with_weight(lambda w: torch.nested.nested_tensor([w, w])), "a kind that no checkpoint"),
        (with_weight(lambda w: w.byte().view(torch.float4_e2m1fn_x2)), "a kind that no checkpoint"),
        (with_weight(lambda w: 0 * w + 3e38), "logits are not finite"),
        (with_weight(lambda w: w * 0), "a final norm so small"),
    ],
)
def test_what_is_no_checkpoint_of_nanogpt_is_refused(changes, fault, text, tmp_path, data):
    nanogpt.write(tmp_path / "ckpt.pt", V, **changes)
    with pytest.raises(ValueError, match=fault):
        read_model(tmp_path / "ckpt.pt", text, data)


@pytest.mark.skipif(sys.platform != "linux", reason="counts kilobytes as Linux does")
def test_a_size_that_is_only_claimed_takes_no_memory(text, tmp_path, data):
    import resource

    arguments = nanogpt.model_args(V, True) | {"n_embd": 65_536, "n_layer": 1000}
    nanogpt.write(tmp_path / "ckpt.pt", V, model_args=arguments)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="with the shape"):
        read_model(tmp_path / "ckpt.pt", text, data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_a_bare_pickle_and_our_own_checkpoint_are_refused(text, tmp_path, data):
    (tmp_path / "meta.pt").write_bytes(pickle.dumps({"stoi": {}}))
    with pytest.raises(ValueError, match="no such archive"):
        read_model(tmp_path / "meta.pt", text, data)
    with pytest.raises(ValueError, match="predict --checkpoint"):
        read_model(checkpoint_file(tmp_path), text, data)
