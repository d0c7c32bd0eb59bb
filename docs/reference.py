"""Writes the pages of settings, commands and HTTP from the program: `python -m docs.reference`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minigpt_tui import __version__
from minigpt_tui.cli import SECTION_TITLES, build_parser
from minigpt_tui.config import SECTIONS, RunConfig
from minigpt_tui.config_files import load_preset, preset_names
from minigpt_tui.server.openapi import document
from minigpt_tui.settings import Setting, differences, settings

FOLDER = Path(__file__).with_suffix("")
WRITTEN = "by `python -m docs.reference`."

Schema = dict[str, Any]


def pages() -> dict[str, str]:
    """Every page that is written here, in Markdown, by the name of its file."""
    return {
        "settings.md": _page(_settings()),
        "commands.md": _page(_commands()),
        "http.md": _page(_http()),
    }


def _page(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _settings() -> Iterator[str]:
    yield f"# Settings\n\nWritten from the dataclasses in `config.py` {WRITTEN}\n"
    yield "Every setting is a flag of `minigpt-tui train`, a line of a YAML file (`--config`), and"
    yield "a row of the form in the Train pane. `minigpt-tui config explain NAME` says the same.\n"
    for section, title in SECTION_TITLES.items():
        yield f"## {title.capitalize()}\n\n| setting | default | allowed | what it is |"
        yield "| --- | --- | --- | --- |"
        for this in settings().values():
            if this.section == section:
                yield _row(
                    f"`{this.flag}`", _value(this, this.default), _allowed(this), _cell(this.help)
                )
        yield ""
    assert set(SECTION_TITLES) == set(SECTIONS)
    yield "## Presets\n\nWhat `--preset NAME` changes; everything else has its default.\n"
    yield "| preset | settings |\n| --- | --- |"
    for name in preset_names():
        changed = differences(RunConfig(), load_preset(name))
        words = [f"{one}: {_value(settings()[one], new)}" for one, (_, new) in changed.items()]
        yield _row(f"`{name}`", ", ".join(words) or "nothing: it is the default")


def _value(this: Setting, value: Any) -> str:
    if value is None:
        return "empty"
    if this.kind is tuple:
        value = ", ".join(value)
    if value == "":
        return "empty"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _allowed(this: Setting) -> str:
    if this.choices:
        return ", ".join(f"`{choice}`" for choice in this.choices)
    return f"{this.bounds} {this.unit}".strip() or "text"


def _commands() -> Iterator[str]:
    parser = build_parser()
    yield f"# Commands\n\nWritten from the parser of the command line {WRITTEN}\n"
    yield "Without a command, `minigpt-tui` opens the workbench. `minigpt-tui COMMAND --help` says"
    yield "the same as this page.\n"
    yield from _arguments(parser)
    yield "## Exit codes\n\n| code | meaning |\n| --- | --- |"
    for line in (parser.epilog or "").splitlines()[1:]:
        code, meaning = re.split(r" {2,}", line.strip(), maxsplit=1)
        yield _row(code, meaning)
    yield ""
    for name, command in _subcommands(parser).items():
        inner = _subcommands(command)
        yield f"## {name}\n\n{_description(command.description)}\n"
        yield from _arguments(command)
        for action, one in inner.items():
            yield f"### {name} {action}\n\n{_description(one.description)}\n"
            yield from _arguments(one)


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """A table of what a command takes; the settings are named once, on their own page."""
    rows, takes_settings = [], False
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        if action.dest.startswith("setting_"):
            takes_settings = True
        elif action.dest != "data_dir" or parser.prog == "minigpt-tui":
            rows.append(_row(_flags(action), _cell(_help(action))))
    if rows:
        yield "| argument | what it does |\n| --- | --- |"
        yield from rows
        yield ""
    if takes_settings:
        yield "And every [setting](settings.md) as a flag.\n"


def _flags(action: argparse.Action) -> str:
    value = action.metavar if isinstance(action.metavar, str) else None
    if value is None and action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        return f"`{_code(value or action.dest)}`"
    takes_value = action.nargs != 0
    word = f" {value or action.dest.upper()}" if takes_value else ""
    return ", ".join(f"`{flag}{_code(word)}`" for flag in action.option_strings)


def _help(action: argparse.Action) -> str:
    shown = (action.help or "").replace("%(default)s", str(action.default))
    return shown.replace("%%", "%")


def _http() -> Iterator[str]:
    """The paths of the OpenAPI document, and what each takes."""
    api = document(__version__, vocab_size=None)
    yield f"# HTTP\n\nWritten from the API's OpenAPI document {WRITTEN}\n"
    yield "`minigpt-tui serve` answers under these paths and gives the document itself as"
    yield "`/openapi.json`. Every field that is not needed may be left out or `null`.\n"
    for path, methods in api["paths"].items():
        for method, this in methods.items():
            yield f"## {method.upper()} {path}\n\n{this['summary']}\n"
            body = this.get("requestBody")
            if body is None:
                continue
            schema = body["content"]["application/json"]["schema"]
            yield "| field | takes |\n| --- | --- |"
            for name, field in schema["properties"].items():
                needed = " (needed)" if name in schema["required"] else ""
                yield _row(f"`{name}`{needed}", _cell(_takes(field)))
            yield ""
            if "text/event-stream" in this["responses"]["200"]["content"]:
                yield "With `stream` the answer comes as server-sent events.\n"
    error = api["components"]["schemas"]["Error"]["properties"]["error"]["properties"]
    fields = ", ".join(f"`{name}`" for name in error)
    yield f"## Errors\n\nWhat cannot be done is answered with an object `error` of {fields}."


def _takes(field: Schema) -> str:
    """A schema in words: `a whole number from 0 to 4096`."""
    if "anyOf" in field:
        return " or ".join(_takes(one) for one in field["anyOf"] if one != {"type": "null"})
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"])
    kinds = [field["type"]] if isinstance(field["type"], str) else field["type"]
    kind = next(one for one in kinds if one != "null")
    if kind == "array":
        most = f", {field['maxItems']:,} at most" if "maxItems" in field else ""
        return f"list of ({_takes(field['items'])}){most}"
    if kind == "object" and "properties" in field:
        return "object of " + ", ".join(
            f"`{name}` ({_takes(inner)})" for name, inner in field["properties"].items()
        )
    if kind == "object":
        return f"object of token ids with ({_takes(field['additionalProperties'])})"
    words = {"integer": "whole number", "string": "text", "boolean": "true or false"}.get(
        kind, kind
    )
    return words + _between(field)


def _between(field: Schema) -> str:
    if "maxLength" in field:
        return f" of at most {field['maxLength']:,} characters"
    low = field.get("minimum", field.get("exclusiveMinimum"))
    if low is None:
        return ""
    above = "above " if "exclusiveMinimum" in field else "from "
    high = f" to {field['maximum']:,}" if "maximum" in field else " up"
    return f" {above}{low:,}{high}"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    """Text as a cell may hold it: no bar and no tag in it means more than itself."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _code(text: str) -> str:
    return text.replace("|", "\\|")


def _description(text: str | None) -> str:
    """What a command says of itself; lines that it has indented stay as they are."""
    assert text, "every command says what it does"
    words, indented, listed = text.partition("\n  ")
    words = _cell(words)
    words = words[0].upper() + words[1:] + ("" if words.endswith((".", ":")) else ".")
    return f"{words}\n\n```text\n  {listed.rstrip()}\n```" if indented else words


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in pages().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
        print(f"wrote {FOLDER / file}")
