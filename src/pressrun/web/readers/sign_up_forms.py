"""What our own sign-up forms hold, on whichever page, and how far what comes back of one can be believed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pressrun.core.sign_up import Trust, decide_trust
from pressrun.core.tokens import WebPurpose
from pressrun.core.work import is_work
from pressrun.locales.own_names import own_names
from pressrun.services.ports import Clock
from pressrun.services.readers.web_requests import WebRequests
from pressrun.store.lists import MailingList
from pressrun.web.http.forms import Fields, every, first
from pressrun.web.pages import Pages
from pressrun.web.promise import DECOY, sign_up_promise
from pressrun.web.reading import ReadTokens

FRONT = 0  # where forms of lists have the id of their list

Choice = tuple[str, str, bool]  # a language's tag, what the form calls it, and whether it is chosen already


class SignUpForms:
    """Makes the fields that prove something, and judges them."""

    def __init__(self, *, pages: Pages, web_requests: WebRequests, tokens: ReadTokens, clock: Clock) -> None:
        self._pages = pages
        self._web_requests = web_requests
        self._tokens = tokens
        self._clock = clock

    def context(self, page: int, *, is_open: bool = True) -> dict[str, Any]:
        """What the template of a form needs; `page` is the id of its list or FRONT, `is_open` whether there is one."""
        form, bits = (page, int(self._clock())), self._web_requests.work_bits if is_open else None
        return {
            "promise": sign_up_promise(self._pages.words),
            "decoy": DECOY,
            "form_token": self._tokens().make(WebPurpose.FORM, *form, self._web_requests.draw_form()),
            "work_bits": bits,
            "challenge": "" if bits is None else self._tokens().make(WebPurpose.WORK, *form, bits),
            "script": self._pages.static_href("work.js"),
        }

    def allowing(self, context: Mapping[str, object]) -> Sequence[str]:
        """What the policy of a page with such a form lets it do besides."""
        return [] if context["work_bits"] is None else ["script-src 'self'", "worker-src 'self'"]

    def judge(self, page: int, fields: Fields, typed: str) -> tuple[Trust, int | None]:
        """How far a form can be believed, and the number of this copy of it; None where it is none of this page's."""
        issued_at = number = None
        match self._tokens().read(WebPurpose.FORM, first(fields, "form_token") or ""):
            case (found, at, copy) if found == page:
                issued_at, number = at, copy
        trust = decide_trust(
            issued_at=issued_at,
            now=self._clock(),
            form_seconds=self._web_requests.form_seconds,
            decoy="".join(every(fields, DECOY)),
            has_worked=issued_at is not None and self._has_worked((page, issued_at), fields, typed),
        )
        return trust, number

    def seconds_until(self, retry_at: float) -> int:
        """How long a network waits that has signed up too often."""
        return max(1, math.ceil(retry_at - self._clock()))

    def too_many(self, seconds: int) -> str:
        """The sentence that tells a visitor how long to wait."""
        return self._pages.words.counted(
            "Too many sign-ups from your network. Try again in {number} minute.",
            "Too many sign-ups from your network. Try again in {number} minutes.",
            math.ceil(seconds / 60),
        )

    def _has_worked(self, form: tuple[int, int], fields: Fields, typed: str) -> bool:
        challenge = first(fields, "challenge") or ""
        match self._tokens().read(WebPurpose.WORK, challenge):
            case (page, at, bits) if (page, at) == form:
                return is_work(challenge, typed, first(fields, "proof") or "", bits)
        return False


def choices_of(family: Sequence[MailingList], chosen: MailingList) -> list[Choice]:
    """The languages that the form of a family offers."""
    names = own_names([one.language for one in family])
    return [(one.language, name, one.id == chosen.id) for one, name in zip(family, names, strict=True)]
