"""The command line: its flags, and which command each name runs.

Nothing heavy is imported here: `--help` and a mistyped flag are answered at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from minigpt_tui import __version__
from minigpt_tui.commands import bench, completion, config, doctor, exit_codes, web
from minigpt_tui.commands.exit_codes import FAILED, INTERRUPTED, OK, USAGE
from minigpt_tui.commands.export import add_export
from minigpt_tui.commands.import_model import add_import
from minigpt_tui.config import SECTIONS
from minigpt_tui.runs.damaged import DamagedError
from minigpt_tui.settings import Setting, settings
from minigpt_tui.text.safe import visible
from minigpt_tui.waiting import choose_waiting

SECTION_TITLES = {"data": "text", "model": "model", "training": "training"}

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> None:
    """The console script: runs a command and leaves with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal of another encoding gets a stand-in for signs that it lacks, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    choose_waiting()
    words = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser()
    if words[:1] == [completion.ASK]:  # asked by a shell, not typed by a person
        arguments = argparse.Namespace(command=words[0], words=words[1:], parser=parser)
    else:
        arguments = parser.parse_args(words)
    try:
        code = _command(arguments.command)(arguments)
        sys.stdout.flush()
    except ValueError as error:
        print(f"minigpt-tui: error: {_harmless(str(error))}", file=sys.stderr)
        code = FAILED if isinstance(error, DamagedError) else USAGE
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader (`head`, say) has seen enough; python must not complain about it at exit.
        sys.stdout = None
        code = OK
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        what = _harmless(f"{error.strerror or error}{where}")
        print(f"minigpt-tui: error: {what}", file=sys.stderr)
        code = FAILED
    sys.exit(code)


class _Parser(argparse.ArgumentParser):
    """Its complaints repeat what was typed, and that may be anything."""

    def error(self, message: str) -> NoReturn:
        super().error(_harmless(message))


def _harmless(message: str) -> str:
    """An error as it may be printed: it may name files and texts that others have made."""
    return visible(message, keep_newlines=True)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; the flags of `train` are derived from the settings."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data-dir", metavar="DIR", help="data folder (default: the user's, or MINIGPT_TUI_HOME)"
    )
    parser = _Parser(
        prog="minigpt-tui",
        parents=[common],
        description="Train small GPT language models in the terminal and see what they learned.\n"
        "Without a command: opens the workbench.",
        epilog=f"exit codes:\n{exit_codes.table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"minigpt-tui {__version__}")
    parser.add_argument(
        "--demo",
        action="store_true",
        help="open the workbench on a temporary data folder with small finished runs in it",
    )
    parser.set_defaults(command="workbench")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, help: str, description: str = "") -> argparse.ArgumentParser:
        # SUPPRESS: a --data-dir before the command must survive the command's own default.
        added = commands.add_parser(name, help=help, description=description or help)
        added.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS)
        added.set_defaults(command=name)
        return added

    _add_train(add("train", "train a model on a text"))
    _add_sweep(add("sweep", "train every combination of some settings' values, and rank them"))
    predict = add("predict", "the most probable next tokens and next words after a prompt")
    _add_model_choice(predict)
    predict.add_argument("prompt", help='text to go on from, for example "I eat"')
    predict.add_argument("--top-k", type=int, default=10, metavar="N", help="how many of each")
    predict.add_argument("--json", action="store_true", help="print JSON only")
    _add_generate(add("generate", "let the model go on writing after a prompt"))
    evaluate = add("eval", "measure a model on its whole validation text")
    _add_model_choice(evaluate)
    evaluate.add_argument("--json", action="store_true", help="print JSON only")
    _add_inspect(add("inspect", "see why a model says what it says"))
    _add_serve(add("serve", "answer other programs over HTTP, as OpenAI's completions do"))
    _add_corpus(add("corpus", "list, add, measure, prepare and delete texts"))
    _add_runs(add("runs", "list the runs in the data folder, or verify one"))
    add_export(add("export", "write a model for Hugging Face, safetensors or llama.cpp (GGUF)"))
    add_import(add("import", "make a run of a model from Hugging Face, safetensors or nanoGPT"))
    doctor.add_flags(add("doctor", "look at this machine, its terminal and the installation"))
    bench.add_flags(add("bench", "measure how fast this machine trains and writes"))
    config.add_flags(add("config", "show the settings that hold, or explain one"))
    completion.add_flags(add("completion", "print a script that makes the shell complete commands"))
    web.add_flags(add("web", "open the workbench in a browser"))
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    job = parser.add_argument_group("run")
    # torchrun takes --run for an abbreviation of an option of its own, so there is another name.
    job.add_argument(
        "--run", "--name", metavar="NAME", help="name of the new run (default: made up)"
    )
    way = job.add_mutually_exclusive_group()
    way.add_argument(
        "--resume",
        metavar="RUN|FILE",
        help="go on with a run; with --epochs, --steps or --minutes beyond its end. A checkpoint "
        "FILE: go on from it in a new run",
    )
    way.add_argument(
        "--start-from",
        metavar="RUN|FILE",
        help="begin a new run with this model's weights, shape and vocabulary, and with its text "
        "unless --corpus names another: a run (an imported one, say) or a checkpoint FILE",
    )
    way.add_argument(
        "--dry-run",
        action="store_true",
        help="train nothing, but say what the run would be: weights, memory, steps, time",
    )
    way.add_argument(
        "--find-lr",
        action="store_true",
        help="train no run, but try rising learning rates for some steps and suggest one",
    )
    way.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help="train N runs one after the other, with seeds from --seed upwards, and show what "
        "chance does",
    )
    job.add_argument(
        "--json", action="store_true", help="--dry-run, --find-lr, --seeds: print JSON only"
    )
    _add_bases(job)
    job.add_argument("--save-config", metavar="FILE", help="write the YAML that repeats the run")
    _add_settings(parser)


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    job = parser.add_argument_group("sweep")
    job.add_argument(
        "--grid",
        nargs="+",
        required=True,
        metavar="NAME=V1,V2",
        help="settings and the values to try, for example lr=1e-3,3e-3 d_model=64,128; "
        "--minutes is then the time for all runs together",
    )
    job.add_argument("--run", metavar="NAME", help="call the runs NAME-1, NAME-2, …")
    job.add_argument("--json", action="store_true", help="print JSON only")
    _add_bases(job)
    _add_settings(parser)


def _add_bases(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--preset", metavar="NAME", help="start from a preset (see the README)")
    group.add_argument("--config", metavar="FILE", help="take settings from a YAML file")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    groups = {section: parser.add_argument_group(SECTION_TITLES[section]) for section in SECTIONS}
    for this in settings().values():
        can_stand_alone = "on" in this.choices  # --shard means --shard on
        groups[this.section].add_argument(
            this.flag,
            # torchrun takes --log for an abbreviation of its own, as it does --run.
            *(["--log-to"] if this.name == "log" else []),
            dest=f"setting_{this.name}",
            metavar=_metavar(this),
            nargs="+" if this.kind is tuple else "?" if can_stand_alone else None,
            const="on" if can_stand_alone else None,
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
    parser.add_argument(
        "--typical-p", type=float, metavar="P", help="draw this much mass of usual surprise only"
    )
    parser.add_argument(
        "--repetition-penalty", type=float, default=1.0, metavar="X", help="above 1: avoid repeats"
    )
    parser.add_argument(
        "--sampler-order",
        choices=["llama.cpp", "huggingface"],
        default="llama.cpp",
        help="temperature after the cuts, as in llama.cpp (default), or before, as in Hugging Face",
    )
    parser.add_argument("--seed", type=int, help="the same seed writes the same text")
    parser.add_argument("--stop", action="append", default=[], metavar="TEXT", help="end here")
    parser.add_argument("--json", action="store_true", help="print JSON only")


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    views = parser.add_subparsers(title="views", metavar="VIEW", dest="view", required=True)

    def add(name: str, help: str, prompt: bool = True) -> argparse.ArgumentParser:
        view = views.add_parser(name, help=help, description=help)
        view.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS)
        _add_model_choice(view)
        if prompt:
            view.add_argument("prompt", help='text to look at, for example "I eat"')
        view.add_argument("--json", action="store_true", help="print JSON only")
        return view

    position = "where in the prompt, from 0; from the end if negative (default: %(default)s)"
    lens = add("lens", "what the model would say after each layer (logit lens)")
    lens.add_argument("--position", type=int, default=-1, metavar="N", help=position)
    attention = add("attention", "where each head looks, and what kind of head it is")
    attention.add_argument("--layer", type=int, metavar="N", help="with --head: one head's pattern")
    attention.add_argument("--head", type=int, metavar="N", help="with --layer")
    attribution = add("attribution", "what each part adds to a token's logit")
    attribution.add_argument("--token", metavar="TEXT", help="default: the most probable token")
    attribution.add_argument("--minus", metavar="TEXT", help="less the logit of this token")
    attribution.add_argument("--position", type=int, default=-1, metavar="N", help=position)
    attribution.add_argument("--heads", action="store_true", help="each head by itself")
    ablate = add("ablate", "what the model loses without each of its parts")
    ablate.add_argument("--how", choices=["mean", "zero"], default="mean", help="put in its place")
    ablate.add_argument("--validation", action="store_true", help="also on the validation text")
    ablate.add_argument(
        "--patch", metavar="PROMPT", help="put in its place what another prompt, as long, has there"
    )
    surprisal = add("surprisal", "how surprised the model is by each token")
    surprisal.add_argument("--validation", action="store_true", help="also losses by kind")
    neighbours = add("neighbours", "the tokens that a token is most like", prompt=False)
    neighbours.add_argument("token", help='a token, for example "e" or " cat" or "<EOT>"')
    neighbours.add_argument("--top-k", type=int, default=10, metavar="N", help="how many")
    calibration = add("calibration", "whether what the model is sure of comes true", prompt=False)
    calibration.add_argument("--bins", type=int, default=10, metavar="N", help="equal widths")
    evidence = add("evidence", "what the training text says there, and what is copied from it")
    evidence.add_argument("--top-k", type=int, default=10, metavar="N", help="continuations shown")
    evidence.add_argument(
        "--max-new-tokens",
        type=int,
        default=200,
        metavar="N",
        help="write so many tokens and look for them in the text (default: %(default)s; 0: none)",
    )
    evidence.add_argument("--seed", type=int, default=0, help="the same seed writes the same text")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    _add_model_choice(parser)
    parser.add_argument("--host", default="127.0.0.1", help="(default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="0: any (default: %(default)s)")
    parser.add_argument(
        "--api-key",
        metavar="KEY",
        help="ask clients for this key; safer in the variable MINIGPT_TUI_API_KEY",
    )
    parser.add_argument(
        "--watch", action="store_true", help="take up a better checkpoint when there is one"
    )
    parser.add_argument("--requests", action="store_true", help="print a line for each request")
    parser.add_argument(
        "--until-eof",
        action="store_true",
        help="end when standard input ends, for a program that starts this one",
    )


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", nargs="?", choices=["list", "verify"], default="list", help="what to do"
    )
    parser.add_argument("name", nargs="?", metavar="RUN", help="the run to verify")
    parser.add_argument(
        "--replay", action="store_true", help="verify: also train a few steps twice and compare"
    )
    parser.add_argument("--json", action="store_true", help="print JSON only")


def _add_corpus(parser: argparse.ArgumentParser) -> None:
    from minigpt_tui.commands.corpus import add_corpus_arguments

    def add_settings(action: argparse.ArgumentParser) -> None:
        _add_bases(action.add_argument_group("configuration"))
        _add_settings(action)

    add_corpus_arguments(parser, add_settings)


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
    elif name == "sweep":
        from minigpt_tui.commands.several import sweep as command
    elif name == "predict":
        from minigpt_tui.commands.ask import predict as command
    elif name == "generate":
        from minigpt_tui.commands.ask import generate as command
    elif name == "eval":
        from minigpt_tui.commands.evaluate import evaluate as command
    elif name == "inspect":
        from minigpt_tui.commands.inspect import inspect as command
    elif name == "serve":
        from minigpt_tui.commands.serve import serve as command
    elif name == "corpus":
        from minigpt_tui.commands.corpus import corpus as command
    elif name == "runs":
        from minigpt_tui.commands.runs import runs as command
    elif name == "export":
        from minigpt_tui.commands.export import export as command
    elif name == "import":
        from minigpt_tui.commands.import_model import import_model as command
    elif name == "doctor":
        command = doctor.doctor
    elif name == "bench":
        command = bench.bench
    elif name == "config":
        command = config.config
    elif name == "completion":
        command = completion.completion
    elif name == completion.ASK:
        command = completion.answer
    elif name == "web":
        command = web.web
    else:
        from minigpt_tui.commands.workbench import workbench as command
    return command
