"""What a person does to runs, texts, models and settings, to be interrupted anywhere.

Each is a function of the data folder's path, so that a child can call it, with a test that holds
before it and after it, whenever it is killed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minigpt_tui.inference.service import GPTService
from minigpt_tui.interop.exporting import export_model
from minigpt_tui.interop.gguf_file import gguf_tensors
from minigpt_tui.interop.reading import read_model
from minigpt_tui.jobs.import_run import import_run
from minigpt_tui.jobs.texts import add_text, delete_text, deleted_texts, restore_text
from minigpt_tui.jobs.verify import verify_files
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, find_run, list_runs, read_config
from minigpt_tui.runs.manage import (
    delete_run,
    deleted_runs,
    empty_trash,
    read_notes,
    rename_run,
    restore_run,
    set_pinned,
    write_notes,
)
from minigpt_tui.text.plain_text import plain_text
from minigpt_tui.text.token_file import token_file
from minigpt_tui.text.tokenizers import build_tokenizer
from minigpt_tui.tui.settings_file import read_settings, write_settings
from minigpt_tui.tui.trainings.run_queue import RunQueue, save_queue, take_saved_queue
from tests.reliability.frame import expect
from tests.reliability.small import TEXT, config_for

Operation = tuple[Callable[[str], None], Callable[[DataFolder], None]]

LINES = b'{"text": "the cat"}\n{"text": "the dog"}\n' * 50


def expect_whole(run: RunFolder) -> None:
    """Raises BrokenPromiseError unless every file of the run is as it was written."""
    bad = [f"{check.what} {check.detail}" for check in verify_files(run) if not check.passed]
    expect(not bad, f"{run.name}: {bad}")


def _finished(home: str) -> RunFolder:
    return RunFolder(Path(home) / "runs" / "finished")


def rename(home: str) -> None:
    rename_run(_finished(home), "renamed")


def delete(home: str) -> None:
    delete_run(_finished(home))


def delete_and_restore(home: str) -> None:
    restore_run(DataFolder(Path(home)), delete_run(_finished(home)))


def delete_for_good(home: str) -> None:
    delete(home)
    empty_trash(DataFolder(Path(home)), older_than=0.0)


def note(home: str) -> None:
    run = _finished(home)
    write_notes(run, "old")
    write_notes(run, "new")


def keep_text(home: str) -> None:
    data = DataFolder(Path(home))
    path = add_text("mine", "some text", data)
    restore_text(delete_text(path, data))


def set_theme(home: str) -> None:
    data = DataFolder(Path(home))
    write_settings(data, {"theme": "nord"})
    write_settings(data, {"theme": "gruvbox"})


def pin(home: str) -> None:
    set_pinned(_finished(home), True)
    set_pinned(_finished(home), False)


def leave_queue(home: str) -> None:
    """As a workbench does when it is left with runs that wait, and the next one that is opened."""
    data = DataFolder(Path(home))
    for _ in range(2):
        queue = RunQueue()
        for waiting in take_saved_queue(data):
            queue.add(waiting.config)
        queue.add(read_config(_finished(home)))
        save_queue(queue, data)


def copy_text(home: str) -> None:
    """The plain text of a file that is none."""
    data = DataFolder(Path(home))
    plain_text(_lines(data), data)


def build_tokens(home: str) -> None:
    _tokens(DataFolder(Path(home)))


def export_and_import(home: str) -> None:
    """To safetensors and back as another run."""
    data = DataFolder(Path(home))
    data.exports.mkdir()
    target = data.exports / "finished.safetensors"
    export_model(GPTService(_finished(home).best), "finished", "safetensors", target, data)
    import_run(read_model(target, (), data), target, data, "imported")


def export_to_hugging_face(home: str) -> None:
    data = DataFolder(Path(home))
    data.exports.mkdir()
    service = GPTService(_finished(home).best)
    export_model(service, "finished", "hf", data.exports / "finished-hf", data)


def export_to_gguf(home: str) -> None:
    data = DataFolder(Path(home))
    data.exports.mkdir()
    target = data.exports / "finished.gguf"
    export_model(GPTService(_finished(home).best), "finished", "gguf", target, data)


def _runs_are_whole(data: DataFolder) -> None:
    """The finished run is there once, under one of its names or in the trash, and it is whole."""
    names = {"finished", "renamed"}
    found = [run for run in list_runs(data) if run.name in names]
    found += [RunFolder(deleted.path) for deleted in deleted_runs(data)]
    expect(len(found) == 1, f"the run is there {len(found)} times")
    expect_whole(found[0])


def _runs_open(data: DataFolder) -> None:
    expect_whole(find_run(data, "stopped"))


def _notes_are_whole(data: DataFolder) -> None:
    notes = read_notes(find_run(data, "finished"))
    expect(notes in ("", "old", "new"), f"notes {notes!r}")


def _text_is_whole(data: DataFolder) -> None:
    places = [data.corpora / "mine.txt", *(deleted.path for deleted in deleted_texts(data))]
    found = [path.read_text() for path in places if path.exists()]
    expect(found in ([], ["some text"]), f"texts {found}")


def _theme_is_whole(data: DataFolder) -> None:
    theme = read_settings(data).get("theme")
    expect(theme in (None, "nord", "gruvbox"), f"theme {theme!r}")


def _pin_is_harmless(data: DataFolder) -> None:
    expect_whole(find_run(data, "finished"))


def _queue_is_whole(data: DataFolder) -> None:
    waiting = take_saved_queue(data)
    expect(len(waiting) <= 2, f"{len(waiting)} runs wait")


def _lines(data: DataFolder) -> Path:
    path = data.root / "lines.jsonl"
    if not path.exists():
        path.write_bytes(LINES)
    return path


def _copy_is_whole(data: DataFolder) -> None:
    """Whoever asks for the copy next gets the whole text."""
    if (path := data.root / "lines.jsonl").exists() and path.stat().st_size == len(LINES):
        text = plain_text(path, data).path.read_text(encoding="utf-8")
        expect(text.count("cat") == 50, "the copy of a text is not whole")
        expect(text.count("dog") == 50, "the copy of a text is not whole")


def _tokens(data: DataFolder) -> bytes:
    tokenizer = build_tokenizer([TEXT], config_for(Path("x")).data)
    return token_file([TEXT], tokenizer, data.tokens).ids.tobytes()


def _tokens_are_whole(data: DataFolder) -> None:
    tokenizer = build_tokenizer([TEXT], config_for(Path("x")).data)
    ids = token_file([TEXT], tokenizer, data.tokens).ids
    expect(ids[1:].tolist() == list(tokenizer.encode(TEXT)), "other ids")


def _export_is_whole(data: DataFolder) -> None:
    """What stands in its place is the whole model, and so is the run that was made of it."""
    expect_whole(find_run(data, "finished"))
    for target in data.exports.glob("[!.]*"):
        read_model(target, (), data)
    for run in list_runs(data):
        if run.name == "imported":
            expect_whole(run)


def _gguf_is_whole(data: DataFolder) -> None:
    """What stands in its place is the whole model, and the next export is none the worse."""
    from gguf import GGUFReader

    service = GPTService(find_run(data, "finished").best)
    data.exports.mkdir(exist_ok=True)
    export_model(service, "finished", "gguf", data.exports / "again.gguf", data)
    for target in data.exports.glob("[!.]*"):
        found = {tensor.name: tensor.data for tensor in GGUFReader(target).tensors}
        tensors = gguf_tensors(service)
        expect(found.keys() == tensors.keys(), f"{target.name} has other tensors")
        same = all(np.array_equal(found[name], tensors[name]) for name in tensors)
        expect(same, f"{target.name} is another model")


OPERATIONS: tuple[Operation, ...] = (
    (rename, _runs_are_whole),
    (delete, _runs_are_whole),
    (delete_and_restore, _runs_are_whole),
    (delete_for_good, _runs_open),
    (note, _notes_are_whole),
    (keep_text, _text_is_whole),
    (set_theme, _theme_is_whole),
    (pin, _pin_is_harmless),
    (leave_queue, _queue_is_whole),
    (copy_text, _copy_is_whole),
    (build_tokens, _tokens_are_whole),
    (export_and_import, _export_is_whole),
)


def gguf_operations() -> tuple[Operation, ...]:
    """The export to GGUF, where its package is installed."""
    if importlib.util.find_spec("gguf") is None:
        return ()
    return ((export_to_gguf, _gguf_is_whole),)


def slow_operations() -> tuple[Operation, ...]:
    """Those that load libraries for seconds, where these are installed."""
    if importlib.util.find_spec("transformers") is None:
        return ()
    return ((export_to_hugging_face, _export_is_whole),)
