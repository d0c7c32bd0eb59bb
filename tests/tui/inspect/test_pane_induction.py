"""The attention view opens at the head that does induction, and says so."""

from __future__ import annotations

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import to_dict
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import Checkpoint, save_checkpoint
from minigpt_tui.runs.folder import create_run
from minigpt_tui.settings import with_settings
from minigpt_tui.text.tokenizers import build_tokenizer
from tests.analysis.test_attention import induction_model
from tests.tui.inspect.test_pane import looking, settled, shown

LETTERS = "abcdefghijkl"


async def test_the_induction_head_is_found(data: DataFolder) -> None:
    model = induction_model()
    config = RunConfig(model=model.config)
    tokenizer = build_tokenizer([LETTERS], config.data)
    assert tokenizer.vocab_size == model.vocab_size
    run = create_run(data, "by-hand", with_settings(config, {"level": "char"}))
    save_checkpoint(
        run.best,
        Checkpoint(model.state_dict(), tokenizer.to_json(), to_dict(config), {}, model.vocab_size),
    )
    async with looking(data, "attention", "cafecaf").run_test(size=(160, 45)) as pilot:
        view = await settled(pilot)
        assert "Layer 1, head 0: an induction head" in shown(view)
        assert "“f” at 6 looks at “e” 3: 100%" in shown(view), "what followed the last time"
        await pilot.press("enter", "up")
        assert "Layer 0, head 0: a previous-token head" in shown(view)
