"""GGUF: what llama.cpp makes of an exported model, and what cannot be exported."""

from __future__ import annotations

import sys

import pytest
import torch

from minigpt_tui.interop.gguf_file import gguf_tensors, save_gguf
from minigpt_tui.text.tokenizers import EOT_ID
from tests.interop.models import EVERY, service


@pytest.mark.parametrize(("level", "words"), [("char", "characters"), ("word", "words")])
def test_only_bpe_has_a_place_there(level, words, tmp_path):
    with pytest.raises(ValueError, match=f"no tokenizer for {words}.*--level bpe.*--to hf"):
        save_gguf(service(tmp_path, "gpt2", level), "m", tmp_path / "m.gguf")
    assert not (tmp_path / "m.gguf").exists()


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(ValueError, match=r'gguf.*pip install "minigpt-tui\[gguf\]"'):
        save_gguf(service(tmp_path, "gpt2", "bpe"), "m", tmp_path / "m.gguf")


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_every_weight_is_there_once(layout, head, tmp_path):
    own = service(tmp_path, layout, "bpe", head)
    tensors = gguf_tensors(own)
    assert sum(t.size for t in tensors.values()) == sum(p.numel() for p in own.model.parameters())
    assert ("output.weight" in tensors) == (head == "untied")


@pytest.mark.peer
@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_ggufs_own_reader_finds_what_was_written(layout, head, tmp_path):
    gguf = pytest.importorskip("gguf")
    own = service(tmp_path, layout, "bpe", head)
    save_gguf(own, "a model", tmp_path / "m.gguf")
    reader = gguf.GGUFReader(tmp_path / "m.gguf")
    read = {name: field.contents() for name, field in reader.fields.items()}
    assert read["general.architecture"] == layout
    assert read["general.name"] == "a model"
    assert read[f"{layout}.block_count"] == 2
    assert read[f"{layout}.context_length"] == 16
    assert read["tokenizer.ggml.model"] == "gpt2"
    assert len(read["tokenizer.ggml.tokens"]) == own.vocab_size
    assert {tensor.tensor_type.name for tensor in reader.tensors} == {"F32"}
    with pytest.raises(ValueError, match="already"):
        save_gguf(own, "a model", tmp_path / "m.gguf")


@pytest.mark.peer
@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_llama_cpp_writes_the_same_text(layout, head, tmp_path):
    llama = pytest.importorskip("xllamacpp")
    own = service(tmp_path, layout, "bpe", head)
    save_gguf(own, "model", tmp_path / "m.gguf")
    parameters = llama.CommonParams()
    parameters.model.path = str(tmp_path / "m.gguf")
    parameters.n_ctx, parameters.n_gpu_layers, parameters.warmup = 16, 0, False
    parameters.n_parallel, parameters.cpuparams.n_threads, parameters.verbosity = 1, 1, 0
    server = llama.Server(parameters)
    # It reports no token that ends inside a character, so none may be drawn.
    plain = [own.tokenizer.token_bytes(i).isascii() for i in range(own.vocab_size)]
    drawn = torch.tensor(plain) & (torch.arange(own.vocab_size) > EOT_ID)
    for prompt in ("I eat", "We eat bread", "don't\n", "ü\n\n 12"):
        ids = own.tokenize(prompt, add_special_tokens=False)
        count = 16 - len(ids) - 1
        asked = {
            "prompt": prompt,
            "max_tokens": count,
            "temperature": 0.0,
            "n_probs": 3,
            "logit_bias": [[i, False] for i in (~drawn).nonzero().flatten().tolist()],
            "cache_prompt": False,
        }
        answer = server.handle_completions(asked)
        assert answer["usage"]["prompt_tokens"] == len(ids)
        written = answer["choices"][0]["logprobs"]["content"]
        assert len(written) == count
        for token in written:
            with torch.no_grad():
                logprobs = own.model(torch.tensor([ids]))[0, -1].log_softmax(-1)
            best = int(logprobs.where(drawn, -torch.inf).argmax())
            assert token["id"] == best
            assert token["logprob"] == pytest.approx(float(logprobs[best]), abs=5e-3)
            ids.append(best)
        text = own.tokenizer.decode(ids[-count:])
        assert answer["choices"][0]["text"] == text
