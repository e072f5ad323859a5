"""One HTTP request to one address: no redirect is followed, and the size of the answer is limited."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import h11
from msgspec import Struct, field
from msgspec.structs import replace

from pressrun.runtime.certificates import CertificatePeriod, read_period

_LARGEST_BODY = 64 * 1024
_READ_OCTETS = 16 * 1024


class HttpAnswer(Struct, frozen=True, kw_only=True):
    """The answer; or, in a few words, why there was none. `headers` have names in lower case.

    `is_cut`: the body was longer than 64 KiB, and its rest was not read. `was_connected`: the other side was reached,
    so that asking another address of it would ask twice. `local` is the address and port that the request came from.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_cut: bool = False
    certificate: CertificatePeriod | None = None
    was_connected: bool = False
    local: tuple[str, int] = ("", 0)
    problem: str = ""


class HttpRequest(Struct, frozen=True, kw_only=True):
    """A request for a URL, sent to `address` whatever the DNS says."""

    url: str
    address: str = ""
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    user_agent: str = "pressrun"


async def fetch(request: HttpRequest, tls: ssl.SSLContext, seconds: float) -> HttpAnswer:
    """Send a request, with the certificate verified; never raises for what the server does."""
    connected: list[bool] = []
    try:
        async with asyncio.timeout(seconds):
            return await _fetch(request, tls, connected)
    except TimeoutError:
        problem = f"no answer within {seconds:g} s"
    except ssl.SSLCertVerificationError as error:
        problem = f"the certificate is not valid: {error.verify_message}"
    except ssl.SSLError as error:
        problem = f"TLS failed: {(error.reason or 'an error').replace('_', ' ').lower()}"
    except OSError as error:
        problem = words_of(error)
    except (h11.RemoteProtocolError, EOFError):
        problem = "the answer is not HTTP, or was cut off"
    return HttpAnswer(problem=problem, was_connected=bool(connected))


def words_of(problem: OSError) -> str:
    """A system error in a few words, without what asyncio puts around it."""
    return os.strerror(problem.errno).lower() if problem.errno else "the connection failed"


async def _fetch(request: HttpRequest, tls: ssl.SSLContext, connected: list[bool]) -> HttpAnswer:
    parts = urlsplit(request.url)
    is_tls = parts.scheme == "https"
    reader, writer = await asyncio.open_connection(
        request.address,
        parts.port or (443 if is_tls else 80),
        ssl=tls if is_tls else None,
        server_hostname=parts.hostname if is_tls else None,
    )
    connected.append(True)
    try:
        local = writer.get_extra_info("sockname")[:2]  # those of IPv6 have more members
        certificate = read_period(writer.get_extra_info("peercert"))
        http = h11.Connection(h11.CLIENT)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fixed = [("Host", parts.netloc), ("User-Agent", request.user_agent), ("Connection", "close")]
        headers = [*fixed, *request.headers]
        if request.body:
            headers.append(("Content-Length", str(len(request.body))))
        writer.write(http.send(h11.Request(method=request.method, target=target, headers=headers)) or b"")
        if request.body:
            writer.write(http.send(h11.Data(data=request.body)) or b"")
        writer.write(http.send(h11.EndOfMessage()) or b"")
        answer = await _read(http, reader, certificate)
        return replace(answer, local=local)
    finally:
        writer.close()


async def _read(
    http: h11.Connection, reader: asyncio.StreamReader, certificate: CertificatePeriod | None
) -> HttpAnswer:
    status, headers, body = 0, {}, bytearray()
    while len(body) <= _LARGEST_BODY:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(_READ_OCTETS))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            break
    is_cut = len(body) > _LARGEST_BODY
    return HttpAnswer(
        status=status,
        headers=headers,
        body=bytes(body[:_LARGEST_BODY]),
        is_cut=is_cut,
        certificate=certificate,
        was_connected=True,
    )
