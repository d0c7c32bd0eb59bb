"""That the tests of the pages read them as a person does, and would see what is wrong."""

from __future__ import annotations

from tests.docs.blocks import ROOT, Typed, calls, typed
from tests.docs.reader import differs


def written(folder, text):
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    return typed(page)


def command(text):
    return Typed(ROOT / "README.md", 1, "sh", text)


def test_a_command_ends_with_its_line_and_what_follows_is_its_output(tmp_path):
    page = (
        "```console\n$ one \\\n    --more   # why\nsaid\n$ two   # a long\n        # comment\n```\n"
    )
    one, two = written(tmp_path, page)
    assert one.command == "one \\\n    --more"
    assert (one.shown, two.command, two.shown) == (["said"], "two", [])


def test_in_a_script_every_line_is_a_command_and_a_program_is_one(tmp_path):
    page = "```sh\n# first\none\ntwo\n```\n```text\n$ three\n```\n```python\nx = 1\nprint(x)\n```\n"
    assert [one.text for one in written(tmp_path, page)] == ["one", "two", "x = 1\nprint(x)\n"]


def test_our_calls_are_found_wherever_they_stand():
    assert calls(command("cat a | minigpt-tui runs --json > b")) == [["runs", "--json"]]
    assert calls(command(".venv/bin/pip install . && .venv/bin/minigpt-tui")) == [[]]
    assert calls(command('eval "$(minigpt-tui completion bash)"')) == [["completion", "bash"]]
    assert calls(command("torchrun -m minigpt_tui train --steps 2")) == [["train", "--steps", "2"]]
    assert calls(command("KEY=x minigpt-tui predict 'I eat'")) == [["predict", "I eat"]]


def test_output_may_differ_in_figures_and_bars_and_in_nothing_else():
    printed = "Run: a\nloss 2,000, best 1.5e-07\n  rice  40.4%  ████\nDone.\n"
    assert differs(["Run: a", "loss 3, best 2e-06", "rice 1% █", "Done."], printed) is None
    assert differs(["Memory 3 GB"], "Memory 812 MB") is None
    assert differs(["Run: …", "…", "Done."], printed) is None
    assert differs(["Run: b"], printed) == "Run: b"
    assert differs(["Done.", "Run: a"], printed) == "Run: a"
