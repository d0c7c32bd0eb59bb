"""The small endpoints: what is served, its tokens, its next words, and whether it lives."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from minigpt_tui import __version__
from minigpt_tui.server import fields
from minigpt_tui.server.completion_request import MOST_ROWS, MOST_TOKENS_A_REQUEST
from minigpt_tui.server.errors import ApiError, busy
from minigpt_tui.server.json_answer import JsonAnswer
from minigpt_tui.server.openapi import document
from minigpt_tui.server.served_model import ServedModel
from minigpt_tui.text.tokenizers import EOT_ID, UNK_ID

PREDICTIONS_AT_ONCE = 8


def _model(request: Request) -> ServedModel:
    model: ServedModel = request.app.state.shelf.model
    return model


async def health(request: Request) -> Response:
    decoder = request.app.state.decoder
    return JsonAnswer(
        {
            "status": "ok",
            "model": _model(request).name,
            "writing": decoder.active,
            "waiting": decoder.waiting,
        }
    )


async def models(request: Request) -> Response:
    return JsonAnswer({"object": "list", "data": [_card(_model(request))]})


async def model(request: Request) -> Response:
    served = _model(request)
    if request.path_params["name"] != served.name:
        raise ApiError("There is no such model here.", status=404, code="model_not_found")
    return JsonAnswer(_card(served))


async def tokenize(request: Request) -> Response:
    body = await fields.read_object(request)
    served = _model(request)
    text = fields.text(body, "prompt")
    special = fields.flag(body, "add_special_tokens")
    return JsonAnswer(await run_in_threadpool(_tokenized, served, text, special))


async def detokenize(request: Request) -> Response:
    body = await fields.read_object(request)
    service = _model(request).service
    ids = fields.ids(body.get("tokens"), "tokens", service.vocab_size, MOST_TOKENS_A_REQUEST)
    return JsonAnswer({"prompt": await run_in_threadpool(service.tokenizer.decode, ids)})


async def tokenizer_info(request: Request) -> Response:
    service = _model(request).service
    return JsonAnswer(
        {
            "level": service.tokenizer.level,
            "vocab_size": service.vocab_size,
            "unk_token": "<UNK>",
            "unk_token_id": UNK_ID,
            "eos_token": "<EOT>",
            "eos_token_id": EOT_ID,
            "bos_token": "<EOT>",
            "bos_token_id": EOT_ID,
            "chat_template": None,
        }
    )


async def predict(request: Request) -> Response:
    """The most probable next tokens and next whole words."""
    body = await fields.read_object(request)
    text = fields.text(body, "prompt")
    top_k = fields.whole(body, "top_k", 10, 1, MOST_ROWS) or 10
    gate: asyncio.Semaphore = request.app.state.predictions
    if gate.locked():
        raise busy()
    async with gate:
        return JsonAnswer(await run_in_threadpool(_predicted, _model(request), text, top_k))


async def openapi(request: Request) -> Response:
    return JsonAnswer(document(__version__, _model(request).service.vocab_size))


def _tokenized(served: ServedModel, text: str, special: bool) -> dict[str, Any]:
    ids = served.service.tokenize(text, special)
    if len(ids) > MOST_TOKENS_A_REQUEST:
        raise ApiError(
            f"This text has {len(ids):,} tokens: send at most {MOST_TOKENS_A_REQUEST:,} at a time.",
            param="prompt",
        )
    return {
        "tokens": ids,
        "token_strs": [served.token_string(one) for one in ids],
        "count": len(ids),
        "max_model_len": served.service.config.model.max_seq_len,
    }


def _predicted(served: ServedModel, text: str, top_k: int) -> dict[str, Any]:
    service = served.service
    words = service.predict_words(text, top_k)
    return {
        "model": served.name,
        "prompt": text,
        "unknown": service.unknown(text),
        "next_tokens": [
            {"token": one.token, "id": one.id, "prob": one.prob}
            for one in service.predict_next(text, top_k)
        ],
        "next_words": [{"word": one.word, "prob": one.prob} for one in words.words],
        "word_continuation_mass": words.word_continuation_mass,
        "end_mass": words.end_mass,
        "unknown_mass": words.unknown_mass,
        "unexplored_mass": words.unexplored_mass,
    }


def _card(served: ServedModel) -> dict[str, Any]:
    return {
        "id": served.name,
        "object": "model",
        "created": int(served.loaded),
        "owned_by": "minigpt-tui",
        "max_model_len": served.service.config.model.max_seq_len,
    }
