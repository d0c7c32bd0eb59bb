"""Random input for everything that reads what others wrote: refused in words, or read.

Hypothesis makes the inputs and shrinks the one that breaks a reader. Where atheris is installed,
it looks for inputs that reach lines which no other has reached (`guided`).
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import hypothesis
import numpy as np
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from minigpt_tui.config_files import from_dict, load_yaml
from minigpt_tui.inference.sampler_chain import ORDERS
from minigpt_tui.inference.sampling import Sampling, draw
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.info import RunInfo, info_to_json, parse_info
from minigpt_tui.runs.journal import read_lines
from minigpt_tui.runs.probes import read_probes
from minigpt_tui.runs.query import parse_query
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.decoding import decode
from minigpt_tui.text.safe import visible
from minigpt_tui.text.tokenizers import build_tokenizer, tokenizer_from_json
from minigpt_tui.tui.settings_file import read_settings, write_settings
from tests.reliability import guided
from tests.reliability.foreign import foreign_targets
from tests.reliability.frame import Case, Cases, Trial, expect, is_harmless, refused_in_words, tried
from tests.reliability.mutation import mutated
from tests.reliability.small import TEXT, config_for, readers

Target = tuple[str, st.SearchStrategy[Any], Callable[[Any], object]]

INPUTS = 1000
"""For each target in one round."""
GUIDED_LEAST_SECONDS = 5.0
ENCODINGS = ("auto", "utf-8", "utf-16", "utf-32", "latin-1", "cp1252", "utf-7", "shift_jis", "no")
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["1:" * 200 + "1", "9" * 5000, "2001-99-99", "!!python/name:os.system"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)


def fuzz(trial: Trial, inputs: int) -> Cases:
    """Every target with so many inputs; each input is a case."""
    yield from _round(trial, targets(trial.folder / "fuzz"), trial.seed, inputs)


def fuzz_for(trial: Trial, minutes: float) -> Cases:
    """Rounds over all targets until the time is over: half of it blindly, half of it guided."""
    if not (trial.wants("fuzz, ") or "fuzz, " in trial.only or "guided, " in trial.only):
        return
    guide = guided.installed()
    if not guide:
        print("   not tried here: guided input (atheris is not installed)")
    ends = time.monotonic() + 60 * minutes / (2 if guide else 1)
    every = targets(trial.folder / "fuzz")
    for turn in itertools.count():
        if time.monotonic() > ends:
            break
        yield from _round(trial, every, 1000 * trial.seed + turn, INPUTS)
    wanted = [name for name, *_ in every if guide and trial.wants(f"guided, {name}")]
    for name in wanted:
        share = max(GUIDED_LEAST_SECONDS, 30 * minutes / len(wanted))
        yield from guided.runs(name, trial.seed, share, trial.folder / "guided")


def _round(trial: Trial, every: list[Target], seed: int, inputs: int) -> Cases:
    for name, strategy, act in every:
        what = f"fuzz, {name}"
        if trial.wants(what) or what in trial.only:
            yield from _fuzzed(what, strategy, act, seed, inputs)


def _fuzzed(
    what: str,
    strategy: st.SearchStrategy[Any],
    act: Callable[[Any], object],
    seed: int,
    inputs: int,
) -> Cases:
    count = 0

    def counted(value: Any) -> None:
        nonlocal count
        count += 1
        act(value)

    done = tried(f"{what}, seed {seed}", hypothesis.seed(seed)(trying(strategy, counted, inputs)))
    for _ in range(count - 1):
        yield Case(what)
    yield done


def trying(
    strategy: st.SearchStrategy[Any], act: Callable[[Any], object], inputs: int
) -> Callable[[], None]:
    """A test that acts on inputs of a strategy; it raises what the smallest that fails raises."""

    @hypothesis.settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def test(value: Any) -> None:
        act(value)

    return cast(Callable[[], None], test)


def targets(folder: Path) -> list[Target]:
    """Each reader by name, with input for it, made in an empty folder of its own."""
    folder.mkdir()
    tokenizer = build_tokenizer([TEXT], config_for(Path("x")).data)
    vocabulary = tokenizer.to_json()
    info = info_to_json(RunInfo(1.0, "1", "c", "char"))
    run = RunFolder(folder)
    data = DataFolder(folder)
    file = folder / "config.yaml"

    def raw_into(path: Path, read: Callable[[], object]) -> Callable[[bytes], object]:
        def act(raw: bytes) -> object:
            path.write_bytes(raw)
            return refused_in_words(read)

        return act

    def plain_lines(lines: list[dict[str, Any]]) -> object:
        raw = b"".join(_line(line) for line in lines)
        for path in (run.events_file, run.samples_file, run.probes_file):
            path.write_bytes(raw)
        return [refused_in_words(read) for _, read in readers(run)]

    def status(values: dict[str, Any]) -> object:
        run.status_file.write_text(json.dumps(values))
        return read_status(run)  # never raises

    def remember(one: tuple[bytes, dict[str, Any]]) -> None:
        raw, facts = one
        data.settings.write_bytes(raw)
        before: list[dict[str, Any]] = []
        refusal = refused_in_words(lambda: before.append(read_settings(data)))
        write_settings(data, facts)
        if refusal is not None:
            expect(data.settings.read_bytes() == raw, "a broken file was written over")
            return
        expect(read_settings(data) == {**before[0], **facts}, "other settings than were written")

    lines = st.lists(st.dictionaries(_KEYS, PLAIN, max_size=8), max_size=4)
    return [
        (
            "decoder",
            st.tuples(st.binary(max_size=60), st.sampled_from(ENCODINGS)),
            lambda one: refused_in_words(lambda: decode(one[0], Path("f"), one[1])),
        ),
        ("safe text", st.text(), lambda text: expect(is_harmless(visible(text)), repr(text))),
        (
            "vocabulary",
            mutated(vocabulary.encode()),
            lambda raw: refused_in_words(
                lambda: tokenizer_from_json(raw.decode("utf-8", "replace"))
            ),
        ),
        (
            "vocabulary document",
            PLAIN,
            lambda plain: refused_in_words(lambda: tokenizer_from_json(_json(plain))),
        ),
        ("facts", mutated(info), lambda raw: refused_in_words(lambda: parse_info(raw))),
        ("facts, any JSON", PLAIN, lambda v: refused_in_words(lambda: parse_info(_line(v)))),
        ("settings, any bytes", st.binary(), raw_into(file, lambda: load_yaml(file))),
        ("settings, YAML", _yaml(), raw_into(file, lambda: load_yaml(file))),
        ("settings, values", PLAIN, lambda plain: refused_in_words(lambda: from_dict(plain))),
        ("settings file", st.tuples(_yaml(), _facts()), remember),
        ("events, any bytes", st.binary(), raw_into(run.events_file, _reads(run))),
        ("events, any JSON", lines, plain_lines),
        ("status", st.dictionaries(_KEYS, PLAIN), status),
        ("query", st.text(max_size=60), lambda text: refused_in_words(lambda: parse_query(text))),
        ("sampler chain", _samplings(), _drawn),
        *foreign_targets(folder, PLAIN),
    ]


_KEY_NAMES = """event step time kind file total_steps lr lr_factor text prompt prompts targets
windows held_out replies nats induction previous_token top entropy advice message state epoch pid
host"""
_KEYS = st.sampled_from(_KEY_NAMES.split())


def _reads(run: RunFolder) -> Callable[[], object]:
    return lambda: (read_lines(run.events_file), read_probes(run))


def _yaml() -> st.SearchStrategy[bytes]:
    """Text that a YAML reader takes seriously."""
    pieces = ["lr", "model", "data", "d_model", ": ", "- ", "\n", "  ", "{", "}", "[", "]", ", "]
    pieces += ["&a ", "*a", "!!set ", "!!python/object:os.x ", "<<", "? ", "| ", "> ", "'", '"']
    pieces += ["1:1:1:1", "9" * 400, "1e999", ".nan", "0x" + "f" * 300, "2001-99-99", "~", "# x"]
    return st.lists(st.sampled_from(pieces), max_size=30).map(lambda p: "".join(p).encode())


def _facts() -> st.SearchStrategy[dict[str, Any]]:
    """What the workbench keeps: texts, lists of texts, numbers by name."""
    texts, sizes = st.lists(st.text()), st.dictionaries(st.text(), st.integers(0, 300))
    every = st.fixed_dictionaries({"theme": st.text(), "recent_texts": texts, "sizes": sizes})
    names = st.sets(st.sampled_from(["theme", "recent_texts", "sizes"]))
    return st.tuples(every, names).map(lambda one: {name: one[0][name] for name in one[1]})


def _line(value: Any) -> bytes:
    return _json(value).encode("utf-8", "surrogatepass") + b"\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _samplings() -> st.SearchStrategy[Any]:
    """Settings of any kind, and logits with infinities and numbers that are none among them."""
    share = st.none() | st.floats(-0.5, 1.5)
    return st.tuples(
        st.fixed_dictionaries(
            {
                "temperature": st.floats(),
                "top_k": st.none() | st.integers(-2, 30),
                "top_p": share,
                "min_p": share,
                "typical_p": share,
                "repetition_penalty": st.floats(),
                "order": st.sampled_from([*ORDERS, "none"]),
                "seed": st.none() | st.integers(-1, 2**65),
            }
        ),
        st.lists(st.floats(width=32), min_size=2, max_size=12),
        st.lists(st.integers(0, 1)),
    )


def _drawn(one: tuple[dict[str, Any], list[float], list[int]]) -> None:
    settings, logits, seen = one

    def act() -> None:
        chain = Sampling(**settings)
        choice = chain.apply(np.array(logits), seen).probabilities
        expect(bool(np.isfinite(choice).all()), f"probabilities {choice}")
        expect(abs(choice.sum() - 1) < 1e-9, f"they add up to {choice.sum()}")
        expect(choice[0] == 0, "<UNK> may be drawn")
        token = draw(logits, chain, chain.generator(), seen)
        expect(choice[token] > 0, f"the token {token} was cut and is drawn")

    refused_in_words(act)
