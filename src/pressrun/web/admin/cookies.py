"""The cookies of people who log in: of a session, of a browser that asked for a code, and of a log-in at an issuer.

On https their names begin with `__Host-`, so that neither another host of the domain nor plain HTTP can set them. The
first two have SameSite Lax, because people come from links in mails; a GET changes nothing, and the guard turns other
sites away.

The cookie of a log-in at an issuer binds the log-in to the browser, and contains all that must be known. State, nonce
and verifier are derived from it by a key of this process, so that a stranger who begins a million log-ins costs no
memory, and a stolen database holds nothing of them. A restart ends what is under way.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pressrun.services.ports import Clock, Entropy
from pressrun.web.admin.issuer import Ceremony

CEREMONY_SECONDS = 600
_LONGEST = 2048
_TAG_BYTES = 32


class _Content(msgspec.Struct, frozen=True, array_like=True):
    number: str
    ends_at: int
    is_again: bool
    may_link: bool
    way_on: str


class Underway(Struct, frozen=True):
    """A log-in under way in this browser, and the page to go on to.

    `may_link`: it was begun on a page of ours, so somebody who is logged in may link their account by it.
    """

    ceremony: Ceremony
    may_link: bool
    way_on: str


class Begun(Struct, frozen=True):
    """A new one, and the value of its cookie."""

    underway: Underway
    value: str


class OidcCookies:
    """Makes and reads them."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._key = entropy(32)

    def begin(self, way_on: str, *, is_again: bool, may_link: bool) -> Begun:
        """A log-in that must be over in ten minutes."""
        ends_at = int(self._clock()) + CEREMONY_SECONDS
        content = _Content(self._entropy(16).hex(), ends_at, is_again, may_link, way_on)
        payload = msgspec.json.encode(content)
        return Begun(self._underway(payload, content), _encoded(payload + self._derived(b"tag", payload)))

    def read(self, value: str, state: str) -> Underway | None:
        """The log-in of a cookie, if it is not over and the issuer has brought its state back."""
        octets = _decoded(value)
        payload, tag = octets[:-_TAG_BYTES], octets[-_TAG_BYTES:]
        if not payload or not hmac.compare_digest(tag, self._derived(b"tag", payload)):
            return None
        content = msgspec.json.decode(payload, type=_Content)
        underway = self._underway(payload, content)
        is_same = hmac.compare_digest(underway.ceremony.state.encode(), state.encode("utf-8", "replace"))
        return underway if is_same and content.ends_at > self._clock() else None

    def _underway(self, payload: bytes, content: _Content) -> Underway:
        state, nonce, verifier = (_encoded(self._derived(name, payload)) for name in (b"state", b"nonce", b"verifier"))
        ceremony = Ceremony(state=state, nonce=nonce, verifier=verifier, is_again=content.is_again)
        return Underway(ceremony, content.may_link, content.way_on)

    def _derived(self, name: bytes, payload: bytes) -> bytes:
        return hmac.digest(self._key, name + b"\0" + payload, "sha256")


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _decoded(value: str) -> bytes:
    if len(value) > _LONGEST or not value.isascii():
        return b""
    try:
        return urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return b""


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
