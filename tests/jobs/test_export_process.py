"""An export in a process of its own: the folder or the reason, and nothing half-written."""

from __future__ import annotations

import pytest

from minigpt_tui.config_files import load_preset
from minigpt_tui.jobs.export_process import export_beside
from minigpt_tui.runs.folder import create_run
from minigpt_tui.text.cancel import CancelledError
from tests.interop.models import checkpoint_file


def a_run(data, tmp_path):
    run = create_run(data, "first", load_preset("tiny"))
    checkpoint_file(tmp_path).rename(run.best)
    return run


def test_the_reason_of_a_failure_is_told(data, tmp_path):
    run = a_run(data, tmp_path)
    run.best.write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"best_model\.pt is not a minigpt-tui checkpoint"):
        export_beside(run, data)
    assert not list(data.exports.iterdir())


def test_it_is_given_up_at_once_when_nobody_wants_it(data, tmp_path):
    with pytest.raises(CancelledError):
        export_beside(a_run(data, tmp_path), data, lambda: True)


@pytest.mark.peer
def test_each_export_has_a_place_of_its_own(data, tmp_path):
    pytest.importorskip("transformers")
    run = a_run(data, tmp_path)
    assert export_beside(run, data) == data.exports / "first-hf"
    assert export_beside(run, data) == data.exports / "first-hf-2"
    assert {path.name for path in data.exports.iterdir()} == {"first-hf", "first-hf-2"}
    assert (data.exports / "first-hf-2" / "model.safetensors").is_file()
