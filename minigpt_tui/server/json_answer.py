"""JSON that may be printed as it comes: every sign beyond ASCII is carried by its number."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse


class JsonAnswer(JSONResponse):
    """What a client shows of it without reading it, as `curl` does, acts on no terminal.

    A text may have signs that reorder or hide others, and halves of pairs, which UTF-8 has not.
    """

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
