"""How fast a model answers: `python -m tests.benchmarks.inference [--only 1,2,…]`.

1. generated tokens a second against Hugging Face's `generate` and against no cache, same weights;
2. from a key press to the new distribution, on an idle machine and beside a training;
3. prompt tokens a second; 4. the search for words; 5. the memory of a cache.

Everything is measured in one run, in turn, because machines are noisy: trust the ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import string
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

# As the command line sets it, before numpy is loaded. What it sets for torch slows Hugging Face
# down, so that is left to item 2.
import numpy as np
import torch

from minigpt_tui.config import DataConfig, ModelConfig, RunConfig
from minigpt_tui.config_files import to_dict
from minigpt_tui.inference.engine import CachedEngine, Engine
from minigpt_tui.inference.next_token import UncachedEngine
from minigpt_tui.inference.sampling import Sampling, draw
from minigpt_tui.inference.service import GPTService
from minigpt_tui.inference.spelling import spellings
from minigpt_tui.inference.word_search import search_words
from minigpt_tui.jobs.train import lower_priority, train_new
from minigpt_tui.model.build import build_model
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import Checkpoint, save_checkpoint
from minigpt_tui.text.tokenizers import EOT_ID, build_tokenizer
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Event, StepDone
from tests.benchmarks.hugging_face import generates

WINDOW, TOKENS, ROUNDS = 256, 250, 5
KEYS, SECONDS_BETWEEN_KEYS = 300, 0.02
TEXT = string.ascii_letters + string.digits + " "
TOKENIZER = build_tokenizer([TEXT], DataConfig(level="char"))
PROMPT = "I eat rice and read a text in the garden of the house near the sea. "
LAYOUTS = ("gpt2", "qwen3")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="1,2,3,4,5", help="items to run")
    wanted = {int(item) for item in parser.parse_args().only.split(",")}
    print(f"torch {torch.__version__}, numpy {np.__version__}, {torch.get_num_threads()} threads")
    for item, measure in enumerate((generation, key_presses, prefill, words, memory), start=1):
        if item in wanted:
            measure()


def generation() -> None:
    """Item 1: medians of tokens a second, each way in turn."""
    print(f"\n1. {TOKENS} tokens generated, D256 L4 H4, window {WINDOW}: tokens/s")
    for layout in LAYOUTS:
        model = endless_model(ModelConfig(layout=layout, max_seq_len=WINDOW, dropout=0.0))
        service = GPTService.from_parts(model, TOKENIZER, RunConfig(model=model.config), {})
        ways: dict[str, Callable[[], object]] = {
            "ours": partial(write, service),
            "without a cache": partial(generate, UncachedEngine(model)),
        }
        try:
            ways["Hugging Face"] = theirs = generates(model, TOKENS)
            ways["the same, 1 thread"] = partial(on_one_thread, theirs)
        except ImportError:
            print("   Hugging Face is left out: pip install 'minigpt-tui[peer]' to compare with it")
        speeds = {name: TOKENS / seconds for name, seconds in medians(ways).items()}
        for name, speed in speeds.items():
            ratio = "" if name == "ours" else f"   ours is {speeds['ours'] / speed:.1f} times"
            print(f"   {layout:<6} {name:<18} {speed:>7,.0f}{ratio}")


def write(service: GPTService) -> None:
    assert len("".join(service.generate("", TOKENS, seed=1))) == TOKENS


def on_one_thread(work: Callable[[], object]) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        work()
    finally:
        torch.set_num_threads(before)


def generate(engine: Engine) -> None:
    """The loop of `GPTService.generate` with an engine of one's choice."""
    sampling = Sampling(seed=1)
    generator = sampling.generator()
    ids = [EOT_ID]
    for _ in range(TOKENS):
        ids.append(draw(engine.logits_after(ids), sampling, generator))


def key_presses() -> None:
    """Item 2: a prompt of the default shape that grows by a character."""
    print(f"\n2. key press to distribution, default shape, {KEYS} keys: ms   p50    p95    p99")
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder)).ready()
        for layout in LAYOUTS:
            model = endless_model(ModelConfig(layout=layout, dropout=0.0))
            service = GPTService(saved(model, data.root / f"{layout}.pt"))
            report_keys(f"{layout}, idle", service)
            with training(data):
                report_keys(f"{layout}, beside a training", service)


def report_keys(what: str, service: GPTService) -> None:
    text = PROMPT * (KEYS // len(PROMPT) + 1)
    seconds = []
    for length in range(1, KEYS + 1):
        started = time.perf_counter()
        service.predict_next(text[:length])
        seconds.append(time.perf_counter() - started)
        time.sleep(SECONDS_BETWEEN_KEYS)
    p50, p95, p99 = (float(np.percentile(seconds, p)) * 1e3 for p in (50, 95, 99))
    print(f"   {what:<54}{p50:7.1f}{p95:7.1f}{p99:7.1f}")


@contextlib.contextmanager
def training(data: DataFolder) -> Iterator[None]:
    """A training with all defaults in a thread of this process, as the workbench runs one."""
    control, under_way = Control(), threading.Event()

    def on_event(event: Event) -> None:
        if isinstance(event, StepDone) and event.step >= 10:
            under_way.set()

    def work() -> None:
        lower_priority()
        train_new(RunConfig(), data, control, on_event=on_event)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        under_way.wait()
        yield
    finally:
        control.stop()
        thread.join()


def prefill() -> None:
    """Item 3: a prompt that fills the window, read at once."""
    print("\n3. prompt tokens read, D256 L4 H4: tokens/s")
    for layout in LAYOUTS:
        for window in (WINDOW, 4 * WINDOW):
            model = endless_model(ModelConfig(layout=layout, max_seq_len=window, dropout=0.0))
            ids = np.random.default_rng(0).integers(EOT_ID, model.vocab_size, window).tolist()
            engines = {"cached": CachedEngine(model), "the module": UncachedEngine(model)}

            def read(engine: Engine, ids: list[int] = ids) -> None:
                engine.refresh()
                engine.logits_after(ids)

            ways = {name: partial(read, engine) for name, engine in engines.items()}
            for name, seconds in medians(ways).items():
                print(f"   {layout:<6} window {window:<5} {name:<12} {window / seconds:>8,.0f}")


def words() -> None:
    """Item 4: a search of so many passes as the Predict pane allows."""
    print("\n4. 32 passes of the search for words, default shape: seconds")
    for layout in LAYOUTS:
        model = endless_model(ModelConfig(layout=layout, dropout=0.0))
        ids = TOKENIZER.encode(PROMPT[:9]).tolist()

        def search(engine: Engine, ids: list[int] = ids) -> None:
            branches = engine.branches(ids)
            passes = list(
                search_words(branches, SPELLINGS, PROMPT[:9], max_passes=32, tolerance=0.0)
            )
            assert len(passes) == 33

        engines = {"cached": CachedEngine(model), "without a cache": UncachedEngine(model)}
        seconds = medians({name: partial(search, engine) for name, engine in engines.items()})
        ratio = seconds["without a cache"] / seconds["cached"]
        for name, median in seconds.items():
            print(f"   {layout:<6} {name:<18} {median:6.2f}")
        print(f"   {layout:<6} cached is {ratio:.1f} times as fast")


def memory() -> None:
    """Item 5: keys, values and states of a full window."""
    print("\n5. memory of a full window, D256 L4")
    for window in (ModelConfig().max_seq_len, WINDOW, 4 * WINDOW):
        model = endless_model(ModelConfig(max_seq_len=window, dropout=0.0))
        engine = CachedEngine(model)
        engine.logits_after([EOT_ID] * window)
        used = engine.fork().cache.bytes
        print(f"   window {window:<5} {used / 2**20:6.2f} MiB, {used / window:,.0f} bytes a token")


def endless_model(config: ModelConfig) -> LanguageModel:
    """A random model that never ends its text: <EOT> is read from a place that is always full."""
    model = build_model(config, TOKENIZER.vocab_size)
    generator = torch.Generator().manual_seed(0)
    model.init_weights(generator)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.02 * torch.randn(weight.shape, generator=generator)
        model.token_embedding.weight[:, 0] = 100.0
        assert model.head is not None
        model.head.weight[:, 0] = 0.0
        model.head.weight[EOT_ID, 0] = -100.0
    return model.eval()


def saved(model: LanguageModel, path: Path) -> Path:
    config = to_dict(RunConfig(model=model.config))
    state = dict(model.state_dict())
    save_checkpoint(path, Checkpoint(state, TOKENIZER.to_json(), config, {}, model.vocab_size))
    return path


def medians(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds each way takes, measured in turn after a first time that counts for nothing."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for count in range(ROUNDS + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if count:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


SPELLINGS = spellings(TOKENIZER)

if __name__ == "__main__":
    main()
