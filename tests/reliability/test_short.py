"""The promises in their shortest form: a few cases of each, with every run of the tests."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability import damage, extremes, fuzz, hostile, kills, no_room, supply
from tests.reliability.forge import Forge
from tests.reliability.frame import Cases, Trial
from tests.reliability.promises import PROMISES

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with Forge(tmp_path_factory.mktemp("forge")) as forge:
        yield forge


def _faults(cases: Cases, most: int | None = None) -> list[str]:
    tried = [case for case in itertools.islice(cases, most) if case.what]
    assert tried, "no case was tried"
    return [f"{case.what}: {case.fault}" for case in tried if case.fault]


@needs_posix
def test_killed_at_any_time_nothing_is_lost(tmp_path: Path, forge: Forge) -> None:
    assert _faults(kills.few(Trial(tmp_path), forge)) == []


@needs_posix
@pytest.mark.peer
def test_a_killed_export_to_gguf_loses_nothing(tmp_path: Path, forge: Forge) -> None:
    pytest.importorskip("gguf")
    assert _faults(kills.few_of_gguf(Trial(tmp_path), forge)) == []


@needs_posix
def test_without_room_a_training_waits_and_goes_on(tmp_path: Path) -> None:
    assert _faults(no_room.cases(Trial(tmp_path, only="limit of the file size"))) == []


def test_damaged_files_are_named_or_harmless(tmp_path: Path) -> None:
    assert _faults(damage.few(Trial(tmp_path))) == []


@needs_posix
def test_hostile_files_are_refused_or_harmless(tmp_path: Path, forge: Forge) -> None:
    assert _faults(hostile.few(Trial(tmp_path), forge)) == []


def test_readers_bear_random_input(tmp_path: Path) -> None:
    assert _faults(fuzz.fuzz(Trial(tmp_path), inputs=8)) == []


@pytest.mark.parametrize("text", ["one character, often", "unknowns alone in it"])
def test_numbers_at_their_ends(text: str, tmp_path: Path) -> None:
    assert _faults(extremes.cases(Trial(tmp_path, only=f"{text}, char, as usual"))) == []


def test_dependencies_are_bounded_and_written_down(tmp_path: Path) -> None:
    assert _faults(supply.cases(Trial(tmp_path))) == []


def test_every_promise_is_written_down_with_its_command() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
    for promise in PROMISES:
        assert f"--only {promise.number}`" in text, promise.title
