"""The Inspect pane: every view of a model, for any prompt, at any size."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from minigpt_tui.config_files import load_preset
from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, find_run
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.inspect.pane import InspectPane
from minigpt_tui.tui.inspect.view import InspectView
from minigpt_tui.tui.inspect.views import TITLES
from minigpt_tui.tui.widgets.prompt import PromptInput
from tests.tui.predict.asking import TEXT, trained_run, until

NEEDS_THE_TEXT = {"evidence", "calibration", "training"}


def looking(
    data: DataFolder, view: str, prompt: str = "I eat bread", source: str = ""
) -> Workbench:
    app = Workbench(data)
    app.remembered.pane = "inspect"
    app.remembered.inspect_view = view
    app.remembered.prompt = prompt
    app.remembered.inspect_source = source
    return app


async def settled(pilot: Pilot[None]) -> InspectView:
    """Waits until the view on the screen shows a picture or says why there is none."""

    def there() -> bool:
        view = pilot.app.query_one(InspectPane).view
        return view is not None and not view.busy and (view.has_answer() or view.trouble != "")

    await until(pilot, there)
    await pilot.pause(0.01)
    view = pilot.app.query_one(InspectPane).view
    assert view is not None
    return view


def shown(view: InspectView) -> str:
    return str(view.render())


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a run and the text that it learned in its library."""
    data = DataFolder(tmp_path_factory.mktemp("trained") / "home").ready()
    (data.corpora / "meals.txt").write_text(TEXT, encoding="utf-8")
    small = {
        "corpus": ("meals",),
        "d_model": 32,
        "d_ff": 64,
        "n_layers": 2,
        "max_seq_len": 16,
        "steps": 40,
        "threads": 1,
        "precision": "fp32",
        "compile": "off",
    }
    train_new(with_settings(load_preset("tiny"), small), data, Control(), name="meals")
    return data.root


@pytest.fixture
def meals(data: DataFolder, trained_home: Path) -> RunFolder:
    """That run, in the test's own data folder."""
    shutil.copytree(trained_home, data.root, dirs_exist_ok=True)
    return find_run(data, "meals")


@pytest.mark.usefixtures("meals")
async def test_every_view_of_a_trained_run_shows_something_and_explains_itself(data):
    app = looking(data, "attention", "I eat bread", "I eat wread")
    async with app.run_test(size=(160, 45)) as pilot:
        for name in TITLES:
            view = await settled(pilot)
            pane = pilot.app.query_one(InspectPane)
            assert pane.view_name == name
            assert view.trouble == ""
            assert len(shown(view).strip()) > 100
            assert len(view.explanation) > 100
            assert pane.query_one("#explanation").region.height > 0
            await pilot.press("f7")
        assert pilot.app.query_one(InspectPane).view_name == "attention", "the views go round"


@pytest.mark.usefixtures("meals")
async def test_every_view_fits_a_small_screen(data):
    app = looking(data, "attention", "I eat bread and ric", "I eat bread and mic")
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in TITLES:
            view = await settled(pilot)
            assert view.region.height >= 12
            assert view.region.bottom <= 23
            width, height = view.content_size
            assert all(line.cell_length <= width for line in view.lines(width, height)[:height])
            await pilot.press("f7")
        explanation = pilot.app.query_one("#explanation")
        assert not explanation.display
        await pilot.press("f10")
        assert explanation.display


ODD = (
    "ßßß ĦĦ 👩‍👩‍👧 🙂 🏳️‍🌈 שלום עולם \u202eevil\u202c \x1b]0;title\x07\x1b[31mred\x00\x9b5m "
    "[/nope] [@click=app.quit]x[/] e\u0301\u0301 one\ntwo\tthree"
)


@pytest.mark.usefixtures("meals")
@pytest.mark.parametrize(
    "prompt", ["", "ßßß ĦĦ", "I eat bread. " * 800, ODD], ids=["empty", "unknown", "long", "odd"]
)
async def test_any_prompt_is_shown_in_every_view(data, prompt):
    app = looking(data, "attention", prompt, prompt[:-1] + "e" if prompt else "")
    async with app.run_test(size=(100, 30)) as pilot:
        for _ in TITLES:
            view = await settled(pilot)
            everything = shown(view) + str(pilot.app.query_one("#notes").render())
            assert all(c == "\n" or c.isprintable() for c in everything)
            await pilot.press("f7")
        await settled(pilot)
        notes = str(pilot.app.query_one("#notes").render())
        if len(prompt) > 5_000:
            assert "The model sees only the last 16 of 10,400 tokens." in notes
        elif prompt:
            assert "Not in the vocabulary, read as <UNK>: “ß”, " in notes


async def test_without_the_corpus_a_view_says_what_is_missing_and_the_others_work(data, meals):
    (data.corpora / "meals.txt").unlink()
    meals.probes_file.unlink()
    app = looking(data, "attention")
    async with app.run_test(size=(80, 24)) as pilot:
        for name in TITLES:
            view = await settled(pilot)
            if name in NEEDS_THE_TEXT:
                assert "needs the text" in view.trouble or "was not asked" in view.trouble
            elif name != "patching":
                assert view.trouble == ""
            if name == "ablation":
                assert "needs the text that was held out" in " ".join(shown(view).split())
            await pilot.press("f7")


async def test_heads_are_chosen_and_their_picture_is_read_cell_by_cell(data):
    trained_run(data, "breakfast")
    async with looking(data, "attention").run_test(size=(120, 40)) as pilot:
        view = await settled(pilot)
        await pilot.press("enter")  # from the prompt into the view
        assert view.has_focus
        await pilot.press("left", "left")
        assert "Layer 0, head 0" in shown(view)
        await pilot.press("right")
        assert "Layer 0, head 1" in shown(view)
        await pilot.press("enter", "up", "right")
        assert "“a” at 9 looks at “·” at 1: " in shown(view)
        await pilot.press("f")
        assert "the first token hidden" in shown(view)
        await pilot.press("r")
        assert "a heuristic" in shown(view)
        await pilot.press("escape", "escape")
        assert pilot.app.query_one("#prompt").has_focus


@pytest.mark.parametrize(("size", "tall"), [((80, 24), 3), ((160, 45), 5)])
async def test_the_enlarged_picture_of_a_short_prompt_fills_the_room(data, size, tall):
    trained_run(data, "breakfast")
    async with looking(data, "attention", "I e").run_test(size=size) as pilot:
        view = await settled(pilot)
        lines = shown(view).splitlines()
        left = lines[0].index("Layer")
        picture = [line[left:].rstrip() for line in lines[2:-2]]
        at = [picture.index(row) for row in picture if row[:1] in ("I", "·", "e")]
        assert at == [0, tall, 2 * tall], "the labels of its rows"
        assert {len(row) for row in picture[:tall]} == {2 + 2 * tall}, "as wide as high"
        assert all(picture[: 3 * tall])
        assert not any(picture[3 * tall :])
        await pilot.press("enter", "enter", "up")
        assert "“·” at 1 looks at “I” at 0: " in shown(view)


async def test_attribution_goes_from_token_to_difference_to_heads(data):
    trained_run(data, "breakfast")
    async with looking(data, "attribution", "I eat brea").run_test(size=(120, 40)) as pilot:
        view = await settled(pilot)
        assert "The logit of “d” after “a”, position 9" in shown(view)
        assert "0_attn_out" in shown(view)
        await pilot.press("enter", "d")
        view = await settled(pilot)
        assert "The logit of “d” less that of “" in shown(view)
        await pilot.press("h")
        view = await settled(pilot)
        assert "L0H0" in shown(view)
        await pilot.press("left")
        await until(pilot, lambda: "position 8" in shown(view))


async def test_patching_asks_for_another_prompt_of_as_many_tokens(data):
    trained_run(data, "breakfast")
    async with looking(data, "patching", "I eat", "I eat").run_test(size=(100, 30)) as pilot:
        view = await settled(pilot)
        assert "Both prompts are the same" in shown(view)
        pilot.app.query_one("#source", PromptInput).value = "We eat"
        await until(pilot, lambda: "equal length" in view.trouble)
        pilot.app.query_one("#source", PromptInput).value = "I ear"
        await until(pilot, lambda: view.has_answer() and not view.trouble)
        assert "t→r" in shown(view)


@pytest.mark.usefixtures("meals")
async def test_the_cursor_goes_along_the_training(data):
    async with looking(data, "training").run_test(size=(160, 45)) as pilot:
        view = await settled(pilot)
        assert shown(view).startswith("Step 40 ")
        pilot.app.query_one(InspectPane).view.focus()
        await pilot.press("home")
        assert shown(view).startswith("Step 0 ")
        await pilot.press("m", "end")
        assert "Learned and forgotten from step 0 to 40" in shown(view)
        first = shown(view)
        await pilot.press("p")
        assert "2/3" in shown(view)
        assert shown(view) != first


async def test_on_a_small_screen_positions_take_the_place_of_the_neighbours(data):
    trained_run(data, "breakfast")
    async with looking(data, "neighbours").run_test(size=(80, 24)) as pilot:
        view = await settled(pilot)
        assert "Most like “d”, token 10 of the prompt" in shown(view)
        await pilot.press("enter", "down")
        assert "Positions that are alike" in shown(view)
        await pilot.press("up", "left")
        await until(pilot, lambda: "Most like “a”, token 9" in shown(view))


async def test_a_newer_prompt_takes_the_place_of_the_older(data):
    trained_run(data, "breakfast")
    async with looking(data, "lens", "I ea").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("t")
        await until(
            pilot, lambda: "After “t”, position 4" in shown(pilot.app.query_one(InspectView))
        )


async def test_without_a_model_it_says_where_to_get_one(data):
    async with looking(data, "lens").run_test(size=(80, 24)) as pilot:
        message = pilot.app.query_one("#message")
        await until(pilot, lambda: "No model yet. Press F2" in str(message.render()))


def test_the_pane_and_its_views_load_no_torch() -> None:
    code = (
        "import sys; from minigpt_tui.tui.inspect.pane import InspectPane;"
        "from minigpt_tui.tui.inspect.views import TITLES, build_view;"
        "import pkgutil, importlib, minigpt_tui.tui.inspect as inspect;"
        "[importlib.import_module(f'minigpt_tui.tui.inspect.{module.name}')"
        " for module in pkgutil.iter_modules(inspect.__path__)];"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
