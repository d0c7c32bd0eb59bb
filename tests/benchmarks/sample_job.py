"""The main job measured: `python -m tests.benchmarks.sample_job [--stories]`.

Trains the defaults on the sample corpus, asks for the words after "I eat" and prints them beside
the corpus's own counts and beside the untrained model. With `--stories`: trains the standard
preset on the stories instead. In both cases 20 samples are written, and the longest span of each
that stands word for word in the corpus is printed: does the model recite, or generalise?
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from minigpt_tui.config import RunConfig
from minigpt_tui.inference.service import GPTService
from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder, sample_data_folder
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control

PROMPT = "I eat"
SAMPLES, SAMPLE_TOKENS = 20, 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", action="store_true", help="the stories, not the sample")
    parser.add_argument("--epochs", type=int, help="fewer epochs, for a first look")
    arguments = parser.parse_args()
    name = "stories" if arguments.stories else "sample_corpus"
    config = with_settings(RunConfig(), {"corpus": (name,)})
    if arguments.epochs is not None:
        config = with_settings(config, {"epochs": arguments.epochs})
    text = (sample_data_folder() / f"{name}.txt").read_text(encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder)).ready()
        started = time.perf_counter()
        run = train_new(config, data, Control()).run
        seconds = time.perf_counter() - started
        trained = GPTService(checkpoint_path=run.best)
        epoch, loss = trained.metrics["epoch"], trained.metrics["val_loss"]
        print(
            f"{name}: {config.training.epochs} epochs in {seconds:.0f} s, best validation loss "
            f"{loss:.3f} nats a character, after epoch {epoch}"
        )
        if not arguments.stories:
            untrained_config = with_settings(config, {"epochs": 0})
            untrained = train_new(untrained_config, data, Control()).run.best
            _print_words(text, trained, GPTService(checkpoint_path=untrained))
        _print_verbatim(text, trained)


def _print_words(text: str, trained: GPTService, untrained: GPTService) -> None:
    counts = Counter(re.findall(rf"{PROMPT} (\w+)", text))
    total = sum(counts.values())
    print(f"\nNext words after “{PROMPT}” (it stands {total} times in the corpus)")
    print(f"{'word':<12}{'model':>8}{'corpus':>8}{'apart':>8}")
    for word in trained.predict_words(PROMPT, top_k=7, tolerance=0.002, max_passes=200).words:
        share = counts[word.word] / total
        print(f"{word.word:<12}{word.prob:8.1%}{share:8.1%}{abs(word.prob - share) * 100:6.1f} pt")
    first = untrained.predict_words(PROMPT, top_k=1, max_passes=200).words
    shown = f"{first[0].word!r} with {first[0].prob:.2%}" if first else "nothing"
    print(f"The untrained model's first word: {shown}")


def _print_verbatim(text: str, service: GPTService) -> None:
    spans = []
    for seed in range(SAMPLES):
        sample = "".join(
            service.generate("", max_new_tokens=SAMPLE_TOKENS, temperature=0.8, seed=seed)
        )
        spans.append(longest_verbatim(sample, text))
    lengths = [len(span) for span in spans]
    print(f"\nLongest verbatim span in each of {SAMPLES} samples of {SAMPLE_TOKENS} characters:")
    print("  " + " ".join(map(str, sorted(lengths))))
    print(f"  median {statistics.median(lengths):.0f}, longest {max(lengths)} characters:")
    print(f"  {max(spans, key=len)!r}")


def longest_verbatim(sample: str, text: str) -> str:
    """The longest substring of `sample` that stands in `text`, by growing from each start."""
    best = ""
    for start in range(len(sample)):
        while sample[start : start + len(best) + 1] in text and start + len(best) < len(sample):
            best = sample[start : start + len(best) + 1]
    return best


if __name__ == "__main__":
    main()
