"""The real counterparts: OpenAI's own client, and a tester that reads the document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from minigpt_tui.paths import DataFolder
from tests.server.conftest import Server, serving
from tests.tui.panes.asking import trained_run

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


def test_requests_made_from_the_document_break_nothing(guarded: Server) -> None:
    """Random requests, valid and not: each gets an answer in the promised form, and none a 500."""
    schemathesis = pytest.importorskip("schemathesis")
    url = f"http://127.0.0.1:{guarded.port}"
    key = {"Authorization": "Bearer secret"}
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", headers=key)
    for found in schema.get_all_operations():

        @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
        @given(found.ok().as_strategy())
        def check(case: Any) -> None:
            if isinstance(case.body, dict):  # what may be asked takes minutes to write
                for name, most in (("max_tokens", 20), ("n", 2)):
                    if isinstance(case.body.get(name), int):
                        case.body[name] = min(case.body[name], most)
            response = case.call(headers=key, timeout=60)
            assert response.status_code < 500, response.text
            if response.status_code >= 400:
                assert response.json()["error"]["message"]

        check()
    assert guarded.request("GET", "/health")[0] == 200
