"""Reads the fields of a JSON request: each of its kind and within its bounds, or an error."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from minigpt_tui.server.errors import ApiError


async def read_object(request: Request) -> Mapping[str, Any]:
    """The JSON object in a request's body. Raises ApiError for anything else.

    It must be called JSON as well: a page of another site can send any other type unasked.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(
            "The body must be JSON and be called so: send the header "
            "`Content-Type: application/json`.",
            status=415,
            code="unsupported_media_type",
        )
    raw = await request.body()
    try:
        plain = json.loads(raw, parse_constant=_no_number)
        if b"\\ud" in raw.lower():
            json.dumps(plain, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ApiError(
            "The body holds half a character, which no text can: a surrogate (\\ud800 to \\udfff) "
            "without the other one of its pair.",
            code="invalid_json",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ApiError(f"The body is not JSON: {error}", code="invalid_json") from error
    if not isinstance(plain, dict):
        raise ApiError("The body must be a JSON object.", code="invalid_json")
    return plain


def whole(
    body: Mapping[str, Any], name: str, default: int | None, low: int, high: int
) -> int | None:
    """A whole number in [low, high]; null and nothing mean the default."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ApiError(f"{name} must be a whole number from {low} to {high}.", param=name)
    return value


def number(
    body: Mapping[str, Any], name: str, default: float | None, low: float, high: float
) -> float | None:
    """A number in [low, high]; null and nothing mean the default."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ApiError(f"{name} must be a number.", param=name)
    if not low <= value <= high or not math.isfinite(value):
        raise ApiError(f"{name} must be from {low:g} to {high:g}.", param=name)
    return float(value)


def flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise ApiError(f"{name} must be true or false.", param=name)
    return value


def text(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise ApiError(f"{name} must be a string.", param=name)
    return value


def ids(value: object, name: str, vocab_size: int, most: int) -> list[int]:
    """A list of at most so many token ids."""
    wrong = f"{name} must be a list of token ids from 0 to {vocab_size - 1}, at most {most:,} long."
    if not isinstance(value, list) or len(value) > most:
        raise ApiError(wrong, param=name)
    if not all(type(one) is int and 0 <= one < vocab_size for one in value):
        raise ApiError(wrong, param=name)
    return value


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not JSON")
