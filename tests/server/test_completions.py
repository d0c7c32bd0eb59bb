"""What a program that speaks OpenAI's completions may rely on."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from minigpt_tui.inference import decoding
from minigpt_tui.inference.service import GPTService
from minigpt_tui.server import completions
from tests.server.conftest import Server


def raw_request(body: object) -> bytes:
    """A completion as it goes over the wire."""
    raw = json.dumps(body).encode()
    head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
    return f"{head}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw


def until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < limit, "it did not come about"
        time.sleep(0.01)


def test_the_greedy_text_is_the_one_of_the_service(server: Server) -> None:
    answer = server.complete(prompt="I eat", max_tokens=12, temperature=0)
    alone = GPTService(server.run.best).generate("I eat", max_new_tokens=12, temperature=0)
    (choice,) = answer["choices"]
    assert choice["text"] == "".join(alone)
    assert choice["finish_reason"] == "length"
    assert answer["object"] == "text_completion"
    assert answer["model"] == server.run.name
    assert answer["usage"]["completion_tokens"] == 12
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + 12


def test_a_seed_repeats_a_text_and_the_texts_of_one_prompt_differ(server: Server) -> None:
    asked = {"prompt": "We", "max_tokens": 20, "temperature": 3, "seed": 7, "n": 3}
    first, second = server.complete(**asked), server.complete(**asked)
    texts = [choice["text"] for choice in first["choices"]]
    assert texts == [choice["text"] for choice in second["choices"]]
    assert len(set(texts)) == 3


def test_a_text_by_itself_is_the_text_beside_others(server: Server) -> None:
    asked = {"max_tokens": 15, "temperature": 1, "seed": 3}
    together = server.complete(prompt=["I eat", "We", "bread and", ""], **asked)
    for prompt, choice in zip(["I eat", "We", "bread and", ""], together["choices"], strict=True):
        assert server.complete(prompt=prompt, **asked)["choices"][0]["text"] == choice["text"]
    assert [choice["index"] for choice in together["choices"]] == [0, 1, 2, 3]


def test_token_ids_are_a_prompt_too(server: Server) -> None:
    _, tokens, _ = server.request("POST", "/tokenize", {"prompt": "I eat"})
    by_ids = server.complete(prompt=tokens["tokens"], max_tokens=8, temperature=0)
    by_text = server.complete(prompt="I eat", max_tokens=8, temperature=0)
    assert by_ids["choices"] == by_text["choices"]
    both = server.complete(prompt=[tokens["tokens"]] * 2, max_tokens=8, temperature=0)
    assert [choice["text"] for choice in both["choices"]] == [by_text["choices"][0]["text"]] * 2


def test_a_stop_string_ends_the_text_before_it(server: Server) -> None:
    whole = server.complete(prompt="I eat", max_tokens=30, temperature=0)["choices"][0]["text"]
    stop = whole[6:9]
    end = whole.index(stop)
    cut = server.complete(prompt="I eat", max_tokens=30, temperature=0, stop=[stop], logprobs=0)
    (choice,) = cut["choices"]
    assert choice["text"] == whole[:end]
    assert choice["finish_reason"] == "stop"
    assert all(offset < end for offset in choice["logprobs"]["text_offset"])
    pieces = server.streamed(prompt="I eat", max_tokens=30, temperature=0, stop=stop)
    assert "".join(piece["choices"][0]["text"] for piece in pieces) == whole[:end]


def test_a_stream_brings_the_same_text_and_the_usage(server: Server) -> None:
    asked = {"prompt": ["I eat", "We"], "max_tokens": 10, "temperature": 1, "seed": 1}
    whole = server.complete(**asked)
    events = server.streamed(**asked, stream_options={"include_usage": True})
    assert events[-1]["choices"] == []
    assert events[-1]["usage"] == whole["usage"]
    for index, choice in enumerate(whole["choices"]):
        mine = [e["choices"][0] for e in events[:-1] if e["choices"][0]["index"] == index]
        assert "".join(piece["text"] for piece in mine) == choice["text"]
        assert [piece["finish_reason"] for piece in mine[:-1]] == [None] * (len(mine) - 1)
        assert mine[-1]["finish_reason"] == choice["finish_reason"]


def test_echo_with_logprobs_scores_a_prompt(server: Server) -> None:
    """What evaluation harnesses ask: how probable is this text?"""
    service = GPTService(server.run.best)
    ids = service.tokenize("I eat rice", add_special_tokens=False)
    answer = server.complete(prompt=ids, max_tokens=0, echo=True, logprobs=1)
    (choice,) = answer["choices"]
    logprobs = choice["logprobs"]
    assert choice["text"] == "I eat rice"
    assert logprobs["token_logprobs"][0] is None
    assert "".join(logprobs["tokens"]) == "I eat rice"
    for place in range(1, len(ids)):
        logits = service.next_logits(service.tokenizer.decode(ids[:place])).astype(float)
        expected = logits[ids[place]] - np.log(np.exp(logits).sum())
        assert logprobs["token_logprobs"][place] == pytest.approx(expected, abs=1e-4)
        (best,) = logprobs["top_logprobs"][place].values()
        assert best >= logprobs["token_logprobs"][place] - 1e-9
    assert logprobs["text_offset"] == [
        len(service.tokenizer.decode(ids[:place])) for place in range(len(ids))
    ]


def test_a_bias_forbids_and_forces(server: Server) -> None:
    service = GPTService(server.run.best)
    best = service.predict_next("I eat", 1)[0].id
    other = service.predict_next("I eat", 5)[4].id
    forbidden = server.complete(
        prompt="I eat", max_tokens=1, temperature=0, logit_bias={str(best): -100}, logprobs=0
    )
    assert forbidden["choices"][0]["logprobs"]["tokens"] != [
        service.tokenizer.token_bytes(best).decode()
    ]
    forced = server.complete(
        prompt="I eat", max_tokens=2, temperature=0, logit_bias={str(other): 100}
    )
    assert forced["choices"][0]["text"] == service.tokenizer.decode([other, other])


def test_past_its_window_a_model_goes_on(server: Server) -> None:
    answer = server.complete(prompt="I eat bread. " * 30, max_tokens=60, temperature=0)
    alone = GPTService(server.run.best).generate(
        "I eat bread. " * 30, max_new_tokens=60, temperature=0
    )
    assert answer["choices"][0]["text"] == "".join(alone)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", [999_999]),
        ("prompt", {"a": 1}),
        ("prompt", ["a", [1]]),
        ("max_tokens", -1),
        ("max_tokens", 2.5),
        ("n", 0),
        ("n", True),
        ("temperature", "hot"),
        ("temperature", -1),
        ("top_p", 0),
        ("seed", -1),
        ("stop", [""]),
        ("stop", ["a"] * 5),
        ("logprobs", 1_000),
        ("logit_bias", {"x": 1}),
        ("logit_bias", {"1": 1_000}),
        ("suffix", "end"),
        ("stream", "yes"),
        ("stream_options", []),
        ("frequency_penalty", 1),
    ],
)
def test_what_means_nothing_is_refused_by_name(server: Server, field: str, value: object) -> None:
    error = server.refused("/v1/completions", {"prompt": "I eat", "stream": True, field: value})
    assert error["type"] == "invalid_request_error"
    if field != "stream_options":
        assert error["param"] == field


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"a"', b'{"prompt": NaN}', b"\xff\xfe", b"[" * 99_999]
)
def test_a_body_that_is_no_object_is_refused(server: Server, body: bytes) -> None:
    assert server.refused("/v1/completions", body)["code"] == "invalid_json"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/completions", {"n": 16, "max_tokens": 16_000}, "max_tokens"),
        ("/v1/completions", {"max_tokens": 16_000, "logprobs": 20}, "max_tokens"),
        ("/v1/completions", {"prompt": [2] * 200_000}, "prompt"),
        ("/tokenize", {"prompt": "I eat" * 100_000}, "prompt"),
        ("/detokenize", {"tokens": [2] * 200_000}, "tokens"),
    ],
)
def test_more_than_others_could_wait_for_is_refused(
    server: Server, path: str, body: dict[str, object], field: str
) -> None:
    error = server.refused(path, body)
    assert error["param"] == field
    assert "131,072" in error["message"]


def test_scores_of_more_than_others_could_wait_for_are_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completions, "MOST_TOKENS_A_REQUEST", 100)
    scored = {"prompt": [[2] * 10] * 3, "max_tokens": 0, "echo": True, "logprobs": 2}
    server.complete(**scored)
    error = server.refused("/v1/completions", {**scored, "n": 2})
    assert "Send fewer prompts" in error["message"]


@pytest.mark.parametrize("path", ["/v1/completions", "/tokenize", "/predict"])
def test_half_a_character_is_named(server: Server, path: str) -> None:
    error = server.refused(path, b'{"prompt": "I eat \\uD83D", "echo": true}')
    assert "half a character" in error["message"]
    whole = {"prompt": "I eat \U0001f600", "echo": True}
    assert server.request("POST", path, whole)[0] == 200


def test_no_answer_has_signs_that_a_terminal_obeys(server: Server) -> None:
    hidden = "I \u202eeat\u200b\x9b\x1b[2J é"
    assert server.complete(prompt=hidden, max_tokens=1, echo=True)["choices"]


def test_many_streams_at_once_all_end(server: Server) -> None:
    texts: dict[int, str] = {}

    def ask(number: int) -> None:
        events = server.streamed(prompt="I eat", max_tokens=20, temperature=1, seed=number % 4)
        texts[number] = "".join(event["choices"][0]["text"] for event in events)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 64
    for number, text in texts.items():
        assert text == texts[number % 4], "a seed means the same among many as alone"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_takes_its_text_with_it(server: Server, stream: bool) -> None:
    decoder = server.app.state.decoder
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        asked = {"prompt": "I eat", "max_tokens": 16_000, "stream": stream, "logit_bias": {1: -100}}
        connection.sendall(raw_request(asked))
        until(lambda: decoder.active == 1)
        if stream:
            assert b"data:" in connection.recv(100_000) + connection.recv(100_000)
    until(lambda: not decoder.active and not decoder.waiting)


def test_beyond_the_line_a_client_is_told_to_wait(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = server.app.state.decoder
    monkeypatch.setattr(decoder, "line", 1)
    error = server.refused("/v1/completions", {"prompt": "I", "n": 2})
    assert "At most 1 texts" in error["message"], "it would never find a place"
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(server.complete(prompt="I eat")))
    with monkeypatch.context() as held:
        held.setattr(decoding, "AT_ONCE", 0)  # nothing leaves the line
        waiting.start()
        until(lambda: decoder.waiting == 1)
        status, answer, headers = server.request("POST", "/v1/completions", {"prompt": "I"})
    waiting.join()
    assert status == 429
    assert int(headers["retry-after"]) >= 1
    assert answer["error"]["code"] == "queue_full"
    assert len(answers) == 1, "who stood in the line is served"
