"""A model of the Runs pane answers other programs, and stops when it is told or left."""

from __future__ import annotations

import json
import socket
import urllib.request

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.header import served_line
from minigpt_tui.tui.runs.serving import Serving
from minigpt_tui.tui.runs.serving_dialog import ServingDialog
from tests.tui.predict.asking import trained_run, until, workbench


async def test_a_run_is_served_while_the_window_is_open(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    app = workbench(data)
    app.remembered.pane = "runs"
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.pane_name == "runs" and app.shown_run is not None)
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, ServingDialog))
        serving = app.serving
        assert serving is not None
        await until(pilot, lambda: serving.port is not None)
        await until(pilot, lambda: serving.address in said(app.screen))
        assert served_line(serving) == f"⇄ :{serving.port}"
        body = json.dumps({"prompt": "I eat", "max_tokens": 3}).encode()
        request = urllib.request.Request(
            f"{serving.address}/completions", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["choices"][0]["text"]
        await until(pilot, lambda: "POST /v1/completions 200" in said(app.screen))
        await pilot.press("escape", "h")  # it goes on, and is found again
        await until(pilot, lambda: isinstance(app.screen, ServingDialog))
        assert app.serving is serving
        await pilot.press("s")
        await until(pilot, lambda: "Stopped after 1 request." in said(app.screen))
        await pilot.press("s")
        await until(pilot, lambda: serving.running and serving.port is not None)
    assert serving.wait() == 0  # the workbench is closed
    assert served_line(serving) == ""


def test_a_run_without_a_model_says_so_and_a_taken_port_is_another_one(data: DataFolder) -> None:
    run = trained_run(data, "breakfast")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        serving = Serving(run, data, usual_port=other.getsockname()[1])
        run.best.unlink()
        serving.start()
        assert serving.wait() != 0
        assert "breakfast" in " ".join(serving.said)
        assert serving.port is None


def said(screen: object) -> str:
    from textual.widgets import Static

    assert isinstance(screen, ServingDialog)
    return "\n".join(str(part.content) for part in screen.query(Static))
