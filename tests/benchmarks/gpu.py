"""Item 7: the recipe for a GPU (6 layers, 384 wide, windows of 256, batches of 64), if one is here.

Against the reference loop in bfloat16 with torch.compile, as the field runs it; then the time in
which ours reaches 1.47 nats a character, the recipe's own best on tinyshakespeare.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from minigpt_tui.config import ModelConfig, RunConfig
from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.jobs.train import train_new
from minigpt_tui.model.gpt2 import GPT
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.metrics import EVALUATION, METRIC, read_records
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Evaluated, Event
from minigpt_tui.training.execution import Execution, matrix_product_speed
from minigpt_tui.training.trainer import Trainer, TrainingData
from tests.benchmarks.reference import Text

SHAPE = {"d_model": 384, "n_heads": 6, "n_layers": 6, "d_ff": 1536, "max_seq_len": 256}
BATCH, DROPOUT = 64, 0.2
GOAL_LOSS = 1.47
WARM_UP, TIMED = 20, 100


def measure(text: Text, device: str = "cuda", shape: dict[str, int] = SHAPE) -> None:
    """Prints tokens a second, utilisation and the time to the goal; a line without a GPU."""
    if device == "cuda" and not torch.cuda.is_available():
        print("\n7. not run: there is no CUDA GPU here")
        return
    place = torch.device(device)
    config = with_settings(
        RunConfig(),
        {**shape, "corpus": (str(text.path),), "batch_size": BATCH, "dropout": DROPOUT}
        | {"device": device, "optimizer": "adamw"},
    )
    tokens = BATCH * shape["max_seq_len"]
    reference = tokens / seconds_of(reference_step(text, place, shape), place)
    print(f"\n7. reference loop in bf16, compiled: {reference:,.0f} tokens/s")
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder)).ready()
        prepared = prepare(config, data)
        training_data = TrainingData(prepared.tokenizer, prepared.train, prepared.val)
        weights = 12 * shape["n_layers"] * shape["d_model"] ** 2
        peak = matrix_product_speed(place)
        for compiled in (False, True):
            execution = Execution("bf16", torch.get_num_threads(), compiled)
            trainer = Trainer(config, training_data, execution)
            ours = tokens / seconds_of(trainer.train_step, place)
            print(
                f"   ours in {execution}: {ours:,.0f} tokens/s, {ours / reference:.2f} times the "
                f"reference; {6 * weights * ours / peak:.0%} of the matrix-product peak"
            )
        time_to_goal(config, data)


def time_to_goal(config: RunConfig, data: DataFolder) -> None:
    """Trains the modern layout until the goal is reached, evaluations outside the clock."""
    config = with_settings(
        config,
        {"layout": "qwen3", "optimizer": "muon", "lr": 0.01, "schedule": "linear"}
        | {"steps": 1500, "eval_every": 50, "checkpoint_every": 0},
    )
    control = Control()

    def stop_at_goal(event: Event) -> None:
        if isinstance(event, Evaluated) and event.val_loss <= GOAL_LOSS:
            control.stop()

    run = train_new(config, data, control, on_event=stop_at_goal).run
    evaluations = read_records(run.evaluations_file, EVALUATION)
    seconds = read_records(run.metrics_file, METRIC)["seconds"][-1]
    best = evaluations["val_loss"].min()
    reached = "reached" if best <= GOAL_LOSS else "NOT reached"
    print(f"   {GOAL_LOSS} {reached} (best {best:.4f}) in {seconds:.1f} s of training")


def reference_step(text: Text, device: torch.device, shape: dict[str, int]) -> Callable[[], object]:
    """One step of the field's loop: random windows, bfloat16, compiled, fused AdamW."""
    torch.manual_seed(1337)
    model = GPT(ModelConfig(**shape, dropout=DROPOUT), text.vocab_size)
    model.init_weights(torch.Generator().manual_seed(1337))
    model.to(device)
    forward = torch.compile(model) if device.type == "cuda" else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), fused=True)
    draw, length = np.random.default_rng(0), shape["max_seq_len"]

    def step() -> None:
        starts = draw.integers(0, len(text.train) - length - 1, BATCH)
        windows = torch.stack([torch.from_numpy(text.train[s : s + length + 1]) for s in starts])
        windows = windows.to(device)
        with torch.autocast(device.type, torch.bfloat16):
            logits = forward(windows[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1).float(), windows[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def seconds_of(step: Callable[[], object], device: torch.device) -> float:
    """The median of many steps after a warm-up."""
    taken = []
    for _ in range(WARM_UP + TIMED):
        started = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[WARM_UP:])
