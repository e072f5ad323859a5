"""Whether a mail to abuse@ or postmaster@ encloses a signed address or link of ours, as a complaint does.

It is searched in the raw octets, bounded and in linear time, so it can be done in the event loop while the client
waits. It decides where the mail waits, never what happens: that needs a whole feedback report (services.bounces).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pressrun.core.addresses.mail_routes import Route, RouteKind, read_local_part
from pressrun.core.signing.tokens import AddressTokens, WebPurpose, WebTokens
from pressrun.core.site import Site

SCANNED_BYTES = 256 * 1024  # providers enclose the whole copy, but its header is near the beginning
_MOST = 20  # candidates of each kind
_NAME = rb"[a-z0-9][a-z0-9-]{0,23}"
_FEEDBACK_ID = re.compile(rb"(?im)^cfbl-feedback-id:[ \t]{0,10}([a-z2-7]{1,27})(?![a-z0-9])")


class EnclosedTokens:
    """Recognizes the tokens of one site."""

    def __init__(self, site: Site, addresses: AddressTokens, web: WebTokens) -> None:
        self._addresses = addresses
        self._web = web
        domain = re.escape(site.mail_domain.encode())
        local = rb"(%b-(?:unsubscribe|bounces)\+[a-z2-7]{1,27})" % _NAME
        self._address = re.compile(rb"(?i)(?<![a-z0-9-])%b@%b" % (local, domain))
        self._list_id = re.compile(rb"(?i)<(%b)\.%b>" % (_NAME, domain))
        self._link = re.compile(re.escape(site.base_url.encode()) + rb"/unsubscribe/([A-Za-z0-9._-]{20,200})")

    def find_return_path(self, content: bytes) -> Route | None:
        """The genuine return path of a copy that the mail names, by its whole address or by the feedback id."""
        routes = (route for _, route in self._genuine(content[:SCANNED_BYTES]))
        return next((route for route in routes if route.kind is RouteKind.BOUNCES), None)

    def find(self, content: bytes) -> str | None:
        """The text of a genuine token in the mail, if there is one."""
        scanned = content[:SCANNED_BYTES]
        for text, _ in self._genuine(scanned):
            return text
        links = _some(self._link, scanned)
        return next((token for token in links if self._web.read(WebPurpose.UNSUBSCRIBE, token) is not None), None)

    def _genuine(self, scanned: bytes) -> Iterator[tuple[str, Route]]:
        """Each genuine token as it is written, in lower case, with the address that it belongs to."""
        for text, route in self._candidates(scanned):
            if route is not None and self._addresses.read_route(route) is not None:
                yield text.lower(), route

    def _candidates(self, scanned: bytes) -> Iterator[tuple[str, Route | None]]:
        for local in _some(self._address, scanned):
            yield local, read_local_part(local)
        names = None
        for token in _some(_FEEDBACK_ID, scanned):
            names = list(_some(self._list_id, scanned)) if names is None else names
            for name in names:
                yield token, Route(RouteKind.BOUNCES, name.lower(), token.lower())


def _some(pattern: re.Pattern[bytes], content: bytes) -> Iterator[str]:
    """The first few different matches."""
    seen: set[str] = set()
    for match in pattern.finditer(content):
        text = match[1].decode("ascii")
        if text not in seen:
            seen.add(text)
            yield text
        if len(seen) >= _MOST:
            return
