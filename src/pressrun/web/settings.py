"""What an operator can tell the web server: `[http]`."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core.endpoint import Endpoint, TcpEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`trusted_proxies` are addresses or networks whose X-Forwarded-For is believed; `"unix"` stands for our socket.

    `title` and `description` are those of the front page.
    """

    listen: Endpoint = TcpEndpoint("127.0.0.1", 8080)
    title: str | None = None
    description: str | None = None
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    max_body_bytes: int = 1024 * 1024
    body_memory_bytes: int = 16 * 1024 * 1024
    request_seconds: float = 30.0
    answer_seconds: float = 120.0
    keep_alive_seconds: float = 5.0
    connections: int = 1000
