"""A finished run in which every number is given, so that its picture is the same everywhere.

Its model is a table of which character follows which, written into the weights of a GPT: the
same on every machine, and with answers that a reader of the picture can follow.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import time

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset, to_dict
from minigpt_tui.jobs.recorder import RunRecorder
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import Checkpoint, save_checkpoint
from minigpt_tui.runs.folder import RunFolder, create_run, read_info, write_info
from minigpt_tui.runs.info import BaselineLosses
from minigpt_tui.settings import with_settings
from minigpt_tui.training.events import Evaluated, Finished, Sampled, Started, StepDone

TEXT = "I eat bread.\nI eat rice in the morning.\nWe eat bread and soup.\nThe cat sleeps.\n" * 20
EPOCHS, STEPS_PER_EPOCH = 12, 25
STEPS = EPOCHS * STEPS_PER_EPOCH
TWO_DAYS = 2 * 86_400 + 3_600
SAMPLE = "I eat bread and soup.\nThe cat eat rice in the morning.\nWe sleeps."


def example_run(data: DataFolder, name: str = "example") -> RunFolder:
    """Writes the run into the data folder, by the code that writes every run."""
    config = with_settings(
        load_preset("tiny"),
        {"n_layers": 1, "n_heads": 1, "d_ff": 4, "epochs": EPOCHS, "device": "cpu", "threads": 1}
        | {"precision": "fp32", "compile": "off"},
    )
    run = create_run(data, name, config)
    checkpoint = table_of_pairs(config)
    run.tokenizer_file.write_text(checkpoint.tokenizer_json, encoding="utf-8")
    facts = dataclasses.replace(
        read_info(run),
        created=time.time() - TWO_DAYS,
        version="0",
        corpus_name="sample_corpus",
        vocab_size=checkpoint.vocab_size,
        parameters=54_321,
        train_tokens=19_000,
        val_tokens=2_100,
        val_bytes=2_100,
        val_characters=2_100,
        steps_per_epoch=STEPS_PER_EPOCH,
        total_steps=STEPS,
        baselines=BaselineLosses(uniform=3.33, unigram=2.95, five_gram=1.48),
        device="cpu",
        threads=1,
        precision="fp32",
    )
    write_info(run, facts)
    _record(run)
    for file in (run.best, run.final):
        save_checkpoint(file, checkpoint)
        os.utime(file, (facts.created, facts.created))
    return run


def _record(run: RunFolder) -> None:
    with RunRecorder(run, 0, STEPS_PER_EPOCH, math.inf) as recorder:
        recorder.record(
            Started(
                str(run.path),
                run.name,
                0,
                STEPS,
                STEPS_PER_EPOCH,
                EPOCHS,
                54_321,
                28,
                "cpu",
                1,
                "fp32",
            )
        )
        for step in range(1, STEPS + 1):
            epoch = (step - 1) // STEPS_PER_EPOCH + 1
            loss = 1.5 + 1.9 * math.exp(-step / 40) + 0.1 * math.sin(step)
            batch = (step - 1) % STEPS_PER_EPOCH + 1
            recorder.record(StepDone(step, epoch, batch, loss, 0.003, 0.5, 1024, step / 50))
            if step % STEPS_PER_EPOCH == 0:
                measured = 1.6 + 1.7 * math.exp(-step / 40)
                bits = measured / math.log(2)
                recorder.record(
                    Evaluated(step, epoch, measured, math.exp(measured), bits, bits, True, True)
                )
                recorder.record(Sampled(step, "", SAMPLE))
        for kind in ("best", "final"):
            recorder.checkpoint_saved(kind, f"{kind}_model.pt", STEPS)
        recorder.record(Finished("completed", STEPS, "All steps done."))


def table_of_pairs(config: RunConfig) -> Checkpoint:
    """A GPT whose logits are the logarithms of how often each character follows another in TEXT.

    The embedding is one-hot, the layers add nothing, and the last dimension of the head takes off
    what the normalisation adds to every logit.
    """
    import torch

    from minigpt_tui.model.gpt2 import GPT
    from minigpt_tui.text.tokenizers import build_tokenizer

    tokenizer = build_tokenizer([TEXT], config.data)
    ids = tokenizer.encode(TEXT)
    size, width = tokenizer.vocab_size, config.model.d_model
    counts = torch.full((size, size), 0.01, dtype=torch.float64)
    for before, after in itertools.pairwise(ids):
        counts[int(before), int(after)] += 1
    wanted = torch.log(counts / counts.sum(1, keepdim=True)).T  # [after, before]
    model = GPT(config.model, size)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.final_norm.weight.fill_(1.0)
        model.token_embedding.weight[:, :size] = 100 * torch.eye(size)
        hot, cold = math.sqrt(width - 1), -1 / math.sqrt(width - 1)
        assert model.head is not None
        rows = wanted / (hot - cold)
        model.head.weight[:, :size] = rows.float()
        model.head.weight[:, -1] = -rows.sum(1).float()
    metrics = {"epoch": EPOCHS, "step": STEPS, "val_loss": 1.6, "bits_per_char": 2.31}
    return Checkpoint(model.state_dict(), tokenizer.to_json(), to_dict(config), metrics, size)
