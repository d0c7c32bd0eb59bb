"""The trainings of a window: one at a time, and none that begins in silence and fails."""

from __future__ import annotations

import threading

from minigpt_tui.config_files import load_preset
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Diagnosed
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.session import Job
from tests.tui.window import begun, ended, endless, opened


async def test_a_second_training_is_refused_while_one_runs(data):
    app = Workbench(data)
    async with opened(app):
        endless(app)
        app.trainings.start(app.config, "one")
        app.trainings.start(app.config, "two")
        await begun(app)
        app.session.stop()
        await ended(app)
    assert [run.name for run in list_runs(data)] == ["one"]


async def test_a_training_that_cannot_begin_leaves_words_and_no_run(data):
    app = Workbench(data)
    async with opened(app):
        app.config = with_settings(load_preset("tiny"), {"corpus": ("/no/such.txt",)})
        app.trainings.start(app.config, "none")
        await ended(app)
        assert app.session.job is not None
        assert "such.txt" in (app.session.job.error or "")
    assert list_runs(data) == []


async def test_trouble_in_a_training_is_announced_once_with_a_bell_that_can_be_silenced(data):
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        job = Job("run", Control(), threading.Event(), phase="training")
        app.session.job = job
        job.on_event(Diagnosed(7, "plateau", "Nothing moves.", "Wait."))
        job.on_event(Diagnosed(9, "overfitting", "It learns by heart.", "Stop it."))
        app.trainings.announce_findings()
        app.trainings.announce_findings()
        await pilot.pause(0.01)
        said = [notice.message for notice in app._notifications]
        assert said == ["It learns by heart. Stop it."]
        job.done.set()
