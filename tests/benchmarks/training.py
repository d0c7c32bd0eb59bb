"""How fast a model is learned: `python -m tests.benchmarks.training TEXT [--only 1,2,…]`.

TEXT is the path of tinyshakespeare (or another text). Everything is measured in one run, side by
side, because machines are noisy: trust the ratios. The reference is the small-GPT recipe for a CPU
that the field knows (L4 H4 D128, T64, B12, AdamW 1e-3 → 1e-4, warm-up 100, 2,000 steps, fp32,
eager), written out here. Evaluations stand outside all clocks.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
import torch.nn.functional as F

from minigpt_tui.config import RunConfig, load_preset, with_settings
from minigpt_tui.inference.evaluation import evaluate
from minigpt_tui.jobs.train import train_new, train_resumed
from minigpt_tui.model.gpt2 import GPT
from minigpt_tui.paths import DataFolder, sample_data_folder
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.folder import RunFolder, find_run
from minigpt_tui.runs.metrics import METRIC, read_records
from minigpt_tui.training.control import Control

REFERENCE_SHAPE = {"d_model": 128, "n_heads": 4, "n_layers": 4, "d_ff": 512, "max_seq_len": 64}
REFERENCE_BATCH, REFERENCE_STEPS, REFERENCE_WARM_UP = 12, 2000, 100
SHARES = (0.1, 0.125, 0.16, 0.2, 0.25, 0.33, 0.5)
"""Budgets tried for item 1, as shares of the reference's time."""


@dataclass
class Text:
    """A text as ids, the first 90 % for training."""

    path: Path
    train: np.ndarray
    val: np.ndarray
    characters: int
    vocab_size: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path, help="the text to learn, e.g. tinyshakespeare.txt")
    parser.add_argument("--only", default="1,2,3,4,5", help="items to run (see README)")
    parser.add_argument("--steps", type=int, default=REFERENCE_STEPS, help="of the reference")
    parser.add_argument("--kills", type=int, default=20, help="for item 5")
    arguments = parser.parse_args()
    wanted = {int(item) for item in arguments.only.split(",")}
    text = read_text(arguments.text)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {processor()}")
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder)).ready()
        if wanted & {1, 2}:
            against_reference(text, data, arguments.steps, wanted)
        if 3 in wanted:
            throughput(text)
        if 4 in wanted:
            small_corpus_job(data)
        if 5 in wanted:
            kills(data, arguments.kills)


def against_reference(text: Text, data: DataFolder, steps: int, wanted: set[int]) -> None:
    """Items 1 and 2: seconds to the reference's loss, and our loss after its time."""
    loss, seconds = reference_run(text, steps)
    print(f"\nReference: {steps} steps, validation loss {loss:.4f}, {seconds:.1f} s of training")
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


def reference_run(text: Text, steps: int) -> tuple[float, float]:
    """The reference recipe: (validation loss, seconds of training)."""
    torch.manual_seed(1337)
    model, optimizer = reference_model(text.vocab_size)
    draw = np.random.default_rng(1337)
    seconds = 0.0
    for step in range(steps):
        started = time.perf_counter()
        reference_step(model, optimizer, text, draw, step, steps)
        seconds += time.perf_counter() - started
    return val_loss(model, text), seconds


def reference_model(
    vocab_size: int, shape: dict[str, int] = REFERENCE_SHAPE
) -> tuple[GPT, torch.optim.Optimizer]:
    from minigpt_tui.config import ModelConfig

    model = GPT(ModelConfig(**shape, dropout=0.0), vocab_size)
    model.init_weights(torch.Generator().manual_seed(1337))
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return model, torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))


def reference_step(
    model: GPT,
    optimizer: torch.optim.Optimizer,
    text: Text,
    draw: np.random.Generator,
    step: int,
    steps: int,
    batch: int = REFERENCE_BATCH,
) -> None:
    """One step as the well-known loop takes it: random windows, eager fp32, clipping at 1."""
    length = model.config.max_seq_len
    warm = min(1.0, (step + 1) / (REFERENCE_WARM_UP + 1))
    share = max(0, step - REFERENCE_WARM_UP) / max(1, steps - REFERENCE_WARM_UP)
    rate = 1e-4 + 0.5 * (1 + math.cos(math.pi * share)) * (1e-3 - 1e-4)
    for group in optimizer.param_groups:
        group["lr"] = rate * warm
    starts = draw.integers(0, len(text.train) - length - 1, batch)
    inputs = torch.stack([torch.from_numpy(text.train[s : s + length]) for s in starts])
    targets = torch.stack([torch.from_numpy(text.train[s + 1 : s + 1 + length]) for s in starts])
    model.train()
    loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


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
    from minigpt_tui.training.execution import MOST_THREADS, Execution, supports_bf16
    from minigpt_tui.training.trainer import Trainer

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
    ours = {p: Trainer(config, training_data, Execution(p, threads)) for p in precisions}
    seconds: dict[str, list[float]] = {name: [] for name in ("reference", *precisions)}
    batch = config.training.batch_size
    for _ in range(15):  # in turn, so that a slow moment hits all alike
        started = time.perf_counter()
        reference_step(model, optimizer, text, draw, 500, REFERENCE_STEPS, batch)
        seconds["reference"].append(time.perf_counter() - started)
        for precision, trainer in ours.items():
            started = time.perf_counter()
            trainer.train_step()
            seconds[precision].append(time.perf_counter() - started)
    tokens = batch * config.model.max_seq_len
    reference = float(np.median(seconds["reference"][3:]))
    print(f"\n3. default shape, reference loop: {tokens / reference:,.0f} tokens/s")
    weights = sum(p.numel() for n, p in model.named_parameters() if "embedding" not in n)
    flops = 6 * weights * tokens  # forward and backward of the matrices (Kaplan et al. 2020)
    for precision in precisions:
        median = float(np.median(seconds[precision][3:]))
        peak = matrix_product_flops(precision)
        print(
            f"   ours in {precision}: {tokens / median:,.0f} tokens/s, "
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


def kills(data: DataFolder, count: int) -> None:
    """Item 5: a run killed at random moments and resumed each time equals one left alone."""
    arguments = [
        "--preset",
        "tiny",
        "--epochs",
        "120",
        "--checkpoint-every",
        "1",
        "--dropout",
        "0.1",
        "--threads",
        "1",
        "--precision",
        "fp32",
        "--data-dir",
        str(data.root),
    ]
    command = [sys.executable, "-m", "minigpt_tui", "train"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*command, *arguments, "--run", "whole"], check=True, **quiet)
    dice = random.Random(0)
    process = subprocess.Popen([*command, *arguments, "--run", "killed"], **quiet)
    done = 0
    resume = [*command, "--resume", "killed", "--data-dir", str(data.root)]
    while done < count:
        time.sleep(2.0 + dice.random() * 2)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        done += 1
        has_run = (data.runs / "killed").is_dir()
        again = (
            resume if has_run and _resumable(data) else [*command, *arguments, "--run", "killed"]
        )
        if has_run and not _resumable(data):
            import shutil

            shutil.rmtree(data.runs / "killed")
        process = subprocess.Popen(again, **quiet)
    process.wait()
    if not find_run(data, "killed").final.exists():
        train_resumed(find_run(data, "killed"), data, Control())
    whole, killed = (load_checkpoint(find_run(data, n).final) for n in ("whole", "killed"))
    equal = all(torch.equal(w, killed.model_state[n]) for n, w in whole.model_state.items())
    print(
        f"\n5. killed {done} times and resumed: weights "
        f"{'equal bit for bit' if equal else 'DIFFER'}"
    )


def _resumable(data: DataFolder) -> bool:
    run = RunFolder(data.runs / "killed")
    return run.last.exists() or bool(run.epoch_checkpoints())


def read_text(path: Path) -> Text:
    content = path.read_text(encoding="utf-8")
    characters = sorted(set(content))
    number = {c: i for i, c in enumerate(characters)}
    ids = np.array([number[c] for c in content], dtype=np.int64)
    cut = int(0.9 * len(ids))
    return Text(path.absolute(), ids[:cut], ids[cut:], len(content) - cut, len(characters))


def as_training_data(text: Text) -> object:
    """The text as our trainer takes it."""
    from minigpt_tui.jobs.prepare import prepare
    from minigpt_tui.training.trainer import TrainingData

    config = with_settings(RunConfig(), {"corpus": (str(text.path),)})
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(config, DataFolder(Path(folder)).ready())
        return TrainingData(prepared.tokenizer, prepared.train, prepared.val)


def val_loss(model: GPT, text: Text) -> float:
    """Nats a character on the whole validation split, in windows side by side."""
    result = evaluate(
        model, text.val, 64, characters=text.characters, bytes=text.characters, unknown_bytes=0
    )
    assert result is not None
    return result.val_loss


def processor() -> str:
    capabilities = torch.cpu.get_capabilities()
    bf16 = "with" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "without"
    return f"{capabilities.get('cpu_name', 'unknown processor')} {bf16} bfloat16"


if __name__ == "__main__":
    main()
