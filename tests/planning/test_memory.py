"""The memory that a run needs, the memory there is, and the refusal between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigpt_tui.config import ModelConfig, RunConfig, TrainingConfig
from minigpt_tui.planning.memory import (
    available_memory,
    check_memory,
    memory_in_words,
    training_memory,
)


def test_the_default_run_needs_some_hundred_megabytes() -> None:
    assert 60e6 < training_memory(ModelConfig(), TrainingConfig(), 100) < 400e6


def test_a_run_that_fits_is_let_through() -> None:
    check_memory(RunConfig(), 100, available=10**9)


@pytest.mark.parametrize(
    ("model", "training", "reduce"),
    [
        (ModelConfig(d_model=65_536), TrainingConfig(batch_size=1), "d_model"),
        (ModelConfig(d_model=1024, n_layers=1024), TrainingConfig(batch_size=1), "n_layers"),
        (ModelConfig(), TrainingConfig(batch_size=1_000_000), "batch_size"),
        (ModelConfig(max_seq_len=1_048_576), TrainingConfig(), "max_seq_len"),
    ],
)
def test_absurd_shapes_are_refused_in_words(
    model: ModelConfig, training: TrainingConfig, reduce: str
) -> None:
    with pytest.raises(ValueError, match=r"needs about [0-9.,]+ [GT]B of memory") as caught:
        check_memory(RunConfig(model=model, training=training), 100, available=32 * 10**9)
    assert "32.0 GB are free" in str(caught.value)
    assert reduce in str(caught.value).split("reduce")[1]


def test_the_largest_shape_is_refused_on_this_machine() -> None:
    with pytest.raises(ValueError, match="reduce"):
        check_memory(RunConfig(model=ModelConfig(d_model=65_536, n_layers=1024)), 100)


def test_a_large_vocabulary_is_named_as_the_reason() -> None:
    model = ModelConfig(d_model=16, n_layers=1, d_ff=16)
    with pytest.raises(ValueError, match=r"logits of one step: reduce .*vocab_size"):
        check_memory(RunConfig(model=model), 1_000_000, available=10**9)


def test_a_batch_is_charged_no_more_windows_than_the_corpus_has() -> None:
    huge = TrainingConfig(batch_size=1_000_000)
    ten = TrainingConfig(batch_size=10)
    assert training_memory(ModelConfig(), huge, 100, windows=10) == training_memory(
        ModelConfig(), ten, 100
    )
    check_memory(RunConfig(training=huge), 100, windows=10, available=10**9)


def test_many_heads_in_windows_that_attention_writes_out_are_charged() -> None:
    few = ModelConfig(d_model=128, n_heads=1, max_seq_len=512)
    many = ModelConfig(d_model=128, n_heads=64, max_seq_len=512)
    assert training_memory(many, TrainingConfig(), 100) > 2 * training_memory(
        few, TrainingConfig(), 100
    )


def test_the_gated_feed_forward_keeps_more() -> None:
    sizes = [
        training_memory(ModelConfig(layout=layout, d_ff=512), TrainingConfig(), 100)
        for layout in ("gpt2", "qwen3")
    ]
    assert sizes[0] < sizes[1] < 2 * sizes[0]


def test_there_is_memory_here() -> None:
    available = available_memory()
    assert available is None or available > 10**7


def test_a_control_group_bounds_the_memory(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    assert available_memory(tmp_path) == 8000 * 1024

    group = tmp_path / "sys/fs/cgroup/app"
    group.mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/app\n")
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("1000000\n")
    assert available_memory(tmp_path) == 8000 * 1024

    (group / "memory.max").write_text("3000000\n")
    (group / "memory.stat").write_text("anon 900000\ninactive_file 50000\n")
    assert available_memory(tmp_path) == 2_050_000


def test_an_older_control_group_bounds_the_memory_too(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("5:cpu:/x\n4:memory:/box\n")
    group = tmp_path / "sys/fs/cgroup/memory/box"
    group.mkdir(parents=True)
    (group / "memory.limit_in_bytes").write_text("500\n")
    (group / "memory.usage_in_bytes").write_text("900\n")
    assert available_memory(tmp_path) == 0


def test_bytes_in_words() -> None:
    assert memory_in_words(0) == "0 kB"
    assert memory_in_words(1) == "1 kB"
    assert memory_in_words(180_000_000) == "180 MB"
    assert memory_in_words(3_240_000_000) == "3.2 GB"
    assert memory_in_words(5 * 10**15) == "5,000.0 TB"
