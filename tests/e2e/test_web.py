"""`minigpt-tui web`: the workbench in a browser, and what becomes of it when the browser goes."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator

import pytest

from tests.e2e.page import Page, Served
from tests.e2e.training import status, until, wait_for_steps


@pytest.fixture
def served(run_home) -> Iterator[Served]:
    serving = Served(run_home)
    yield serving
    if serving.process.poll() is None:
        serving.process.kill()
        serving.process.communicate()


async def begin(page: Page) -> None:
    await page.wait_for("F7 Resume")
    await page.press("f7")
    await page.wait_for(lambda text: re.search(r"● (long  )?step [1-9]", text) is not None)


async def test_the_workbench_is_used_in_a_page_and_left_by_its_key(served, run_home):
    async with Page(served.address, columns=100, lines=30) as page:
        await page.wait_for("F7 Resume")
        await page.resize(120, 40)
        await page.press("f4")
        await page.wait_for("I eat")
        await page.press("\x11")  # ctrl+q
        await page.wait_until_closed()
    served.end(signal.SIGHUP)


@pytest.mark.long
async def test_a_browser_that_has_gone_leaves_the_training_in_the_background(served, run_home):
    async with Page(served.address) as page:
        await begin(page)
        first = status(run_home).pid
    until(lambda: status(run_home).pid != first and status(run_home).live, "a process of its own")
    wait_for_steps(run_home)
    async with Page(served.address) as page:
        await page.wait_for("A run trains in another process")
    served.end(signal.SIGTERM)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="ctrl+c"),
        pytest.param(signal.SIGKILL, id="kill -9", marks=pytest.mark.long),
    ],
)
async def test_a_server_that_ends_stops_the_training_for_who_wants_that(served, run_home, number):
    (run_home / "settings.yaml").write_text("pane: train\non_hangup: stop\n")
    async with Page(served.address) as page:
        await begin(page)
        if number == signal.SIGKILL:
            served.process.kill()
        else:
            served.end(number)
            assert status(run_home).state == "stopped", "the server ends after its workbenches"
        await page.wait_until_closed()
    until(lambda: status(run_home).state == "stopped", "the saved state")
