"""`bench` measures this machine and prints one table."""

from __future__ import annotations

import json

import pytest
import torch

from minigpt_tui.cli import main
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.training.execution import supports_bf16


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["bench", *arguments])
    return int(left.value.code or 0)


def test_speeds_of_products_training_and_writing(capsys, data):
    assert run("--json", "--seconds", "1", "--preset", "tiny") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["shape"] == "D64 L2 H2 T32 B32"
    precisions = {"fp32", "bf16"} if supports_bf16(torch.device("cpu")) else {"fp32"}
    speeds = {kind: [s for s in facts["speeds"] if s["kind"] == kind] for kind in KINDS}
    assert {speed["precision"] for speed in speeds["product"]} == precisions
    ways = {(speed["layout"], speed["precision"]) for speed in speeds["training"]}
    assert ways == {(layout, p) for layout in ("gpt2", "qwen3") for p in precisions}
    for speed in speeds["training"]:
        tokens = speed["tokens_per_second"] * speed["seconds_per_step"]
        assert tokens == pytest.approx(32 * 32)
        assert speed["share_of_peak"] > 0
    assert {speed["layout"] for speed in speeds["writing"]} == {"gpt2", "qwen3"}
    assert all(speed["tokens_per_second"] > 0 for speed in speeds["writing"])
    assert list_runs(data) == []
    assert not (data.root / "vocabularies" / "sample_corpus.json").exists()


KINDS = ("product", "training", "writing")


@pytest.mark.parametrize("seconds", ["0", "nan", "-5", "1e9"])
def test_a_time_that_makes_no_sense_is_refused(seconds, capsys):
    assert run(f"--seconds={seconds}") == 2
    assert "from 1 to 3600" in capsys.readouterr().err
