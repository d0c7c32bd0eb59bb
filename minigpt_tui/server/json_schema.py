"""The few forms of JSON Schema that the API's document is written in."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def record(properties: Schema, required: list[str] | None = None) -> Schema:
    """An object of which only these fields are meant; others are passed by."""
    return {"type": "object", "properties": properties, "required": required or []}


def exact(properties: Schema) -> Schema:
    """An object with exactly these fields, as an answer has them."""
    whole = {"type": "object", "properties": properties, "required": list(properties)}
    return {**whole, "additionalProperties": False}


def text(*words: str) -> Schema:
    """A string, one of these if some are given."""
    return {"type": "string", **({"enum": list(words)} if words else {})}


def array(items: Schema, most: int | None = None) -> Schema:
    return {"type": "array", "items": items, **({} if most is None else {"maxItems": most})}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def flag() -> Schema:
    return {"type": ["boolean", "null"]}


def whole(low: int, high: int) -> Schema:
    """A whole number in [low, high] that may be left open."""
    return {"type": ["integer", "null"], "minimum": low, "maximum": high}


def number(low: float, high: float) -> Schema:
    """A number in [low, high] that may be left open."""
    return {"type": ["number", "null"], "minimum": low, "maximum": high}


def share() -> Schema:
    """A number in (0, 1] that may be left open."""
    return {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1}


def count() -> Schema:
    return {"type": "integer", "minimum": 0}


def probability() -> Schema:
    return {"type": "number", "minimum": 0, "maximum": 1.000001}


def token_id(vocab_size: int | None) -> Schema:
    """An id of a vocabulary of this size; None: of any."""
    schema: Schema = {"type": "integer", "minimum": 0}
    return schema if vocab_size is None else schema | {"maximum": vocab_size - 1}
