"""The file `settings.yaml`: what a person sets in it stays as it was written, comments included.

The workbench keeps its own small facts in the same file. It replaces the lines of these facts
and of nothing else, and leaves a file alone that it cannot read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from minigpt_tui.config_files import plain_yaml
from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular

log = logging.getLogger(__name__)
MAX_BYTES = 64 * 1024

HEADING = "# The workbench's settings. The README names what can be set here, such as keys.\n"
_ENTRY = re.compile(r"([A-Za-z_]\w*)\s*:")


def read_settings(data: DataFolder) -> dict[str, Any]:
    """The file's entries; empty without a file. Raises ValueError, in words, if broken."""
    import yaml

    try:
        with open_regular(data.settings) as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ValueError(f"{data.settings} cannot be read: {error.strerror}.") from error
    if len(raw) > MAX_BYTES:
        raise ValueError(f"{data.settings} is longer than {MAX_BYTES // 1024} kB; shorten it.")
    try:
        plain = plain_yaml(raw.decode("utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise ValueError(
            f"{data.settings} is no YAML{where}, so it is left out. Mend it, or delete it."
        ) from error
    if plain is None:
        return {}
    if not isinstance(plain, dict):
        raise ValueError(f"{data.settings} must hold entries such as theme: nord. Mend it.")
    return {str(name): value for name, value in plain.items()}


def write_settings(data: DataFolder, facts: Mapping[str, Any]) -> None:
    """Replaces the entries that have changed; a disk that refuses is named in the log."""
    from minigpt_tui.runs.atomic import write_atomic

    try:
        before = read_settings(data)
        text = data.settings.read_text(encoding="utf-8") if data.settings.is_file() else HEADING
        changed = {
            name: value
            for name, value in facts.items()
            if name not in before or as_written(before[name]) != value
        }
        if changed:
            data.root.mkdir(parents=True, exist_ok=True)
            write_atomic(data.settings, with_entries(text, changed).encode())
    except (ValueError, OSError) as error:
        log.warning("%s cannot be written: %s", data.settings, error)


def as_written(value: Any) -> Any:
    """A bare on and off, which YAML reads as true and false, as the words that were written."""
    return ("on" if value else "off") if isinstance(value, bool) else value


def with_entries(text: str, facts: Mapping[str, Any]) -> str:
    """The text of a settings file with other values for some entries, each in its place."""
    import yaml

    lines, written = [], set()
    replacing = False
    for line in text.splitlines(keepends=True):
        match = _ENTRY.match(line)
        if match is not None:
            replacing = match[1] in facts
            if replacing and match[1] not in written:
                written.add(match[1])
                lines.append(_dumped({match[1]: facts[match[1]]}))
        elif replacing and (line[0] in "#\n\r" or line.startswith("---")):
            replacing = False
        if not replacing:
            lines.append(line)
    if lines and not lines[-1].endswith("\n"):
        lines.append("\n")
    lines += [_dumped({name: facts[name]}) for name in facts if name not in written]
    result = "".join(lines)
    try:
        loaded, wanted = yaml.safe_load(result), {**(yaml.safe_load(text) or {}), **facts}
    except yaml.YAMLError:
        loaded, wanted = None, {**(yaml.safe_load(text) or {}), **facts}
    if loaded == wanted:
        return result
    # Written in a style that has no line for each entry (`{theme: nord}`): comments are lost then.
    return _dumped(wanted)


def _dumped(entries: Mapping[str, Any]) -> str:
    """YAML that is read back as it is, with letters of every script as they are where they can."""
    import yaml

    plain = dict(entries)
    legible = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    # Unescaped, a line break such as U+0085 comes back as another character.
    if yaml.safe_load(legible) == plain:
        return str(legible)
    return str(yaml.safe_dump(plain, sort_keys=False))
