"""Models that transformers made and saved itself say here what they say there, and learn on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from minigpt_tui.cli import main
from minigpt_tui.config_files import from_dict
from minigpt_tui.inference.service import GPTService, model_in
from minigpt_tui.interop.reading import read_model
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.folder import find_run
from minigpt_tui.text.tokenizers import EOT_ID, tokenizer_from_json
from tests.interop.models import TEXT

pytestmark = pytest.mark.peer
transformers = pytest.importorskip("transformers")

LENGTH, MOST_DIFFERENCE = 32, 1e-4
SIZES = {
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": LENGTH},
    "qwen3": {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "head_dim": 8,
        "max_position_embeddings": LENGTH,
    },
}


def tokenizer():
    """A byte-level BPE of the usual kind, with one token that ends a text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    bpe.train_from_iterator([TEXT], trainer)
    end = "<|endoftext|>"
    return transformers.PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=end, eos_token=end)


def saved(folder: Path, layout: str, **options):
    """A model with random weights of which none is zero or one, as its own program saves it."""
    torch.manual_seed(1)
    own = tokenizer()
    end = own.eos_token_id
    config = transformers.AutoConfig.for_model(
        layout,
        vocab_size=len(own) + 6,  # rounded up, as is usual
        bos_token_id=end,
        eos_token_id=end,
        **SIZES[layout],
        **options,
    )
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    model.save_pretrained(folder)
    own.save_pretrained(folder)
    return model, own


@pytest.mark.parametrize(
    ("layout", "options"),
    [
        ("gpt2", {}),
        ("gpt2", {"n_inner": 40, "tie_word_embeddings": False}),
        ("qwen3", {"num_key_value_heads": 4}),
        ("qwen3", {"num_key_value_heads": 2}),
        ("qwen3", {"num_key_value_heads": 1, "tie_word_embeddings": True}),
    ],
)
def test_the_logits_are_the_same_for_every_token_of_theirs(layout, options, tmp_path, data):
    theirs, words = saved(tmp_path / "folder", layout, **options)
    imported = read_model(tmp_path / "folder", [], data)
    ours = model_in(imported.checkpoint, from_dict(imported.checkpoint.config)).eval()
    own = tokenizer_from_json(imported.checkpoint.tokenizer_json)
    there = words(TEXT)["input_ids"][: 4 * LENGTH]
    here = own.encode(TEXT).tolist()[: 4 * LENGTH]
    # Ours are theirs in their order behind <UNK> and <EOT>, without what ends a text there.
    end = words.eos_token_id
    rows = [i for i in range(len(words)) if i != end]
    assert [rows[i - 2] for i in here] == there
    with torch.inference_mode():
        expected = theirs(torch.tensor(there).view(4, LENGTH)).logits
        found = ours(torch.tensor(here).view(4, LENGTH))
    assert float((found[..., 2:] - expected[..., rows]).abs().max()) <= MOST_DIFFERENCE
    if layout == "qwen3":
        assert torch.equal(found[..., 0], torch.zeros_like(found[..., 0]))
        assert float((found[..., EOT_ID] - expected[..., end]).abs().max()) <= MOST_DIFFERENCE
    shared = options.get("num_key_value_heads", 4) < 4
    assert any("heads of keys and values" in note for note in imported.notes) == shared


def test_no_logit_is_too_large_to_be_compared_with(tmp_path, data):
    theirs, _ = saved(tmp_path / "folder", "qwen3", num_key_value_heads=4)
    with torch.no_grad():
        theirs.model.norm.weight.mul_(1e4)
    theirs.save_pretrained(tmp_path / "folder")
    assert "takes up to 0 of the probability" in " ".join(
        read_model(tmp_path / "folder", [], data).notes
    )


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
def test_it_writes_and_learns_on(layout, tmp_path, data, monkeypatch):
    options = {} if layout == "gpt2" else {"num_key_value_heads": 2}
    saved(tmp_path / "folder", layout, **options)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run("import", "folder", "--run", "back") == 0
    before = GPTService(find_run(data, "back").best)
    text = "".join(before.generate("I eat", max_new_tokens=8, temperature=0))
    train = ["train", "--start-from", "back", "--corpus", "text.txt", "--steps", "30"]
    assert run(*train, "--lr", "3e-3", "--threads", "1", "--run", "more") == 0
    more = find_run(data, "more")
    losses = load_checkpoint(more.best).metrics
    assert losses["val_loss"] < 4, "random weights guess among 291 tokens: ln 291 is 5.7"
    after = "".join(GPTService(more.best).generate("I eat", max_new_tokens=8, temperature=0))
    assert after != text
    assert run("export", "more", "--to", "hf") == 0
    transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "more-hf")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)
