"""Promise 2: where a disk refuses, the training waits, says what it needs, and goes on by itself.

The disk is a real one: a small file system in memory that is filled up (where one may be mounted),
a limit of the file size that the system sets, a folder that is moved away, a right that is taken.
Afterwards the model is bit for bit the one of a training that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigpt_tui.config_files import dump_yaml
from minigpt_tui.jobs.resuming import newest_checkpoint
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, read_info
from minigpt_tui.runs.journal import read_lines
from minigpt_tui.runs.metrics import METRIC, read_records
from minigpt_tui.runs.status import read_status
from tests.reliability.frame import Case, Cases, Trial, expect, tried
from tests.reliability.small import config_for, corpus_in, leftovers, same_weights, trained, weights

PATIENCE_SECONDS = 60.0
DISK_BYTES = 4 * 2**20
ABSENCES = 12


@dataclass(frozen=True)
class Scene:
    config: Path
    whole: RunFolder
    folder: Path
    dice: random.Random


@dataclass
class Training:
    """A training in a process of its own, and what it prints."""

    process: subprocess.Popen[bytes]
    run: RunFolder
    output: Path

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def until(self, holds: Callable[[], bool], what: str) -> None:
        limit = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            ended = self.process.poll()
            expect(ended is None, f"ended ({ended}) before {what}: {self.said[-600:]}")
            expect(time.monotonic() < limit, f"{what} did not come about: {self.said[-600:]}")
            time.sleep(0.01)

    def end(self) -> int:
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            expect(False, f"it does not end: {self.said[-600:]}")
            raise


def cases(trial: Trial) -> Cases:
    corpus = corpus_in(trial.folder)
    calm = _scene(trial, "calm", corpus)
    wild = _scene(trial, "wild", corpus, lr=3.0, optimizer="adamw", weight_decay=0.8)
    for repeat in range(trial.some(1, 10)):
        again = f", {repeat + 1}" if repeat else ""
        for name, act in (
            ("full disk", _full_disk),
            ("full disk, and the output on it", _full_disk_with_output),
            ("full disk, and the training is stopped", _stopped_on_full_disk),
            ("no room to begin", _no_room_to_begin),
            ("limit of the file size", _file_size),
            ("run folder moved away", _moved_away),
            ("data folder moved away", _data_moved_away),
            ("run folder moved away time and again", _moved_away_often),
            ("run folder moved away from a rollback", _moved_away_from_rollback),
            ("right to write taken", _right_taken),
            ("read-only data folder", _read_only),
        ):
            if trial.wants(name):
                scene = wild if act is _moved_away_from_rollback else calm
                yield _case(name + again, act, scene)


def _scene(trial: Trial, name: str, corpus: Path, **settings: object) -> Scene:
    config = config_for(corpus, epochs=60, checkpoint_every=5, keep_checkpoints=2, **settings)
    file = trial.folder / f"{name}.yaml"
    file.write_text(dump_yaml(config), encoding="utf-8")
    reference = DataFolder(trial.folder / "reference").ready()
    whole = trained(reference, name, config)
    return Scene(file, whole, trial.folder, trial.dice("no room", name))


def _case(what: str, act: Callable[[Scene], None], scene: Scene) -> Case:
    try:
        return tried(what, lambda: act(scene))
    except NotHereError as reason:
        print(f"   not tried here: {what} ({reason})")
        return Case("")


class NotHereError(BaseException):
    """A case that this machine cannot stage."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    place = folder / "disk"
    place.mkdir(exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(["mount", *options], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise NotHereError("there is no mount") from error
    if mounted.returncode:
        raise NotHereError("no file system may be mounted")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def fill(disk: Path) -> Path:
    """Uses up every byte that is left."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue
    return ballast


@contextmanager
def training(
    scene: Scene, home: Path, output: Path | None = None, prefix: Sequence[str] = ()
) -> Iterator[Training]:
    output = output or scene.folder / "output"
    run = RunFolder(home / "runs" / "r")
    command = [*prefix, sys.executable, "-m", "minigpt_tui", "train", "--data-dir", str(home)]
    command += ["--resume", "r"] if run.path.exists() else ["--config", str(scene.config)]
    command += [] if run.path.exists() else ["--run", "r"]
    with open(output, "wb") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=file,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    try:
        yield Training(process, run, output)
    finally:
        process.kill()
        process.wait()


def _begun(training: Training) -> None:
    run = training.run
    training.until(lambda: run.path.exists() and bool(run.epoch_checkpoints()), "a checkpoint")


def _waits(training: Training, words: str) -> None:
    training.until(lambda: "Waiting at step" in training.said, "the pause")
    said = training.said
    expect(words in said, f"it does not say {words!r}: {said[-600:]}")
    expect("needed" in said or "to be written" in said, f"not how much: {said[-600:]}")
    expect("Traceback" not in said, said)


def _expect_undisturbed(training: Training, scene: Scene) -> None:
    expect(training.end() == 0, f"it did not end well: {training.said[-600:]}")
    run = training.run
    expect(same_weights(weights(run.final), weights(scene.whole.final)), "other weights")
    losses = [read_records(r.metrics_file, METRIC)["loss"] for r in (run, scene.whole)]
    expect(np.array_equal(*losses), "other figures")
    expect(read_status(run).state == "completed", f"state {read_status(run).state}")
    expect(read_status(run).message == "All steps done.", read_status(run).message)
    home = DataFolder(run.path.parent.parent)
    expect(not leftovers(home), f"unfinished files: {leftovers(home)}")


def _full_disk(scene: Scene) -> None:
    with small_disk(scene.folder) as disk, training(scene, disk / "home") as going:
        _begun(going)
        ballast = fill(disk)
        _waits(going, "is full")
        expect(newest_checkpoint(going.run) is not None, "no good checkpoint is left")
        step = int(going.said.split("Waiting at step ")[1].split(":")[0].replace(",", ""))
        expect(step > 0, "it waits before it has begun")
        ballast.unlink()
        _expect_undisturbed(going, scene)


def _full_disk_with_output(scene: Scene) -> None:
    with (
        small_disk(scene.folder) as disk,
        training(scene, disk / "home", output=disk / "output") as going,
    ):
        _begun(going)
        ballast = fill(disk)
        time.sleep(1.0)
        expect(going.process.poll() is None, f"it ended: {going.said[-400:]}")
        ballast.unlink()
        going.end()
        expect(same_weights(weights(going.run.final), weights(scene.whole.final)), "other weights")


def _stopped_on_full_disk(scene: Scene) -> None:
    with small_disk(scene.folder) as disk:
        with training(scene, disk / "home") as going:
            _begun(going)
            ballast = fill(disk)
            _waits(going, "is full")
            began = time.monotonic()
            going.process.send_signal(signal.SIGTERM)
            code = going.end()
            expect(time.monotonic() - began < 5, "it took long to stop")
            expect(code in (1, 128 + signal.SIGTERM), f"exit code {code}")
            expect("Traceback" not in going.said, going.said)
            expect(newest_checkpoint(going.run) is not None, "no good checkpoint is left")
        ballast.unlink()
        with training(scene, disk / "home") as again:
            _expect_undisturbed(again, scene)


def _no_room_to_begin(scene: Scene) -> None:
    with small_disk(scene.folder) as disk:
        home = DataFolder(disk / "home").ready()
        fill(disk)
        with training(scene, home.root) as going:
            code = going.end()
            expect(code in (1, 2), f"exit code {code}")
            expect("No space left" in going.said, f"it does not say why: {going.said[-400:]}")
            expect("Traceback" not in going.said, going.said)
            expect(not list(home.runs.iterdir()), "a run is left behind")
            expect(not leftovers(home), "unfinished files are left behind")


def _file_size(scene: Scene) -> None:
    if not hasattr(resource, "prlimit"):
        raise NotHereError("only Linux changes the limits of another process")
    home = scene.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    with training(scene, home) as going:
        _begun(going)
        limits = resource.prlimit(going.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(going.process.pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
        _waits(going, "ulimit -f")
        going.until(lambda: read_status(going.run).state == "paused", "the state paused")
        expect("needed" in read_status(going.run).message, read_status(going.run).message)
        resource.prlimit(going.process.pid, resource.RLIMIT_FSIZE, limits)
        _expect_undisturbed(going, scene)


def _moved_away(scene: Scene) -> None:
    home = scene.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    with training(scene, home) as going:
        _begun(going)
        elsewhere = _place_for(scene)
        going.run.path.rename(elsewhere)
        _waits(going, "is gone")
        elsewhere.rename(going.run.path)
        _expect_undisturbed(going, scene)


def _data_moved_away(scene: Scene) -> None:
    """As when a disk is taken out and put back."""
    home = scene.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    with training(scene, home) as going:
        _begun(going)
        elsewhere = _place_for(scene)
        home.rename(elsewhere)
        _waits(going, "is gone")
        elsewhere.rename(home)
        _expect_undisturbed(going, scene)


def _moved_away_often(scene: Scene) -> None:
    """At moments that nobody chose, the first before any checkpoint; for a moment or longer."""
    home = scene.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    with training(scene, home) as going:
        going.until(lambda: read_status(going.run).live, "the first sign of life")
        for _ in range(ABSENCES):
            elsewhere = _place_for(scene)
            going.run.path.rename(elsewhere)
            time.sleep(scene.dice.choice((0.0, 0.001, 0.01, 0.1, 3.0)))
            elsewhere.rename(going.run.path)
            time.sleep(scene.dice.uniform(0.0, 0.4))
        _expect_undisturbed(going, scene)


def _moved_away_from_rollback(scene: Scene) -> None:
    """The loss blows up, and the state to go back to is away just then."""
    events = read_lines(scene.whole.events_file)
    back = next((line for line in events if line["event"] == "rolled-back"), None)
    if back is None or read_status(scene.whole).state != "completed":
        raise NotHereError("this processor's rounding makes another run of it")
    home = scene.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    epoch = back["step"] // read_info(scene.whole).steps_per_epoch
    with training(scene, home) as going:
        going.until(going.run.epoch_checkpoint(epoch).exists, "the good state")
        elsewhere = _place_for(scene)
        going.run.path.rename(elsewhere)
        time.sleep(scene.dice.choice((0.01, 0.1, 3.0)))
        elsewhere.rename(going.run.path)
        _expect_undisturbed(going, scene)


def _place_for(scene: Scene) -> Path:
    """Where a folder can be moved to; a case before this one may have ended with it there."""
    elsewhere = scene.folder / "elsewhere"
    shutil.rmtree(elsewhere, ignore_errors=True)
    return elsewhere


def _powerless() -> tuple[str, ...]:
    """Root may write everywhere, so it gives up that power first."""
    if os.getuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        raise NotHereError("root may write everywhere, and there is no setpriv")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def _read_only(scene: Scene) -> None:
    """What reads works where nothing may be written, and what writes refuses in words."""
    home = scene.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    run = RunFolder(home / "runs" / "r")
    shutil.copytree(scene.whole.path, run.path)
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    at = ("--data-dir", str(home))
    reading = [("runs", *at), ("predict", "the c", "--run", "r", *at), ("doctor", *at)]
    reading += [("runs", "verify", "r", *at), ("generate", "the c", "--run", "r", *at)]
    writing = [("train", "--config", str(scene.config), *at), ("train", "--resume", "r", *at)]
    try:
        for folder in folders:
            folder.chmod(0o555)
        for command in (*reading, *writing):
            done = subprocess.run(
                [*_powerless(), sys.executable, "-m", "minigpt_tui", *command],
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
                check=False,
            )
            said = f"{command[0]}: {done.returncode} {done.stdout[-200:]} {done.stderr[-400:]}"
            expect("Traceback" not in done.stderr, said)
            if command in reading and command[0] != "doctor":
                expect(done.returncode == 0, said)
            if command in writing:
                expect(done.returncode in (1, 2), said)
    finally:
        for folder in folders:
            folder.chmod(0o755)


def _right_taken(scene: Scene) -> None:
    home = scene.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    with training(scene, home, prefix=_powerless()) as going:
        _begun(going)
        mode = going.run.path.stat().st_mode
        going.run.path.chmod(0o555)
        _waits(going, "can no longer be written to")
        going.run.path.chmod(mode)
        _expect_undisturbed(going, scene)
