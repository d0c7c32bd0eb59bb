"""What the API answers, as schemas: a client written from them meets nothing else."""

from __future__ import annotations

from minigpt_tui.server.json_schema import (
    Schema,
    array,
    count,
    exact,
    nullable,
    probability,
    text,
)

_LOG_PROBABILITY: Schema = {"type": "number", "maximum": 1e-6}
_TOP: Schema = {"type": "object", "additionalProperties": _LOG_PROBABILITY}
_CARD = exact(
    {
        "id": text(),
        "object": text("model"),
        "created": count(),
        "owned_by": text(),
        "max_model_len": count(),
    }
)
_CHOICE = exact(
    {
        "index": count(),
        "text": text(),
        "logprobs": nullable(
            exact(
                {
                    "tokens": array(text()),
                    "token_logprobs": array(nullable(_LOG_PROBABILITY)),
                    "top_logprobs": array(nullable(_TOP)),
                    "text_offset": array(count()),
                }
            )
        ),
        "finish_reason": nullable(text("stop", "length")),
    }
)
_USAGE = exact({name: count() for name in ("prompt_tokens", "completion_tokens", "total_tokens")})
_COMPLETION: Schema = {
    "id": text(),
    "object": text("text_completion"),
    "created": count(),
    "model": text(),
    "choices": array(_CHOICE),
}

ANSWERS: dict[str, Schema] = {
    "Health": exact(
        {"status": text("ok"), "model": text(), "writing": count(), "waiting": count()}
    ),
    "Model": _CARD,
    "Models": exact(
        {"object": text("list"), "data": array({"$ref": "#/components/schemas/Model"})}
    ),
    "Completion": exact({**_COMPLETION, "usage": _USAGE}),
    "CompletionEvent": {
        "anyOf": [
            exact(_COMPLETION),
            exact({**_COMPLETION, "choices": {"type": "array", "maxItems": 0}, "usage": _USAGE}),
            {"$ref": "#/components/schemas/Error"},
        ]
    },
    "Tokens": exact(
        {
            "tokens": array(count()),
            "token_strs": array(text()),
            "count": count(),
            "max_model_len": count(),
        }
    ),
    "Text": exact({"prompt": text()}),
    "TokenizerInfo": exact(
        {
            "level": text("char", "word", "bpe"),
            "vocab_size": count(),
            "unk_token": text(),
            "unk_token_id": count(),
            "eos_token": text(),
            "eos_token_id": count(),
            "bos_token": text(),
            "bos_token_id": count(),
            "chat_template": {"type": "null"},
        }
    ),
    "Prediction": exact(
        {
            "model": text(),
            "prompt": text(),
            "unknown": array(text()),
            "next_tokens": array(exact({"token": text(), "id": count(), "prob": probability()})),
            "next_words": array(exact({"word": text(), "prob": probability()})),
            "word_continuation_mass": probability(),
            "end_mass": probability(),
            "unknown_mass": probability(),
            "unexplored_mass": probability(),
        }
    ),
    "Document": {"type": "object"},
    "Error": exact(
        {
            "error": exact(
                {
                    "message": text(),
                    "type": text(),
                    "param": nullable(text()),
                    "code": nullable(text()),
                }
            )
        }
    ),
}
