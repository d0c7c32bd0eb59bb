"""What a client is told when something cannot be done, in OpenAI's form."""

from __future__ import annotations

from starlette.responses import Response

from minigpt_tui.server.json_answer import JsonAnswer

INVALID = "invalid_request_error"
GONE = 499
"""The status of an answer that nobody is there to take."""


class ApiError(Exception):
    """`param` is the field of the request that is to blame; `code` a word for programs."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = INVALID,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.kind = message, status, kind
        self.param, self.code, self.retry_after = param, code, retry_after

    def response(self) -> Response:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JsonAnswer(self.body(), status_code=self.status, headers=headers)

    def body(self) -> dict[str, object]:
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }


def busy() -> ApiError:
    """The line of texts to be written is full."""
    return ApiError(
        "More is asked than this model can write now. Try again in a moment.",
        status=429,
        kind="rate_limit_error",
        code="queue_full",
        retry_after=1,
    )


def gone() -> ApiError:
    """The client has gone before its answer was there."""
    return ApiError("The client has gone.", status=GONE)
