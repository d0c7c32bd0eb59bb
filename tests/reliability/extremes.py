"""Promise 9: numbers at their ends. A training ends in order, or is refused in words before it.

Real trainings of a few steps; what they leave is read, predicted from and gone on with.
"""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from minigpt_tui.inference.service import GPTService
from minigpt_tui.jobs.train import train_new
from minigpt_tui.jobs.verify import verify_files
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.status import read_status
from minigpt_tui.training.control import Control
from tests.reliability.frame import Cases, Trial, expect, refused_in_words, tried
from tests.reliability.small import TEXT, config_for, corpus_in, open_everything

LEVELS = ("char", "word", "bpe")
TEXTS = {
    "nothing": "",
    "one character": "a",
    "two characters": "ab",
    "one character, often": "a" * 3000,
    "one line, often": "a b\n" * 800,
    "white space": " \n\t" * 900,
    "words that never return": " ".join(f"w{n}" for n in range(900)),
    "a validation part of unknowns": "ab " * 900 + "xyz" * 120,
    "unknowns alone in it": "a" * 900 + "é" * 110,
    "emoji": "🙂🙃" * 400,
    "one long word": "abcdefghij" * 400,
    "controls": "a\x01b\x7f \u202ec\n" * 300,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "as usual": {},
    "window 1": {"max_seq_len": 1},
    "batch beyond the text": {"batch_size": 4096},
    "batch of 1": {"batch_size": 1, "steps": 12},
    "nothing held out": {"val_fraction": 0.0},
    "nearly all held out": {"val_fraction": 0.97},
    "one step": {"steps": 1},
    "vocabulary of the smallest": {"vocab_size": 3},
}
RATES: dict[str, dict[str, Any]] = {
    "rate 1e-30": {"lr": 1e-30},
    "rate 1e30": {"lr": 1e30, "grad_clip": 0.0},
    "rate 1e30, clipped": {"lr": 1e30},
    "rate 1e38": {"lr": 1e38, "schedule": "constant", "warmup": 0},
    "SGD-like blow-up": {"lr": 1e4, "optimizer": "adam", "grad_clip": 0.0, "weight_decay": 0.0},
    "modern, rate 1e10": {"lr": 1e10, "layout": "qwen3"},
    "muon, rate 1e10": {"lr": 1e10, "optimizer": "muon"},
    "dropout all but 1": {"dropout": 0.999},
}


def cases(trial: Trial) -> Cases:
    data = DataFolder(trial.folder / "home")
    wanted = [
        (f"text of {text}, {level}, {setting}", text, {"level": level, **SETTINGS[setting]})
        for text in TEXTS
        for level in LEVELS
        for setting in SETTINGS
    ]
    if not trial.long:
        dice = trial.dice("extremes")
        wanted = [*dice.sample(wanted, 40), *(one for one in wanted if "as usual" in one[0])]
    for what, text, changes in {one[0]: one for one in wanted}.values():
        if trial.wants(what):
            yield tried(what, lambda t=text, c=changes: _train(trial.folder, data, TEXTS[t], c))
    for what, changes in RATES.items():
        if trial.wants(what):
            yield tried(what, lambda c=changes: _train(trial.folder, data, TEXT, c))
    for what, broken in (("NaN", math.nan), ("infinity", math.inf), ("1e38", 1e38)):
        if trial.wants(f"weights of {what}"):
            yield tried(
                f"weights of {what}", lambda b=broken: _with_weights_of(trial.folder, data, b)
            )


def _train(folder: Path, data: DataFolder, text: str, changes: dict[str, Any]) -> None:
    shutil.rmtree(data.root, ignore_errors=True)
    data.ready()
    known = {"epochs": 2, **changes}
    found: list[RunFolder] = []

    def act() -> None:
        config = config_for(corpus_in(folder, text), **known)
        found.append(train_new(config, data, Control(), name="r").run)

    if refused_in_words(act) is not None:
        expect(not list(data.runs.iterdir()), "a run is left behind by a refusal")
        return
    run = found[0]
    state = read_status(run).state
    expect(state in ("completed", "diverged"), f"state {state}")
    _look_at(run, data, must_be_whole=state == "completed")


def _look_at(run: RunFolder, data: DataFolder, must_be_whole: bool) -> None:
    open_everything(data)
    if must_be_whole:
        bad = [f"{one.what} {one.detail}" for one in verify_files(run) if not one.passed]
        expect(not bad, f"{bad}")
    if not run.best.exists():
        expect(not must_be_whole, "no model is left")
        return
    service = GPTService(run.best)
    for prompt in ("", "a", "é", "🙂 " * 50):
        _ask(service, prompt)


def _ask(service: GPTService, prompt: str) -> None:
    """Predictions add up to one, and a text is written; or a sentence says why not."""

    def act() -> None:
        shares = [one.prob for one in service.predict_next(prompt, top_k=10**6)]
        expect(bool(np.isfinite(shares).all()), f"probabilities {shares[:5]}")
        expect(abs(sum(shares) - 1) < 1e-6, f"they add up to {sum(shares)}")
        words = service.predict_words(prompt, 5)
        expect(all(0 <= word.prob <= 1 + 1e-9 for word in words.words), "words beyond 1")
        "".join(service.generate(prompt, max_new_tokens=12, seed=1))

    refused_in_words(act)


def _with_weights_of(folder: Path, data: DataFolder, value: float) -> None:
    """A model whose weights are no numbers says so, or answers in numbers."""
    from minigpt_tui.runs.checkpoint import load_checkpoint, save_checkpoint

    shutil.rmtree(data.root, ignore_errors=True)
    data.ready()
    run = train_new(config_for(corpus_in(folder), epochs=1), data, Control(), name="r").run
    broken = load_checkpoint(run.best)
    for weight in broken.model_state.values():
        weight.fill_(value)
    save_checkpoint(run.best, broken)
    _look_at(run, data, must_be_whole=False)
