"""The figures beside the form follow its settings, and say what is wrong with its text."""

from __future__ import annotations

from minigpt_tui.paths import DataFolder
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.widgets.form_fields import TextField
from tests.tui.train.test_pane import QUICK, pane, summary, until, workbench


async def test_the_figures_follow_the_settings(data: DataFolder) -> None:
    async with workbench(data) as (app, pilot):
        await until(pilot, lambda: "steps in all" in summary(app))
        before = summary(app)
        field = pane(app).form.row("n_layers").field
        assert isinstance(field, TextField)
        field.value = "9"
        await until(pilot, lambda: summary(app) != before)
        assert app.config.model.n_layers == 9


async def test_a_text_that_is_not_there_is_named_and_nothing_starts(data: DataFolder) -> None:
    config = with_settings(QUICK, {"corpus": ("nowhere",)})
    async with workbench(data, config) as (app, pilot):
        row = pane(app).form.row("corpus")
        await until(pilot, lambda: row.problem is not None)
        assert "nowhere" in (row.problem or "")
        await pilot.press("ctrl+t")
        assert "Not started" in summary(app)
        assert app.session.job is None
        await until(pilot, lambda: app.focused is row.field)
