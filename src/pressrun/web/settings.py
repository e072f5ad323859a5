"""The settings of the web server: `[http]`."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core import setting_kinds as kinds
from pressrun.core.endpoint import Endpoint
from pressrun.core.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`trusted_proxies` are addresses or networks, and `"unix"` for our socket; a reload changes none of these."""

    listen: Endpoint = setting(
        kinds.endpoint(),
        required=True,
        default="127.0.0.1:8080",
        restart=True,
        help='Address: "host:port", "unix:/run/pressrun/http.sock", or "systemd" for the socket named http.',
    )
    title: str | None = setting(
        kinds.text("a line of text"),
        example="Town of Villanueva",
        restart=True,
        help="Heading of the front page. Default: the word Newsletters in the visitor's language.",
    )
    description: str | None = setting(
        kinds.text("a few sentences"),
        example="News from the town hall, the library and the market.",
        restart=True,
        help="The text below that heading.",
    )
    trusted_proxies: tuple[str, ...] = setting(
        kinds.peers(),
        default=["127.0.0.1", "::1"],
        restart=True,
        help='Proxies whose X-Forwarded-For is trusted: addresses, networks, "unix" for our Unix socket.',
    )
    max_body_bytes: int = setting(
        kinds.size(),
        key="max_body",
        default="1 MiB",
        restart=True,
        help="Largest request. Larger ones get 413, and so does a form over 64 KiB.",
    )
    body_memory_bytes: int = setting(
        kinds.size(),
        key="body_memory",
        default="16 MiB",
        restart=True,
        help="Memory for requests not yet answered, in total, beyond the first 16 KiB of each: about 300 of the "
        "largest forms. When it is used up, large requests get 503; small ones are always accepted.",
    )
    request_seconds: float = setting(
        kinds.duration(),
        key="timeout",
        default="30s",
        restart=True,
        help="How long a whole request may take to arrive.",
    )
    answer_seconds: float = setting(
        kinds.duration(),
        key="answer_timeout",
        default="2m",
        restart=True,
        help="How long a client may take to accept an answer before it is cut off.",
    )
    keep_alive_seconds: float = setting(
        kinds.duration(),
        key="keep_alive",
        default="5s",
        restart=True,
        help="How long an idle connection is kept open.",
    )
    connections: int = setting(
        kinds.whole(1), default=1000, restart=True, help="Simultaneous connections and requests. Beyond that, 503."
    )
