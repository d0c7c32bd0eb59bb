"""Random changes to what other programs have made: models, curves, texts, requests over HTTP.

Each file is whole at first and then changed in a few places, so that readers get beyond its head.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from minigpt_tui.inference.service import GPTService
from minigpt_tui.interop.curves import read_curves
from minigpt_tui.interop.hugging_face import write_folder
from minigpt_tui.interop.reading import read_model
from minigpt_tui.interop.tensor_file import save_model
from minigpt_tui.interop.tensorboard_files import EventFile
from minigpt_tui.paths import DataFolder
from minigpt_tui.server.completion_request import parse
from minigpt_tui.server.errors import ApiError
from minigpt_tui.text.plain_text import documents
from tests.reliability.foreign_checkpoint import checkpoint_targets
from tests.reliability.frame import refused_in_words
from tests.reliability.mutation import mutated
from tests.reliability.small import TEXT, config_for, corpus_in, trained

Target = tuple[str, st.SearchStrategy[Any], Callable[[Any], object]]

MOST_PIECES = 200
VOCABULARY = 30
_FIELDS = """prompt max_tokens n stop logprobs echo stream stream_options logit_bias seed
temperature top_k top_p min_p typical_p repetition_penalty order suffix best_of"""


def foreign_targets(folder: Path, plain: st.SearchStrategy[Any]) -> list[Target]:
    """What reads the files of others, each with input for it; `plain` makes any JSON value."""
    data = DataFolder(folder / "foreign").ready()
    inputs = folder / "inputs"
    inputs.mkdir(exist_ok=True)
    texts = {
        "text.jsonl": b'{"text": "the cat"}\n{"text": "sat on", "n": [1, 2.5, null]}\n',
        "text.csv": b'text,n\n"the ""cat""",1\n"sat\non",2\n',
        "text.txt.gz": gzip.compress(TEXT.encode()),
        "curve.csv": b"step,train/loss,val_loss,run\n1,4.5,4.6,a\n2,3.5,nan,a\n1,1e999,2,b\n",
    }
    targets: list[Target] = []
    for name, whole in texts.items():
        path = inputs / name
        read = _curve_of if name == "curve.csv" else _text_of
        targets.append((name, mutated(whole), _reading(path, path, read)))
    events = _event_file(inputs / "events")
    targets.append(
        ("TensorBoard", mutated(events.read_bytes()), _reading(events, events, _curve_of))
    )
    for place, name in _models(data, inputs):
        path = place / name if place.is_dir() else place
        what = f"{path.parent.name}/{name}" if place.is_dir() else name
        targets.append((what, mutated(path.read_bytes()), _reading(path, place, _model_in(data))))
    targets += checkpoint_targets(inputs, plain)
    body = st.dictionaries(st.sampled_from(_FIELDS.split()), plain, max_size=6)
    targets.append(("completion request", body, _asked))
    return targets


def _reading(path: Path, place: Path, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """Puts the changed bytes in their place for as long as it takes to read them."""
    whole = path.read_bytes() if path.exists() else b""

    def act(raw: bytes) -> object:
        path.write_bytes(raw)
        try:
            return refused_in_words(lambda: read(place))
        finally:
            path.write_bytes(whole)

    return act


def _text_of(path: Path) -> object:
    return list(itertools.islice(documents(path), MOST_PIECES))


def _curve_of(path: Path) -> object:
    return read_curves(path)


def _model_in(data: DataFolder) -> Callable[[Path], object]:
    return lambda path: read_model(path, (), data)


def _asked(body: dict[str, Any]) -> None:
    with contextlib.suppress(ApiError):
        parse(body, VOCABULARY)


def _event_file(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    file = EventFile(folder)
    for step in range(4):
        file.scalars(step, {"train/loss": 4.0 - step, "val/loss": 4.5 - step})
    file.text(1, "sample", "the cat")
    file.close()
    [path] = folder.iterdir()
    return path


def _models(data: DataFolder, inputs: Path) -> list[tuple[Path, str]]:
    """A small model in every form that is imported: its place, and the file to be changed."""
    run = trained(data, "small", config_for(corpus_in(inputs), d_model=4, n_heads=1, d_ff=6))
    service = GPTService(run.best)
    exported = inputs / "model.safetensors"
    exported.unlink(missing_ok=True)
    save_model(service, exported)
    folder = inputs / "hf"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_folder(service, folder)
    files = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
    return [(exported, exported.name), *((folder, name) for name in files)]
