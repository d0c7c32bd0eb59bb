"""What a large text costs before training: `python -m tests.benchmarks.tokenizing`.

`--megabytes 1000` takes a text of that size (default 100). It is made of the sample stories,
repeated, with words that are made up among them: their number grows with the text as in a real
one. For each tokenizer three things are printed beside their goals:

encode  text in memory to ids, MB/s of UTF-8; for bpe the goal is the library's own encode_batch;
build   from the file to the token files of both parts, MB/s, vocabulary not counted; and, in
        seconds, every stage of preparing a run;
memory  the largest anonymous memory (RssAnon of /proc/PID/status, 100 looks a second) of a fresh
        process that does all of it. Mapped files do not count: the system may drop their pages.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder, sample_data_folder
from minigpt_tui.text.bpe import BPETokenizer
from minigpt_tui.text.corpus import read_corpus, split
from minigpt_tui.text.ngrams import baselines
from minigpt_tui.text.pieces import pieces
from minigpt_tui.text.token_file import token_file
from minigpt_tui.text.tokenizers import build_tokenizer

LEVELS = ("char", "word", "bpe")
GOALS = {"char": 150.0, "word": 15.0}
GOAL_MEMORY_MB = 500
ENCODED_CHARACTERS = 10_000_000
MADE_UP = 0.03
"""Share of the words that are made up."""
SYLLABLES = [consonant + vowel for consonant in "bdfghklmnprstvz" for vowel in "aeiou"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=LEVELS)
    parser.add_argument("--job", nargs=2, help=argparse.SUPPRESS)  # level and text of a child
    arguments = parser.parse_args()
    if arguments.job:
        print(json.dumps(prepare_text(arguments.job[0], Path(arguments.job[1]))))
        return
    measure(arguments.levels, arguments.megabytes)


def measure(levels: Sequence[str], megabytes: int) -> None:
    """Prints the table for a text of so many megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        distinct = write_text(text, megabytes * 1_000_000)
        print(f"{text.stat().st_size / 1e6:,.0f} MB of text, {distinct:,} made-up words in it")
        print(f"MB/s   encode    goal   build   memory (goal {GOAL_MEMORY_MB})   seconds of stages")
        for level in levels:
            encode, library = encoding_rates(level, text)
            stages, memory = in_a_fresh_process(level, text)
            build = text.stat().st_size / 1e6 / stages["token files"]
            goal = GOALS.get(level, library)
            shown = ", ".join(f"{name} {seconds:.1f}" for name, seconds in stages.items())
            print(
                f"{level:<5} {encode:>7.1f} {goal:>7.1f} {build:>7.1f} {memory:>8} MB"
                f"             {shown}"
            )


def write_text(path: Path, size: int) -> int:
    """Writes a text of about `size` bytes; how many different words were made up for it."""
    stories = (sample_data_folder() / "stories.txt").read_text(encoding="utf-8")
    words = np.array(re.findall(r"\s*\S+", stories), dtype=object)
    rng = np.random.default_rng(0)
    made_up: set[int] = set()
    written = 0
    with open(path, "wb") as file:
        while written < size:
            copy = words.copy()
            places = np.flatnonzero(rng.random(len(words)) < MADE_UP)
            # The n-th word about as often as 1/n, and no end to new ones.
            numbers = np.exp(rng.random(len(places)) * np.log(1e8)).astype(np.int64)
            made_up.update(numbers.tolist())
            copy[places] = [" " + made_up_word(number) for number in numbers.tolist()]
            written += file.write("".join(copy.tolist()).encode() + b"\n")
    return len(made_up)


def made_up_word(number: int) -> str:
    """A word of its own for each number."""
    word = ""
    while number:
        number, digit = divmod(number, len(SYLLABLES))
        word += SYLLABLES[digit]
    return word + "n"


def encoding_rates(level: str, path: Path) -> tuple[float, float]:
    """MB/s of text in memory, ours and for bpe the library's own; each the best of three."""
    with open(path, encoding="utf-8") as file:
        text = file.read(ENCODED_CHARACTERS)
    tokenizer = build_tokenizer([text], DataConfig(level=level))
    ours = theirs = 0.0
    for _ in range(3):
        ours = max(ours, rate(lambda: tokenizer.encode(text), len(text)))
        if isinstance(tokenizer, BPETokenizer):
            work = partial(tokenizer.library.encode_batch, list(pieces(text)))
            theirs = max(theirs, rate(work, len(text)))
    return ours, theirs


def rate(work: Callable[[], object], size: int) -> float:
    start = time.perf_counter()
    work()
    return size / 1e6 / (time.perf_counter() - start)


def in_a_fresh_process(level: str, text: Path) -> tuple[dict[str, float], str]:
    """The seconds of each stage, and the peak of anonymous memory in MB."""
    command = [sys.executable, "-m", __spec__.name, "--job", level, str(text)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peaks: list[int] = []
        watcher = threading.Thread(target=watch_memory, args=(process, peaks))
        watcher.start()
        output, _ = process.communicate()
        watcher.join()
    if process.returncode:
        sys.exit(process.returncode)
    stages: dict[str, Any] = json.loads(output)
    return stages, f"{max(peaks):,.0f}" if peaks else "(not seen)"


def watch_memory(process: subprocess.Popen[str], megabytes: list[int]) -> None:
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None and status.exists():
        if found := re.search(r"RssAnon:\s+(\d+) kB", status.read_text()):
            megabytes.append(round(int(found[1]) * 1024 / 1e6))
        time.sleep(0.01)


def prepare_text(level: str, path: Path) -> dict[str, float]:
    """Seconds of everything that comes before training."""
    stages: dict[str, float] = {}
    last = time.perf_counter()

    def ended(stage: str) -> None:
        nonlocal last
        now = time.perf_counter()
        stages[stage], last = now - last, now

    config = DataConfig(corpus=(str(path),), level=level)
    data = DataFolder(path.parent / f"data-{level}")
    corpus = read_corpus(config.corpus, data)
    training, validation = split(corpus, config.val_fraction)
    ended("read")
    tokenizer = build_tokenizer(training, config)
    ended("vocabulary")
    train = token_file(training, tokenizer, data.tokens)
    token_file(validation, tokenizer, data.tokens)
    ended("token files")
    token_file(training, tokenizer, data.tokens)
    val = token_file(validation, tokenizer, data.tokens)
    ended("open again")
    assert corpus.digest
    ended("digest")
    baselines(train.ids, val.ids, tokenizer.vocab_size)
    ended("n-grams")
    return stages


if __name__ == "__main__":
    main()
