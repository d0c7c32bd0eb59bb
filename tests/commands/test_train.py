"""`minigpt-tui train` in a pipe: the guide's lines, clear errors, and stopping by signal."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minigpt_tui.cli import main
from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_yaml
from minigpt_tui.runs.folder import find_run, list_runs
from minigpt_tui.runs.status import read_status
from minigpt_tui.settings import with_settings

QUICK = ["--preset", "tiny", "--epochs", "2", "--threads", "1", "--device", "cpu"]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


def test_a_pipe_gets_the_guides_lines(capsys):
    assert run("train", *QUICK) == 0
    out = capsys.readouterr().out
    assert "Epoch 1/2\n" in out
    assert re.search(r"^  Batch 10/\d+, Loss: \d\.\d{4}$", out, re.M)
    assert re.search(
        r"^Epoch 2 Summary:\n  Train Loss: .*\n  Val Loss: .*\n  Perplexity: .*\n  Time: ",
        out,
        re.M,
    )
    assert re.search(r"^  ✓ Best model saved \(val_loss: \d\.\d{4}\)$", out, re.M)
    assert "\x1b" not in out


def test_flags_win_over_the_file_and_the_file_over_the_preset(tmp_path, data):
    file = tmp_path / "mine.yaml"
    file.write_text("training: {epochs: 7, lr: 0.002}\n")
    saved = tmp_path / "saved.yaml"
    arguments = ["--preset", "tiny", "--config", str(file), "--lr", "0.004", "--epochs", "0"]
    assert run("train", *arguments, "--save-config", str(saved), "--run", "mixed") == 0
    config = load_yaml(saved)
    assert (config.training.lr, config.training.epochs, config.model.d_model) == (0.004, 0, 64)
    assert load_yaml(find_run(data, "mixed").config_file) == config


def test_a_saved_configuration_repeats_the_run(tmp_path):
    saved = tmp_path / "saved.yaml"
    assert run("train", *QUICK, "--steps", "3", "--save-config", str(saved), "--run", "one") == 0
    expected = with_settings(RunConfig(), {})
    assert load_yaml(saved) != expected
    assert run("train", "--config", str(saved), "--run", "two") == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--corpus", "/no/such/file.txt"], "file.txt"),
        (["--d-model", "10", "--n-heads", "3"], "multiple of n_heads"),
        (["--epochs", "-1"], "epochs must be"),
        (["--lr", "nan"], "lr must be"),
        (["--lr", "0"], "lr must be"),
        (["--batch-size", "0"], "batch_size must be"),
        (["--batch-size", "1e9"], "whole number"),
        (["--level", "letters"], "char, word, bpe"),
        (["--preset", "huge"], "Presets: tiny"),
        (["--run", "../escape"], "run name"),
        (["--run", ""], "run name"),
        (["--resume", "nothing"], "nothing"),
        (["--resume", "nothing", "--d-model", "8"], "--d-model"),
        (["--config", "/no/such.yaml"], "such.yaml"),
        (["--d-model", "65536", "--n-layers", "100"], "memory"),
        (["--max-seq-len", "1000000"], "memory|longer text"),
        (["--device", "cuda"], "cuda"),
    ],
)
def test_bad_input_gets_a_sentence_and_leaves_nothing(arguments, sentence, capsys, data):
    assert run("train", *arguments) == 2
    error = capsys.readouterr().err
    assert re.search(sentence, error), error
    assert "Traceback" not in error
    assert list_runs(data) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\x03" * 100, "binary|text"),
        ("café".encode("latin-1") * 50, "--encoding"),
        (b"hi", "longer text"),
    ],
)
def test_bad_files_are_named(content, sentence, tmp_path: Path, capsys, data):
    file = tmp_path / "bad.txt"
    file.write_bytes(content)
    assert run("train", "--corpus", str(file)) == 2
    assert re.search(sentence, capsys.readouterr().err, re.I)
    assert list_runs(data) == []


@pytest.mark.parametrize(
    ("yaml", "sentence"),
    [
        ("epochz: 3", "Did you mean epochs"),
        ("model: {epochs: 3}", "section model"),
        ("model: 3", "section model"),
        ("a: &a [1]\nb: *a", "alias"),
        ("[" * 5000, "YAML"),
        ("epochs: many", "whole number"),
        ("training: {lr: .nan}", "lr must be"),
    ],
)
def test_bad_yaml_is_explained(yaml, sentence, tmp_path, capsys):
    file = tmp_path / "bad.yaml"
    file.write_text(yaml)
    assert run("train", "--config", str(file)) == 2
    assert re.search(sentence, capsys.readouterr().err)


def test_an_existing_name_is_refused(capsys):
    assert run("train", *QUICK, "--epochs", "0", "--run", "mine") == 0
    assert run("train", *QUICK, "--epochs", "0", "--run", "mine") == 2
    assert "mine" in capsys.readouterr().err


def training_in_a_process():
    """A long training in a process of its own, in its second epoch."""
    command = [sys.executable, "-u", "-m", "minigpt_tui", "train"]
    process = subprocess.Popen(
        [
            *command,
            "--preset",
            "tiny",
            "--epochs",
            "1000",
            "--run",
            "long",
            "--threads",
            "1",
            "--compile",
            "off",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Epoch 2/"):
            break
    return process


def test_a_second_signal_ends_it_at_once(data):
    process = training_in_a_process()
    process.send_signal(signal.SIGSTOP)  # so that it finds both when it wakes
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=60)
    assert process.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert read_status(find_run(data, "long")).state == "interrupted"


# A dropped connection is told of several times: by the system, and by the shell that ends.
@pytest.mark.parametrize(
    "numbers", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP, signal.SIGHUP]]
)
def test_a_signal_saves_and_the_run_can_be_resumed(numbers, data):
    process = training_in_a_process()
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.02)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + numbers[0]
    assert "Traceback" not in error
    stopped = find_run(data, "long")
    assert read_status(stopped).state == "stopped"
    assert stopped.last.exists()


def test_a_diverged_training_is_a_failure(capsys):
    # Such a decay multiplies every weight by 1 - 10 at each step, on any processor.
    arguments = ["--lr", "10", "--optimizer", "adamw", "--weight-decay", "1", "--grad-clip", "0"]
    arguments += ["--warmup-steps", "0", "--precision", "fp32"]
    code = run("train", "--preset", "tiny", "--threads", "1", "--device", "cpu", *arguments)
    out = capsys.readouterr().out
    assert code == 1
    assert "Diverged" in out


def test_numbers_without_a_dot_are_numbers_in_yaml(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("lr: 1e-3\n")
    assert load_yaml(file).training.lr == 0.001
