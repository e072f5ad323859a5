"""The cookies of people who log in: of a session, of a browser that asked for a code, and of a log-in at an issuer.

On https their names begin with `__Host-`, so that neither another host of the domain nor plain HTTP can set them. The
first two have SameSite Lax, because people come from links in mails; a GET changes nothing, and the guard turns other
sites away.

The cookie of a log-in at an issuer binds the log-in to the browser, and contains all that must be known. State, nonce
and verifier are derived from it by a key of this process, so that a stranger who begins a million log-ins costs no
memory, and a stolen database holds nothing of them. A restart ends what is under way.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from itsdangerous import BadData, URLSafeSerializer
from msgspec import Struct, convert, to_builtins
from starlette.requests import Request
from starlette.responses import Response

from pressrun.services.ports import Clock, Entropy
from pressrun.web.admin.issuer import Ceremony

CEREMONY_SECONDS = 600


class _Content(Struct, frozen=True, array_like=True):
    number: str
    ends_at: int
    is_again: bool
    may_link: bool
    way_on: str


class Underway(Struct, frozen=True):
    """A log-in under way in this browser, by the value of its cookie, and the page to go on to.

    `may_link`: it was begun on a page of ours, so somebody who is logged in may link their account by it.
    """

    value: str
    ceremony: Ceremony
    may_link: bool
    way_on: str


class OidcCookies:
    """Makes and reads them."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._key = entropy(32)
        algorithm = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._signed = URLSafeSerializer(self._key, salt="pressrun.oidc", signer_kwargs=algorithm)

    def begin(self, way_on: str, *, is_again: bool, may_link: bool) -> Underway:
        """A log-in that must be over in ten minutes."""
        ends_at = int(self._clock()) + CEREMONY_SECONDS
        content = _Content(self._entropy(16).hex(), ends_at, is_again, may_link, way_on)
        return self._underway(str(self._signed.dumps(to_builtins(content))), content)

    def read(self, value: str, state: str) -> Underway | None:
        """The log-in of a cookie, if it is not over and the issuer has brought its state back."""
        try:
            content = convert(self._signed.loads(value), _Content)
        except BadData:
            return None
        underway = self._underway(value, content)
        is_same = hmac.compare_digest(underway.ceremony.state.encode(), state.encode("utf-8", "replace"))
        return underway if is_same and content.ends_at > self._clock() else None

    def _underway(self, value: str, content: _Content) -> Underway:
        state, nonce, verifier = (self._derived(name, value) for name in ("state", "nonce", "verifier"))
        ceremony = Ceremony(state=state, nonce=nonce, verifier=verifier, is_again=content.is_again)
        return Underway(value, ceremony, content.may_link, content.way_on)

    def _derived(self, name: str, value: str) -> str:
        return hmac.digest(self._key, f"{name}\0{value}".encode(), "sha256").hex()


class Cookie:
    """One cookie of ours; `lifetime` says for how many seconds a browser keeps a new one."""

    def __init__(self, name: str, lifetime: Callable[[], float], *, is_secure: bool) -> None:
        self._name = f"__Host-{name}" if is_secure else name
        self._lifetime = lifetime
        self._is_secure = is_secure

    def read(self, request: Request) -> str | None:
        """What the browser shows; None for none."""
        return request.cookies.get(self._name) or None

    def put(self, response: Response, secret: str) -> None:
        """Give it to the browser."""
        seconds = int(self._lifetime())
        response.set_cookie(
            self._name, secret, max_age=seconds, path="/", secure=self._is_secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self._name, path="/", secure=self._is_secure, httponly=True, samesite="lax")
