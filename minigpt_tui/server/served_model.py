"""The model that is served, and the better one that takes its place while requests go on."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from minigpt_tui.analysis.forward import one_window, run
from minigpt_tui.inference.service import GPTService

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ServedModel:
    """One loaded checkpoint under the name that clients see."""

    name: str
    service: GPTService
    stamp: tuple[int, int]
    loaded: float = field(default_factory=time.time)

    def token_string(self, token: int) -> str:
        """A token as a client sees it; half a character is spelled as `bytes:\\xe4`."""
        spelled = self.service.tokenizer.token_bytes(token)
        if not spelled:
            return str(self.service.tokenizer.token_text(token))
        try:
            return str(spelled.decode("utf-8"))
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in spelled)

    def score(self, ids: list[int], top: int) -> list[tuple[float, list[tuple[int, float]]]]:
        """Of each token after the first: its log-probability, and the `top` most probable.

        At most max_seq_len + 1 ids.
        """
        if len(ids) < 2:
            return []
        logits = run(self.service.model, one_window(ids[:-1]))[0].double()
        log_p = logits.log_softmax(-1).cpu().numpy()
        best = np.argsort(-log_p, axis=-1, kind="stable")[:, :top]
        return [
            (float(row[token]), [(int(i), float(row[i])) for i in leading])
            for row, token, leading in zip(log_p, ids[1:], best, strict=True)
        ]


class Shelf:
    """Holds the model in use. Requests take it once, and keep it to their end."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.model = self._load()

    def exchange_if_changed(self) -> bool:
        """Loads the checkpoint again if the file is another one. To be called in a thread.

        A file that cannot be read is named in the log, and the old model stays.
        """
        try:
            if _stamp(self.path) == self.model.stamp:
                return False
            self.model = self._load()
        except (ValueError, OSError) as error:
            log.warning("The model stays as it is: %s", error)
            return False
        log.info("\n".join(self.model.service.describe()))
        return True

    def _load(self) -> ServedModel:
        stamp = _stamp(self.path)
        return ServedModel(self.name, GPTService(self.path), stamp)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise ValueError(f"There is no checkpoint {path}.") from error
    return status.st_mtime_ns, status.st_size
