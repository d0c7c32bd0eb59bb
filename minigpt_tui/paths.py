"""Where everything lives: the per-user data folder and the name of each thing in it.

The folder is, in this order: an explicit `--data-dir`, the environment variable
`MINIGPT_TUI_HOME`, the place that the system gives to an application's data.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

MAX_NAME_LENGTH = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DEVICE_NAMES = {"con", "prn", "aux", "nul"} | {
    f"{d}{n}" for d in ("com", "lpt") for n in range(10)
}


@dataclass(frozen=True)
class DataFolder:
    """The data folder. Nothing is created until it is needed (`ready`)."""

    root: Path

    @property
    def corpora(self) -> Path:
        return self.root / "corpora"

    @property
    def vocabularies(self) -> Path:
        return self.root / "vocabularies"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def tokens(self) -> Path:
        """Cached token files, by content and tokenizer."""
        return self.root / "cache" / "tokens"

    @property
    def texts(self) -> Path:
        """Cached plain text of packed files and of records."""
        return self.root / "cache" / "texts"

    @property
    def plots(self) -> Path:
        """Loss plots that were exported."""
        return self.root / "plots"

    @property
    def exports(self) -> Path:
        """Models that were exported from the workbench."""
        return self.root / "exports"

    @property
    def settings(self) -> Path:
        """What the workbench remembers: theme, sizes, last selections."""
        return self.root / "settings.yaml"

    @property
    def log(self) -> Path:
        return self.root / "minigpt-tui.log"

    def ready(self) -> DataFolder:
        """The folder, existing and writable; else ValueError that says what to do."""
        try:
            for folder in (self.root, self.corpora, self.vocabularies, self.runs, self.tokens):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"Cannot create the data folder {self.root}: {error.strerror}. "
                "Choose another with --data-dir or MINIGPT_TUI_HOME."
            ) from error
        if not os.access(self.runs, os.W_OK):
            raise ValueError(
                f"The data folder {self.root} cannot be written to. "
                "Choose another with --data-dir or MINIGPT_TUI_HOME."
            )
        return self


def data_folder(override: str | Path | None = None) -> DataFolder:
    """The data folder of this user, or the one that was asked for."""
    chosen = override or os.environ.get("MINIGPT_TUI_HOME")
    if chosen:
        return DataFolder(Path(chosen).expanduser().absolute())
    import platformdirs

    return DataFolder(Path(platformdirs.user_data_dir("minigpt-tui", appauthor=False)))


def check_name(name: str, what: str = "name") -> str:
    """`name` if it is safe as the name of a file or folder on every system; else ValueError."""
    plain = "".join(c if c.isprintable() else "�" for c in name[: MAX_NAME_LENGTH + 1])
    if len(name) > MAX_NAME_LENGTH or not _NAME.fullmatch(name) or name.endswith("."):
        raise ValueError(
            f"“{plain}” cannot be a {what}: use letters, digits, '.', '_' and '-', "
            f"beginning with a letter or digit, {MAX_NAME_LENGTH} characters at most."
        )
    if name.split(".")[0].lower() in _DEVICE_NAMES:
        raise ValueError(f"“{plain}” cannot be a {what}: the system keeps that name for a device.")
    return name


def sample_data_folder() -> Path:
    """The texts that come with the program: inside the package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "sample_data"
    return installed if installed.is_dir() else package.parent / "sample_data"
