"""Small trained models, and how a test asks them through the Predict pane."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from textual.pilot import Pilot
from textual.widgets import Static

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset, to_dict
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import Checkpoint, save_checkpoint
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.predict.answers import Answers
from minigpt_tui.tui.predict.pane import PredictPane
from minigpt_tui.tui.predict.sampler_line import SamplerLine
from minigpt_tui.tui.predict.text_box import TextBox
from minigpt_tui.tui.widgets.bars import ProbabilityBars
from minigpt_tui.tui.widgets.prompt import PromptInput

TEXT = "I eat bread.\nI eat rice.\nWe eat bread and rice in the morning.\n" * 20
PATIENCE = 60.0


@cache
def checkpoint(level: str) -> Checkpoint:
    """A model that has learned TEXT by heart, in a second or two."""
    import torch
    import torch.nn.functional as F

    from minigpt_tui.model.gpt2 import GPT
    from minigpt_tui.text.tokenizers import build_tokenizer

    config = config_of(level)
    tokenizer = build_tokenizer([TEXT], config.data)
    ids = torch.from_numpy(tokenizer.encode(TEXT)).long()
    torch.manual_seed(1)
    model = GPT(config.model, tokenizer.vocab_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    window = config.model.max_seq_len
    for step in range(60):
        starts = [(step * 7 + 37 * i) % (len(ids) - window - 1) for i in range(16)]
        inputs = torch.stack([ids[s : s + window] for s in starts])
        targets = torch.stack([ids[s + 1 : s + window + 1] for s in starts])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        torch.autograd.backward(loss)
        optimizer.step()
    return Checkpoint(
        model_state=model.state_dict(),
        tokenizer_json=tokenizer.to_json(),
        config=to_dict(config),
        metrics={"epoch": 1, "step": 60, "val_loss": 1.25, "bits_per_char": 1.8},
        vocab_size=tokenizer.vocab_size,
    )


def config_of(level: str) -> RunConfig:
    small = {"d_model": 32, "d_ff": 64, "n_layers": 1, "max_seq_len": 16, "level": level}
    return with_settings(load_preset("tiny"), small)


def trained_run(data: DataFolder, name: str, level: str = "char") -> RunFolder:
    run = create_run(data, name, config_of(level))
    save_checkpoint(run.best, checkpoint(level))
    return run


def slow_run(data: DataFolder, name: str) -> RunFolder:
    """An untrained model that needs a second for a text, so that a key can stop it."""
    import torch

    from minigpt_tui.model.gpt2 import GPT
    from minigpt_tui.text.tokenizers import EOT_ID

    large = {"d_model": 512, "d_ff": 2048, "n_layers": 6, "max_seq_len": 256}
    config = with_settings(config_of("char"), large)
    taught = checkpoint("char")
    model = GPT(config.model, taught.vocab_size)
    with torch.no_grad():  # it never ends a text
        model.final_norm.bias.fill_(1)
        model.head.weight[EOT_ID].fill_(-1)
    run = create_run(data, name, config)
    save_checkpoint(
        run.best,
        Checkpoint(
            model_state=model.state_dict(),
            tokenizer_json=taught.tokenizer_json,
            config=to_dict(config),
            metrics={},
            vocab_size=taught.vocab_size,
        ),
    )
    return run


def improve(run: RunFolder, epoch: int) -> None:
    """What a training does when it has found a better model."""
    better = checkpoint("char")
    better = Checkpoint(
        better.model_state,
        better.tokenizer_json,
        better.config,
        {**better.metrics, "epoch": epoch, "val_loss": 0.75, "bits_per_char": 1.08},
        better.vocab_size,
    )
    save_checkpoint(run.best, better)


def workbench(data: DataFolder, prompt: str = "I eat") -> Workbench:
    app = Workbench(data)
    app.remembered.pane = "predict"
    app.remembered.prompt = prompt
    return app


async def until(pilot: Pilot[None], happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        await pilot.pause(0.01)


async def answered(pilot: Pilot[None]) -> None:
    """Waits for the complete answer to the prompt that is in the line."""

    def complete() -> bool:
        answer = pilot.app.query_one(Answers).answer_to(pilot.app.query_one(PromptInput).prompt)
        return answer is not None and answer.complete

    await until(pilot, complete)
    await pilot.pause(0.01)


def shown(pilot: Pilot[None], selector: str) -> str:
    widget = pilot.app.query_one(selector)
    if isinstance(widget, Static | ProbabilityBars | SamplerLine):
        return str(widget.render())
    return str(widget.query_one(Static).render())


def figures(pilot: Pilot[None]) -> str:
    """What stands in the lower border of the text."""
    return str(pilot.app.query_one(TextBox).border_subtitle)


def text_of(pilot: Pilot[None]) -> str:
    """The whole text as it was answered, also of rows that are out of sight."""
    answer = pilot.app.query_one(Answers).answer
    return "" if answer is None else "".join(answer.pieces)


async def settled(pilot: Pilot[None]) -> None:
    """Waits for the complete answer to the text as it stands, at its cursor."""
    pane = pilot.app.query_one(PredictPane)

    def complete() -> bool:
        answers = pilot.app.query_one(Answers)
        answer, asked = answers.fresh_answer(), answers.answered
        fits = asked is not None and asked.draft == pane.composition.draft
        return fits and answer is not None and answer.complete and not pane.writing.writer.writes

    await until(pilot, complete)
    await pilot.pause(0.01)


async def written(pilot: Pilot[None]) -> None:
    """Waits until the model has written, and the text is answered."""
    await until(pilot, lambda: "^r another" in figures(pilot))
    await settled(pilot)
