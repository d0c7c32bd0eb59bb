"""nanoGPT itself, from a clone of its repository, with its recipe for a CPU."""

from __future__ import annotations

import importlib.util
import os
import pickle
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from tests.benchmarks.reference import (
    REFERENCE_BATCH,
    REFERENCE_SHAPE,
    REFERENCE_WARM_UP,
    Text,
)

TIME = re.compile(r"^iter (\d+): loss [\d.]+, time ([\d.]+)ms", re.M)


def real_nanogpt(clone: Path, text: Text, steps: int) -> tuple[float, float]:
    """Trains the recipe: (nats a character on the whole validation split, seconds of training).

    The clone is copied, never written to. Its own evaluations, before the first step and after
    the last, stand outside the seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("train.py", "model.py", "configurator.py"):
            shutil.copy(clone / name, place)
        data = place / "data" / "text"
        data.mkdir(parents=True)
        text.train.astype(np.uint16).tofile(data / "train.bin")
        text.val.astype(np.uint16).tofile(data / "val.bin")
        (data / "meta.pkl").write_bytes(pickle.dumps({"vocab_size": text.vocab_size}))
        settings = {
            "dataset": "text",
            "device": "cpu",
            "dtype": "float32",
            "compile": False,
            "gradient_accumulation_steps": 1,
            "batch_size": REFERENCE_BATCH,
            "block_size": REFERENCE_SHAPE["max_seq_len"],
            "n_layer": REFERENCE_SHAPE["n_layers"],
            "n_head": REFERENCE_SHAPE["n_heads"],
            "n_embd": REFERENCE_SHAPE["d_model"],
            "dropout": 0.0,
            "learning_rate": 1e-3,
            "min_lr": 1e-4,
            "beta2": 0.99,
            "warmup_iters": REFERENCE_WARM_UP,
            "max_iters": steps,
            "lr_decay_iters": steps,
            "eval_interval": steps,
            "eval_iters": 1,
            "log_interval": 1,
            "always_save_checkpoint": True,
        }
        command = [sys.executable, "train.py", *(f"--{n}={v}" for n, v in settings.items())]
        # Its own surroundings, not those of this benchmark.
        environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
        done = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, check=True
        )
        seconds = {int(n): float(ms) / 1e3 for n, ms in TIME.findall(done.stdout)}
        quiet = [seconds[n] for n in range(1, steps)]  # 0 and `steps` evaluate as well
        return _val_loss(place, text), sum(quiet) + statistics.median(quiet)


def _val_loss(place: Path, text: Text) -> float:
    """Of nanoGPT's own model, every target once, in windows side by side."""
    found = importlib.util.spec_from_file_location("nanogpt_model", place / "model.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    saved = torch.load(place / "out" / "ckpt.pt", map_location="cpu", weights_only=True)
    model = module.GPT(module.GPTConfig(**saved["model_args"]))
    model.load_state_dict(saved["model"])
    model.eval()
    window = saved["model_args"]["block_size"]
    ids = torch.from_numpy(text.val)
    nats = 0.0
    with torch.inference_mode():
        for start in range(0, len(ids) - 1, 64 * window):
            stop = min(start + 64 * window, len(ids) - 1)
            rows = (stop - start) // window
            whole = start + rows * window
            parts = [(ids[start:whole].view(rows, -1), ids[start + 1 : whole + 1])] if rows else []
            if whole < stop:
                parts.append((ids[whole:stop][None], ids[whole + 1 : stop + 1]))
            for inputs, targets in parts:
                # Without targets nanoGPT computes the last position only.
                logits, _ = model(inputs, torch.zeros_like(inputs))
                nats += F.cross_entropy(
                    logits.flatten(0, 1), targets.flatten(), reduction="sum"
                ).item()
    return nats / (len(ids) - 1)
