"""How the API reports what went wrong: problem details (RFC 9457) with every error at once.

The member `error` repeats `detail`, for programs that only show a sentence. Every 422 has `errors`, each of them with a
`pointer`: `/name` is a member of the body (RFC 6901), `?limit` a parameter of the query, `{address}` a part of the
path, and `If-Match` a header. An empty pointer means the whole request or file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pressrun.core.errors import (
    BadInput,
    ChangedMeanwhile,
    ConditionMissing,
    Gone,
    LimitReached,
    NotFound,
    NotPermitted,
    PressrunError,
    Refused,
    StillRunning,
    TryAgain,
    Unavailable,
    UsageError,
)

PROBLEM = "application/problem+json"
PROBLEMS_PATH = "/api/problems"
RETRY_AFTER_SECONDS = 5

TITLES: Mapping[int, tuple[str, str]] = {
    400: ("bad-request", "This is not a valid HTTP request"),
    401: ("unauthorized", "A valid token is needed"),
    403: ("forbidden", "The token does not give that right"),
    404: ("not-found", "There is nothing here, or nothing within reach of this token"),
    405: ("method-not-allowed", "This resource does not have that method"),
    409: ("refused", "The request is valid, but not possible in the present state"),
    410: ("gone", "This was erased"),
    412: ("changed-meanwhile", "This has changed since you read it"),
    413: ("too-large", "The body is too large"),
    415: ("media-type", "The body has a media type that is not accepted here"),
    422: ("invalid", "The request has invalid values"),
    428: ("condition-missing", "Say which revision you have, in If-Match"),
    429: ("too-many-requests", "A limit has been reached for now"),
    500: ("failed", "Something went wrong here, and has been recorded"),
    503: ("unavailable", "Temporarily unavailable"),
}
"""For each status of a problem the end of its `type`, and its title."""

_STATUSES: Sequence[tuple[type[Exception], int]] = (
    (Gone, 410),
    (NotFound, 404),
    (NotPermitted, 403),
    (ChangedMeanwhile, 412),
    (LimitReached, 429),
    (Refused, 409),
    (ConditionMissing, 428),
    (BadInput, 422),
    (UsageError, 422),
    (Unavailable, 503),
    (TryAgain, 503),
)


class FieldError(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request, and where."""

    pointer: str
    detail: str


class ProblemDetails(msgspec.Struct, kw_only=True):
    """Why a request was not carried out. Some kinds have further members."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    errors: list[FieldError] = []


class ApiProblem(Exception):
    """A request that is not carried out; `headers` and `members` are added to its answer."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        faults: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail or "; ".join(_sentence(fault) for fault in faults) or TITLES[status][1]
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.members = dict(members or {})


def problem_of(failure: Exception) -> ApiProblem:
    """The problem for any exception; 500 for an unexpected one."""
    if isinstance(failure, ApiProblem):
        return failure
    if isinstance(failure, HTTPException):
        status = failure.status_code if failure.status_code in TITLES else 400
        return ApiProblem(status, headers=failure.headers)
    status = next((status for kind, status in _STATUSES if isinstance(failure, kind)), 500)
    if status == 500 or not isinstance(failure, PressrunError):
        return ApiProblem(500)
    if status == 503:  # the reason is for operators, and is in the log
        return ApiProblem(503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    faults = [FieldError(f"/{name.replace('.', '/')}", words) for name, words in getattr(failure, "faults", ())]
    if status == 422 and not faults:
        faults = [FieldError("", failure.fact)]  # about the whole request, or about a file
    headers = {"Retry-After": str(failure.retry_after)} if isinstance(failure, LimitReached | StillRunning) else {}
    return ApiProblem(status, failure.fact, faults=faults, headers=headers, members=failure.members)


def respond(problem: ApiProblem, base_url: str) -> Response:
    """The answer to a request that is not carried out."""
    slug, title = TITLES[problem.status]
    body: dict[str, Any] = {
        "type": f"{base_url}{PROBLEMS_PATH}#{slug}",
        "title": title,
        "status": problem.status,
        "detail": problem.detail,
        "error": problem.detail,
        **({"errors": problem.faults} if problem.faults else {}),
        **problem.members,
    }
    return Response(msgspec.json.encode(body), problem.status, problem.headers, PROBLEM)


def _sentence(fault: FieldError) -> str:
    return f"{fault.pointer}: {fault.detail}" if fault.pointer else fault.detail
