"""The command line: its flags, and which command each name runs.

Nothing heavy is imported here: `--help` and a mistyped flag are answered at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from minigpt_tui import __version__
from minigpt_tui.config import SECTIONS, Setting, settings

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
SECTION_TITLES = {"data": "text", "model": "model", "training": "training"}

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> None:
    """The console script: runs a command and leaves with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal of another encoding gets a stand-in for signs that it lacks, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    # OpenMP's threads spin while they wait, which starves whatever runs beside a training: with
    # two at once a step took 6.5 s instead of 1.0. Read at torch's import.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    arguments = build_parser().parse_args(argv)
    try:
        code = _command(arguments.command)(arguments)
        sys.stdout.flush()
    except ValueError as error:
        print(f"minigpt-tui: error: {error}", file=sys.stderr)
        code = EXIT_USAGE
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (`head`, say) has seen enough; python must not complain about it at exit.
        sys.stdout = None
        code = EXIT_OK
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"minigpt-tui: error: {error.strerror or error}{where}", file=sys.stderr)
        code = EXIT_FAILED
    sys.exit(code)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; the flags of `train` are derived from the settings."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data-dir", metavar="DIR", help="data folder (default: the user's, or MINIGPT_TUI_HOME)"
    )
    parser = argparse.ArgumentParser(
        prog="minigpt-tui",
        parents=[common],
        description="Train small GPT language models in the terminal and see what they learned. "
        "Without a command: opens the workbench.",
    )
    parser.add_argument("--version", action="version", version=f"minigpt-tui {__version__}")
    parser.set_defaults(command="workbench")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, help: str, description: str = "") -> argparse.ArgumentParser:
        # SUPPRESS: a --data-dir before the command must survive the command's own default.
        added = commands.add_parser(name, help=help, description=description or help)
        added.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS)
        added.set_defaults(command=name)
        return added

    _add_train(add("train", "train a model on a text"))
    predict = add("predict", "the most probable next tokens and next words after a prompt")
    _add_model_choice(predict)
    predict.add_argument("prompt", help='text to go on from, for example "I eat"')
    predict.add_argument("--top-k", type=int, default=10, metavar="N", help="how many of each")
    predict.add_argument("--json", action="store_true", help="print JSON only")
    _add_generate(add("generate", "let the model go on writing after a prompt"))
    evaluate = add("eval", "measure a model on its whole validation text")
    _add_model_choice(evaluate)
    evaluate.add_argument("--json", action="store_true", help="print JSON only")
    _add_runs(add("runs", "list the runs in the data folder, or verify one"))
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    job = parser.add_argument_group("run")
    job.add_argument("--run", metavar="NAME", help="name of the new run (default: made up)")
    job.add_argument("--resume", metavar="RUN", help="go on with a run that was stopped")
    job.add_argument("--preset", metavar="NAME", help="start from a preset (see the README)")
    job.add_argument("--config", metavar="FILE", help="take settings from a YAML file")
    job.add_argument("--save-config", metavar="FILE", help="write the YAML that repeats the run")
    groups = {section: parser.add_argument_group(SECTION_TITLES[section]) for section in SECTIONS}
    for this in settings().values():
        groups[this.section].add_argument(
            this.flag,
            dest=f"setting_{this.name}",
            metavar=_metavar(this),
            nargs="+" if this.kind is tuple else None,
            help=_help(this),
        )


def _add_generate(parser: argparse.ArgumentParser) -> None:
    _add_model_choice(parser)
    parser.add_argument("prompt", help="text to go on from")
    parser.add_argument("--max-new-tokens", type=int, default=200, metavar="N", help="length")
    parser.add_argument("--temperature", type=float, default=0.8, help="0 takes the best each time")
    parser.add_argument("--top-k", type=int, metavar="N", help="draw from the N best only")
    parser.add_argument("--top-p", type=float, metavar="P", help="draw from this much mass only")
    parser.add_argument("--min-p", type=float, metavar="P", help="drop tokens below P × the best")
    parser.add_argument("--seed", type=int, help="the same seed writes the same text")
    parser.add_argument("--stop", action="append", default=[], metavar="TEXT", help="end here")
    parser.add_argument("--json", action="store_true", help="print JSON only")


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", nargs="?", choices=["list", "verify"], default="list", help="what to do"
    )
    parser.add_argument("name", nargs="?", metavar="RUN", help="the run to verify")
    parser.add_argument(
        "--replay", action="store_true", help="verify: also train a few steps twice and compare"
    )
    parser.add_argument("--json", action="store_true", help="print JSON only")


def _add_model_choice(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--run", metavar="NAME", help="use this run's best_model.pt")
    which.add_argument("--checkpoint", metavar="FILE", help="use this checkpoint")


def _metavar(this: Setting) -> str:
    if this.choices:
        return "{" + ",".join(this.choices) + "}"
    return {int: "N", float: "X", str: "TEXT", tuple: "TEXT"}[this.kind]


def _help(this: Setting) -> str:
    default = ", ".join(this.default) if this.kind is tuple else this.default
    shown = "" if default in (None, "") else f" (default: {default})"
    return (this.help + shown).replace("%", "%%")


def _command(name: str) -> Command:
    """The function of a command, imported only now."""
    if name == "train":
        from minigpt_tui.commands.train import train as command
    elif name == "predict":
        from minigpt_tui.commands.ask import predict as command
    elif name == "generate":
        from minigpt_tui.commands.ask import generate as command
    elif name == "eval":
        from minigpt_tui.commands.evaluate import evaluate as command
    elif name == "runs":
        from minigpt_tui.commands.runs import runs as command
    else:
        from minigpt_tui.commands.workbench import workbench as command
    return command
