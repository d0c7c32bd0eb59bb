"""`minigpt-tui config`: the settings that hold, where they come from, and what each one means."""

from __future__ import annotations

import argparse
import difflib
import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from minigpt_tui.commands.doctor import chosen_folder
from minigpt_tui.commands.exit_codes import OK
from minigpt_tui.config import SECTIONS, RunConfig
from minigpt_tui.config_files import load_preset, load_yaml, preset_names
from minigpt_tui.paths import DataFolder
from minigpt_tui.settings import Setting, get_setting, settings
from minigpt_tui.text.safe import visible

DEFAULT = "default"
WORKBENCH = "workbench"


@dataclass(frozen=True)
class Held:
    """A setting as it holds now. `origin`: default, a preset, or a file."""

    section: str
    name: str
    value: Any
    origin: str


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=["show", "explain", "path"],
        default="show",
        help="show what holds (default), explain a setting, print the path of settings.yaml",
    )
    parser.add_argument("setting", nargs="?", metavar="SETTING", help="the setting to explain")
    parser.add_argument("--preset", metavar="NAME", help="show: with this preset")
    parser.add_argument("--config", metavar="FILE", help="show: with this YAML file over it")
    parser.add_argument("--json", action="store_true", help="print JSON only")


def config(arguments: argparse.Namespace) -> int:
    """Shows the settings, explains one, or prints where the workbench keeps its own."""
    data, origin = chosen_folder(arguments.data_dir)
    if (arguments.action == "explain") != (arguments.setting is not None):
        raise ValueError(
            "To explain a setting, name it: minigpt-tui config explain lr. "
            "`show` and `path` take no name."
        )
    if arguments.action != "show" and (arguments.preset or arguments.config):
        raise ValueError("--preset and --config go with `show`.")
    if arguments.action == "explain":
        return _explain(arguments.setting.removeprefix("--").replace("-", "_"), data, arguments)
    if arguments.action == "path":
        if arguments.json:
            print(json.dumps({"settings": str(data.settings), "exists": data.settings.exists()}))
        else:
            print(data.settings)
        return OK
    held = [*_of_runs(arguments), *_of_workbench(data)]
    if arguments.json:
        print(json.dumps([asdict(one) for one in held], indent=2))
        return OK
    print(f"Data folder: {visible(str(data.root))} ({origin})")
    section = ""
    for one in held:
        if one.section != section:
            section = one.section
            print(f"\n{section}")
        origin = "" if one.origin == DEFAULT else f"  ← {visible(one.origin)}"
        print(f"  {one.name:<18} {_shown(one.value)}{origin}")
    return OK


def _of_runs(arguments: argparse.Namespace) -> list[Held]:
    """What a training without further flags would get."""
    layers: list[tuple[str, RunConfig]] = [(DEFAULT, RunConfig())]
    if arguments.preset is not None:
        layers.append((f"preset {arguments.preset}", load_preset(arguments.preset)))
    if arguments.config is not None:
        file = Path(arguments.config).expanduser()
        layers.append((str(file), load_yaml(file, base=layers[-1][1])))
    held = []
    for name, this in settings().items():
        values = [get_setting(layer, name) for _, layer in layers]
        last_change = max(
            (n for n in range(1, len(values)) if values[n] != values[n - 1]), default=0
        )
        held.append(Held(this.section, name, values[-1], layers[last_change][0]))
    return held


def _of_workbench(data: DataFolder) -> list[Held]:
    """What the workbench remembers, and the keys that somebody chose."""
    from minigpt_tui.tui.remembered import Remembered, load_remembered
    from minigpt_tui.tui.settings_file import read_settings

    written: Mapping[str, Any] = read_settings(data)
    now, otherwise = asdict(load_remembered(data)), asdict(Remembered())
    held = [
        Held(WORKBENCH, name, now[name], DEFAULT if now[name] == value else data.settings.name)
        for name, value in otherwise.items()
    ]
    if "keys" in written:
        held.append(Held(WORKBENCH, "keys", written["keys"], data.settings.name))
    return held


def _explain(name: str, data: DataFolder, arguments: argparse.Namespace) -> int:
    if name in settings():
        facts = _facts_of_run(settings()[name])
    else:
        facts = _facts_of_workbench(name, data)
    if arguments.json:
        print(json.dumps(facts, indent=2))
        return OK
    print(textwrap.fill(f"{name}: {facts.pop('help')}", 80))
    del facts["name"]
    for what, value in facts.items():
        if value not in ("", None, [], {}) or what == DEFAULT:
            print(f"  {what:<9} {_shown(value)}")
    return OK


def _facts_of_run(this: Setting) -> dict[str, Any]:
    presets = {name: get_setting(load_preset(name), this.name) for name in preset_names()}
    return {
        "name": this.name,
        "help": this.help,
        "section": this.section,
        "flag": this.flag,
        "default": this.default,
        "unit": this.unit,
        "bounds": this.bounds,
        "choices": list(this.choices),
        "presets": {name: value for name, value in presets.items() if value != this.default},
    }


def _facts_of_workbench(name: str, data: DataFolder) -> dict[str, Any]:
    from minigpt_tui.tui.remembered import described

    facts = described()
    if name not in facts:
        near = difflib.get_close_matches(name, [*settings(), *facts, *SECTIONS], n=1)
        hint = f" Did you mean {near[0]}?" if near and near[0] not in SECTIONS else ""
        raise ValueError(f"There is no setting “{visible(name)}”.{hint}")
    now = next(one for one in _of_workbench(data) if one.name == name) if name != "keys" else None
    return {
        "name": name,
        "help": facts[name].help,
        "section": WORKBENCH,
        "file": str(data.settings),
        "default": facts[name].default,
        "now": None if now is None or now.origin == DEFAULT else now.value,
        "choices": list(facts[name].choices),
    }


def _shown(value: object) -> str:
    """A value in one line for people."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return visible(value) or "(empty)"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(part) for part in value) or "(none)"
    if isinstance(value, Mapping):
        return ", ".join(f"{_shown(k)}: {_shown(v)}" for k, v in value.items()) or "(none)"
    return f"{value:g}" if isinstance(value, float) else visible(str(value))
