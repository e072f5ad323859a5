"""The one way by which the program asks others for something by HTTP, at addresses that an answer or a name leads to.

A name is resolved once, every address that it has must be allowed (core.network.outgoing_addresses), and the
connection goes to the address that was judged: a name that means something else a moment later changes nothing. No
redirect is followed, no proxy is taken from the environment, and the time and the size of an answer are bounded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from pressrun.core.network.endpoint import is_loopback
from pressrun.core.network.outgoing_addresses import LOOPBACK, Network, may_connect
from pressrun.runtime.authorities import Authorities, CaFileReport
from pressrun.runtime.http_client import HttpAnswer, HttpRequest, fetch

Resolve = Callable[[str, int], Awaitable[list[str]]]


class OutgoingHttp:
    """Sends requests to public addresses, and to those in `networks`.

    Plain HTTP and the addresses of this machine are for URLs whose host says so, such as `http://localhost:8080`, and
    only where `may_stay_here`.
    """

    def __init__(
        self,
        *,
        networks: Sequence[str] = (),
        ca_file: Path | None = None,
        report_ca_file: CaFileReport = lambda _, __: None,
        seconds: float,
        may_stay_here: bool = False,
        resolve: Resolve | None = None,
    ) -> None:
        self._networks: list[Network] = [ipaddress.ip_network(network) for network in networks]
        self._authorities = Authorities(ca_file, report_ca_file)
        self._seconds = seconds
        self._may_stay_here = may_stay_here
        self._resolve = resolve or _resolve

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """The answer, or the problem with it; never raises for what the other side does. `address` is ignored."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._send(request)
        except TimeoutError:
            return HttpAnswer(problem=f"no answer within {self._seconds:g} s")

    async def _send(self, request: HttpRequest) -> HttpAnswer:
        host, port, problem = self._target(request.url)
        if problem:
            return HttpAnswer(problem=problem)
        try:
            addresses = await self._resolve(host, port)
        except OSError:
            return HttpAnswer(problem=f"the name {host} has no address")
        networks = [*self._networks, *(LOOPBACK if self._may_stay_here and is_loopback(host) else ())]
        refused = [address for address in addresses if not may_connect(address, networks)]
        if refused or not addresses:
            return HttpAnswer(problem=f"{host} leads to {', '.join(refused) or 'no address'}, which is not allowed")
        answer, tls = HttpAnswer(problem="no address"), self._authorities.context()
        for address in addresses:
            answer = await fetch(replace(request, address=address), tls, self._seconds)
            if answer.status or answer.was_connected:
                break
        return answer

    def _target(self, url: str) -> tuple[str, int, str]:
        """Host and port, and what is wrong with the URL."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return "", 0, "the URL is malformed"
        if not url.isascii() or any(character <= " " or character == "\x7f" for character in url) or "\\" in url:
            return "", 0, "the URL contains what must be escaped"
        if not host or parts.username is not None or parts.password is not None:
            return "", 0, "the URL has no host, or a user name"
        if parts.scheme != "https" and not (parts.scheme == "http" and self._may_stay_here and is_loopback(host)):
            return "", 0, "the URL does not begin with https:"
        return host, port, ""


async def _resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, each once, in the order in which the system would try them."""
    loop = asyncio.get_running_loop()
    entries = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in entries))
