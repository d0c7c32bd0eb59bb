"""The exported folder in transformers itself: proven, used there, saved there and read back."""

from __future__ import annotations

import json

import pytest
import torch

from minigpt_tui.interop.hugging_face import export_folder, prove
from minigpt_tui.interop.reading import read_model
from minigpt_tui.interop.sample_text import TRICKY, SampleText
from minigpt_tui.runs.atomic import TEMPORARY_SUFFIX
from tests.interop.models import EVERY, TEXT, checkpoint, same_model, service

pytestmark = pytest.mark.peer
transformers = pytest.importorskip("transformers")
SAMPLE = SampleText(TEXT, "the validation text")


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_transformers_computes_tokenizes_and_writes_the_same(layout, head, level, tmp_path):
    own = service(tmp_path, layout, level, head)
    proof = export_folder(own, None, "model", SAMPLE, tmp_path / "out")
    assert proof.difference < 1e-5
    assert proof.logits == 8 * 16 * own.vocab_size
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    for text in (TRICKY, "I eat", "", "<EOT>", "<UNK> <EOT>"):
        assert tokenizer(text)["input_ids"] == own.tokenize(text, add_special_tokens=False)
    assert tokenizer.decode(tokenizer(TEXT)["input_ids"], skip_special_tokens=True) == TEXT
    assert (tokenizer.eos_token_id, tokenizer.unk_token_id, len(tokenizer)) == (
        1,
        0,
        own.vocab_size,
    )
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    prompt = tokenizer("I eat", return_tensors="pt")
    made = model.generate(**prompt, do_sample=False, max_length=16)[0].tolist()
    ids = prompt["input_ids"][0].tolist()
    greedy = list(ids)
    while len(greedy) < 16 and (greedy == ids or greedy[-1] != 1):
        with torch.no_grad():
            logits = own.model(torch.tensor([greedy]))[0, -1]
        logits[0] = -torch.inf  # <UNK> is never drawn, there as here
        greedy.append(int(logits.argmax()))
    assert made == greedy
    assert model.generate(**prompt).shape[1] <= 16  # its own settings end with the window


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
def test_what_transformers_saves_again_is_read_back(layout, level, tmp_path, data):
    export_folder(service(tmp_path, layout, level), None, "m", SAMPLE, tmp_path / "out")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    model.save_pretrained(tmp_path / "again")
    tokenizer.save_pretrained(tmp_path / "again")
    imported = read_model(tmp_path / "again", [], data).checkpoint
    assert same_model(imported, checkpoint(layout, level))
    assert imported.metrics == checkpoint(layout, level).metrics


def test_a_folder_with_another_model_or_vocabulary_is_not_called_proven(tmp_path):
    own = service(tmp_path)
    export_folder(own, None, "m", SAMPLE, tmp_path / "out")
    config = tmp_path / "out" / "config.json"
    whole = config.read_text(encoding="utf-8")
    config.write_text(whole.replace("gelu_new", "relu"), encoding="utf-8")
    with pytest.raises(ValueError, match="logits differ"):
        prove(own, tmp_path / "out", SAMPLE)
    config.write_text(whole, encoding="utf-8")
    vocabulary = tmp_path / "out" / "tokenizer.json"
    document = json.loads(vocabulary.read_text(encoding="utf-8"))
    ids = document["model"]["vocab"]
    ids["a"], ids["e"] = ids["e"], ids["a"]
    vocabulary.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ValueError, match="other ids"):
        prove(own, tmp_path / "out", SAMPLE)


def test_an_export_that_fails_leaves_nothing(tmp_path):
    broken = service(tmp_path)
    with torch.no_grad():
        next(broken.model.parameters()).fill_(torch.nan)
    with pytest.raises(ValueError, match="Nothing was exported"):
        export_folder(broken, None, "m", SAMPLE, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(f".*{TEMPORARY_SUFFIX}"))
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="already"):
        export_folder(service(tmp_path), None, "m", SAMPLE, tmp_path / "out")
