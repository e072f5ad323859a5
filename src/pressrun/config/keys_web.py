"""The keys of config.toml for the web server."""

from __future__ import annotations

from pressrun.config import kinds
from pressrun.config.schema import Key, Shape, Table

HTTP = Table(
    name="http",
    shape=Shape.ONE,
    help="The web server: put a proxy that speaks HTTPS in front of it.",
    keys=(
        Key(
            name="listen",
            kind=kinds.endpoint(),
            required=True,
            example='"127.0.0.1:8080"',
            restart=True,
            help='Where: "host:port", "unix:/run/pressrun/http.sock", or "systemd" for the socket named http.',
        ),
        Key(
            name="trusted_proxies",
            kind=kinds.peers(),
            default='["127.0.0.1", "::1"]',
            restart=True,
            help='Whose X-Forwarded-For is believed: addresses, networks, "unix" for whoever comes by our Unix socket.',
        ),
        Key(
            name="max_body",
            field="max_body_bytes",
            kind=kinds.size(),
            default='"1 MiB"',
            restart=True,
            help="The largest request. Larger ones get 413, as does a form of more than 64 KiB.",
        ),
        Key(
            name="body_memory",
            field="body_memory_bytes",
            kind=kinds.size(),
            default='"16 MiB"',
            restart=True,
            help="What requests that are not answered yet may hold together, beyond the first 16 KiB of each: some 300 "
            "of the largest forms. Others that large then get 503, and come again; small ones always find room.",
        ),
        Key(
            name="timeout",
            field="request_seconds",
            kind=kinds.duration(),
            default='"30s"',
            restart=True,
            help="How long a whole request may take to arrive.",
        ),
        Key(
            name="answer_timeout",
            field="answer_seconds",
            kind=kinds.duration(),
            default='"2m"',
            restart=True,
            help="How long a client may take to accept an answer; then it is cut off.",
        ),
        Key(
            name="keep_alive",
            field="keep_alive_seconds",
            kind=kinds.duration(),
            default='"5s"',
            restart=True,
            help="How long a connection without a request is kept.",
        ),
        Key(
            name="connections",
            kind=kinds.whole(1),
            default="1000",
            restart=True,
            help="Requests and connections at one time; beyond, 503.",
        ),
    ),
)
