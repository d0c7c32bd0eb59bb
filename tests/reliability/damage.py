"""Promise 3: a flipped byte and a torn end are named or harmless, in every file of a run.

Never a wrong prediction, never a resume that goes elsewhere, never a traceback.
"""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from minigpt_tui.inference.service import GPTService
from minigpt_tui.jobs.train import train_resumed
from minigpt_tui.jobs.verify import verify_files
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.text.token_file import TokenFile, token_file
from minigpt_tui.text.tokenizers import build_tokenizer
from minigpt_tui.training.control import Control
from tests.reliability.frame import Case, Cases, Trial, expect, refused_in_words, tried
from tests.reliability.small import (
    TEXT,
    config_for,
    corpus_in,
    readers,
    same_weights,
    trained,
    weights,
)

MASKS = (0x01, 0x10, 0x80, 0xFF)
PROMPT = "the c"

Change = tuple[str, Callable[[bytes], bytes]]


def cases(trial: Trial) -> Cases:
    data = DataFolder(trial.folder / "home").ready()
    corpus = corpus_in(trial.folder)
    config = config_for(corpus, d_model=4, n_heads=1, d_ff=6, max_seq_len=8, epochs=4)
    whole = trained(data, "whole", config)
    stopped = trained(data, "stopped", config, stop_at=6)
    yield from _checkpoints(trial, whole)
    yield from _token_files(trial)
    yield from _files_of_a_run(trial, data, stopped)
    yield from _resumes(trial, data, stopped, weights(whole.final))


def few(trial: Trial) -> Cases:
    """Some damage to each kind of file."""
    data = DataFolder(trial.folder / "home").ready()
    config = config_for(corpus_in(trial.folder), d_model=4, n_heads=1, d_ff=6, max_seq_len=8)
    stopped = trained(data, "stopped", config, stop_at=6)
    for cases_of in (
        _checkpoints(trial, stopped),
        _token_files(trial),
        _files_of_a_run(trial, data, stopped),
    ):
        yield from itertools.islice(cases_of, 120)


def changes(raw: bytes, dice: random.Random, count: int) -> Iterator[Change]:
    """Flips of single bytes and torn ends: all of them where `count` affords it, else a sample."""
    flips = [(position, mask) for position in range(len(raw)) for mask in MASKS]
    ends = list(range(len(raw)))
    if count < len(flips):
        flips = sorted(dice.sample(flips, count))
    if count // 8 < len(ends):
        ends = sorted(dice.sample(ends, max(1, count // 8)))
    for position, mask in flips:
        yield f"byte {position} ^ {mask:#04x}", lambda raw, p=position, m=mask: _flipped(raw, p, m)
    for end in ends:
        yield f"cut at {end}", lambda raw, end=end: raw[:end]


def _flipped(raw: bytes, position: int, mask: int) -> bytes:
    return raw[:position] + bytes([raw[position] ^ mask]) + raw[position + 1 :]


def _checkpoints(trial: Trial, run: RunFolder) -> Cases:
    """A damaged checkpoint is refused by name, or predicts exactly what the whole one does."""
    raw = run.best.read_bytes()
    expected = GPTService(run.best)
    answer, metrics = expected.next_logits(PROMPT), expected.metrics
    path = trial.folder / "damaged.pt"
    for name, change in changes(raw, trial.dice("checkpoint"), trial.some(1500, 40_000)):
        what = f"checkpoint, {name}"
        if not trial.wants(what):
            continue
        path.write_bytes(change(raw))

        def look() -> None:
            found: list[GPTService] = []
            sentence = refused_in_words(lambda: found.append(GPTService(path)))
            if sentence is not None:
                expect("damaged.pt" in sentence, f"the file is not named: {sentence}")
                return
            service = found[0]
            expect(np.array_equal(service.next_logits(PROMPT), answer), "a wrong prediction")
            expect(repr(service.metrics) == repr(metrics), "wrong figures")

        yield tried(what, look)


def _token_files(trial: Trial) -> Cases:
    """A damaged token file is built again, counts and all."""
    tokenizer = build_tokenizer([TEXT], config_for(Path("x")).data)
    folder = trial.folder / "tokens"
    whole = _facts(token_file([TEXT], tokenizer, folder))
    [file] = folder.iterdir()
    raw = file.read_bytes()
    for name, change in changes(raw, trial.dice("tokens"), trial.some(600, 20_000)):
        what = f"token file, {name}"
        if not trial.wants(what):
            continue
        file.unlink()
        file.write_bytes(change(raw))

        def look() -> None:
            found = _facts(token_file([TEXT], tokenizer, folder))
            expect(found == whole, "other ids or counts")

        yield tried(what, look)


def _facts(tokens: TokenFile) -> tuple[object, ...]:
    counts = (tokens.characters, tokens.bytes, tokens.unknown_tokens, tokens.unknown_bytes)
    return (tokens.ids.tobytes(), tokens.digest, *counts)


def _files_of_a_run(trial: Trial, data: DataFolder, run: RunFolder) -> Cases:
    """Every reader of a damaged run works or refuses in words, and `verify` names figures that
    are not those that were written."""
    small = {
        path.name: path.read_bytes()
        for path in (
            run.config_file,
            run.info_file,
            run.tokenizer_file,
            run.status_file,
            run.metrics_file,
            run.evaluations_file,
            run.events_file,
            run.samples_file,
            run.probes_file,
        )
    }
    copy = RunFolder(data.runs / "damaged")
    shutil.copytree(run.path, copy.path)
    for checkpoint in copy.checkpoints():  # tried above; reading them takes long
        checkpoint.unlink()
    for name, raw in small.items():
        figures = name in (run.metrics_file.name, run.evaluations_file.name)
        for change_name, change in changes(raw, trial.dice(name), trial.some(40, 1500)):
            what = f"{name}, {change_name}"
            if not trial.wants(what):
                continue
            (copy.path / name).unlink()
            (copy.path / name).write_bytes(change(raw))

            def look(name: str = name, figures: bool = figures) -> None:
                for reader, read in readers(copy):
                    try:
                        refused_in_words(read)
                    except Exception as error:
                        error.add_note(reader)
                        raise
                if figures:
                    named = [check for check in verify_files(copy) if not check.passed]
                    found = any(check.what == name for check in named)
                    expect(found, "wrong figures that nobody names")

            yield tried(what, look)
        (copy.path / name).write_bytes(raw)
    shutil.rmtree(copy.path)


def _resumes(trial: Trial, data: DataFolder, run: RunFolder, whole: dict[str, object]) -> Cases:
    """A run with a damaged file goes on bit for bit, or refuses to go on."""
    names = sorted(path.name for path in run.path.iterdir() if path.is_file())
    dice = trial.dice("resume")
    for number in range(trial.some(24, 600)):
        name = names[number % len(names)]
        raw = (run.path / name).read_bytes()
        if not raw:
            continue
        position, mask = dice.randrange(len(raw)), dice.choice(MASKS)
        cut = dice.random() < 0.2
        change = f"cut at {position}" if cut else f"byte {position} ^ {mask:#04x}"
        what = f"resume, {name}, {change}"
        if not trial.wants(what):
            continue
        copy = RunFolder(data.runs / "resumed")
        shutil.copytree(run.path, copy.path)
        damaged = raw[:position] if cut else _flipped(raw, position, mask)
        (copy.path / name).write_bytes(damaged)

        def go_on(copy: RunFolder = copy) -> None:
            notes: list[str] = []
            sentence = refused_in_words(lambda: train_resumed(copy, data, Control()))
            log = copy.log_file.read_text(errors="replace") if copy.log_file.exists() else ""
            notes += [line for line in log.splitlines() if "not exact" in line]
            if sentence is None and not notes:
                expect(same_weights(weights(copy.final), whole), "it went on otherwise, unnamed")

        yield tried(what, go_on)
        shutil.rmtree(copy.path)


__all__ = ["Case", "cases", "changes"]
