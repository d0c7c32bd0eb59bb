"""Promise 1: whoever is killed, and whenever, leaves a data folder that opens and goes on.

Children are killed by SIGKILL before each of their writes, in the middle of them, and at random
moments: trainings here, and what a person does (`operations`). Afterwards finished runs are whole,
the interrupted one goes on bit for bit, what was moved or replaced is the old or the new, and the
next start removes what was left unfinished.
"""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minigpt_tui.config_files import dump_yaml
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, find_run, list_runs
from minigpt_tui.runs.leftovers import remove_leftovers
from minigpt_tui.runs.status import read_status
from tests.reliability.forge import KILLED, Done, Forge
from tests.reliability.frame import Cases, Trial, expect, tried
from tests.reliability.operations import (
    OPERATIONS,
    Operation,
    expect_whole,
    gguf_operations,
    slow_operations,
)
from tests.reliability.small import (
    config_for,
    corpus_in,
    leftovers,
    open_everything,
    same_weights,
    trained,
    weights,
)


@dataclass(frozen=True)
class Scene:
    """What every case begins with: a folder that is copied, and how its run ends if left alone."""

    folder: Path
    config: Path
    whole: RunFolder
    branched: RunFolder

    def copy(self, place: Path) -> DataFolder:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.folder, place)
        return DataFolder(place)


def cases(trial: Trial) -> Cases:
    with Forge(trial.folder) as forge:
        scene = _scene(trial)
        for name, arguments, goal in (
            ("new run", ("train", "--config", scene.config, "--run", "killed"), scene.whole),
            ("resume", ("train", "--resume", "stopped"), scene.whole),
            (
                "branch",
                (
                    "train",
                    "--resume",
                    "HOME/runs/stopped/checkpoint_epoch_1.pt",
                    "--run",
                    "killed",
                ),
                scene.branched,
            ),
        ):
            yield from _trainings(trial, forge, scene, name, arguments, goal)
        slow = slow_operations() if trial.long else ()
        everything = (*OPERATIONS, *gguf_operations(), *slow)
        often = (trial.some(12, 400), trial.some(3, 40))
        yield from _operations(trial, forge, scene, everything, *often)


def few(trial: Trial, forge: Forge) -> Cases:
    """Kills of a training at its writes, and of each thing that a person does to a run."""
    scene = _scene(trial)
    arguments = ("train", "--resume", "stopped")
    trainings = _trainings(trial, forge, scene, "resume", arguments, scene.whole)
    yield from itertools.islice(trainings, 3)
    yield from _operations(trial, forge, scene, OPERATIONS, at_writes=1, at_moments=0)


def few_of_gguf(trial: Trial, forge: Forge) -> Cases:
    """Kills of an export to GGUF."""
    operations = gguf_operations()
    yield from _operations(trial, forge, _scene(trial), operations, at_writes=2, at_moments=2)


def _scene(trial: Trial) -> Scene:
    corpus = corpus_in(trial.folder)
    config = config_for(corpus)
    file = trial.folder / "run.yaml"
    file.write_text(dump_yaml(config), encoding="utf-8")
    home = DataFolder(trial.folder / "reference").ready()
    whole = trained(home, "whole", config)
    stopped = trained(home, "stopped", config, stop_at=5)
    # GGUF holds no other vocabulary.
    finished = trained(home, "finished", config_for(corpus, level="bpe", vocab_size=270))
    scene = DataFolder(trial.folder / "scene").ready()
    shutil.copytree(stopped.path, scene.runs / "stopped")
    shutil.copytree(finished.path, scene.runs / "finished")
    return Scene(scene.root, file, whole, whole)


def _trainings(
    trial: Trial,
    forge: Forge,
    scene: Scene,
    name: str,
    arguments: tuple[object, ...],
    goal: RunFolder,
) -> Cases:
    """A training killed at writes and at random moments, and gone on with."""
    home = trial.folder / "home"

    def start(kill_at: int | None = None, kill_after: float | None = None) -> Done:
        filled = [str(part).replace("HOME", str(home)) for part in arguments]
        return forge.command(*filled, "--data-dir", home, kill_at=kill_at, kill_after=kill_after)

    scene.copy(home)
    left_alone = start()
    expect(left_alone.code == 0, f"{name} does not work at all: {left_alone.output[-500:]}")
    dice = trial.dice("kills", name)
    places = range(1, left_alone.boundaries + 1)
    chosen = sorted(dice.sample(places, min(trial.some(12, 400), len(places))))
    moments = [dice.uniform(0.05, 1.5) for _ in range(trial.some(3, 40))]
    kills: list[tuple[str, int | None, float | None]] = [
        *((f"{name}, killed at write {place} of {len(places)}", place, None) for place in chosen),
        *((f"{name}, killed after {moment:.3f} s", None, moment) for moment in moments),
    ]
    for what, kill_at, kill_after in kills:
        if not trial.wants(what):
            continue
        data = scene.copy(home)
        done = start(kill_at, kill_after)

        # A run writes its state by the clock, so it may be done before it comes to so late a write.
        may_end = kill_at is None or done.boundaries < kill_at

        def look(data: DataFolder = data, done: Done = done, may_end: bool = may_end) -> None:
            expect(done.code == KILLED or may_end, f"not killed but {done.code}: {done.output}")
            open_everything(data)
            expect_whole(find_run(data, "finished"))
            run = next((r for r in list_runs(data) if r.name == "killed"), None)
            if name == "resume":
                run = find_run(data, "stopped")
            if run is None:
                again = start()
            elif done.code == 0:
                again = done
            else:
                completed = read_status(run).state == "completed"  # killed after its last write
                again = forge.command("train", "--resume", run.name, "--data-dir", home)
                if completed:
                    expect("is complete" in again.output, again.output)
                    again = Done(0, 0, "")
            expect(again.code == 0, f"it does not go on: {again.output[-400:]}")
            ended = run or find_run(data, "killed")
            expect(same_weights(weights(ended.final), weights(goal.final)), "other weights")
            expect_whole(ended)
            remove_leftovers(data)
            left = [str(path.relative_to(data.root)) for path in leftovers(data)]
            expect(not left, f"unfinished files stay: {left}")

        yield tried(what, look)


def _operations(
    trial: Trial,
    forge: Forge,
    scene: Scene,
    operations: tuple[Operation, ...],
    at_writes: int,
    at_moments: int,
) -> Cases:
    """What a person does, each killed at so many writes and at so many random moments."""
    home = trial.folder / "home"
    for operate, holds in operations:
        scene.copy(home)
        began = time.monotonic()
        left_alone = forge.call(operate, str(home), kill_at=None)
        seconds = time.monotonic() - began
        expect(left_alone.code == 0, left_alone.output)
        name, last = operate.__name__, left_alone.boundaries
        dice = trial.dice("kills", name)
        places = sorted(dice.sample(range(1, last + 1), min(at_writes, last)))
        moments = [dice.uniform(0, seconds) for _ in range(at_moments)]
        kills: list[tuple[str, int | None, float | None]] = [
            *((f"{name}, killed at write {place} of {last}", place, None) for place in places),
            *((f"{name}, killed after {moment:.3f} s", None, moment) for moment in moments),
        ]
        for what, kill_at, kill_after in kills:
            if not trial.wants(what):
                continue
            data = scene.copy(home)
            done = forge.call(operate, str(home), kill_at=kill_at, kill_after=kill_after)

            def look(
                data: DataFolder = data,
                done: Done = done,
                by_time: bool = kill_after is not None,
                holds: Callable[[DataFolder], None] = holds,
            ) -> None:
                ended = done.code == KILLED or (by_time and done.code == 0)
                expect(ended, f"not killed but {done.code}: {done.output}")
                open_everything(data)
                holds(data)
                remove_leftovers(data)
                expect(not leftovers(data), f"unfinished files stay: {leftovers(data)}")

            yield tried(what, look)
