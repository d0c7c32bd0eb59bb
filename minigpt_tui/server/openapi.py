"""The API as an OpenAPI document, from the same bounds that requests are checked against."""

from __future__ import annotations

from typing import Any

from minigpt_tui.inference.sampler_chain import ORDERS
from minigpt_tui.inference.sampling import MAX_SEED
from minigpt_tui.server import completion_request as bounds

Schema = dict[str, Any]


def document(version: str) -> Schema:
    """OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "minigpt-tui",
            "version": version,
            "description": "A small GPT trained here, over HTTP. The completions are those of "
            "OpenAI's API.",
        },
        "paths": {
            "/health": {"get": _read("Whether the server lives, and how much it has to do.")},
            "/openapi.json": {"get": _read("This document.")},
            "/v1/models": {"get": _read("The model that is served.")},
            "/v1/models/{name}": {
                "get": {
                    **_read("The model by its name."),
                    "parameters": [
                        {
                            "name": "name",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "string"},
                        }
                    ],
                }
            },
            "/v1/completions": {
                "post": _ask("Texts that go on from prompts.", _completion(), streams=True)
            },
            "/tokenize": {
                "post": _ask(
                    "The tokens of a text.",
                    _object(
                        {"prompt": {"type": "string"}, "add_special_tokens": _nullable("boolean")},
                        ["prompt"],
                    ),
                )
            },
            "/detokenize": {
                "post": _ask("The text of tokens.", _object({"tokens": _ids()}, ["tokens"]))
            },
            "/tokenizer_info": {"get": _read("What tokens are here.")},
            "/predict": {
                "post": _ask(
                    "The most probable next tokens and next whole words.",
                    _object({"prompt": {"type": "string"}, "top_k": _whole(1, 1_000)}, ["prompt"]),
                )
            },
        },
        "components": {
            "schemas": {
                "Error": _object(
                    {
                        "error": _object(
                            {
                                "message": {"type": "string"},
                                "type": {"type": "string"},
                                "param": _nullable("string"),
                                "code": _nullable("string"),
                            },
                            ["message", "type", "param", "code"],
                        )
                    },
                    ["error"],
                )
            },
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _completion() -> Schema:
    strings = {"type": "array", "items": {"type": "string"}, "maxItems": bounds.MOST_PROMPTS}
    stop = {"type": "string", "minLength": 1, "maxLength": bounds.LONGEST_STOP}
    return _object(
        {
            "model": _nullable("string"),
            "prompt": {
                "anyOf": [
                    {"type": "string"},
                    strings,
                    _ids(),
                    {"type": "array", "items": _ids(), "maxItems": bounds.MOST_PROMPTS},
                ]
            },
            "max_tokens": _whole(0, bounds.MOST_TOKENS),
            "n": _whole(1, bounds.MOST_CHOICES),
            "temperature": _number(0, 100),
            "top_p": _share(),
            "typical_p": _share(),
            "min_p": _number(0, 1),
            "top_k": _whole(0, 2**31),
            "repetition_penalty": _number(1e-6, 100),
            "sampler_order": {"enum": list(ORDERS)},
            "seed": _whole(0, MAX_SEED),
            "stop": {
                "anyOf": [
                    {"type": "null"},
                    stop,
                    {"type": "array", "items": stop, "maxItems": bounds.MOST_STOPS},
                ]
            },
            "logprobs": _whole(0, bounds.MOST_LOGPROBS),
            "echo": _nullable("boolean"),
            "stream": _nullable("boolean"),
            "stream_options": {
                "anyOf": [
                    {"type": "null"},
                    _object({"include_usage": _nullable("boolean")}, []),
                ]
            },
            "logit_bias": {
                "anyOf": [
                    {"type": "null"},
                    {
                        "type": "object",
                        "propertyNames": {"pattern": "^[0-9]{1,9}$"},
                        "additionalProperties": {"type": "number", "minimum": -100, "maximum": 100},
                    },
                ]
            },
            "user": _nullable("string"),
        },
        [],
    )


def _read(summary: str) -> Schema:
    return {"summary": summary, "responses": {"200": _json(), **_errors()}}


def _ask(summary: str, schema: Schema, *, streams: bool = False) -> Schema:
    answer = _json()
    if streams:
        answer["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"200": answer, **_errors()},
    }


def _json() -> Schema:
    return {"description": "It is done.", "content": {"application/json": {"schema": {}}}}


def _errors() -> Schema:
    schema = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "default": {"description": "It cannot be done, and why.", "content": schema},
    }


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required}


def _ids() -> Schema:
    return {"type": "array", "items": {"type": "integer", "minimum": 0}}


def _nullable(kind: str) -> Schema:
    return {"type": [kind, "null"]}


def _whole(low: int, high: int) -> Schema:
    return {"type": ["integer", "null"], "minimum": low, "maximum": high}


def _number(low: float, high: float) -> Schema:
    return {"type": ["number", "null"], "minimum": low, "maximum": high}


def _share() -> Schema:
    return {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1}
