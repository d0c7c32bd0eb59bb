"""`minigpt-tui bench`: how fast this machine trains and writes, for people who compare machines."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from minigpt_tui.commands.exit_codes import OK
from minigpt_tui.commands.table import table
from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset

if TYPE_CHECKING:
    from minigpt_tui.jobs.benchmark import Speed

LEAST_SECONDS, MOST_SECONDS = 1.0, 3600.0
TITLES = {"gpt2": "classic (gpt2)", "qwen3": "modern (qwen3)"}


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds",
        type=float,
        default=30.0,
        metavar="S",
        help="about how long to measure (default: %(default)s)",
    )
    parser.add_argument(
        "--preset", metavar="NAME", help="measure this preset's shape instead of the default one"
    )
    parser.add_argument("--json", action="store_true", help="print JSON only")


def bench(arguments: argparse.Namespace) -> int:
    """Prints one table of tokens a second at one shape, in each precision there is."""
    if not LEAST_SECONDS <= arguments.seconds <= MOST_SECONDS:
        raise ValueError(f"--seconds is a number from {LEAST_SECONDS:g} to {MOST_SECONDS:g}.")
    import torch

    from minigpt_tui.commands.checkup.machine import device_name
    from minigpt_tui.jobs.benchmark import measure
    from minigpt_tui.training.device import resolve_device
    from minigpt_tui.training.execution import MOST_THREADS

    config = RunConfig() if arguments.preset is None else load_preset(arguments.preset)
    model = config.model
    facts = {
        "device": device_name(resolve_device("auto")),
        "torch": torch.__version__,
        "threads": MOST_THREADS,
        "shape": f"D{model.d_model} L{model.n_layers} H{model.n_heads} T{model.max_seq_len} "
        f"B{config.training.batch_size}",
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }
    if not arguments.json:
        print(f"{facts['device']}, torch {facts['torch']}, {facts['threads']} threads")
        print(f"Shape: {facts['shape']}. About {arguments.seconds:g} seconds…", flush=True)
    speeds = list(measure(config, arguments.seconds))
    if arguments.json:
        plain = [{"kind": _kind(speed), **asdict(speed)} for speed in speeds]
        print(json.dumps({**facts, "speeds": plain}, indent=2))
        return OK
    print("\n".join(["", *_table(speeds)]))
    load, cores = facts["load_before"], os.cpu_count() or 1
    if isinstance(load, float) and load > cores / 2:
        print(
            f"\n! The machine was busy before (load {load:.1f} on {cores} cores): measure again "
            "when it is idle.",
            file=sys.stderr,
        )
    return OK


def _kind(speed: Speed) -> str:
    """`product`, `training` or `writing`."""
    return type(speed).__name__.removesuffix("Speed").lower()


def _table(speeds: list[Speed]) -> list[str]:
    from minigpt_tui.jobs.benchmark import ProductSpeed, TrainingSpeed

    rows = []
    for speed in speeds:
        match speed:
            case ProductSpeed():
                peak = f"{speed.flops_per_second / 1e9:,.0f} GFLOP/s"
                rows.append(["matrix product", speed.precision, peak, "", "100 %"])
            case TrainingSpeed():
                rows.append(
                    [
                        f"train {TITLES[speed.layout]}",
                        speed.precision,
                        f"{speed.tokens_per_second:,.0f} tokens/s",
                        f"{speed.seconds_per_step * 1e3:,.1f}",
                        f"{speed.share_of_peak:.0%}".replace("%", " %"),
                    ]
                )
            case _:
                rate = f"{speed.tokens_per_second:,.0f} tokens/s"
                rows.append([f"write {TITLES[speed.layout]}", "fp32", rate, "", ""])
    return table(["what", "precision", ">speed", ">ms a step", ">of the peak"], rows)
