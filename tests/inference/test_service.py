"""A checkpoint becomes a service that tokenizes, predicts and generates."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from minigpt_tui.config import ModelConfig, RunConfig
from minigpt_tui.config_files import to_dict
from minigpt_tui.inference.service import GPTService
from minigpt_tui.runs.checkpoint import Checkpoint, save_checkpoint
from minigpt_tui.text.tokenizers import EOT_ID, UNK_ID, Tokenizer
from tests.inference.models import chain, random_chain, service_around, tiny_gpt, tokenizer_of

TEXT = "I eat rice, rye. A hot tea!\nOnce upon a time.\n"
CHARACTERS = tokenizer_of(TEXT, "char")


def save(path: Path, tokenizer: Tokenizer, **metrics: float) -> Path:
    model = tiny_gpt(tokenizer.vocab_size, seed=3)
    save_checkpoint(
        path,
        Checkpoint(
            model_state=dict(model.state_dict()),
            tokenizer_json=tokenizer.to_json(),
            config=to_dict(RunConfig(model=model.config)),
            metrics=dict(metrics),
            vocab_size=tokenizer.vocab_size,
            trainer_state=None,
        ),
    )
    return path


@pytest.fixture
def service(tmp_path: Path) -> GPTService:
    path = save(tmp_path / "best_model.pt", CHARACTERS, epoch=7, val_loss=1.23456)
    return GPTService(checkpoint_path=path)


def test_a_checkpoint_comes_back_as_the_model_that_was_saved(service: GPTService) -> None:
    original = service_around(tiny_gpt(CHARACTERS.vocab_size, seed=3), CHARACTERS)
    assert service.predict_next("I eat", 5) == original.predict_next("I eat", 5)
    assert service.vocab_size == CHARACTERS.vocab_size == service.model.vocab_size
    assert service.config.model == original.model.config
    assert service.metrics["epoch"] == 7
    assert not service.model.training


def test_it_says_what_was_loaded(service: GPTService) -> None:
    assert service.describe() == [
        f"Loading trained model from: {service.checkpoint_path}",
        "✓ Loaded checkpoint (epoch 7, loss: 1.2346)",
        f"✓ Vocabulary size: {CHARACTERS.vocab_size}",
    ]


def test_it_describes_a_checkpoint_without_measured_loss(tmp_path: Path) -> None:
    untrained = GPTService(save(tmp_path / "a.pt", CHARACTERS, epoch=0))
    assert untrained.describe()[1] == "✓ Loaded checkpoint (epoch 0, loss: unknown)"
    no_validation = GPTService(str(save(tmp_path / "b.pt", CHARACTERS, epoch=2, train_loss=0.5)))
    assert no_validation.describe()[1] == "✓ Loaded checkpoint (epoch 2, loss: 0.5000)"


def test_loading_leaves_torchs_default_generator_alone(tmp_path: Path) -> None:
    path = save(tmp_path / "a.pt", CHARACTERS)
    before = torch.random.get_rng_state()
    GPTService(path)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_bad_checkpoint_or_device_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "noise.pt").write_bytes(b"noise")
    with pytest.raises(ValueError, match=r"noise\.pt"):
        GPTService(tmp_path / "noise.pt")
    with pytest.raises(ValueError, match=r"missing\.pt"):
        GPTService(tmp_path / "missing.pt")
    good = save(tmp_path / "good.pt", CHARACTERS)
    with pytest.raises(ValueError, match="Devices: cpu"):
        GPTService(good, device="abacus")


def test_a_vocabulary_that_does_not_fit_its_model_is_refused(tmp_path: Path) -> None:
    model = tiny_gpt(CHARACTERS.vocab_size + 1)
    parts = Checkpoint(
        model_state=dict(model.state_dict()),
        tokenizer_json=CHARACTERS.to_json(),
        config=to_dict(RunConfig(model=model.config)),
        metrics={},
        vocab_size=CHARACTERS.vocab_size + 1,
    )
    save_checkpoint(tmp_path / "a.pt", parts)
    with pytest.raises(ValueError, match="vocabulary"):
        GPTService(tmp_path / "a.pt")
    parts.tokenizer_json = "{}"
    save_checkpoint(tmp_path / "b.pt", parts)
    with pytest.raises(ValueError, match=r"b\.pt"):
        GPTService(tmp_path / "b.pt")


def test_tokens_with_and_without_the_end_of_text_before_them(service: GPTService) -> None:
    plain = service.tokenize("eat ж", add_special_tokens=False)
    assert plain == CHARACTERS.encode("eat ж").tolist()
    assert plain[-1] == UNK_ID
    assert service.tokenize("eat ж") == [EOT_ID, *plain]
    assert service.tokenize("") == [EOT_ID]
    assert service.unknown("eat жx") == ["ж", "x"]


def test_next_tokens_are_raw_probabilities_in_order(service: GPTService) -> None:
    everything = service.predict_next("I eat", top_k=10**6)
    assert len(everything) == service.vocab_size
    assert sum(p.prob for p in everything) == pytest.approx(1)
    assert [p.prob for p in everything] == sorted((p.prob for p in everything), reverse=True)
    assert {"<UNK>", "<EOT>", "r"} <= {p.token for p in everything}
    assert service.predict_next("I eat", 3) == everything[:3]
    with pytest.raises(ValueError, match="top_k must be"):
        service.predict_next("I eat", 0)


def test_the_context_is_the_prompt_alone_or_the_end_of_text_for_an_empty_one() -> None:
    model = random_chain(CHARACTERS.vocab_size, seed=1)
    service = service_around(model, CHARACTERS)
    probs = torch.softmax(model.table.detach().double(), dim=-1)
    assert service.predict_next("", 1)[0].prob == pytest.approx(float(probs[EOT_ID].max()))
    service.predict_next("ri", 1)
    assert model.longest_seen == 2
    service.predict_next("rice" * 2500, 1)
    assert model.longest_seen == model.config.max_seq_len


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
@pytest.mark.parametrize("prompt", ["", "I eat", "ж🙂\x00", "rice " * 2000])
def test_any_prompt_goes_on_and_the_seed_repeats_it(level: str, prompt: str) -> None:
    tokenizer = tokenizer_of(TEXT * 2, level)
    service = service_around(tiny_gpt(tokenizer.vocab_size), tokenizer)
    once = "".join(service.generate(prompt, 40, seed=5))
    assert once == "".join(service.generate(prompt, 40, seed=5))
    assert "<UNK>" not in once
    assert once != "".join(service.generate(prompt, 40, seed=6))
    assert service.generate(prompt, 40, seed=5) is not None


def test_greedy_text_follows_the_most_probable_way_to_its_end() -> None:
    model = chain(
        CHARACTERS,
        {
            "t": {" ": 0.6, "<UNK>": 0.4},
            " ": {"<UNK>": 0.9, "r": 0.06, "a": 0.04},  # <UNK> is never written
            "r": {"i": 1.0},
            "i": {"c": 1.0},
            "c": {"e": 1.0},
            "e": {"<EOT>": 0.6, "t": 0.4},
        },
    )
    service = service_around(model, CHARACTERS)
    assert list(service.generate("eat", temperature=0)) == list(" rice")
    assert list(service.generate("eat", 3, temperature=0)) == list(" ri")
    assert "".join(service.generate("eat", temperature=0, stop="ce")) == " ri"
    assert "".join(service.generate("eat", temperature=0, stop=["x", "ic", "r"])) == " "


def test_a_character_of_several_tokens_arrives_whole() -> None:
    tokenizer = tokenizer_of("a cat, a dog", "bpe", 260)
    smile = [bytes([b]) for b in "🙂".encode()]
    follows = dict(zip(["a", *smile], [*smile, "<EOT>"], strict=True))
    model = chain(tokenizer, {token: {after: 1.0} for token, after in follows.items()})
    service = service_around(model, tokenizer)
    assert list(service.generate("a")) == ["🙂"]
    assert list(service.generate("a", 3)) == ["\ufffd"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_new_tokens", 0),
        ("max_new_tokens", 1.5),
        ("temperature", -1.0),
        ("top_k", 0),
        ("top_p", 0.0),
        ("min_p", 2.0),
        ("typical_p", 0.0),
        ("repetition_penalty", -1.0),
        ("order", "alphabetical"),
        ("seed", -1),
        ("stop", ""),
        ("stop", ["a", ""]),
    ],
)
def test_values_that_mean_nothing_are_refused_before_the_first_piece(
    service: GPTService, name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=r"(must be|must have)"):
        service.generate("I", **{name: value})  # type: ignore[arg-type]


def test_an_edited_prompt_is_answered_as_if_it_were_the_first(service: GPTService) -> None:
    assert service.checkpoint_path is not None
    for prompt in ("I eat", "I eat r", "I eat", "I ate", "", "Once upon a time", "Once upon a tea"):
        fresh = GPTService(service.checkpoint_path)
        expected = fresh.next_logits(prompt)
        np.testing.assert_allclose(service.next_logits(prompt), expected, atol=1e-5)
        ours, theirs = service.predict_words(prompt), fresh.predict_words(prompt)
        assert [w.word for w in ours.words] == [w.word for w in theirs.words]


def test_the_logits_are_those_of_the_tokens(service: GPTService) -> None:
    probs = torch.softmax(torch.from_numpy(service.next_logits("I eat")).double(), dim=-1)
    assert probs.shape == (service.vocab_size,)
    best = service.predict_next("I eat", 1)[0]
    assert (best.id, best.prob) == (int(probs.argmax()), pytest.approx(float(probs.max())))


def test_a_repetition_penalty_avoids_what_was_written() -> None:
    model = chain(CHARACTERS, {c: {"r": 0.5, "i": 0.3, "c": 0.2} for c in "ric"})
    service = service_around(model, CHARACTERS)
    plain = "".join(service.generate("r", 6, temperature=0))
    assert plain == "rrrrrr"
    # The logits are below 0, so the seen ones are multiplied: 0.5 becomes 0.5¹⁰.
    varied = "".join(service.generate("r", 2, temperature=0, repetition_penalty=10.0))
    assert varied == "ic"


def test_the_end_that_opens_an_empty_prompt_was_not_written() -> None:
    model = chain(CHARACTERS, {"<EOT>": {"r": 0.4, "<EOT>": 0.6}})
    service = service_around(model, CHARACTERS)
    assert list(service.generate("", 5, temperature=0, repetition_penalty=10.0)) == []


@pytest.mark.parametrize("level", ["char", "bpe"])
def test_text_goes_on_past_the_window(level: str) -> None:
    tokenizer = tokenizer_of(TEXT * 2, level)
    model = tiny_gpt(tokenizer.vocab_size)
    with torch.no_grad():  # it never ends a text
        model.final_norm.bias.fill_(1)
        model.head.weight[EOT_ID].fill_(-9)
    written = tokenizer.encode("".join(service_around(model, tokenizer).generate("I", 60, seed=1)))
    assert len(written) > 2 * model.config.max_seq_len


def test_two_threads_may_use_one_service(service: GPTService) -> None:
    expected = ["".join(service.generate("I eat", 60, seed=seed)) for seed in range(4)]
    found: dict[int, str] = {}

    def work(seed: int) -> None:
        found[seed] = "".join(service.generate("I eat", 60, seed=seed))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[seed] for seed in range(4)] == expected


def test_a_model_in_memory_stays_in_training() -> None:
    model = tiny_gpt(CHARACTERS.vocab_size).train()
    service = GPTService.from_parts(
        model, CHARACTERS, RunConfig(model=ModelConfig(max_seq_len=12)), {"epoch": 1}
    )
    assert "".join(service.generate("I", 20, seed=1)) == "".join(service.generate("I", 20, seed=1))
    service.predict_words("I", max_passes=3)
    assert model.training
    assert service.checkpoint_path is None
    assert service.describe()[0] == "Using the model in memory"


def test_a_model_in_memory_is_seen_as_it_is_at_the_call() -> None:
    model = tiny_gpt(CHARACTERS.vocab_size).train()
    service = service_around(model, CHARACTERS)
    before = service.next_logits("I eat")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    after = service.next_logits("I eat")
    assert np.abs(after - before).max() > 0.1
    np.testing.assert_allclose(
        after, service_around(model, CHARACTERS).next_logits("I eat"), atol=1e-5
    )
    text = "".join(service.generate("I eat", 30, seed=1))
    assert text == "".join(service_around(model, CHARACTERS).generate("I eat", 30, seed=1))


@pytest.mark.parametrize("level", ["word", "bpe"])
def test_a_space_at_the_end_of_the_prompt_belongs_to_the_next_token(level: str) -> None:
    tokenizer = tokenizer_of("I eat rice. " * 20, level, 300 if level == "bpe" else None)
    eat, rice = (int(tokenizer.encode(text)[-1]) for text in ("I eat", "I eat rice"))
    assert tokenizer.token_bytes(rice).startswith(b" ")
    dot = tokenizer.token_text(int(tokenizer.encode("I eat.")[-1]))
    follows = {
        tokenizer.token_text(eat): {tokenizer.token_text(rice): 0.25, dot: 0.75},
        tokenizer.token_text(rice): {dot: 1.0},
    }
    service = service_around(chain(tokenizer, follows), tokenizer)
    (best, *_) = service.predict_next("I eat ")
    assert (best.id, best.prob) == (rice, pytest.approx(1.0))
    words = service.predict_words("I eat ")
    assert words.words[0].word.startswith(tokenizer.token_text(rice).strip())
    assert words.words[0].prob == pytest.approx(1.0)
    written = "".join(service.generate("I eat ", max_new_tokens=1, temperature=0))
    assert written == tokenizer.token_text(rice).lstrip()
