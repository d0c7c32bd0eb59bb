"""What is known of each setting, and whether a value of it is legal: read off `config.py`.

The flags, the form and the check of YAML files ask here; none of them names a setting.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from minigpt_tui.config import SECTIONS, RunConfig

_MOST_BITS = 256  # of a whole number; what is longer can be neither shown nor made a float


@dataclass(frozen=True)
class Setting:
    """What is known about one setting, read off its dataclass field."""

    section: str
    name: str
    kind: type  # int, float, str or tuple
    optional: bool
    default: Any
    help: str
    unit: str
    minimum: float | None
    maximum: float | None
    above_minimum: bool
    choices: tuple[str, ...]
    advanced: bool

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def bounds(self) -> str:
        """The allowed range in words: `1 to 1024`, or an empty string."""
        if self.minimum is None or self.maximum is None:
            return ""
        opening = "above " if self.above_minimum else ""
        return f"{opening}{self.minimum:,.10g} to {self.maximum:,.10g}"


@cache
def settings() -> dict[str, Setting]:
    """All settings by name, in the order in which people should meet them."""
    found: dict[str, Setting] = {}
    for section, section_class in SECTIONS.items():
        hints = typing.get_type_hints(section_class)
        for field in dataclasses.fields(section_class):
            hint = hints[field.name]
            optional = isinstance(hint, types.UnionType)
            kind = (
                next(a for a in typing.get_args(hint) if a is not type(None)) if optional else hint
            )
            kind = typing.get_origin(kind) or kind
            assert field.name not in found, f"setting {field.name} exists twice"
            found[field.name] = Setting(
                section=section,
                name=field.name,
                kind=kind,
                optional=optional,
                default=field.default,
                **field.metadata,
            )
    return found


def get_setting(config: RunConfig, name: str) -> Any:
    """The value of one setting of a configuration."""
    return getattr(getattr(config, settings()[name].section), name)


def with_settings(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """A copy of `config` with some settings changed (values already of their kind)."""
    by_section: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        by_section.setdefault(settings()[name].section, {})[name] = value
    return dataclasses.replace(
        config,
        **{
            section: dataclasses.replace(getattr(config, section), **values)
            for section, values in by_section.items()
        },
    )


def differences(one: RunConfig, other: RunConfig) -> dict[str, tuple[Any, Any]]:
    """The settings in which two configurations differ: name → (value in one, value in other)."""
    pairs = {name: (get_setting(one, name), get_setting(other, name)) for name in settings()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def parse_setting(name: str, text: str) -> Any:
    """The value that a person typed for a setting, checked.

    Raises ValueError with a sentence that says what is wrong and what would be right.
    """
    this = settings()[name]
    text = text.strip() if this.kind is not str else text
    if this.optional and text == "":
        return None
    if this.kind is tuple:
        value: Any = tuple(part.strip() for part in text.split(",") if part.strip())
    elif this.kind is int:
        value = _parse_int(name, text)
    elif this.kind is float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{name} must be a number, not {quoted(text)}.") from None
    else:
        value = text
    return check_setting(name, value)


def check_setting(name: str, value: Any) -> Any:
    """`value` if it is a legal value of the setting; else ValueError with a sentence."""
    this = settings()[name]
    if value is None and this.optional:
        return None
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise ValueError(f"{name} is a number of more digits than any setting has.")
    if this.kind is tuple:
        value = (value,) if isinstance(value, str) else value
        if not isinstance(value, list | tuple) or not value:
            raise ValueError(f"{name} must be one or more names or paths.")
        if not all(isinstance(part, str) and part for part in value):
            raise ValueError(f"{name} must be a list of names or paths.")
        return tuple(value)
    if this.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if this.kind is float and isinstance(value, str):  # YAML reads 1e-3, without a dot, as text
        return parse_setting(name, value)
    if isinstance(value, bool) and "on" in this.choices:  # YAML reads on and off as truth values
        value = "on" if value else "off"
    if not isinstance(value, this.kind) or isinstance(value, bool):
        words = {int: "a whole number", float: "a number", str: "text"}[this.kind]
        raise ValueError(f"{name} must be {words}, not {quoted(value)}.")
    if this.kind is str and this.choices and value not in this.choices:
        raise ValueError(f"{name} must be one of {', '.join(this.choices)}, not {quoted(value)}.")
    if isinstance(value, int | float):
        too_low = this.minimum is not None and (
            value < this.minimum or (this.above_minimum and value <= this.minimum)
        )
        too_high = this.maximum is not None and value > this.maximum
        if not math.isfinite(value) or too_low or too_high:
            raise ValueError(f"{name} must be {this.bounds}, not {quoted(value)}.")
    return value


def check(config: RunConfig) -> RunConfig:
    """`config` if every setting is legal alone and with the others; else ValueError."""
    for name in settings():
        check_setting(name, get_setting(config, name))
    model = config.model
    if model.d_model % model.n_heads:
        fits = [h for h in range(1, model.d_model + 1) if model.d_model % h == 0]
        near = sorted(sorted(fits, key=lambda h: abs(h - model.n_heads))[:3])
        raise ValueError(
            f"d_model ({model.d_model}) must be a multiple of n_heads ({model.n_heads}). "
            f"Heads that fit: {', '.join(map(str, near))}."
        )
    if model.layout == "qwen3" and model.d_model // model.n_heads % 2:
        raise ValueError(
            f"In the layout qwen3 a head turns its numbers in pairs, so d_model / n_heads must be "
            f"even, not {model.d_model // model.n_heads}. Change d_model or n_heads."
        )
    return config


def _parse_int(name: str, text: str) -> int:
    digits = text.replace("_", "")
    try:
        if len(digits) > 30:  # int() of a very long string is slow, and no setting needs it
            raise ValueError
        return int(digits)
    except ValueError:
        raise ValueError(f"{name} must be a whole number, not {quoted(text)}.") from None


def quoted(value: Any) -> str:
    """`value` as an error may show it: short, on one line, without control characters."""
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= 40 else text[:37] + "…"
    return "“" + "".join(c if c.isprintable() else "�" for c in text) + "”"
