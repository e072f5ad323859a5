"""The keys of config.toml for the web server."""

from __future__ import annotations

from pressrun.config import kinds
from pressrun.config.schema import Key, Shape, Table

HTTP = Table(
    name="http",
    shape=Shape.ONE,
    help="The web server. Put an HTTPS proxy in front of it.",
    keys=(
        Key(
            name="listen",
            kind=kinds.endpoint(),
            required=True,
            example='"127.0.0.1:8080"',
            restart=True,
            help='Address: "host:port", "unix:/run/pressrun/http.sock", or "systemd" for the socket named http.',
        ),
        Key(
            name="title",
            kind=kinds.text("a line of text"),
            example='"Town of Villanueva"',
            restart=True,
            help="Heading of the front page. Default: the word Newsletters in the visitor's language.",
        ),
        Key(
            name="description",
            kind=kinds.text("a few sentences"),
            example='"News from the town hall, the library and the market."',
            restart=True,
            help="What stands below that heading.",
        ),
        Key(
            name="trusted_proxies",
            kind=kinds.peers(),
            default='["127.0.0.1", "::1"]',
            restart=True,
            help='Proxies whose X-Forwarded-For is trusted: addresses, networks, "unix" for our Unix socket.',
        ),
        Key(
            name="max_body",
            field="max_body_bytes",
            kind=kinds.size(),
            default='"1 MiB"',
            restart=True,
            help="Largest request. Larger ones get 413, and so does a form over 64 KiB.",
        ),
        Key(
            name="body_memory",
            field="body_memory_bytes",
            kind=kinds.size(),
            default='"16 MiB"',
            restart=True,
            help="Memory for requests not yet answered, in total, beyond the first 16 KiB of each: about 300 of the "
            "largest forms. When it is used up, large requests get 503; small ones are always accepted.",
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
            help="How long a client may take to accept an answer before it is cut off.",
        ),
        Key(
            name="keep_alive",
            field="keep_alive_seconds",
            kind=kinds.duration(),
            default='"5s"',
            restart=True,
            help="How long an idle connection is kept open.",
        ),
        Key(
            name="connections",
            kind=kinds.whole(1),
            default="1000",
            restart=True,
            help="Simultaneous connections and requests. Beyond that, 503.",
        ),
    ),
)
