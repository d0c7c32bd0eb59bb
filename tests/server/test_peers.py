"""The real counterparts: OpenAI's own client, and a tester that reads the document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from minigpt_tui.paths import DataFolder
from tests.server.conftest import Server, serving
from tests.tui.predict.asking import trained_run

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def guarded(module_data: DataFolder) -> Iterator[Server]:
    with serving(trained_run(module_data, "for-peers"), api_key="secret") as server:
        yield server


def test_the_official_client(guarded: Server) -> None:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{guarded.port}/v1", api_key="secret")
    (model,) = client.models.list().data
    assert model.id == "for-peers"
    whole = client.completions.create(
        model=model.id, prompt=["I eat", "We"], max_tokens=10, temperature=0, logprobs=2, n=1
    )
    assert len(whole.choices) == 2
    logprobs = whole.choices[0].logprobs
    assert logprobs is not None
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == 10
    assert "".join(logprobs.tokens) == whole.choices[0].text
    stream = client.completions.create(
        model=model.id,
        prompt="I eat",
        max_tokens=10,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert chunks[-1].usage.completion_tokens == 10
    text = "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].text
    with pytest.raises(openai.BadRequestError, match="max_tokens"):
        client.completions.create(model=model.id, prompt="I", max_tokens=-1)
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=client.base_url, api_key="wrong").models.list()


@pytest.mark.parametrize("valid", [True, False], ids=["valid", "invalid"])
def test_requests_made_from_the_document_get_what_it_promises(guarded: Server, valid: bool) -> None:
    """Random requests: each answer has a status, a type, headers and a form that stand there."""
    schemathesis = pytest.importorskip("schemathesis")
    checks = schemathesis.checks
    promised = [
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    if not valid:
        promised.append(checks.negative_data_rejection)
    mode = schemathesis.GenerationMode
    url = f"http://127.0.0.1:{guarded.port}"
    key = {"Authorization": "Bearer secret"}
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", headers=key)
    answered = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if not valid and operation.method != "post":
            continue  # there is nothing to get wrong

        @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=mode.POSITIVE if valid else mode.NEGATIVE))
        def check(case: Any) -> None:
            if valid and isinstance(case.body, dict):  # what may be asked takes minutes to write
                for name, most in (("max_tokens", 20), ("n", 2)):
                    if type(case.body.get(name)) is int:
                        case.body[name] = min(case.body[name], most)
            response = case.call(headers=key, timeout=60)
            case.validate_response(response, checks=promised)
            answered.add((case.operation.path, response.status_code))

        check()
    if valid:  # at least once each
        asked = {path for path, status in answered if status == 200}
        assert asked >= set(schema.raw_schema["paths"]) - {"/v1/models/{name}", "/openapi.json"}
    assert guarded.request("GET", "/health")[0] == 200


def test_streamed_events_have_the_form_that_the_document_gives_them(guarded: Server) -> None:
    jsonschema = pytest.importorskip("jsonschema_rs")  # comes with schemathesis
    key = {"Authorization": "Bearer secret"}
    _, document, _ = guarded.request("GET", "/openapi.json", headers=key)
    form = {**document, "$ref": "#/components/schemas/CompletionEvent"}
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{guarded.port}/v1", api_key="secret")
    asked = {"prompt": "I eat", "max_tokens": 5, "stream": True, "logprobs": 2, "echo": True}
    with client.completions.with_streaming_response.create(
        model="any", **asked, extra_body={"stream_options": {"include_usage": True}}
    ) as answer:
        events = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert events.pop() == "[DONE]"
    assert len(events) > 5
    for event in events:
        jsonschema.Draft202012Validator(form).validate(json.loads(event))
