"""Configurations as YAML: what is written is read again, and what is wrong is named."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from minigpt_tui.config import DataConfig, RunConfig
from minigpt_tui.config_files import (
    MAX_YAML_BYTES,
    dump_yaml,
    from_dict,
    load_preset,
    load_yaml,
    preset_names,
    to_dict,
)
from minigpt_tui.settings import settings, with_settings

UNUSUAL = with_settings(
    RunConfig(data=DataConfig(corpus=("a: b", "# c", "ünï.txt"))),
    {"compile": "on", "sample_prompt": "'\"\n\t: {", "lr": 1e-5, "steps": 7, "minutes": 0.5},
)


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "c.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize("config", [RunConfig(), UNUSUAL], ids=["defaults", "unusual"])
def test_what_is_written_is_read_again(config: RunConfig, tmp_path: Path) -> None:
    text = dump_yaml(config)
    assert load_yaml(written(tmp_path, text)) == config
    assert from_dict(to_dict(config)) == config
    assert all(this.help in text for this in settings().values())


def test_a_short_file_changes_only_what_it_names(tmp_path: Path) -> None:
    file = written(tmp_path, "lr: 1e-4\ncompile: off\nmodel:\n  d_model: 64\ncorpus: mine.txt\n")
    base = with_settings(RunConfig(), {"epochs": 3})
    expected = {"lr": 1e-4, "compile": "off", "d_model": 64, "corpus": ("mine.txt",)}
    assert load_yaml(file, base) == with_settings(base, expected)
    assert load_yaml(written(tmp_path, ""), base) == base


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("learning_rat: 1", "There is no setting “learning_rat”"),
        ("epoch: 1", "Did you mean epochs?"),
        ("model: {lr: 1}", "There is no setting “lr in section model”"),
        ("model: 3", "The section model must hold"),
        ("- lr", "is a list of `setting: value` lines"),
        ("d_model: 10\nn_heads: 4", "must be a multiple of n_heads"),
        ("lr: [", "is not valid YAML"),
        ("[" * 5000, "is not valid YAML"),
        ("a: &a [*a]", "aliases"),
        ("lr: !!python/object/apply:os.getcwd []", "is not valid YAML"),
        (b"lr: \xff", "is not valid YAML"),
        ("#" * (MAX_YAML_BYTES + 1), "not a configuration"),
    ],
)
def test_a_fault_is_named_with_the_file(text: str | bytes, sentence: str, tmp_path: Path) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ValueError, match=re.escape(sentence)) as refused:
        load_yaml(file)
    assert str(file) in str(refused.value)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", "pipe", "."):
        with pytest.raises(ValueError, match="Cannot read"):
            load_yaml(tmp_path / name)


def test_every_preset_is_legal_and_an_unknown_one_lists_them() -> None:
    names = preset_names()
    assert names[:3] == ["tiny", "quick", "standard"]
    assert len({dump_yaml(load_preset(name)) for name in names}) == len(names)
    with pytest.raises(ValueError, match=r"no preset “\.\./tiny”\. Presets: tiny, quick"):
        load_preset("../tiny")
