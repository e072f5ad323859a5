"""What a program gets that signs somebody up: the outcome of the page in a line of JSON, with the same limits.

As little as the page it tells whether somebody is a member: every well-formed address gets the same answer.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_TAKEN = {"status": "accepted", "message": "If this address can subscribe, we've emailed it a link to confirm."}
_ERRORS = {
    400: "The email field is not a valid email address.",
    404: "No such newsletter.",
    410: "This newsletter is closed.",
    429: "Too many sign-ups from this network. See Retry-After.",
}


def asks_for_json(request: Request) -> bool:
    """Whether a client names JSON and not HTML among what it accepts, as browsers never do."""
    accepted = request.headers.get("accept", "").lower()
    return "application/json" in accepted and "text/html" not in accepted


def in_json(answer: Response) -> Response:
    """The same outcome: 202 for the page that asks to look for a mail, else the status of the page with an `error`."""
    headers = {name: answer.headers[name] for name in ("cache-control", "retry-after") if name in answer.headers}
    if answer.status_code == 303:
        return JSONResponse(_TAKEN, status_code=202, headers=headers)
    error = _ERRORS.get(answer.status_code, "The request failed.")
    return JSONResponse({"error": error}, status_code=answer.status_code, headers=headers)
