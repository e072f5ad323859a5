"""One request by HTTP to one address, as a mail program sends it: no redirect is followed, and an answer is bounded."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h11

_LARGEST_BODY = 64 * 1024
_READ_OCTETS = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """The answer; or, in a few words, why there was none. `headers` have names in lower case."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    certificate_ends_at: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request below a base URL, sent to `address` whatever the DNS says."""

    url: str
    address: str
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


async def fetch(request: HttpRequest, tls: ssl.SSLContext, seconds: float) -> HttpAnswer:
    """Send a request, with the certificate verified; never raises for what the server does."""
    try:
        async with asyncio.timeout(seconds):
            return await _fetch(request, tls)
    except TimeoutError:
        return HttpAnswer(problem=f"no answer within {seconds:g} s")
    except ssl.SSLCertVerificationError as problem:
        return HttpAnswer(problem=f"the certificate is not valid: {problem.verify_message}")
    except ssl.SSLError as problem:
        return HttpAnswer(problem=f"TLS failed: {(problem.reason or 'an error').replace('_', ' ').lower()}")
    except OSError as problem:
        return HttpAnswer(problem=words_of(problem))
    except (h11.RemoteProtocolError, EOFError):
        return HttpAnswer(problem="the answer is not HTTP, or was cut off")


def words_of(problem: OSError) -> str:
    """A system error in a few words, without what asyncio puts around it."""
    return os.strerror(problem.errno).lower() if problem.errno else "the connection failed"


async def _fetch(request: HttpRequest, tls: ssl.SSLContext) -> HttpAnswer:
    parts = urlsplit(request.url)
    is_tls = parts.scheme == "https"
    reader, writer = await asyncio.open_connection(
        request.address,
        parts.port or (443 if is_tls else 80),
        ssl=tls if is_tls else None,
        server_hostname=parts.hostname if is_tls else None,
    )
    try:
        certificate = writer.get_extra_info("peercert")
        ends_at = int(ssl.cert_time_to_seconds(certificate["notAfter"])) if certificate else None
        http = h11.Connection(h11.CLIENT)
        target = parts.path or "/"
        headers = [("Host", parts.netloc), ("User-Agent", "pressrun-doctor"), ("Connection", "close"), *request.headers]
        if request.body:
            headers.append(("Content-Length", str(len(request.body))))
        writer.write(http.send(h11.Request(method=request.method, target=target, headers=headers)) or b"")
        if request.body:
            writer.write(http.send(h11.Data(data=request.body)) or b"")
        writer.write(http.send(h11.EndOfMessage()) or b"")
        return await _read(http, reader, ends_at)
    finally:
        writer.close()


async def _read(http: h11.Connection, reader: asyncio.StreamReader, ends_at: int | None) -> HttpAnswer:
    status, headers, body = 0, {}, bytearray()
    while len(body) < _LARGEST_BODY:
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
    return HttpAnswer(status=status, headers=headers, body=bytes(body), certificate_ends_at=ends_at)
