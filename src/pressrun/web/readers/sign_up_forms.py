"""What our sign-up forms contain, how much we trust what comes back of one, and the answers in JSON for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pressrun.core.abuse.sign_up import Trust, decide_trust
from pressrun.core.abuse.work import is_work
from pressrun.core.signing.tokens import WebPurpose
from pressrun.locales.all_languages import own_names
from pressrun.message.words import Words
from pressrun.services.readers.web_requests import WebRequests
from pressrun.store.lists.lists import MailingList
from pressrun.web.consent_words import DECOY, sign_up_promise
from pressrun.web.context import WebContext
from pressrun.web.http.forms import Fields, every, first
from pressrun.web.pages import breakable

FRONT = 0  # in place of the list's id in forms that belong to no list

Choice = tuple[str, str, bool]  # a language's tag, its label in the form, and whether it is chosen already

_ACCEPTED = {"status": "accepted", "message": "If this address can subscribe, we've emailed it a link to confirm."}
_ERRORS = {
    400: "The email field is not a valid email address.",
    404: "No such newsletter.",
    410: "This newsletter is closed.",
    429: "Too many sign-ups from this network. See Retry-After.",
}


class FormCopies:
    """Issues the field `form_token`, and reads it: each copy has a signed number, and when it was made.

    A number lets a service recognise a form that is sent twice. It is no secret and proves nothing about a person.
    """

    def __init__(self, web: WebContext, web_requests: WebRequests) -> None:
        self._web = web
        self._web_requests = web_requests

    def make(self, page: int) -> str:
        """The token of a new copy; `page` is the id of the list, or FRONT."""
        return self._web.tokens().make(WebPurpose.FORM, page, int(self._web.clock()), self._web_requests.draw_form())

    def read(self, page: int, fields: Fields) -> tuple[int | None, int | None]:
        """When a posted copy was made, and its number; None for both if this page did not issue it."""
        match self._web.tokens().read(WebPurpose.FORM, first(fields, "form_token") or ""):
            case (issuer, made_at, number) if issuer == page:
                return made_at, number
        return None, None


class SignUpForms:
    """Issues and checks the fields that tell people from programs."""

    def __init__(self, web: WebContext, web_requests: WebRequests) -> None:
        self._web = web
        self._web_requests = web_requests
        self._copies = FormCopies(web, web_requests)

    def context(self, page: int, *, is_open: bool = True) -> dict[str, Any]:
        """What a form's template needs; `page` is the id of the list, or FRONT, and `is_open` false if it is closed."""
        form, bits = (page, int(self._web.clock())), self._web_requests.work_bits if is_open else None
        make = self._web.tokens().make
        return {
            "promise": sign_up_promise(self._web.pages.words),
            "decoy": DECOY,
            "form_token": self._copies.make(page),
            "work_bits": bits,
            "challenge": "" if bits is None else make(WebPurpose.WORK, *form, bits),
            "script": self._web.pages.static_href("work.js"),
        }

    def allowing(self, context: Mapping[str, object]) -> Sequence[str]:
        """The further directives that a page with such a form needs in its policy."""
        return [] if context["work_bits"] is None else ["script-src 'self'", "worker-src 'self'"]

    def check(self, page: int, fields: Fields, typed: str) -> tuple[Trust, int | None]:
        """How far to trust a posted form, and the number of this copy of it; None if this page did not issue it."""
        issued_at, number = self._copies.read(page, fields)
        trust = decide_trust(
            issued_at=issued_at,
            now=self._web.clock(),
            form_seconds=self._web_requests.form_seconds,
            decoy="".join(every(fields, DECOY)),
            has_worked=issued_at is not None and self._has_worked((page, issued_at), fields, typed),
        )
        return trust, number

    def check_inbox(
        self,
        page: int,
        where: str,
        *,
        about: MailingList | None = None,
        typed: str = "",
        name: str = "",
        wanted: Sequence[MailingList] = (),
    ) -> Response:
        """What every well-formed address gets; our own form gets it at once, with the address that was typed.

        That puts the address on a page that nobody stores, and in no URL, which would end up in logs and histories.
        """
        return self._web.pages.render(
            "check_inbox.html",
            about=about,
            here=where,
            shown=Markup('<strong><bdi dir="ltr">{}</bdi></strong>').format(breakable(typed)),
            typed=typed,
            name=name,
            wanted=wanted,
            **self.context(page),
            headers={"X-Robots-Tag": "noindex", "Cache-Control": "no-store"},
        )

    def _has_worked(self, form: tuple[int, int], fields: Fields, typed: str) -> bool:
        challenge = first(fields, "challenge") or ""
        match self._web.tokens().read(WebPurpose.WORK, challenge):
            case (page, at, bits) if (page, at) == form:
                return is_work(challenge, typed, first(fields, "proof") or "", bits)
        return False


def choices_of(family: Sequence[MailingList], chosen: MailingList) -> list[Choice]:
    """The languages that a family's form offers."""
    names = own_names([target.language for target in family])
    return [(target.language, name, target.id == chosen.id) for target, name in zip(family, names, strict=True)]


def wants_json(request: Request) -> bool:
    """Whether a client accepts JSON and not HTML, which no browser does."""
    accepted = request.headers.get("accept", "").lower()
    return "application/json" in accepted and "text/html" not in accepted


def in_json(answer: Response) -> Response:
    """The same outcome: 202 in place of the page that says to check the inbox, else the page's status and `error`.

    Like the page, it does not tell whether somebody is a member: every well-formed address gets the same answer.
    """
    headers = {name: answer.headers[name] for name in ("cache-control", "retry-after") if name in answer.headers}
    if answer.status_code == 303:
        return JSONResponse(_ACCEPTED, status_code=202, headers=headers)
    error = _ERRORS.get(answer.status_code, "The request failed.")
    return JSONResponse({"error": error}, status_code=answer.status_code, headers=headers)


def too_many(words: Words, seconds: int) -> str:
    """The sentence that tells a visitor how long to wait."""
    return words.counted(
        "Too many sign-ups from your network. Try again in {number} minute.",
        "Too many sign-ups from your network. Try again in {number} minutes.",
        math.ceil(seconds / 60),
    )
