"""Promise 4: what others have made is refused, or shown harmlessly, and never obeyed.

Files of every kind in the place of a run's files, names that lead elsewhere, settings that would
fill the memory, texts that a terminal would obey; and random input for every reader (`fuzz`).
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from minigpt_tui.config_files import dump_yaml
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from tests.reliability.by_pytest import by_pytest
from tests.reliability.forge import KILLED, Done, Forge
from tests.reliability.frame import Cases, Trial, expect, is_harmless, tried
from tests.reliability.fuzz import fuzz_for
from tests.reliability.serving import server
from tests.reliability.small import TEXT, config_for, corpus_in, trained

PATIENCE_SECONDS = 20.0
SCREEN_SECONDS = 2.0
NAMED = "\x1b]0;title\x07\x9b2J\u202e[red][@click=app.quit]x"
ESCAPES = "\x1b]0;title\x07\x1b[31mred\x9b2J\u202eback\u200b[/red][@click=app.quit]x[/]"


def cases(trial: Trial) -> Cases:
    data = DataFolder(trial.folder / "home").ready()
    config = config_for(corpus_in(trial.folder))
    stopped = trained(data, "stopped", config, stop_at=5)
    with Forge(trial.folder) as forge:
        yield from _strange_files(trial, forge, data, stopped)
        yield from _links(trial, forge, data, stopped)
        yield from _names(trial, forge, data)
        yield from _settings(trial, forge, data)
        yield from _texts(trial, forge, data)
    if trial.wants(what := "escapes: the workbench's panes"):
        yield tried(what, lambda: _on_screen(data))
    if trial.wants(what := "escapes: the HTTP interface"):
        yield tried(what, lambda: _over_http(data))
    yield from fuzz_for(trial, trial.minutes or trial.some(1, 20))
    if trial.long and trial.wants("tests."):
        yield from by_pytest(
            trial, "tests/runs/test_checkpoint.py", "tests/text", "tests/tui/runs/test_pane.py"
        )


def few(trial: Trial, forge: Forge) -> Cases:
    """A pipe for a status, a link for the events, YAML without an end, a name that leads out."""
    data = DataFolder(trial.folder / "home").ready()
    stopped = trained(data, "stopped", config_for(corpus_in(trial.folder)), stop_at=5)

    def only(cases: str) -> Trial:
        return Trial(trial.folder, trial.long, trial.seed, cases)

    pipes = only("a pipe in the place of status.json")
    yield from _strange_files(pipes, forge, data, stopped)
    yield from _links(only("in the place of events.jsonl"), forge, data, stopped)
    yield from _settings(only("an alias of itself"), forge, data)
    yield from _settings(only("to the base of 60"), forge, data)
    yield from _names(only("name '../x': 'train --run"), forge, data)


def expect_in_words(done: Done, *codes: int) -> None:
    """The command ended by itself, with such a code, and said nothing that a terminal obeys.

    Or it is a training that waits, and says for what.
    """
    waits = "goes on by itself when that is mended" in done.output  # as promise 2 has it
    expect(done.code != KILLED or waits, f"it hangs: {done.output[-300:]}")
    expect(not codes or done.code in codes, f"exit code {done.code}: {done.output[-300:]}")
    expect("Traceback" not in done.output, done.output[-600:])
    bad = [sign for sign in done.output if sign in "\x1b\x9b\x07\u202e\u200b"]
    expect(not bad, f"a terminal would obey {bad}")


def _commands(home: Path, name: str) -> list[tuple[str, ...]]:
    at = ("--data-dir", str(home))
    return [
        ("runs", *at),
        ("runs", "--json", *at),
        ("runs", "verify", name, *at),
        ("predict", "the c", "--run", name, *at),
        ("train", "--resume", name, *at),
    ]


def _strange_files(trial: Trial, forge: Forge, data: DataFolder, run: RunFolder) -> Cases:
    """A pipe, a folder or a link to nowhere in the place of each file of a run holds nobody up."""
    names = sorted(path.name for path in run.path.iterdir())
    kinds: dict[str, Callable[[Path], object]] = {
        "a pipe": os.mkfifo,
        "a folder": os.mkdir,
        "a link to itself": lambda path: path.symlink_to(path.name),
        "a device": lambda path: path.symlink_to("/dev/zero"),
        "rubbish": lambda path: path.write_bytes(os.urandom(300)),
    }
    copy = DataFolder(trial.folder / "strange")
    dice = trial.dice("strange")
    wanted = [(name, kind) for name in (*names, "notes.txt", "run.owner") for kind in kinds]
    if not trial.long:
        wanted = [(name, "a pipe") for name in names] + dice.sample(wanted, 12)
    for name, kind in wanted:
        commands = _commands(copy.root, run.name)
        if not trial.long:
            commands = dice.sample(commands, 2)
        for command in commands:
            what = f"{kind} in the place of {name}: {' '.join(command[:2])}"
            if not trial.wants(what):
                continue
            shutil.rmtree(copy.root, ignore_errors=True)
            shutil.copytree(data.root, copy.root)
            place = copy.runs / run.name / name
            if place.is_dir():
                shutil.rmtree(place)
            place.unlink(missing_ok=True)
            kinds[kind](place)
            done = forge.command(*command, kill_after=PATIENCE_SECONDS)
            yield tried(what, lambda done=done: expect_in_words(done))


def _links(trial: Trial, forge: Forge, data: DataFolder, run: RunFolder) -> Cases:
    """A link in a run folder is not written through, whatever one does with the run."""
    copy = DataFolder(trial.folder / "linked")
    victim = trial.folder / "victim"
    for name in (*sorted(p.name for p in run.path.iterdir()), "background.log", "run.log"):
        what = f"a link out of the folder in the place of {name}"
        if not trial.wants(what):
            continue
        shutil.rmtree(copy.root, ignore_errors=True)
        shutil.copytree(data.root, copy.root)
        place = copy.runs / run.name / name
        victim.write_bytes(place.read_bytes() if place.is_file() else b"precious\n")
        before = victim.read_bytes()
        place.unlink(missing_ok=True)
        place.symlink_to(victim)

        def act(before: bytes = before) -> None:
            for command in _commands(copy.root, run.name):
                expect_in_words(forge.command(*command, kill_after=PATIENCE_SECONDS))
            expect(victim.read_bytes() == before, "a file elsewhere was written")

        yield tried(what, act)


def _names(trial: Trial, forge: Forge, data: DataFolder) -> Cases:
    """A name that leads elsewhere, means a device or acts on the terminal is refused."""
    at = ("--data-dir", str(data.root))
    outside = sorted(trial.folder.rglob("*"))
    names = ["../x", "/x", "..", ".hidden", "a/b", "a\\b", "CON", "nul.txt", "com1", "a\nb"]
    names += ["", "-x", "x" * 300, "é", f"x{ESCAPES}", "x\0y", "name.", "~"]
    for name in names:
        for command in (
            ("train", f"--run={name}", "--preset", "tiny"),
            ("train", f"--resume={name}"),
            ("runs", "verify", f"--data-dir={data.root}", "--", name),
            ("predict", "--run", name, "a"),
            ("train", "--preset", "tiny", "--dry-run", f"--corpus={name}"),
            ("train", f"--preset={name}"),
        ):
            what = f"name {name[:20]!r}: {' '.join(command[:2])[:40]!r}"
            if not trial.wants(what):
                continue
            arguments = command if "--" in command else (*command, *at)
            done = forge.command(*arguments, kill_after=PATIENCE_SECONDS)
            codes = () if "--dry-run" in command else (1, 2)  # a folder is a text, too
            yield tried(what, lambda done=done, codes=codes: expect_in_words(done, *codes))
    new = [path for path in trial.folder.rglob("*") if path not in outside]
    strays = [str(path) for path in new if not path.is_relative_to(data.root)]
    yield tried("names: nothing outside", lambda: expect(strays in ([], [_out(trial)]), strays))


def _out(trial: Trial) -> str:
    return str(trial.folder / "forge.out")


def _settings(trial: Trial, forge: Forge, data: DataFolder) -> Cases:
    """A YAML file that would fill the memory or call something is refused within seconds."""
    laughs = "a: &a [x]\n"
    for last, name in itertools.pairwise("abcdefghi"):
        laughs += f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]\n"
    bombs = {
        "aliases": laughs,
        "an alias of itself": "a: &a [*a]\n",
        "lists, deep": "a: " + "[" * 30_000,
        "blocks, deep": "\n".join(" " * n + "a:" for n in range(300)),
        "a number, long": "lr: " + "9" * 60_000,
        "a number to the base of 60": "epochs: 1" + ":1" * 30_000,
        "hexadecimal": "epochs: 0x" + "f" * 60_000,
        "object": "!!python/object/apply:os.mkdir [pwned]",
        "name": "lr: !!python/name:os.system",
        "date": "lr: 2001-99-99",
        "binary": "lr: !!binary '%%%'",
        "set": "!!set {a, b}",
        "keys": "? [a, b]\n: 1",
        "merge": "<<: 5",
        "bytes": "\udcff\udcfe",
        "escapes": f'corpus: "{"".join(f"|u{ord(c):04x}" for c in ESCAPES)}"'.replace("|", "\\"),
        "key of escapes": f'"{"".join(f"|u{ord(c):04x}" for c in ESCAPES)}": 1'.replace("|", "\\"),
        "width": "d_model: 1000000000000",
        "layers": "n_layers: 999999999",
        "window": "max_seq_len: 100000000000",
        "batch": "batch_size: 1000000000000",
        "threads": "threads: 100000000",
        "nothing": "",
    }
    file = trial.folder / "bomb.yaml"
    for name, text in bombs.items():
        what = f"YAML, {name}"
        if not trial.wants(what):
            continue
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        command = ("train", "--config", file, "--dry-run", "--data-dir", data.root)
        done = forge.command(*command, kill_after=PATIENCE_SECONDS)
        codes = (0,) if name == "nothing" else (1, 2)
        yield tried(what, lambda done=done, codes=codes: expect_in_words(done, *codes))
        data.settings.write_bytes(file.read_bytes())
        done = forge.call(_remember, str(data.root), kill_at=None)
        yield tried(f"settings.yaml, {name}", lambda done=done: expect_in_words(done, 0))
        data.settings.unlink(missing_ok=True)
    pwned = [folder for folder in (trial.folder, Path.cwd()) if (folder / "pwned").exists()]
    yield tried("YAML: nothing was called", lambda: expect(not pwned, f"{pwned}"))


def _remember(home: str) -> None:
    """What the workbench does with the settings at its start and its end."""
    from minigpt_tui.tui.remembered import load_remembered, save_remembered

    data = DataFolder(Path(home))
    save_remembered(load_remembered(data), data)


def _texts(trial: Trial, forge: Forge, data: DataFolder) -> Cases:
    """Escape sequences in a text, in its name, in a prompt and in what a model writes."""
    corpus = trial.folder / f"evil{ESCAPES.replace('/', '')}.txt"
    corpus.write_text((ESCAPES + "\n" + TEXT) * 3, encoding="utf-8")
    config = trial.folder / "evil.yaml"
    config.write_text(dump_yaml(config_for(corpus, epochs=2)), encoding="utf-8")
    at = ("--data-dir", str(data.root))
    commands = [
        ("train", "--config", str(config), "--run", "evil", *at),
        ("train", "--resume", "evil", "--epochs", "3", *at),
        ("runs", *at),
        ("runs", "--json", *at),
        ("predict", "--run", "evil", ESCAPES, *at),
        ("predict", "--run", "evil", "--json", ESCAPES, *at),
        ("generate", "--run", "evil", "--seed", "1", ESCAPES, *at),
        ("generate", "--run", "evil", "--seed", "1", "--json", ESCAPES, *at),
        ("eval", "--run", "evil", *at),
        ("inspect", "surprisal", "--run", "evil", ESCAPES, *at),
        ("inspect", "evidence", "--run", "evil", ESCAPES, *at),
        ("inspect", "lens", "--run", "evil", "--json", ESCAPES, *at),
        ("train", "--config", str(config), "--corpus", str(corpus) + ".none", *at),
    ]
    for command in commands:
        what = f"escapes: {' '.join(part for part in command[:4] if part.isprintable())[:60]}"
        if not trial.wants(what):
            continue
        done = forge.command(*command, kill_after=60.0)
        yield tried(what, lambda done=done: expect_in_words(done))


def _on_screen(data: DataFolder) -> None:
    """Every pane of the workbench, with the text, its name and the run among what it shows."""
    from tests.e2e.terminal import ALTERNATE_SCREEN, Terminal

    (data.corpora / f"a{NAMED}.txt").write_text((ESCAPES + "\n" + TEXT) * 3, encoding="utf-8")
    data.settings.write_text("pane: corpus\n", encoding="utf-8")
    with Terminal(data.root, columns=120, lines=40) as terminal:
        terminal.wait_for("Texts")
        for key in ("f3", "f4", "f5", "f6", "f2"):
            terminal.press(key)
            time.sleep(SCREEN_SECONDS)
            shown = terminal.text
            expect(terminal.title != "title", f"{key}: the window's title was changed")
            expect(ALTERNATE_SCREEN in terminal.modes, f"{key}: the screen was left")
            bad = [sign for sign in shown if sign != "\n" and not is_harmless(sign)]
            expect(not bad, f"{key}: {bad}")
            expect(key != "f2" or "0;title" in shown, "the text's name is not shown")
        terminal.press("ctrl+q")
        expect(terminal.wait_for_exit() == 0, "it did not end well")


def _over_http(data: DataFolder) -> None:
    """JSON carries every sign by its number; nothing that is printed of it acts on a terminal."""
    with server(data.root) as (_, port):
        for path, body in (
            ("/v1/completions", {"prompt": ESCAPES, "max_tokens": 8, "echo": True, "logprobs": 1}),
            ("/v1/completions", {"prompt": ESCAPES, "max_tokens": 8, "stream": True}),
            ("/v1/completions", {"prompt": "the", ESCAPES: 1, "stop": [ESCAPES]}),
            ("/tokenize", {"text": ESCAPES}),
            ("/x" + quote(ESCAPES), {}),
        ):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            raw = connection.getresponse().read().decode("utf-8")
            connection.close()
            bad = [sign for sign in raw if sign != "\n" and not is_harmless(sign)]
            expect(not bad, f"{path[:20]}: {bad}")


__all__ = ["cases", "expect_in_words"]
