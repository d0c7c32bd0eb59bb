"""A Hugging Face folder: what it says, what reads it back, and what is refused in one."""

from __future__ import annotations

import json
import re
import sys

import pytest
import torch

from minigpt_tui.config_files import from_dict
from minigpt_tui.inference.service import GPTService, model_in
from minigpt_tui.interop.hugging_face import export_folder, write_folder
from minigpt_tui.interop.hugging_face_config import config_document
from minigpt_tui.interop.hugging_face_weights import to_hugging_face
from minigpt_tui.interop.model_card import model_card
from minigpt_tui.interop.reading import read_model
from minigpt_tui.interop.sample_text import SampleText, sample_text, windows_of
from minigpt_tui.runs.checkpoint import save_checkpoint
from minigpt_tui.runs.info import BaselineLosses, RunInfo
from minigpt_tui.text.tokenizers import tokenizer_from_json
from tests.interop.models import (
    EVERY,
    TEXT,
    checkpoint,
    gpt2_tokenizer,
    noisy,
    same_model,
    service,
    shape,
)

safetensors = pytest.importorskip("safetensors.torch")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model-hf"
    path.mkdir()
    return path


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_it_comes_back_as_the_same_model(layout, head, level, folder, tmp_path, data):
    write_folder(service(tmp_path, layout, level, head), folder)
    imported = read_model(folder, [], data)
    assert same_model(imported.checkpoint, checkpoint(layout, level, head))
    assert imported.checkpoint.metrics == checkpoint(layout, level, head).metrics
    assert imported.notes == ()


def test_it_names_no_folder_of_whoever_trained_it(folder, tmp_path):
    write_folder(service(tmp_path), folder)
    assert "/home/someone" not in (folder / "config.json").read_text(encoding="utf-8")


def test_the_card_has_the_runs_figures_and_no_markup_from_outside(tmp_path):
    info = RunInfo(
        created=0.0,
        version="1",
        corpus_name="tales_[x](http://y)",
        level="char",
        train_tokens=12_345,
        baselines=BaselineLosses(uniform=4.0, unigram=3.0, five_gram=1.5),
    )
    model = service(tmp_path)
    card = model_card(model, info, "my_run", "my_run-hf", 2.5e-7)
    assert "| validation loss (nats a token) | 1.2500 |" in card
    assert "| for comparison: 5-gram | 1.5000 nats |" in card
    assert "12,345" in card
    assert "2.5e-07" in card
    assert r"tales\_\[x\](http://y)" in card
    assert 'from_pretrained("my_run-hf")' in card
    assert f"{sum(p.numel() for p in model.model.parameters()):,} weights" in card


def test_the_card_of_an_imported_model_claims_no_training(folder, tmp_path, data):
    foreign(folder)
    imported = read_model(folder, [], data).checkpoint
    save_checkpoint(tmp_path / "imported.pt", imported)
    card = model_card(GPTService(tmp_path / "imported.pt"), None, "m", "m-hf", 0.0)
    assert "imported from another program" in card
    assert "learning rate" not in card


def test_without_transformers_the_extra_is_named_and_nothing_is_written(
    tmp_path, monkeypatch, data
):
    monkeypatch.setitem(sys.modules, "transformers", None)
    target = tmp_path / "out"
    with pytest.raises(ValueError, match=r'transformers.*pip install "minigpt-tui\[hf\]"'):
        export_folder(service(tmp_path), None, "m", SampleText(TEXT, "text"), target)
    assert not target.exists()


def test_without_safetensors_the_extra_is_named(tmp_path, monkeypatch, folder, data):
    write_folder(service(tmp_path), folder)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ValueError, match=r"safetensors.*minigpt-tui\[hf\]"):
        read_model(folder, [], data)


def test_the_compared_text_is_the_held_out_one_or_one_that_the_model_writes(tmp_path, data):
    model = service(tmp_path)  # its corpus is gone
    made = sample_text(model, data)
    assert made.source == "a text that the model wrote"
    (data.corpora / "diary.txt").write_text(TEXT, encoding="utf-8")
    plain = {**checkpoint().config}
    plain["data"] = {**plain["data"], "corpus": ["diary"]}
    parts = GPTService.from_parts(model.model, model.tokenizer, from_dict(plain), {})
    assert TEXT.endswith(sample_text(parts, data).text)
    assert windows_of(parts, sample_text(parts, data).text).shape == (8, 16)
    assert windows_of(parts, "I").shape == (1, 2)


# A GPT-2 from elsewhere


def foreign(folder, layout="gpt2", padding=3):
    """A folder as another program leaves it, with a vocabulary padded to a round number."""
    document = gpt2_tokenizer()
    size = len(document["model"]["vocab"]) + padding
    model = noisy(shape(layout, "tied"), size)
    own = from_dict({"model": {}})
    config = config_document(type(own)(model=model.config), size, {})
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    weights = to_hugging_face(model.state_dict(), model.config)
    safetensors.save_file(weights, folder / "model.safetensors")
    return model


def test_a_gpt2_from_elsewhere_says_here_what_it_said_there(folder, data):
    theirs = foreign(folder)
    imported = read_model(folder, [], data)
    tokenizer = tokenizer_from_json(imported.checkpoint.tokenizer_json)
    ids = torch.from_numpy(tokenizer.encode(TEXT[:60]).astype("int64"))[None, :16]
    ours = model_in(imported.checkpoint, from_dict(imported.checkpoint.config)).eval()
    with torch.inference_mode():
        before, after = theirs(ids - 2), ours(ids)
    known = tokenizer.vocab_size - 2
    assert torch.allclose(after[..., 2:], before[..., :known], atol=2e-5)
    eot = theirs.token_embedding.weight[known]
    assert torch.equal(imported.checkpoint.model_state["token_embedding.weight"][1], eot)
    assert "3 rows" in imported.notes[1]
    assert from_dict(imported.checkpoint.config).data.corpus == ("unknown",)


def test_a_qwen3_without_a_token_that_ends_a_text_is_refused(folder, data):
    foreign(folder, "qwen3")
    document = gpt2_tokenizer()
    document["added_tokens"] = []
    (folder / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ValueError, match=r"no token like <\|endoftext\|> that could be <EOT>"):
        read_model(folder, [], data)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"num_key_value_heads": 3}, "2 heads of queries, which 3 heads"),
        ({"num_key_value_heads": 1}, "k_proj.weight with the shape"),
        ({"head_dim": 128}, "has head_dim = 128, but this program computes with 8"),
        ({"rope_theta": 1e6}, "turns its positions otherwise"),
        ({"attention_bias": True}, "has attention_bias = True"),
        ({"model_type": "llama"}, "only gpt2 and qwen3 can be imported"),
    ],
)
def test_what_a_qwen3_has_that_cannot_be_held_is_named(change, fault, folder, data):
    foreign(folder, "qwen3")
    document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**document, **change}), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(fault)):
        read_model(folder, [], data)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d: d.update(normalizer={"type": "NFKC"}), "splits text otherwise"),
        (lambda d: d["pre_tokenizer"].update(add_prefix_space=True), "splits text otherwise"),
        (lambda d: d["model"].update(byte_fallback=True), "splits text otherwise"),
        (lambda d: d["model"]["vocab"].update(new=10**6), "leaves out some ids"),
        (lambda d: d["model"].update(vocab=[1]), "no readable vocabulary"),
        (lambda d: d["model"].update(merges=["abc"]), "no pairs"),
        (lambda d: d["model"].update(merges=["never there"]), "merges what is not"),
        (lambda d: d.update(model={"type": "Unigram"}), "of no known level"),
        (lambda d: d.pop("model"), "no model"),
    ],
)
def test_a_vocabulary_of_another_kind_is_refused(change, fault, folder, data):
    foreign(folder)
    document = gpt2_tokenizer()
    change(document)
    (folder / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ValueError, match=fault):
        read_model(folder, [], data)


def test_an_incomplete_or_broken_folder_is_refused_in_words(folder, tmp_path, data):
    with pytest.raises(ValueError, match=r"no model\.safetensors"):
        read_model(folder, [], data)
    (folder / "pytorch_model.bin").touch()
    with pytest.raises(ValueError, match="may carry code"):
        read_model(folder, [], data)
    (folder / "model.safetensors.index.json").touch()
    with pytest.raises(ValueError, match="several files"):
        read_model(folder, [], data)
    write_folder(service(tmp_path), folder)
    for name, content in (
        ("config.json", "[]"),
        ("config.json", "{" * 10**5),
        ("tokenizer.json", '"no object"'),
        ("model.safetensors", "torn"),
    ):
        whole = (folder / name).read_bytes()
        (folder / name).write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=name.replace(".", r"\.")):
            read_model(folder, [], data)
        (folder / name).unlink()
        with pytest.raises(ValueError, match=name.replace(".", r"\.")):
            read_model(folder, [], data)
        (folder / name).write_bytes(whole)


def test_what_is_nothing_of_all_this_is_refused(tmp_path, data):
    for name in ("missing", "notes.txt", "model.gguf"):
        if name != "missing":
            (tmp_path / name).touch()
        with pytest.raises(ValueError, match=name):
            read_model(tmp_path / name, [], data)
