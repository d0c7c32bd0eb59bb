"""Every setting of a run, once: its default, help, unit, bounds and choices.

The command-line flags, the form of the workbench, the check of YAML files and the reference page
are all derived from the dataclasses in this file. To add a setting, add a field here.

A `RunConfig` has three sections (`data`, `model`, `training`); field names are unique across them,
so that a flag or an error can name a setting without its section.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from minigpt_tui.regular_file import open_regular

PRESETS_FOLDER = Path(__file__).parent / "presets"
MAX_YAML_BYTES = 64 * 1024
UNKNOWN_CORPUS = ("unknown",)
"""The corpus of a model from elsewhere: no text of the library is taken for it."""
_MOST_BITS = 256  # of a whole number; what is longer can be neither shown nor made a float


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    above_minimum: bool = False,
    advanced: bool = False,
) -> Any:
    """A dataclass field that carries everything a form, a parser and a reference page need."""
    return dataclasses.field(
        default=default,
        metadata={
            "help": help,
            "unit": unit,
            "minimum": minimum,
            "maximum": maximum,
            "above_minimum": above_minimum,
            "choices": choices,
            "advanced": advanced,
        },
    )


@dataclass(frozen=True)
class DataConfig:
    """Which text is learned, and in which units."""

    corpus: tuple[str, ...] = setting(
        ("sample_corpus",),
        "Text to learn from: a name of the library, files, a pattern such as books/*.txt, or a "
        "folder. Files may be .txt, .md, .jsonl, .csv or .parquet, and packed as .gz or .zst.",
    )
    level: str = setting(
        "char",
        "What a token is: a character, a word, or a piece of a word (byte-level BPE).",
        choices=("char", "word", "bpe"),
    )
    vocab_size: int | None = setting(
        None,
        "Largest vocabulary. Empty: no bound for characters and words, 2048 for BPE.",
        unit="tokens",
        minimum=3,
        maximum=1_000_000,
    )
    min_frequency: int = setting(
        1,
        "A word seen less often than this becomes <UNK>.",
        unit="times",
        minimum=1,
        maximum=1_000_000,
        advanced=True,
    )
    val_fraction: float = setting(
        0.1,
        "Share of the text, from its end, that is held out to measure the loss honestly.",
        minimum=0.0,
        maximum=0.9,
    )
    encoding: str = setting(
        "auto",
        "Encoding of the files. auto: UTF-8, or UTF-16 when the file says so; else an error.",
        advanced=True,
    )
    text_field: str = setting(
        "text",
        "Field of .jsonl files, or column of .csv and .parquet files, that holds the text.",
        advanced=True,
    )


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the transformer."""

    layout: str = setting(
        "gpt2",
        "How the transformer is built: the classic GPT-2, or the modern Qwen3 (rotary positions, "
        "RMSNorm, gated feed-forward), which learns more from as many steps.",
        choices=("gpt2", "qwen3"),
    )
    d_model: int = setting(
        256,
        "Width of the residual stream: how many numbers describe a token.",
        minimum=1,
        maximum=65_536,
    )
    n_heads: int = setting(
        4,
        "Attention heads in a layer; d_model must be a multiple of it.",
        minimum=1,
        maximum=1_024,
    )
    n_layers: int = setting(
        4, "Transformer blocks on top of one another.", minimum=1, maximum=1_024
    )
    d_ff: int = setting(
        1024, "Hidden width of the feed-forward part of a block.", minimum=1, maximum=1_048_576
    )
    max_seq_len: int = setting(
        50,
        "How many tokens the model sees at once: its context.",
        unit="tokens",
        minimum=1,
        maximum=1_048_576,
    )
    head: str = setting(
        "untied",
        "Whether the output has a matrix of its own (untied) or reads with the token embedding "
        "(tied), which saves weights where the vocabulary is large.",
        choices=("untied", "tied"),
        advanced=True,
    )
    dropout: float = setting(
        0.1,
        "Share of each branch's output that is silenced at random while training.",
        minimum=0.0,
        maximum=0.9,
    )


@dataclass(frozen=True)
class TrainingConfig:
    """How the weights are found."""

    epochs: int = setting(
        50,
        "Passes over the training text. 0 writes the untrained model.",
        minimum=0,
        maximum=1_000_000,
    )
    steps: int | None = setting(
        None,
        "Train this many optimizer steps, whatever the epochs say.",
        unit="steps",
        minimum=1,
        maximum=1_000_000_000,
    )
    minutes: float | None = setting(
        None,
        "Train for this long instead: the steps are planned to fit, and planned anew on the way.",
        unit="minutes",
        minimum=0.0,
        maximum=1e6,
        above_minimum=True,
    )
    plan: str = setting(
        "given",
        "time: shape, batch and dropout are chosen to make the most of the minutes.",
        choices=("given", "time"),
        advanced=True,
    )
    batch_size: int = setting(
        32, "Windows of text in one step.", unit="windows", minimum=1, maximum=1_000_000
    )
    batch: str = setting(
        "given",
        "auto: batch_size is what this machine gets most tokens a second from.",
        choices=("given", "auto"),
        advanced=True,
    )
    micro_batch: int | None = setting(
        None,
        "Windows that go through at once; the batch is summed up from them. Empty: all.",
        unit="windows",
        minimum=1,
        maximum=1_000_000,
        advanced=True,
    )
    lr: float = setting(1e-3, "Peak learning rate.", minimum=0.0, maximum=10.0, above_minimum=True)
    optimizer: str = setting(
        "adam",
        "Rule of the weight update. muon needs fewer steps; its lr is about ten times Adam's.",
        choices=("adam", "adamw", "muon"),
    )
    schedule: str = setting(
        "cosine",
        "Learning rate after the warm-up: falls along a cosine, falls in a line to zero, stays "
        "and falls only at the end (wsd), or stays.",
        choices=("cosine", "linear", "wsd", "constant"),
    )
    warmup_steps: int = setting(
        20,
        "Steps over which the learning rate rises from zero (at most a tenth of the run).",
        unit="steps",
        minimum=0,
        maximum=1_000_000,
        advanced=True,
    )
    final_lr_fraction: float = setting(
        0.1,
        "Learning rate at the end of the cosine, as a share of the peak.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    decay_fraction: float = setting(
        0.2,
        "Share of the run, at its end, over which the schedule wsd falls to zero.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    weight_decay: float = setting(
        0.01,
        "Pull of the matrices towards zero (adamw and muon).",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    beta2: float = setting(
        0.99,
        "Memory of Adam's second moment; lower forgets sooner.",
        minimum=0.5,
        maximum=0.99999,
        advanced=True,
    )
    grad_clip: float = setting(
        1.0,
        "Largest norm of the gradient; a longer one is shortened. 0 switches it off.",
        minimum=0.0,
        maximum=1e6,
        advanced=True,
    )
    eval_every: int | None = setting(
        None,
        "Measure the validation loss every so many steps as well as after each epoch.",
        unit="steps",
        minimum=1,
        maximum=1_000_000_000,
        advanced=True,
    )
    checkpoint_every: int = setting(
        10,
        "Keep checkpoint_epoch_N.pt every so many epochs. 0 keeps none.",
        unit="epochs",
        minimum=0,
        maximum=1_000_000,
    )
    keep_checkpoints: int = setting(
        0,
        "Keep only so many checkpoint_epoch_N.pt, the latest. 0 keeps all.",
        minimum=0,
        maximum=1_000_000,
        advanced=True,
    )
    patience: int = setting(
        0,
        "Stop when so many evaluations in a row brought no better model. 0 switches it off.",
        unit="evaluations",
        minimum=0,
        maximum=1_000_000,
        advanced=True,
    )
    sample_prompt: str = setting(
        "", "The samples taken after each evaluation go on from this.", advanced=True
    )
    probes: str = setting(
        "auto",
        "Prompts whose answers are recorded along the training, with | between them. auto: three "
        "places of the held-out text; none: nothing is recorded.",
        advanced=True,
    )
    log: str = setting(
        "none",
        "Where the figures go besides the run's own record: to TensorBoard (files in the run's "
        "folder), or to Weights & Biases (wandb; offline where nobody is logged in).",
        choices=("none", "tensorboard", "wandb"),
        advanced=True,
    )
    seed: int = setting(
        1337,
        "Seed of everything random: same seed, same run.",
        minimum=0,
        maximum=2**63 - 1,
    )
    device: str = setting(
        "auto", "Where the arithmetic happens.", choices=("auto", "cpu", "cuda", "mps")
    )
    precision: str = setting(
        "auto",
        "Numbers of the matrix products. auto: bfloat16 where it is measured to be faster.",
        choices=("auto", "fp32", "bf16"),
        advanced=True,
    )
    threads: int | None = setting(
        None,
        "Processor threads of the arithmetic. Empty: as many as are measured to be fastest.",
        minimum=1,
        maximum=1_024,
        advanced=True,
    )
    compile: str = setting(
        "auto",
        "Compile the model. auto: when the run is long enough and it is measured to be faster.",
        choices=("auto", "on", "off"),
        advanced=True,
    )
    shard: str = setting(
        "off",
        "Deal weights and optimizer out to the processes of torchrun (FSDP2): less memory in each.",
        choices=("off", "on"),
        advanced=True,
    )


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run."""

    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)


SECTIONS: dict[str, type] = {"data": DataConfig, "model": ModelConfig, "training": TrainingConfig}


@dataclass(frozen=True)
class Setting:
    """What is known about one setting, read off its dataclass field."""

    section: str
    name: str
    kind: type  # int, float, str or tuple
    optional: bool
    default: Any
    help: str
    unit: str
    minimum: float | None
    maximum: float | None
    above_minimum: bool
    choices: tuple[str, ...]
    advanced: bool

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def bounds(self) -> str:
        """The allowed range in words: `1 to 1024`, or an empty string."""
        if self.minimum is None or self.maximum is None:
            return ""
        opening = "above " if self.above_minimum else ""
        return f"{opening}{self.minimum:,.10g} to {self.maximum:,.10g}"


@cache
def settings() -> dict[str, Setting]:
    """All settings by name, in the order in which people should meet them."""
    found: dict[str, Setting] = {}
    for section, section_class in SECTIONS.items():
        hints = typing.get_type_hints(section_class)
        for field in dataclasses.fields(section_class):
            hint = hints[field.name]
            optional = isinstance(hint, types.UnionType)
            kind = (
                next(a for a in typing.get_args(hint) if a is not type(None)) if optional else hint
            )
            kind = typing.get_origin(kind) or kind
            assert field.name not in found, f"setting {field.name} exists twice"
            found[field.name] = Setting(
                section=section,
                name=field.name,
                kind=kind,
                optional=optional,
                default=field.default,
                **field.metadata,
            )
    return found


def get_setting(config: RunConfig, name: str) -> Any:
    """The value of one setting of a configuration."""
    return getattr(getattr(config, settings()[name].section), name)


def with_settings(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """A copy of `config` with some settings changed (values already of their kind)."""
    by_section: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        by_section.setdefault(settings()[name].section, {})[name] = value
    return dataclasses.replace(
        config,
        **{
            section: dataclasses.replace(getattr(config, section), **values)
            for section, values in by_section.items()
        },
    )


def parse_setting(name: str, text: str) -> Any:
    """The value that a person typed for a setting, checked.

    Raises ValueError with a sentence that says what is wrong and what would be right.
    """
    this = settings()[name]
    text = text.strip() if this.kind is not str else text
    if this.optional and text == "":
        return None
    if this.kind is tuple:
        value: Any = tuple(part.strip() for part in text.split(",") if part.strip())
    elif this.kind is int:
        value = _parse_int(name, text)
    elif this.kind is float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{name} must be a number, not {_quoted(text)}.") from None
    else:
        value = text
    return check_setting(name, value)


def check_setting(name: str, value: Any) -> Any:
    """`value` if it is a legal value of the setting; else ValueError with a sentence."""
    this = settings()[name]
    if value is None and this.optional:
        return None
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise ValueError(f"{name} is a number of more digits than any setting has.")
    if this.kind is tuple:
        value = (value,) if isinstance(value, str) else value
        if not isinstance(value, list | tuple) or not value:
            raise ValueError(f"{name} must be one or more names or paths.")
        if not all(isinstance(part, str) and part for part in value):
            raise ValueError(f"{name} must be a list of names or paths.")
        return tuple(value)
    if this.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if this.kind is float and isinstance(value, str):  # YAML reads 1e-3, without a dot, as text
        return parse_setting(name, value)
    if isinstance(value, bool) and "on" in this.choices:  # YAML reads on and off as truth values
        value = "on" if value else "off"
    if not isinstance(value, this.kind) or isinstance(value, bool):
        words = {int: "a whole number", float: "a number", str: "text"}[this.kind]
        raise ValueError(f"{name} must be {words}, not {_quoted(value)}.")
    if this.kind is str and this.choices and value not in this.choices:
        raise ValueError(f"{name} must be one of {', '.join(this.choices)}, not {_quoted(value)}.")
    if isinstance(value, int | float):
        too_low = this.minimum is not None and (
            value < this.minimum or (this.above_minimum and value <= this.minimum)
        )
        too_high = this.maximum is not None and value > this.maximum
        if not math.isfinite(value) or too_low or too_high:
            raise ValueError(f"{name} must be {this.bounds}, not {_quoted(value)}.")
    return value


def check(config: RunConfig) -> RunConfig:
    """`config` if every setting is legal alone and with the others; else ValueError."""
    for name in settings():
        check_setting(name, get_setting(config, name))
    model = config.model
    if model.d_model % model.n_heads:
        fits = [h for h in range(1, model.d_model + 1) if model.d_model % h == 0]
        near = sorted(sorted(fits, key=lambda h: abs(h - model.n_heads))[:3])
        raise ValueError(
            f"d_model ({model.d_model}) must be a multiple of n_heads ({model.n_heads}). "
            f"Heads that fit: {', '.join(map(str, near))}."
        )
    if model.layout == "qwen3" and model.d_model // model.n_heads % 2:
        raise ValueError(
            f"In the layout qwen3 a head turns its numbers in pairs, so d_model / n_heads must be "
            f"even, not {model.d_model // model.n_heads}. Change d_model or n_heads."
        )
    return config


def to_dict(config: RunConfig) -> dict[str, dict[str, Any]]:
    """Plain nested dictionaries, ready for YAML or JSON. `from_dict` turns them back."""
    plain = dataclasses.asdict(config)
    plain["data"]["corpus"] = list(plain["data"]["corpus"])
    return plain


def from_dict(plain: Any, base: RunConfig | None = None) -> RunConfig:
    """The configuration that `plain` describes, checked; what it leaves out comes from `base`.

    Settings stand under their section or, for short hand-written files, at the top level.
    Raises ValueError for unknown keys (with the nearest known one) and illegal values.
    """
    if plain is None:
        plain = {}
    if not isinstance(plain, Mapping):
        raise ValueError("A configuration is a list of `setting: value` lines.")
    changes: dict[str, Any] = {}
    for key, value in plain.items():
        if key in SECTIONS:
            if not isinstance(value, Mapping):
                raise ValueError(f"The section {key} must hold `setting: value` lines.")
            for name, inner in value.items():
                if name not in settings() or settings()[name].section != key:
                    raise ValueError(_unknown_key(f"{name} in section {key}", name))
                changes[name] = check_setting(name, inner)
        elif key in settings():
            changes[key] = check_setting(key, value)
        else:
            raise ValueError(_unknown_key(str(key), key))
    return check(with_settings(base or RunConfig(), changes))


def load_yaml(path: Path, base: RunConfig | None = None) -> RunConfig:
    """The configuration in a YAML file. Raises ValueError that names the file and the fault."""
    import yaml  # 20 ms that only this needs

    try:
        with open_regular(path) as file:
            raw = file.read(MAX_YAML_BYTES + 1)
    except OSError as error:
        raise ValueError(f"Cannot read {path}: {error.strerror}.") from error
    if len(raw) > MAX_YAML_BYTES:
        raise ValueError(f"{path} is larger than {MAX_YAML_BYTES} bytes: not a configuration.")
    try:
        return from_dict(plain_yaml(raw.decode("utf-8")), base)
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split()) or "nested too deeply"
        raise ValueError(f"{path} is not valid YAML: {reason}.") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def plain_yaml(text: str) -> Any:
    """What a YAML text holds: plain values alone.

    Raises yaml.YAMLError, RecursionError, or ValueError for an alias: a chain of them fills the
    memory, one of itself has no end, and settings need none.
    """
    import yaml

    class PlainLoader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise ValueError("aliases (*name) are not allowed in a configuration")
            return super().compose_node(parent, index)

    return yaml.load(text, PlainLoader)


def dump_yaml(config: RunConfig) -> str:
    """YAML that repeats the run: every setting, with its help beside it as a comment."""
    import yaml

    lines: list[str] = []
    for section in SECTIONS:
        lines.append(f"{section}:")
        for this in settings().values():
            if this.section == section:
                value = get_setting(config, this.name)
                plain = list(value) if isinstance(value, tuple) else value
                text = yaml.safe_dump(
                    {this.name: plain}, default_flow_style=True, width=10_000, allow_unicode=True
                ).strip()[1:-1]
                lines.append(f"  {text}  # {this.help}")
    return "\n".join(lines) + "\n"


def preset_names() -> list[str]:
    """The presets that ship with the program, smallest first."""
    order = ["tiny", "quick", "standard", "five-minutes", "modern-small", "modern"]
    order += ["scale-up", "production"]
    found = {path.stem for path in PRESETS_FOLDER.glob("*.yaml")}
    return [name for name in order if name in found] + sorted(found - set(order))


def load_preset(name: str, base: RunConfig | None = None) -> RunConfig:
    """A preset's configuration. Raises ValueError that lists the presets when there is none."""
    if name not in preset_names():
        raise ValueError(
            f"There is no preset {_quoted(name)}. Presets: {', '.join(preset_names())}."
        )
    return load_yaml(PRESETS_FOLDER / f"{name}.yaml", base)


def differences(one: RunConfig, other: RunConfig) -> dict[str, tuple[Any, Any]]:
    """The settings in which two configurations differ: name → (value in one, value in other)."""
    pairs = {name: (get_setting(one, name), get_setting(other, name)) for name in settings()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _parse_int(name: str, text: str) -> int:
    digits = text.replace("_", "")
    try:
        if len(digits) > 30:  # int() of a very long string is slow, and no setting needs it
            raise ValueError
        return int(digits)
    except ValueError:
        raise ValueError(f"{name} must be a whole number, not {_quoted(text)}.") from None


def _unknown_key(described: str, key: Any) -> str:
    near = difflib.get_close_matches(str(key), [*settings(), *SECTIONS], n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"There is no setting {_quoted(described)}.{hint}"


def _quoted(value: Any) -> str:
    """`value` as an error may show it: short, on one line, without control characters."""
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= 40 else text[:37] + "…"
    return "“" + "".join(c if c.isprintable() else "�" for c in text) + "”"
