"""`minigpt-tui runs`: what has been trained here, how it went, and whether its files are whole."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from typing import Any

from minigpt_tui.paths import data_folder
from minigpt_tui.runs.folder import RunFolder, find_run, list_runs, read_info
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.safe import visible


def runs(arguments: argparse.Namespace) -> int:
    """Lists all runs, the newest first, or verifies one; exit code 1 when a check fails."""
    if arguments.action == "verify":
        return _verify(arguments)
    if arguments.name is not None or arguments.replay:
        raise ValueError("`runs list` takes no run. To check one: minigpt-tui runs verify RUN.")
    described = [_describe(run) for run in list_runs(data_folder(arguments.data_dir))]
    if arguments.json:
        print(json.dumps(described, indent=2))
        return 0
    if not described:
        print("No runs yet. `minigpt-tui train` trains the first.")
        return 0
    print(f"{'name':<28} {'state':<12} {'step':>15} {'best loss':>10} {'started':>17}")
    for row in described:
        loss = "–" if row["best_val_loss"] is None else f"{row['best_val_loss']:.4f}"
        started = "–"
        if row["created"] is not None:
            started = time.strftime("%Y-%m-%d %H:%M", time.localtime(row["created"]))
        steps = f"{row['step']:,}/{row['total_steps']:,}"
        name = visible(str(row["name"]))
        print(f"{name:<28} {row['state']:<12} {steps:>15} {loss:>10} {started:>17}")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        raise ValueError("Name the run to verify: minigpt-tui runs verify RUN.")
    data = data_folder(arguments.data_dir)
    run = find_run(data, arguments.name)
    from minigpt_tui.jobs.verify import verify_files, verify_replay

    checks = list(verify_files(run))
    if arguments.replay:
        checks += verify_replay(run, data)
    if arguments.json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            mark = "✓" if check.passed else "✗"
            print(f"{mark} {visible(check.what):<34} {visible(check.detail)}")
    return 0 if all(check.passed for check in checks) else 1


def _describe(run: RunFolder) -> dict[str, Any]:
    status = read_status(run)
    described: dict[str, Any] = {
        "name": run.name,
        "state": status.state,
        "step": status.step,
        "total_steps": status.total_steps,
        "epoch": status.epoch,
        "best_val_loss": status.best_val_loss,
        "message": status.message,
        "created": None,
    }
    try:
        info = read_info(run)
    except ValueError as error:
        described["message"] = str(error)
        return described
    described |= {
        "created": info.created,
        "corpus": info.corpus_name,
        "level": info.level,
        "vocab_size": info.vocab_size,
        "parameters": info.parameters,
    }
    return described
