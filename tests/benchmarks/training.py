"""How fast a model is learned: `python -m tests.benchmarks.training TEXT [--only 1,2,…]`.

TEXT is the path of tinyshakespeare (or another text). Everything is measured in one run, side by
side, because machines are noisy: trust the ratios. The reference is the small-GPT recipe for a CPU
that the field knows (L4 H4 D128, T64, B12, AdamW 1e-3 → 1e-4, warm-up 100, 2,000 steps, fp32,
eager), written out here. Evaluations stand outside all clocks.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset
from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder, sample_data_folder
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.metrics import METRIC, read_records
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.execution import (
    MOST_THREADS,
    Execution,
    can_compile,
    supports_bf16,
)
from minigpt_tui.training.trainer import Trainer, TrainingData
from tests.benchmarks import gpu, tokenizing
from tests.benchmarks.kills import kills
from tests.benchmarks.nanogpt import real_nanogpt
from tests.benchmarks.reference import (
    REFERENCE_STEPS,
    Text,
    read_text,
    reference_model,
    reference_run,
    reference_step,
)

SHARES = (0.1, 0.125, 0.16, 0.2, 0.25, 0.33, 0.5)
"""Budgets tried for item 1, as shares of the reference's time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path, help="the text to learn, e.g. tinyshakespeare.txt")
    parser.add_argument("--only", default="1,2,3,4,5,6,7", help="items to run (see README)")
    parser.add_argument("--steps", type=int, default=REFERENCE_STEPS, help="of the reference")
    parser.add_argument("--kills", type=int, default=20, help="for item 5")
    parser.add_argument("--megabytes", type=int, default=1000, help="of text, for item 6")
    parser.add_argument("--nanogpt", type=Path, help="a clone of nanoGPT, to run it beside ours")
    arguments = parser.parse_args()
    wanted = {int(item) for item in arguments.only.split(",")}
    text = read_text(arguments.text)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {processor()}")
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder)).ready()
        if wanted & {1, 2}:
            against_reference(text, data, arguments.steps, wanted, arguments.nanogpt)
        if 3 in wanted:
            throughput(text)
        if 4 in wanted:
            small_corpus_job(data)
        if 5 in wanted:
            kills(data, arguments.kills)
    if 6 in wanted:
        print("\n6.", end=" ")
        tokenizing.measure(tokenizing.LEVELS, arguments.megabytes)
    if 7 in wanted:
        gpu.measure(text)


def against_reference(
    text: Text, data: DataFolder, steps: int, wanted: set[int], nanogpt: Path | None
) -> None:
    """Items 1 and 2: seconds to the reference's loss, and our loss after its time."""
    loss, seconds = reference_run(text, steps)
    print(f"\nReference: {steps} steps, validation loss {loss:.4f}, {seconds:.1f} s of training")
    if nanogpt is not None:
        real_loss, real_seconds = real_nanogpt(nanogpt, text, steps)
        print(
            f"nanoGPT itself: {steps} steps, validation loss {real_loss:.4f}, "
            f"{real_seconds:.1f} s of training"
        )
    if 1 in wanted:
        for share in SHARES:
            ours, spent, shape = budgeted_run(text, data, share * seconds)
            reached = ours <= loss
            print(
                f"1. ours, planned for {share:.3f} of that time: loss {ours:.4f} in {spent:.1f} s "
                f"({shape}){f'  → {seconds / spent:.1f} times as fast' if reached else ''}"
            )
            if reached:
                break
        else:
            print("1. missed: the reference's loss was not reached in half of its time")
    if 2 in wanted:
        ours, spent, shape = budgeted_run(text, data, seconds)
        print(f"2. ours after the reference's time: loss {ours:.4f} in {spent:.1f} s ({shape})")


def budgeted_run(text: Text, data: DataFolder, seconds: float) -> tuple[float, float, str]:
    """Ours with the preset for a time budget: (validation loss, seconds of training, shape)."""
    config = load_preset("five-minutes")
    config = with_settings(
        config,
        {"corpus": (str(text.path),), "minutes": seconds / 60, "checkpoint_every": 0},
    )
    run = train_new(config, data, Control()).run
    spent = float(read_records(run.metrics_file, METRIC)["seconds"][-1])
    saved = load_checkpoint(run.final)
    model = saved.config["model"]
    shape = f"{model['layout']} D{model['d_model']} L{model['n_layers']} T{model['max_seq_len']}"
    return float(saved.metrics["val_loss"]), spent, shape


def throughput(text: Text) -> None:
    """Item 3: tokens a second at the guide's default shape against the reference loop."""
    training_data = as_training_data(text)
    config = with_settings(RunConfig(), {"dropout": 0.0})
    shape = {
        "d_model": config.model.d_model,
        "n_heads": config.model.n_heads,
        "n_layers": config.model.n_layers,
        "d_ff": config.model.d_ff,
        "max_seq_len": config.model.max_seq_len,
    }
    model, optimizer = reference_model(text.vocab_size, shape)
    draw = np.random.default_rng(0)
    threads = MOST_THREADS
    torch.set_num_threads(threads)  # an earlier run may have set its own
    precisions = ["fp32", "bf16"] if supports_bf16(torch.device("cpu")) else ["fp32"]
    ways = [Execution(precision, threads) for precision in precisions]
    if can_compile():  # as a run of more than ten minutes tries it
        ways += [Execution(precision, threads, compiled=True) for precision in precisions]
    ours = {way: Trainer(config, training_data, way) for way in ways}
    of_reference: list[float] = []
    of_ours: dict[Execution, list[float]] = {way: [] for way in ways}
    batch = config.training.batch_size
    for _ in range(25):  # in turn, so that a slow moment hits all alike
        started = time.perf_counter()
        reference_step(model, optimizer, text, draw, 500, REFERENCE_STEPS, batch)
        of_reference.append(time.perf_counter() - started)
        for way, trainer in ours.items():
            started = time.perf_counter()
            trainer.train_step()
            of_ours[way].append(time.perf_counter() - started)
    tokens = batch * config.model.max_seq_len
    reference = float(np.median(of_reference[3:]))
    print(f"\n3. default shape, reference loop: {tokens / reference:,.0f} tokens/s")
    weights = sum(p.numel() for n, p in model.named_parameters() if "embedding" not in n)
    flops = 6 * weights * tokens  # forward and backward of the matrices (Kaplan et al. 2020)
    for way in ways:
        median = float(np.median(of_ours[way][3:]))
        peak = matrix_product_flops(way.precision)
        print(
            f"   ours in {way}: {tokens / median:,.0f} tokens/s, "
            f"{reference / median:.2f} times the reference; "
            f"{flops / median / peak:.0%} of the matrix-product peak ({peak / 1e9:.0f} GFLOP/s)"
        )


def matrix_product_flops(precision: str) -> float:
    """Operations a second of a large matrix product in this precision, the best of a few."""
    dtype = torch.float32 if precision == "fp32" else torch.bfloat16
    a, b = torch.randn(1600, 1024).to(dtype), torch.randn(1024, 1024).to(dtype)
    best = math.inf
    for _ in range(8):
        started = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - started)
    return 2 * 1600 * 1024 * 1024 / best


def small_corpus_job(data: DataFolder) -> None:
    """Item 4: the guide's job of 10,000 words, 50 epochs, all defaults."""
    words = (sample_data_folder() / "stories.txt").read_text(encoding="utf-8").split(" ")[:10_000]
    corpus = data.root / "ten_thousand_words.txt"
    corpus.write_text(" ".join(words), encoding="utf-8")
    for precision, goal in (("auto", 3), ("fp32", 6)):
        config = with_settings(RunConfig(), {"corpus": (str(corpus),), "precision": precision})
        started = time.perf_counter()
        run = train_new(config, data, Control()).run
        minutes = (time.perf_counter() - started) / 60
        used = load_checkpoint(run.final).trainer_state["execution"]["precision"]
        print(f"\n4. 10,000 words, 50 epochs in {used}: {minutes:.1f} minutes (goal: under {goal})")


def as_training_data(text: Text) -> TrainingData:
    """The text as our trainer takes it."""
    config = with_settings(RunConfig(), {"corpus": (str(text.path),)})
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(config, DataFolder(Path(folder)).ready())
        return TrainingData(prepared.tokenizer, prepared.train, prepared.val)


def processor() -> str:
    capabilities = torch.cpu.get_capabilities()
    bf16 = "with" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "without"
    return f"{capabilities.get('cpu_name', 'unknown processor')} {bf16} bfloat16"


if __name__ == "__main__":
    main()
