"""What the handlers of pages share: the database that they read, and what a request says about its visitor."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from starlette.requests import Request

from pressrun.core.quantities import wait_seconds
from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.services.ports import Clock
from pressrun.services.readers.requests import Origin
from pressrun.store.database import Database
from pressrun.web import language
from pressrun.web.http.clients import ArrivedRequest, ArrivedRequests, Proxies, network_of
from pressrun.web.pages import Pages

ReadTokens = Callable[[], WebTokens]  # a call, because the keys may be rotated while the process runs


class WebContext(Struct, frozen=True, kw_only=True):
    """What every handler needs besides its services."""

    pages: Pages
    database: Database
    tokens: ReadTokens
    proxies: Proxies
    clock: Clock
    arrived: ArrivedRequests

    def read_token(self, purpose: WebPurpose, request: Request) -> tuple[int, ...] | None:
        """The numbers in the token of the path; None unless it is genuine and for this purpose."""
        return self.tokens().read(purpose, request.path_params["token"])

    def client(self, request: Request) -> str | None:
        """The client's address; None if it came through our Unix socket and no trusted proxy named one."""
        return self.proxies.client(_peer(request), _forwarded(request))

    def came_by_proxy(self, request: Request) -> bool:
        """Whether it came from a peer whose headers are believed."""
        return self.proxies.trusts(_peer(request))

    def record_arrival(self, number: int, request: Request) -> None:
        """Remember how a request by a numbered test link arrived."""
        peer = _peer(request)
        arrived = ArrivedRequest(
            peer=peer,
            port=request.scope["client"][1] if peer else None,
            forwarded=tuple(_forwarded(request)),
            is_trusted=self.proxies.trusts(peer),
        )
        self.arrived.record(number, arrived)

    def network(self, request: Request) -> str:
        """What limits count the client by."""
        return network_of(self.client(request))

    def seconds_until(self, retry_at: float) -> int:
        """The seconds that a throttled visitor must wait, for Retry-After."""
        return wait_seconds(retry_at, self.clock())

    def origin(self, request: Request, shown: str = "") -> Origin:
        """The evidence of a request by the page that said `shown`, in the language of that page."""
        return Origin(source="web", ip=self.client(request), language=self.pages.words.language, words=shown)

    def origin_as_named(self, request: Request, shown: str = "") -> Origin:
        """The same, but only in a language that the request names.

        For mail to somebody who may have chosen a language, which goes before what their browser prefers, and for
        requests by a program of their mailbox provider.
        """
        return Origin(source="web", ip=self.client(request), language=language.named(), words=shown)


def _peer(request: Request) -> str | None:
    return (request.scope["client"][0] if request.scope["client"] else None) or None


def _forwarded(request: Request) -> list[str]:
    return [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"x-forwarded-for"]
