"""The settings of a run as a form, derived from `settings()`: no field is listed here.

The form checks what is typed at once, says what is wrong beside the field and keeps the last
configuration that was right. The focused setting is explained in a box below the fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.events import DescendantFocus
from textual.message import Message
from textual.widgets import Button, Collapsible, Input, Select, Static

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset, preset_names
from minigpt_tui.settings import Setting, check, get_setting, settings, with_settings
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.keys.key_prose import keys_in
from minigpt_tui.tui.pane import focus_now
from minigpt_tui.tui.train.plan_summary import PlanSummary
from minigpt_tui.tui.train.setting_help import SettingHelp
from minigpt_tui.tui.widgets.form_fields import ChoiceField, Fields, SearchField
from minigpt_tui.tui.widgets.repaint import entitle
from minigpt_tui.tui.widgets.setting_row import SettingRow

SECTION_TITLES = {"data": "Text", "model": "Model", "training": "Training"}
START_LABEL = "Start training  ‹train.start›"
QUEUE_LABEL = "Train it after this one  ‹train.start›"


class ConfigForm(Container):
    """The form. `config` is the last valid configuration; `problem` is why there is no newer one.

    Posts `Changed` with each new valid configuration and `Start` when its button is pressed.
    """

    SCOPED_CSS = False  # the rules by size begin at the screen
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")

    class Changed(Message):
        """The form holds another valid configuration."""

        def __init__(self, config: RunConfig) -> None:
            super().__init__()
            self.config = config

    class PresetChosen(Message):
        """Another preset is the one that the form is compared with."""

        def __init__(self, preset: str) -> None:
            super().__init__()
            self.preset = preset

    class Start(Message):
        """The button was pressed."""

    def __init__(self, config: RunConfig, preset: str) -> None:
        super().__init__()
        self.config = config
        self.preset = preset if preset in preset_names() else preset_names()[0]
        self.problem: tuple[str, str] | None = None
        """The setting that is wrong, and the sentence that says why."""
        self.compared_with = self.preset
        """The preset or run whose values the form's are compared with."""
        self._compared = load_preset(self.preset)
        self._text_problem: str | None = None
        self._last_edited = ""

    def compose(self) -> ComposeResult:
        with Fields(classes="box", id="fields") as fields:
            fields.border_title = "Settings"
            yield SearchField(
                placeholder="part of a name or of what it does", id="search", max_length=60
            )
            with Horizontal(id="preset-row"):
                yield Static("  preset", classes="label", markup=False)
                yield ChoiceField(tuple(preset_names()), self.preset, id="preset")
                yield Button("Reset", id="reset", compact=True, tooltip="Back to the preset")
            for section, title in SECTION_TITLES.items():
                yield Static(title, classes="section", id=f"section-{section}", markup=False)
                yield from self._rows(
                    this
                    for this in settings().values()
                    if this.section == section and not this.advanced
                )
            more = self._advanced()
            yield Collapsible(
                title=f"More settings ({len(more)})", collapsed_symbol="▸", expanded_symbol="▾"
            )
        with Vertical(id="aside"):
            yield SettingHelp()
            yield PlanSummary()
            yield Button(keys_in(self, START_LABEL), id="start", variant="primary", compact=True)

    def on_mount(self) -> None:
        more = self.query_one(Collapsible)
        more.collapsed = not any(self._differs(this.name) for this in self._advanced())
        self._mark_differences()

    @property
    def summary(self) -> PlanSummary:
        return self.query_one(PlanSummary)

    def row(self, name: str) -> SettingRow:
        return self.query_one(f"#setting-{name}", SettingRow)

    def show_running(self, running: bool) -> None:
        """While a training runs no other can begin, but it can wait for its turn."""
        label = QUEUE_LABEL if running else START_LABEL
        self.query_one("#start", Button).label = keys_in(self, label)

    def focus_first(self) -> None:
        focus_now(self.query_one("#preset", ChoiceField))

    def compare_with(self, name: str, config: RunConfig) -> None:
        """Marks what differs from this configuration, to which Reset then goes back."""
        self.compared_with, self._compared = name, config
        self._mark_differences()

    def compare_with_preset(self) -> None:
        self.compare_with(self.preset, load_preset(self.preset))

    async def find(self) -> None:
        """Opens the field that narrows the settings."""
        search = self.query_one(SearchField)
        search.add_class("-open")
        search.focus()
        await self._mount_advanced()

    @on(SearchField.Ended)
    def end_search(self) -> None:
        """Shows all settings again."""
        search = self.query_one(SearchField)
        found = next((row for row in self.query(SettingRow) if row.display), None)
        search.value = ""
        search.remove_class("-open")
        if found is not None and search.has_focus:
            found.field.focus()

    def show_config(self, config: RunConfig) -> None:
        """Puts a whole configuration into the fields."""
        changed = config != self.config
        self.config = config
        for row in self.query(SettingRow):
            row.set_value(get_setting(config, row.setting.name))
        self._check_fields()
        if changed:
            self.post_message(self.Changed(config))

    def show_text_problem(self, problem: str | None) -> None:
        """The text of these settings cannot be read, or (None) it can."""
        if problem is not None:
            self.summary.show_nothing()
        if problem != self._text_problem:
            self._text_problem = problem
            self._check_fields()

    def point_out_problem(self) -> None:
        """Brings the focus to the setting that is wrong; it was edited, so it is mounted."""
        if self.problem is None:
            self.focus_first()
            return
        row = self.row(self.problem[0])
        if row.setting.advanced:
            self.query_one(Collapsible).collapsed = False
        row.field.focus()

    async def on_collapsible_expanded(self, event: Collapsible.Expanded) -> None:
        """The folded rows are made when they are first asked for: the pane opens sooner."""
        await self._mount_advanced()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()  # of the search; the rows stop theirs
        self._narrow(event.value.casefold().split())

    def _narrow(self, wanted: list[str]) -> None:
        """Shows the settings that have every word in their name or their help."""
        sections: set[str] = set()
        for row in self.query(SettingRow):
            this = row.setting
            said = f"{this.name} {this.help} {this.unit} {' '.join(this.choices)}".casefold()
            row.display = all(word in said for word in wanted)
            if row.display and not this.advanced:
                sections.add(this.section)
        for section in SECTION_TITLES:
            self.query_one(f"#section-{section}").display = section in sections
        advanced = [row for row in self.query(SettingRow) if row.setting.advanced]
        more = self.query_one(Collapsible)
        more.display = not wanted or any(row.display for row in advanced)
        if wanted and more.display:
            more.collapsed = False
        self.query_one("#preset-row").display = not wanted

    async def _mount_advanced(self) -> None:
        place = self.query_one(Collapsible.Contents)
        if not place.children:
            await place.mount(*self._rows(self._advanced()))
            self._mark_differences()

    def on_setting_row_edited(self, event: SettingRow.Edited) -> None:
        event.stop()
        self._last_edited = event.name
        if settings()[event.name].section == "data":
            self._text_problem = None  # of the text as it was chosen before
        before = self.config
        self._check_fields()
        if self.config != before:
            self.post_message(self.Changed(self.config))

    def on_select_changed(self, event: Select.Changed) -> None:
        event.stop()  # of the rows only the preset's Select is not stopped before
        if event.value != self.preset:
            self.preset = str(event.value)
            self.compare_with_preset()
            self.post_message(self.PresetChosen(self.preset))
            self._to_preset()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "reset":
            self._to_preset()
            self.focus_first()
        else:
            self.post_message(self.Start())

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        for node in event.widget.ancestors_with_self:
            if isinstance(node, SettingRow):
                self._explain(node)
                return
            if node.id == "preset":
                self.query_one(SettingHelp).explain_preset()
                return

    def _advanced(self) -> list[Setting]:
        return [this for this in settings().values() if this.advanced]

    def _rows(self, these: Iterable[Setting]) -> Iterable[SettingRow]:
        return [SettingRow(this, get_setting(self.config, this.name)) for this in these]

    def _to_preset(self) -> None:
        """All settings as the preset, or the run that is compared with, has them; not the text."""
        self.show_config(with_settings(self._compared, {"corpus": self.config.data.corpus}))

    def _check_fields(self) -> None:
        """Parses every field, shows what is wrong where, and takes the values if nothing is."""
        values: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for row in self.query(SettingRow):
            try:
                values[row.setting.name] = row.value
            except ValueError as error:
                problems[row.setting.name] = str(error)
        if not problems:
            try:
                self.config = check(with_settings(self.config, values))
            except ValueError as error:  # two settings that do not fit one another
                problems[self._blamed(str(error), self._last_edited)] = str(error)
        if not problems and self._text_problem is not None:
            problems[self._blamed(self._text_problem, "corpus")] = self._text_problem
        for row in self.query(SettingRow):
            row.show_problem(problems.get(row.setting.name))
        self.problem = next(iter(problems.items()), None)
        self.summary.show_problem(self.problem[1] if self.problem else None)
        self._mark_differences()

    def _blamed(self, sentence: str, otherwise: str = "") -> str:
        """The setting under which a sentence about several stands: the one edited last."""
        words = {word.strip("().,") for word in sentence.split()}
        named = [name for name in settings() if name in words] or [otherwise]
        blamed_before = self.problem[0] if self.problem else ""
        for name in (self._last_edited, blamed_before):
            if name in named:
                return name
        return named[0]

    def _differs(self, name: str) -> bool:
        if name == "corpus":
            return False
        return bool(get_setting(self.config, name) != get_setting(self._compared, name))

    def _mark_differences(self) -> None:
        for row in self.query(SettingRow):
            row.mark(self._differs(row.setting.name))
        count = sum(self._differs(name) for name in settings())
        words = f"• {count} differ{'s' if count == 1 else ''} from {visible(self.compared_with)}"
        entitle(self.query_one("#fields"), subtitle=words if count else "")
        self.query_one("#reset", Button).display = count > 0
        focused = self.screen.focused
        if focused is not None and isinstance(focused.parent, Horizontal):
            row_of_focus = focused.parent.parent
            if isinstance(row_of_focus, SettingRow):
                self._explain(row_of_focus)

    def _explain(self, row: SettingRow) -> None:
        name = row.setting.name
        other = (self.compared_with, get_setting(self._compared, name))
        self.query_one(SettingHelp).explain(row.setting, other if self._differs(name) else None)
