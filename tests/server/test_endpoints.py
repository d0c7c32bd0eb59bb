"""The small endpoints, who may use them, and the exchange of a model under way."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest

from minigpt_tui.inference import decoding
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import save_checkpoint
from minigpt_tui.server import application as module
from minigpt_tui.server.guard import MAX_BODY
from tests.server.conftest import Server, serving
from tests.server.test_completions import until
from tests.tui.predict.asking import checkpoint, improve, trained_run


def test_it_lives_and_says_what_it_serves(server: Server) -> None:
    status, health, _ = server.request("GET", "/health")
    assert (status, health["status"], health["model"]) == (200, "ok", server.run.name)
    _, listed, _ = server.request("GET", "/v1/models")
    assert [card["id"] for card in listed["data"]] == [server.run.name]
    _, card, _ = server.request("GET", f"/v1/models/{server.run.name}")
    assert card == listed["data"][0]
    assert server.request("GET", "/v1/models/another")[0] == 404


def test_tokens_go_there_and_back(server: Server) -> None:
    _, tokens, _ = server.request("POST", "/tokenize", {"prompt": "We eat rice"})
    assert tokens["count"] == len(tokens["tokens"]) == len(tokens["token_strs"])
    _, text, _ = server.request("POST", "/detokenize", {"tokens": tokens["tokens"]})
    assert text == {"prompt": "We eat rice"}
    _, info, _ = server.request("GET", "/tokenizer_info")
    assert max(tokens["tokens"]) < info["vocab_size"]


def test_next_words_are_predicted(server: Server) -> None:
    _, answer, _ = server.request("POST", "/predict", {"prompt": "I eat", "top_k": 3})
    words = {word["word"] for word in answer["next_words"]}
    assert words & {"bread", "rice"}
    assert len(answer["next_tokens"]) == 3
    assert server.refused("/predict", {"prompt": "I eat", "top_k": 0})["param"] == "top_k"
    assert server.refused("/predict", {})["param"] == "prompt"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/x", 404), ("PUT", "/health", 405)]
)
def test_other_paths_and_methods_get_an_error_in_the_same_form(
    server: Server, method: str, path: str, status: int
) -> None:
    got, answer, _ = server.request(method, path)
    assert got == status
    assert set(answer["error"]) == {"message", "type", "param", "code"}


def test_who_wants_to_chat_is_told_what_there_is(server: Server) -> None:
    asked = {"messages": [{"role": "user", "content": "Hello"}]}
    status, answer, _ = server.request("POST", "/v1/chat/completions", asked)
    assert status == 404
    assert "/v1/completions" in answer["error"]["message"]


def test_another_name_in_the_host_header_is_refused(server: Server) -> None:
    """A page of another site that has its name point at this machine."""
    for host in ("evil.example", "evil.example:80", "localhost.evil.example", ""):
        assert server.request("GET", "/health", headers={"Host": host})[0] == 421
    assert server.request("GET", "/health", headers={"Host": "LOCALHOST:1"})[0] == 200
    _, _, headers = server.request("GET", "/health", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in headers


def test_a_page_of_another_site_may_not_ask(server: Server) -> None:
    """A browser lets it send, and names it."""
    for origin in ("http://evil.example", "https://localhost.evil.example", "null", "http://[x"):
        for method, path in (("GET", "/health"), ("POST", "/v1/completions")):
            status, answer, headers = server.request(method, path, {}, {"Origin": origin})
            assert (status, answer["error"]["code"]) == (403, "wrong_origin")
            assert not [name for name in headers if name.startswith("access-control")]
    for origin in ("http://localhost:3000", "http://127.0.0.1", "http://[::1]:8000"):
        assert server.request("GET", "/health", headers={"Origin": origin})[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_must_be_called_json(server: Server, kind: str) -> None:
    headers = {"Content-Type": kind}
    status, answer, _ = server.request("POST", "/tokenize", {"prompt": "I eat"}, headers)
    assert (status, answer["error"]["code"]) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in answer["error"]["message"]
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert server.request("POST", "/tokenize", {"prompt": "I eat"}, headers)[0] == 200


def test_a_body_beyond_the_bound_is_refused(server: Server) -> None:
    status, answer, _ = server.request("POST", "/tokenize", b" " * (MAX_BODY + 1))
    assert (status, answer["error"]["code"]) == (413, "body_too_large")


def test_a_key_is_asked_for(data: DataFolder) -> None:
    with serving(trained_run(data, "pets"), api_key="secret") as server:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            status, answer, _ = server.request("GET", "/v1/models", headers=headers)
            assert (status, answer["error"]["code"]) == (401, "invalid_api_key")
        good = {"Authorization": "Bearer secret"}
        assert server.request("GET", "/v1/models", headers=good)[0] == 200
        assert server.request("GET", "/health")[0] == 200


def test_a_better_model_takes_over_without_dropping_a_request(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.05)
    run = trained_run(data, "pets")
    with serving(run, watch=True) as server:
        before = server.app.state.shelf.model
        improve(run, epoch=2)
        texts = set()
        while server.app.state.shelf.model is before:
            answer = server.complete(prompt="I eat", max_tokens=10, temperature=0)
            texts.add(answer["choices"][0]["text"])
        assert server.app.state.shelf.model.service.metrics["epoch"] == 2
        assert len(texts) <= 1, "the weights are the same here, so the texts are"
        run.best.write_bytes(b"torn")
        for _ in range(3):
            server.complete(prompt="I eat", max_tokens=10)


def test_a_request_under_way_keeps_the_model_that_it_began_with(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.02)
    asked = {"prompt": "I eat", "max_tokens": 30, "temperature": 0}
    run = trained_run(data, "pets")
    with serving(run, watch=True) as server:
        old = server.complete(**asked)["choices"]
        before = server.app.state.shelf.model
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(server.complete(**asked)))
        with monkeypatch.context() as held:
            held.setattr(decoding, "AT_ONCE", 0)  # it has come, and nothing of it is written
            waiting.start()
            until(lambda: server.app.state.decoder.waiting == 1)
            other = checkpoint("char")
            weights = {name: 0.5 * weight for name, weight in other.model_state.items()}
            save_checkpoint(run.best, replace(other, model_state=weights))
            until(lambda: server.app.state.shelf.model is not before)
        waiting.join()
        assert answers[0]["choices"] == old
        assert server.complete(**asked)["choices"] != old


def test_the_document_names_every_path(server: Server) -> None:
    _, document, _ = server.request("GET", "/openapi.json")
    assert document["openapi"].startswith("3.1")
    paths = {route.path for route in server.app.routes}
    assert set(document["paths"]) == paths
    json.dumps(document)


def test_whoever_started_the_server_sees_who_asks(module_data: DataFolder) -> None:
    lines: list[str] = []
    with serving(trained_run(module_data, "watched"), on_request=lines.append) as server:
        assert server.request("GET", "/health")[0] == 200
        assert server.request("GET", "/no%1bwhere")[0] == 404
        assert server.request("GET", "/health", headers={"host": "evil.example"})[0] == 421
    assert [line.rsplit(" ", 2)[0] for line in lines] == [
        "GET /health 200",
        "GET /no␛where 404",
        "GET /health 421",
    ]
