"""What somebody may rely on in the form: every setting is there, explained, checked at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Button, Collapsible, Static

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset, preset_names
from minigpt_tui.settings import get_setting, settings
from minigpt_tui.settings import with_settings as changed
from minigpt_tui.tui.train.config_form import ConfigForm
from minigpt_tui.tui.widgets.setting_row import (
    ChoiceField,
    SettingRow,
    TextField,
    as_text,
    bounds_in_words,
)


class FormApp(App[None]):
    """A form by itself; keeps the configurations that it announced."""

    def __init__(self, config: RunConfig, preset: str) -> None:
        super().__init__()
        self.form = ConfigForm(config, preset)
        self.announced: list[RunConfig] = []
        self.starts = 0

    def compose(self) -> ComposeResult:
        yield self.form

    def on_config_form_changed(self, event: ConfigForm.Changed) -> None:
        self.announced.append(event.config)

    def on_config_form_start(self) -> None:
        self.starts += 1


@asynccontextmanager
async def form_of(
    config: RunConfig | None = None, preset: str = "standard"
) -> AsyncIterator[tuple[FormApp, Pilot[None]]]:
    app = FormApp(config or load_preset(preset), preset)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        yield app, pilot


async def unfold(app: FormApp, pilot: Pilot[None]) -> None:
    app.query_one(Collapsible).collapsed = False
    await pilot.pause()
    await pilot.pause()


async def enter(app: FormApp, pilot: Pilot[None], name: str, text: str) -> None:
    """Clears a field and pastes a value, which goes the way of typed keys and is quicker."""
    field = app.form.row(name).field
    assert isinstance(field, TextField)
    field.focus()
    field.clear()
    field.post_message(Paste(text))
    await pilot.pause()


def shown(widget: Any, selector: str) -> str:
    return str(widget.query_one(selector, Static).content)


@pytest.mark.parametrize("preset", preset_names())
async def test_every_setting_has_a_row_with_its_value(preset: str) -> None:
    config = load_preset(preset)
    async with form_of(config, preset) as (app, pilot):
        await unfold(app, pilot)
        assert [row.setting.name for row in app.query(SettingRow)] == sorted(
            settings(), key=lambda name: (settings()[name].advanced, list(settings()).index(name))
        )
        for row in app.query(SettingRow):
            assert row.field.value == as_text(get_setting(config, row.setting.name))
            assert row.value == get_setting(config, row.setting.name)
            assert not row.differs


async def test_choices_are_chosen_and_numbers_typed() -> None:
    async with form_of() as (app, _):
        for row in app.query(SettingRow):
            expected = ChoiceField if row.setting.choices else TextField
            assert isinstance(row.field, expected)


async def test_a_typed_value_is_announced_and_marked_as_different_from_the_preset() -> None:
    async with form_of() as (app, pilot):
        await enter(app, pilot, "n_layers", "6")
        assert app.announced[-1] == changed(load_preset("standard"), {"n_layers": 6})
        assert app.form.row("n_layers").differs
        assert shown(app.form.row("n_layers"), ".label") == "• n_layers"
        assert "standard has 4" in shown(app.form.query_one("#help"), "Static")


async def test_the_focused_setting_is_explained() -> None:
    async with form_of() as (app, pilot):
        for name in ("d_model", "optimizer", "val_fraction"):
            app.form.row(name).field.focus()
            await pilot.pause()
            box = app.form.query_one("#help")
            assert box.border_title == name
            assert settings()[name].help in shown(box, "Static")
            assert "default" in shown(box, "Static")


async def test_an_illegal_value_says_why_under_the_field_and_in_the_summary() -> None:
    async with form_of() as (app, pilot):
        await enter(app, pilot, "d_ff", "0")
        problem = app.form.row("d_ff").problem
        assert problem is not None
        assert "d_ff must be" in problem
        assert problem in shown(app.form.row("d_ff"), ".problem")
        assert app.form.summary.problem == problem
        assert app.form.config == load_preset("standard")
        await enter(app, pilot, "d_ff", "64")
        assert app.form.problem is None
        assert app.form.config.model.d_ff == 64


async def test_settings_that_do_not_fit_each_other_blame_the_one_edited_last() -> None:
    for edited, value in (("n_heads", "3"), ("d_model", "250")):
        async with form_of() as (app, pilot):
            await enter(app, pilot, edited, value)
            assert app.form.problem is not None
            assert app.form.problem[0] == edited
            assert "multiple" in app.form.problem[1]


async def test_whatever_is_typed_into_a_number_neither_hangs_nor_breaks() -> None:
    async with form_of() as (app, pilot):
        for text in ("-", "e", "1e", "--", "9" * 20, "1_0", ".", "+.e-"):
            for name in ("lr", "epochs", "vocab_size"):
                await enter(app, pilot, name, text)
                problem = app.form.row(name).problem
                assert problem is None or problem.endswith(".")


async def test_letters_cannot_be_typed_into_a_number() -> None:
    async with form_of() as (app, pilot):
        app.form.row("epochs").field.focus()
        await pilot.press("end", "ctrl+u", "1", "x", "2")
        assert app.form.row("epochs").field.value == "12"


async def test_an_optional_setting_may_be_empty() -> None:
    async with form_of(changed(load_preset("standard"), {"steps": 7})) as (app, pilot):
        await enter(app, pilot, "steps", "")
        assert app.form.problem is None
        assert app.form.config.training.steps is None


async def test_another_preset_changes_everything_but_the_text() -> None:
    config = changed(load_preset("standard"), {"corpus": ("stories",), "lr": 0.5})
    async with form_of(config) as (app, pilot):
        app.form.query_one("#preset", ChoiceField).focus()
        await pilot.press("left", "left")
        await pilot.pause()
        assert app.form.preset == "tiny"
        assert app.announced[-1] == changed(load_preset("tiny"), {"corpus": ("stories",)})
        assert not any(row.differs for row in app.query(SettingRow))


async def test_reset_goes_back_to_the_preset_and_is_there_only_when_something_differs() -> None:
    async with form_of() as (app, pilot):
        reset = app.form.query_one("#reset", Button)
        assert not reset.display
        await enter(app, pilot, "epochs", "3")
        assert reset.display
        await pilot.click(reset)
        await pilot.pause()
        assert app.form.config == load_preset("standard")
        assert app.form.row("epochs").field.value == "50"
        assert not reset.display


async def test_a_changed_advanced_setting_is_not_hidden() -> None:
    async with form_of() as (app, _):
        assert app.query_one(Collapsible).collapsed
    async with form_of(changed(load_preset("standard"), {"beta2": 0.9})) as (app, pilot):
        await pilot.pause()
        assert not app.query_one(Collapsible).collapsed
        assert app.form.row("beta2").differs


async def test_folded_settings_keep_their_values() -> None:
    async with form_of() as (app, pilot):
        await unfold(app, pilot)
        await enter(app, pilot, "patience", "4")
        app.query_one(Collapsible).collapsed = True
        await pilot.pause()
        await enter(app, pilot, "epochs", "3")
        assert app.form.config.training.patience == 4


async def test_arrows_go_from_field_to_field() -> None:
    async with form_of() as (app, pilot):
        app.form.row("corpus").field.focus()
        await pilot.press("down")
        assert app.focused is app.form.row("level").field
        await pilot.press("down")
        assert app.focused is app.form.row("vocab_size").field
        await pilot.press("up", "up")
        assert app.focused is app.form.row("corpus").field


async def test_a_file_name_with_control_characters_is_shown_safely_and_kept() -> None:
    evil = "/tmp/\x1b]0;owned\x07.txt"
    async with form_of(changed(load_preset("standard"), {"corpus": (evil,)})) as (app, pilot):
        value = app.form.row("corpus").field.value
        assert isinstance(value, str)
        assert value.isprintable()
        await enter(app, pilot, "epochs", "3")
        assert app.form.config.data.corpus == (evil,)


async def test_the_button_asks_for_a_start() -> None:
    async with form_of() as (app, pilot):
        await pilot.click("#start")
        await pilot.pause()
        assert app.starts == 1


def test_bounds_are_readable() -> None:
    assert bounds_in_words(settings()["n_heads"]) == "1 to 1,024"
    assert bounds_in_words(settings()["lr"]) == "above 0 to 10"
    assert bounds_in_words(settings()["seed"]) == "at least 0"
