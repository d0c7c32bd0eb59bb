"""The API as an OpenAPI document, from the same bounds that requests are checked against."""

from __future__ import annotations

from typing import Any

from minigpt_tui.inference.sampler_chain import ORDERS
from minigpt_tui.inference.sampling import MAX_SEED
from minigpt_tui.server import completion_request as bounds
from minigpt_tui.server.answer_schemas import ANSWERS
from minigpt_tui.server.json_schema import (
    Schema,
    array,
    flag,
    nullable,
    number,
    record,
    share,
    text,
    token_id,
    whole,
)

JSON, EVENTS = "application/json", "text/event-stream"


def document(version: str, vocab_size: int | None) -> Schema:
    """OpenAPI 3.1 of a server whose model has so many tokens; None: of any server."""
    ids = array(token_id(vocab_size), bounds.MOST_TOKENS_A_REQUEST)
    name = {"name": "name", "in": "path", "required": True, "schema": text()}
    special = {"prompt": text(), "add_special_tokens": flag()}
    predicted = {"prompt": text(), "top_k": whole(1, bounds.MOST_ROWS)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "minigpt-tui",
            "version": version,
            "description": "A small GPT trained here, over HTTP. The completions are those of "
            "OpenAI's API.",
        },
        "security": [{}, {"key": []}],
        "paths": {
            "/health": _read("Whether the server lives, and how much it has to do.", "Health"),
            "/openapi.json": _read("This document.", "Document"),
            "/v1/models": _read("The model that is served.", "Models"),
            "/v1/models/{name}": _read("The model by its name.", "Model", [name]),
            "/v1/completions": _ask(
                "Texts that go on from prompts.", _completion(ids), "Completion"
            ),
            "/tokenize": _ask("The tokens of a text.", record(special, ["prompt"]), "Tokens"),
            "/detokenize": _ask("The text of tokens.", record({"tokens": ids}, ["tokens"]), "Text"),
            "/tokenizer_info": _read("What tokens are here.", "TokenizerInfo"),
            "/predict": _ask(
                "The most probable next tokens and next whole words.",
                record(predicted, ["prompt"]),
                "Prediction",
            ),
        },
        "components": {
            "schemas": ANSWERS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _completion(ids: Schema) -> Schema:
    stop = {**text(), "minLength": 1, "maxLength": bounds.LONGEST_STOP}
    bias = {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{1,9}$"},
        "additionalProperties": {"type": "number", "minimum": -100, "maximum": 100},
    }
    return record(
        {
            "model": nullable(text()),
            "prompt": {
                "anyOf": [
                    text(),
                    array(text(), bounds.MOST_PROMPTS),
                    ids,
                    array(ids, bounds.MOST_PROMPTS),
                ]
            },
            "max_tokens": whole(0, bounds.MOST_TOKENS),
            "n": whole(1, bounds.MOST_CHOICES),
            "temperature": number(0, 100),
            "top_p": share(),
            "typical_p": share(),
            "min_p": number(0, 1),
            "top_k": whole(0, 2**31),
            "repetition_penalty": number(1e-6, 100),
            "sampler_order": text(*ORDERS),
            "seed": whole(0, MAX_SEED),
            "stop": {"anyOf": [{"type": "null"}, stop, array(stop, bounds.MOST_STOPS)]},
            "logprobs": whole(0, bounds.MOST_LOGPROBS),
            "echo": flag(),
            "stream": flag(),
            "stream_options": nullable(record({"include_usage": flag()})),
            "logit_bias": nullable(bias),
            "user": nullable(text()),
        }
    )


def _read(summary: str, answer: str, parameters: list[Schema] | None = None) -> Schema:
    responses = {"200": _content(_named(answer)), **_errors()}
    described: Schema = {"summary": summary, "responses": responses}
    return {"get": {**described, **({"parameters": parameters} if parameters else {})}}


def _ask(summary: str, schema: Schema, answer: str) -> Schema:
    done = _content(_named(answer))
    errors = _errors()
    if answer == "Completion":
        piece = {"contentMediaType": JSON, "contentSchema": _named("CompletionEvent")}
        data = {"type": "string", "anyOf": [{"const": "[DONE]"}, piece]}
        done["content"][EVENTS] = {"schema": record({"data": data}, ["data"])}
    if answer in ("Completion", "Prediction"):
        seconds = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
        errors["429"] = {**errors["default"], "description": "More is asked than can be written."}
        errors["429"]["headers"] = {"Retry-After": {**seconds, "required": True}}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
            "responses": {"200": done, **errors},
        }
    }


def _content(schema: Schema) -> dict[str, Any]:
    return {"description": "It is done.", "content": {JSON: {"schema": schema}}}


def _errors() -> dict[str, Any]:
    return {"default": {**_content(_named("Error")), "description": "It cannot be done, and why."}}


def _named(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}
