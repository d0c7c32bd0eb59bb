"""Configurations as plain values and as YAML, read with care; and the presets."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minigpt_tui.config import SECTIONS, RunConfig
from minigpt_tui.regular_file import open_regular
from minigpt_tui.settings import check, check_setting, get_setting, quoted, settings, with_settings

PRESETS_FOLDER = Path(__file__).parent / "presets"
MAX_YAML_BYTES = 64 * 1024


def to_dict(config: RunConfig) -> dict[str, dict[str, Any]]:
    """Plain nested dictionaries, ready for YAML or JSON. `from_dict` turns them back."""
    plain = dataclasses.asdict(config)
    plain["data"]["corpus"] = list(plain["data"]["corpus"])
    return plain


def from_dict(plain: Any, base: RunConfig | None = None) -> RunConfig:
    """The configuration that `plain` describes, checked; what it leaves out comes from `base`.

    Settings stand under their section or, for short hand-written files, at the top level.
    Raises ValueError for unknown keys (with the nearest known one) and illegal values.
    """
    if plain is None:
        plain = {}
    if not isinstance(plain, Mapping):
        raise ValueError("A configuration is a list of `setting: value` lines.")
    changes: dict[str, Any] = {}
    for key, value in plain.items():
        if key in SECTIONS:
            if not isinstance(value, Mapping):
                raise ValueError(f"The section {key} must hold `setting: value` lines.")
            for name, inner in value.items():
                if name not in settings() or settings()[name].section != key:
                    raise ValueError(_unknown_key(f"{name} in section {key}", name))
                changes[name] = check_setting(name, inner)
        elif key in settings():
            changes[key] = check_setting(key, value)
        else:
            raise ValueError(_unknown_key(str(key), key))
    return check(with_settings(base or RunConfig(), changes))


def load_yaml(path: Path, base: RunConfig | None = None) -> RunConfig:
    """The configuration in a YAML file. Raises ValueError that names the file and the fault."""
    import yaml  # 20 ms that only this needs

    try:
        with open_regular(path) as file:
            raw = file.read(MAX_YAML_BYTES + 1)
    except OSError as error:
        raise ValueError(f"Cannot read {path}: {error.strerror}.") from error
    if len(raw) > MAX_YAML_BYTES:
        raise ValueError(f"{path} is larger than {MAX_YAML_BYTES} bytes: not a configuration.")
    try:
        return from_dict(plain_yaml(raw.decode("utf-8")), base)
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split()) or "nested too deeply"
        raise ValueError(f"{path} is not valid YAML: {reason}.") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def plain_yaml(text: str) -> Any:
    """What a YAML text holds: plain values alone.

    Raises yaml.YAMLError, RecursionError, or ValueError for an alias: a chain of them fills the
    memory, one of itself has no end, and settings need none.
    """
    import yaml

    class PlainLoader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise ValueError("aliases (*name) are not allowed in a configuration")
            return super().compose_node(parent, index)

    return yaml.load(text, PlainLoader)


def dump_yaml(config: RunConfig) -> str:
    """YAML that repeats the run: every setting, with its help beside it as a comment."""
    import yaml

    lines: list[str] = []
    for section in SECTIONS:
        lines.append(f"{section}:")
        for this in settings().values():
            if this.section == section:
                value = get_setting(config, this.name)
                plain = list(value) if isinstance(value, tuple) else value
                text = yaml.safe_dump(
                    {this.name: plain}, default_flow_style=True, width=10_000, allow_unicode=True
                ).strip()[1:-1]
                lines.append(f"  {text}  # {this.help}")
    return "\n".join(lines) + "\n"


def preset_names() -> list[str]:
    """The presets that ship with the program, smallest first."""
    order = ["tiny", "quick", "standard", "five-minutes", "modern-small", "modern"]
    order += ["scale-up", "production"]
    found = {path.stem for path in PRESETS_FOLDER.glob("*.yaml")}
    return [name for name in order if name in found] + sorted(found - set(order))


def load_preset(name: str, base: RunConfig | None = None) -> RunConfig:
    """A preset's configuration. Raises ValueError that lists the presets when there is none."""
    if name not in preset_names():
        raise ValueError(
            f"There is no preset {quoted(name)}. Presets: {', '.join(preset_names())}."
        )
    return load_yaml(PRESETS_FOLDER / f"{name}.yaml", base)


def _unknown_key(described: str, key: Any) -> str:
    near = difflib.get_close_matches(str(key), [*settings(), *SECTIONS], n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"There is no setting {quoted(described)}.{hint}"
