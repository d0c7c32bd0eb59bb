"""Every setting of a run, once: its default, help, unit, bounds and choices.

The command-line flags, the form of the workbench, the check of YAML files and the reference page
are all derived from the dataclasses in this file, through `settings.py`. To add a setting, add a
field here.

A `RunConfig` has three sections (`data`, `model`, `training`); field names are unique across them,
so that a flag or an error can name a setting without its section.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

UNKNOWN_CORPUS = ("unknown",)
"""The corpus of a model from elsewhere: no text of the library is taken for it."""


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
