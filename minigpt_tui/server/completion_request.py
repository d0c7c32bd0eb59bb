"""`POST /v1/completions`: what may be asked, checked against the model that is to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minigpt_tui.inference.sampler_chain import ORDERS
from minigpt_tui.inference.sampling import MAX_SEED, Sampling
from minigpt_tui.server import fields
from minigpt_tui.server.errors import ApiError
from minigpt_tui.text.tokenizers import UNK_ID

DEFAULT_MAX_TOKENS = 16
MOST_TOKENS = 16_384
MOST_TOKENS_A_REQUEST = 131_072
"""Of all its texts together, a listed probability counted as a token: they are kept here until the
client has taken them, and written as JSON while others wait."""
MOST_PROMPTS, MOST_CHOICES = 64, 16
MOST_LOGPROBS = 20
MOST_STOPS, LONGEST_STOP = 4, 1_000
MOST_ROWS = 1_000
"""Of predicted tokens and words."""

Prompt = str | list[int]


@dataclass(frozen=True)
class CompletionRequest:
    """One request. `logprobs` is None where none are asked for; 0 asks for the chosen ones only."""

    prompts: tuple[Prompt, ...]
    sampling: Sampling
    max_tokens: int
    n: int
    stop: tuple[str, ...]
    logprobs: int | None
    echo: bool
    stream: bool
    include_usage: bool
    logit_bias: Mapping[int, float]

    @property
    def figures_a_token(self) -> int:
        """What an answer says of each token: which it is, and the probabilities that are listed."""
        return 1 + (self.logprobs or 0)


def parse(body: Mapping[str, Any], vocab_size: int) -> CompletionRequest:
    """Raises ApiError that names the field."""
    if body.get("suffix") not in (None, ""):
        raise ApiError("suffix is not supported: these models only go on.", param="suffix")
    if body.get("best_of") not in (None, 1):
        raise ApiError("best_of is not supported: ask for n.", param="best_of")
    for name in ("model", "user"):  # only one is served, to whoever may ask
        if body.get(name) is not None:
            fields.text(body, name)
    stream = fields.flag(body, "stream")
    include_usage = _include_usage(body.get("stream_options"))
    n = fields.whole(body, "n", 1, 1, MOST_CHOICES)
    max_tokens = fields.whole(body, "max_tokens", DEFAULT_MAX_TOKENS, 0, MOST_TOKENS)
    assert n is not None
    assert max_tokens is not None
    return CompletionRequest(
        prompts=_prompts(body.get("prompt", ""), vocab_size),
        sampling=_sampling(body),
        max_tokens=max_tokens,
        n=n,
        stop=_stops(body.get("stop")),
        logprobs=_logprobs(body),
        echo=fields.flag(body, "echo"),
        stream=stream,
        include_usage=stream and include_usage,
        logit_bias=_logit_bias(body.get("logit_bias"), vocab_size),
    )


def _prompts(value: object, vocab_size: int) -> tuple[Prompt, ...]:
    """A string, a list of strings, a list of ids, or a list of lists of ids."""
    if isinstance(value, str):
        return (value,)
    most = MOST_TOKENS_A_REQUEST
    if isinstance(value, list) and value and isinstance(value[0], str | list):
        if len(value) > MOST_PROMPTS:
            raise ApiError(f"At most {MOST_PROMPTS} prompts at a time.", param="prompt")
        if all(isinstance(one, str) for one in value):
            return tuple(value)
        return tuple(fields.ids(one, "prompt", vocab_size, most) for one in value)
    return (fields.ids(value, "prompt", vocab_size, most),)


def _sampling(body: Mapping[str, Any]) -> Sampling:
    temperature = fields.number(body, "temperature", 1.0, 0, 100)
    penalty = fields.number(body, "repetition_penalty", 1.0, 1e-6, 100)
    order = fields.text(body, "sampler_order", "llama.cpp")
    if order not in ORDERS:
        raise ApiError(f"sampler_order must be {' or '.join(ORDERS)}.", param="sampler_order")
    for name in ("presence_penalty", "frequency_penalty"):
        if fields.number(body, name, 0.0, -2, 2):
            raise ApiError(f"{name} is not supported: use repetition_penalty.", param=name)
    assert temperature is not None
    assert penalty is not None
    top_p = fields.number(body, "top_p", None, 0, 1)
    typical_p = fields.number(body, "typical_p", None, 0, 1)
    for name, value in (("top_p", top_p), ("typical_p", typical_p)):
        if value == 0:
            raise ApiError(f"{name} must be above 0.", param=name)
    return Sampling(
        temperature=temperature,
        top_k=fields.whole(body, "top_k", None, 1, 2**31) if body.get("top_k") != 0 else None,
        top_p=top_p,
        min_p=fields.number(body, "min_p", None, 0, 1),
        typical_p=typical_p,
        repetition_penalty=penalty,
        order=order,
        seed=fields.whole(body, "seed", None, 0, MAX_SEED),
    )


def _stops(value: object) -> tuple[str, ...]:
    stops = () if value is None else (value,) if isinstance(value, str) else value
    if isinstance(stops, list | tuple) and len(stops) <= MOST_STOPS:
        strings = tuple(stop for stop in stops if isinstance(stop, str))
        if len(strings) == len(stops) and all(0 < len(one) <= LONGEST_STOP for one in strings):
            return strings
    raise ApiError(
        f"stop must be a string, or at most {MOST_STOPS} of them, none empty and none longer "
        f"than {LONGEST_STOP} characters.",
        param="stop",
    )


def _logprobs(body: Mapping[str, Any]) -> int | None:
    if isinstance(body.get("logprobs"), bool):
        raise ApiError(f"logprobs must be a number from 0 to {MOST_LOGPROBS}.", param="logprobs")
    return fields.whole(body, "logprobs", None, 0, MOST_LOGPROBS)


def _include_usage(options: object) -> bool:
    if options is None:
        return False
    if not isinstance(options, dict):
        raise ApiError("stream_options must be an object.", param="stream_options")
    return fields.flag(options, "include_usage")


def _logit_bias(value: object, vocab_size: int) -> Mapping[int, float]:
    """From ids (as strings, since JSON's keys are) to −100 … 100; −100 forbids a token."""
    if value is None:
        return {}
    wrong = ApiError(
        f"logit_bias must map token ids from 0 to {vocab_size - 1} to numbers from -100 to 100.",
        param="logit_bias",
    )
    if not isinstance(value, dict):
        raise wrong
    biases = {}
    for token, bias in value.items():
        good_id = token.isascii() and token.isdecimal() and len(token) < 10
        if not good_id or int(token) >= vocab_size or isinstance(bias, bool):
            raise wrong
        if not isinstance(bias, int | float) or not -100 <= bias <= 100:
            raise wrong
        biases[int(token)] = float("-inf") if bias == -100 else float(bias)
    forbidden = {token for token, bias in biases.items() if bias == float("-inf")} | {UNK_ID}
    if len(forbidden) == vocab_size:
        raise ApiError("logit_bias leaves no token to write.", param="logit_bias")
    return biases
