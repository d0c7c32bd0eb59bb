"""A checkpoint is what was saved, bit for bit, or an error in a sentence."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import pickle
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.config import ModelConfig, RunConfig
from minigpt_tui.config_files import to_dict
from minigpt_tui.planning.parameters import parameter_shapes
from minigpt_tui.runs.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

MODEL = ModelConfig(d_model=4, n_heads=2, n_layers=1, d_ff=6, max_seq_len=3)
VOCAB_SIZE = 5


def _checkpoint(seed: int = 0) -> Checkpoint:
    generator = torch.Generator().manual_seed(seed)
    state = {
        name: torch.randn(shape, generator=generator)
        for name, shape in parameter_shapes(MODEL, VOCAB_SIZE).items()
    }
    moments = {
        index: {"step": torch.tensor(3.0), "exp_avg": tensor / 2}
        for index, tensor in enumerate(state.values())
    }
    return Checkpoint(
        model_state=state,
        tokenizer_json='{"version": "1.0"}',
        config=to_dict(RunConfig(model=MODEL)),
        metrics={"step": 3, "epoch": 1, "val_loss": 2.5, "perplexity": None},
        vocab_size=VOCAB_SIZE,
        trainer_state={
            "optimizer": {
                "state": moments,
                "param_groups": [{"lr": 0.1, "betas": (0.9, 0.99), "params": [0, 1]}],
            },
            "best": None,
        },
    )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return (
            isinstance(other, torch.Tensor)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and bytes(one.reshape(-1).view(torch.uint8).numpy())
            == bytes(other.reshape(-1).view(torch.uint8).numpy())
        )
    if type(one) is not type(other):
        return False
    if isinstance(one, Checkpoint):
        return _same(vars(one), vars(other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model.pt"
    save_checkpoint(path, _checkpoint())
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run" / "model.pt"


def _refused(path: Path) -> str:
    """The sentence with which a file is refused: it names the file, and is one sentence."""
    with pytest.raises(ValueError, match=r"model\.pt") as caught:
        load_checkpoint(path)
    words = str(caught.value)
    assert words.endswith(".")
    assert "\n" not in words
    return words


def test_a_checkpoint_comes_back_bit_for_bit(saved: Path) -> None:
    assert _same(load_checkpoint(saved), _checkpoint())


def test_a_checkpoint_without_a_training_state(path: Path) -> None:
    checkpoint = dataclasses.replace(_checkpoint(), trainer_state=None)
    save_checkpoint(path, checkpoint)
    assert _same(load_checkpoint(path), checkpoint)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_weights_of_any_floating_type(path: Path, dtype: torch.dtype) -> None:
    checkpoint = _checkpoint()
    checkpoint.model_state = {name: t.to(dtype) for name, t in checkpoint.model_state.items()}
    save_checkpoint(path, checkpoint)
    assert _same(load_checkpoint(path), checkpoint)


def test_weights_that_are_not_numbers_are_kept(path: Path) -> None:
    checkpoint = _checkpoint()
    checkpoint.model_state["head.weight"][0, 0] = float("nan")
    save_checkpoint(path, checkpoint)
    assert _same(load_checkpoint(path), checkpoint)


def test_a_model_and_its_optimizer_as_torch_gives_them(path: Path) -> None:
    from minigpt_tui.model.gpt2 import GPT

    model = GPT(MODEL, VOCAB_SIZE)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.zeros(1, 3, dtype=torch.long)).sum().backward()
    optimizer.step()
    checkpoint = _checkpoint()
    checkpoint.model_state = model.state_dict()
    checkpoint.trainer_state = {
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
    }
    save_checkpoint(path, checkpoint)
    loaded = load_checkpoint(path)
    assert loaded.trainer_state is not None
    again = GPT(MODEL, VOCAB_SIZE)
    again.load_state_dict(loaded.model_state)
    torch.optim.Adam(again.parameters()).load_state_dict(loaded.trainer_state["optimizer"])
    assert _same(dict(model.state_dict()), dict(again.state_dict()))


def test_tensors_that_share_memory_are_saved_each_alone(path: Path) -> None:
    checkpoint = _checkpoint()
    large = torch.randn(1000, 4)
    checkpoint.model_state["head.weight"] = large[10:15]
    checkpoint.model_state["token_embedding.weight"] = large[10:15]
    checkpoint.model_state["position_embedding.weight"] = torch.randn(4, 3).T
    save_checkpoint(path, checkpoint)
    loaded = load_checkpoint(path)
    assert all(
        torch.equal(checkpoint.model_state[n], loaded.model_state[n]) for n in loaded.model_state
    )
    assert path.stat().st_size < 20_000


def test_saving_does_not_change_what_is_saved(path: Path) -> None:
    checkpoint = _checkpoint()
    checkpoint.model_state["head.weight"].requires_grad_(True)
    save_checkpoint(path, checkpoint)
    assert checkpoint.model_state["head.weight"].requires_grad
    assert not load_checkpoint(path).model_state["head.weight"].requires_grad


# A flipped byte, a torn file


@settings(deadline=None, max_examples=150)
@given(position=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_flipped_byte_is_noticed_or_harmless(saved: Path, position: float, flip: int) -> None:
    raw = bytearray(saved.read_bytes())
    raw[int(position * len(raw))] ^= flip
    broken = saved.with_name(f"broken-{os.getpid()}-model.pt")
    broken.write_bytes(raw)
    try:
        loaded = load_checkpoint(broken)
    except ValueError:
        _refused(broken)
    else:
        assert _same(loaded, _checkpoint())


def test_every_flipped_byte_of_the_directory_is_noticed_or_harmless(saved: Path) -> None:
    raw = saved.read_bytes()
    directory = raw.index(b"PK\x01\x02")
    broken = saved.with_name("directory-model.pt")
    for position in range(directory, len(raw), 7):
        changed = bytearray(raw)
        changed[position] ^= 0x01
        broken.write_bytes(changed)
        try:
            loaded = load_checkpoint(broken)
        except ValueError:
            continue
        assert _same(loaded, _checkpoint())


@settings(deadline=None, max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_torn_file_is_refused(saved: Path, share: float) -> None:
    raw = saved.read_bytes()
    torn = saved.with_name("torn-model.pt")
    torn.write_bytes(raw[: int(share * len(raw))])
    _refused(torn)


def test_weights_changed_under_valid_checksums_are_refused(saved: Path, path: Path) -> None:
    content = torch.load(saved, weights_only=True)
    content["model_state"]["head.weight"][0, 0] += 1
    torch.save(content, path)
    assert "digest" in _refused(path)


def test_metrics_changed_under_valid_checksums_are_refused(saved: Path, path: Path) -> None:
    content = torch.load(saved, weights_only=True)
    content["metrics"]["val_loss"] = 0.1
    torch.save(content, path)
    assert "digest" in _refused(path)


# Files that are something else


def test_a_missing_file(path: Path) -> None:
    assert _refused(path).startswith("There is no file")


def test_a_folder(path: Path) -> None:
    path.mkdir()
    assert "is a folder" in _refused(path)


@pytest.mark.skipif(os.name == "nt", reason="needs named pipes")
def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    assert "regular file" in _refused(path)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PK",
        b"PK\x03\x04",
        b"plain text",
        bytes(range(256)) * 50,
        b"PK\x03\x04" + bytes(5000),
        pickle.dumps({"format": "minigpt-tui checkpoint"}),
    ],
)
def test_bytes_that_are_no_checkpoint(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    _refused(path)


@pytest.mark.parametrize(
    "content",
    [
        {"weight": torch.zeros(2)},
        torch.zeros(2),
        [1, 2],
        {"format": torch.zeros(2), "version": 1},
        {"format": "minigpt-tui checkpoint", "version": torch.zeros(2)},
        {"format": "minigpt-tui checkpoint", "version": 2},
        {"format": "minigpt-tui checkpoint", "version": 1},
    ],
)
def test_files_of_other_programs(path: Path, content: Any) -> None:
    torch.save(content, path)
    _refused(path)


def test_an_ordinary_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    _refused(path)


def test_a_whole_pickled_model(path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), path)
    assert "torch refuses" in _refused(path)


def test_the_file_name_is_shown_safely(tmp_path: Path) -> None:
    path = tmp_path / "\x1b]0;title\x07model.pt"
    path.write_bytes(b"no")
    with pytest.raises(ValueError, match="not a minigpt-tui checkpoint") as caught:
        load_checkpoint(path)
    assert "\x1b" not in str(caught.value)


# Files that mean harm


class _Malice:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.target),)


def test_no_code_in_a_file_is_run(path: Path, tmp_path: Path) -> None:
    torch.save({"format": _Malice(tmp_path / "run by the file")}, path)
    assert "torch refuses" in _refused(path)
    legacy = io.BytesIO()
    torch.save(_Malice(tmp_path / "run by the file"), legacy, _use_new_zipfile_serialization=False)
    path.write_bytes(legacy.getvalue())
    _refused(path)
    assert not (tmp_path / "run by the file").exists()


def test_a_compressed_file_is_refused_before_it_expands(saved: Path, path: Path) -> None:
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w") as target:
        for record in source.infolist():
            target.writestr(record.filename, source.read(record), zipfile.ZIP_DEFLATED)
        target.writestr("model/data/99", bytes(50_000_000), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    _refused(path)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w") as target:
        for record in source.infolist():
            target.writestr(record.filename, source.read(record), zipfile.ZIP_DEFLATED)
    assert "compressed" in _refused(path)


def test_records_that_no_checkpoint_has_are_refused(saved: Path, path: Path) -> None:
    prefix = zipfile.ZipFile(saved).namelist()[0].split("/")[0]
    for name in (
        f"{prefix}/code/model.py",
        f"{prefix}/constants.pkl",
        f"{prefix}/../x",
        "x/data/0",
    ):
        path.write_bytes(saved.read_bytes())
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, b"x")
        _refused(path)


def _with(change: Callable[[dict[str, Any]], None], saved: Path, path: Path) -> None:
    """The saved file with a change, its digests made anew as a forger would."""
    from minigpt_tui.runs import checkpoint as module

    content = torch.load(saved, weights_only=True)
    change(content)
    # What cannot be digested is refused for that.
    with contextlib.suppress(ValueError, KeyError, RuntimeError, TypeError):
        content.update(module._digests(content))
    torch.save(content, path)


def _weights(name: str, tensor: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["model_state"][name] = tensor

    return change


def _setting(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["config"]["model"][name] = value

    return change


def _part(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content[name] = value

    return change


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value, value]  # two to the power of depth lists, in a few bytes
    return value


@pytest.mark.parametrize(
    "change",
    [
        _weights("head.weight", torch.zeros(1).expand(5, 4)),  # a stride of zero
        _weights("head.weight", torch.zeros(1).expand(10**6, 10**6)),
        _weights("head.weight", torch.zeros(100, 4)[:5]),  # a storage larger than the tensor
        _weights("head.weight", torch.zeros(4, 5).T),
        _weights("head.weight", torch.zeros(5, 3)),
        _weights("head.weight", torch.zeros(4, 5)),
        _weights("head.weight", torch.zeros(20)),
        _weights("head.weight", torch.zeros(5, 4, dtype=torch.int64)),
        _weights("head.weight", torch.zeros(5, 4, dtype=torch.complex64)),
        _weights("head.weight", torch.zeros(5, 4).to_sparse()),
        _weights("head.weight", torch.nn.Parameter(torch.zeros(5, 4))),
        _weights("head.weight", torch.zeros(5, 4, device="meta")),
        _weights("head.weight", [0.0]),
        _weights("head.weight", None),
        _weights("another.weight", torch.zeros(5, 4)),
        _setting("d_model", 65_536),
        _setting("d_model", 10**30),
        _setting("d_model", 8),
        _setting("n_layers", 1024),
        _setting("n_layers", -1),
        _setting("n_heads", 3),
        _setting("max_seq_len", True),
        _setting("surprise", 1),
        _part("config", None),
        _part("config", {"model": torch.zeros(2)}),
        _part("vocab_size", 6),
        _part("vocab_size", 10**12),
        _part("vocab_size", -5),
        _part("vocab_size", "5"),
        _part("tokenizer_json", b"bytes"),
        _part("metrics", None),
        _part("metrics", {"loss": {1, 2}}),
        _part("metrics", {"loss": torch.float32}),
        _part("model_state", {}),
        _part("model_state", []),
        _part("trainer_state", "state"),
        _part("trainer_state", {"moment": torch.zeros(1).expand(10**6, 10**6)}),
        _part("trainer_state", {"moment": torch.zeros(100)[:3]}),
        _part("trainer_state", {"lists": _nested(30)}),
        _part("trainer_state", {"lists": _nested(100)}),
        _part("trainer_state", {"number": 1 << 5000}),
        _part("extra", 1),
        lambda content: content.pop("tokenizer_json"),
        lambda content: content["model_state"].pop("head.weight"),
    ],
)
def test_contents_that_contradict_themselves_are_refused(
    saved: Path, path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    _with(change, saved, path)
    assert path.stat().st_size < 50_000
    _refused(path)


def test_one_storage_cannot_pass_for_many_tensors(saved: Path, path: Path) -> None:
    shared = torch.zeros(1000)
    _with(_part("trainer_state", {str(n): shared for n in range(50)}), saved, path)
    assert "more than the file holds" in _refused(path)


def test_a_storage_cannot_claim_more_than_its_record(saved: Path, path: Path) -> None:
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w") as target:
        for record in source.infolist():
            raw = source.read(record)
            target.writestr(record.filename, raw[:-4] if "/data/" in record.filename else raw)
    assert "torch refuses" in _refused(path)


# The old file stays until the new one is proven


@pytest.mark.skipif(os.name == "nt", reason="needs a limit of file sizes")
def test_a_disk_that_fills_up_leaves_the_old_checkpoint(path: Path) -> None:
    save_checkpoint(path, _checkpoint())
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from minigpt_tui.runs.checkpoint import load_checkpoint, save_checkpoint\n"
        "path = Path(sys.argv[1]); checkpoint = load_checkpoint(path)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try: save_checkpoint(path, checkpoint)\n"
        "except OSError: print('full')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "full\n"
    assert _same(load_checkpoint(path), _checkpoint())
    assert os.listdir(path.parent) == [path.name]


def test_what_would_not_load_is_not_saved(path: Path) -> None:
    save_checkpoint(path, _checkpoint())
    wrong = _checkpoint()
    del wrong.model_state["head.weight"]
    with pytest.raises(ValueError, match="could not be saved"):
        save_checkpoint(path, wrong)
    assert _same(load_checkpoint(path), _checkpoint())
    assert os.listdir(path.parent) == [path.name]


def test_a_checkpoint_is_as_readable_as_other_files(path: Path) -> None:
    save_checkpoint(path, _checkpoint())
    other = path.with_name("other")
    other.write_bytes(b"")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)
