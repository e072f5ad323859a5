"""The settings of the web server: `[http]`, `[admin]`, `[api]` and `[oidc]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pressrun.core import setting_kinds as kinds
from pressrun.core.network.endpoint import Endpoint, is_loopback
from pressrun.core.quantities import Rate
from pressrun.core.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`trusted_proxies` are addresses or networks, and `"unix"` for our socket."""

    NEEDS_RESTART: ClassVar = True

    listen: Endpoint = setting(
        kinds.endpoint(),
        required=True,
        default="127.0.0.1:8080",
        help='Address: "host:port", "unix:/run/pressrun/http.sock", or "systemd" for the socket named http.',
    )
    title: str | None = setting(
        kinds.text("a line of text"),
        example="Town of Villanueva",
        help="Heading of the front page. Default: the word Newsletters in the visitor's language.",
    )
    description: str | None = setting(
        kinds.text("a few sentences"),
        example="News from the town hall, the library and the market.",
        help="The text below that heading.",
    )
    trusted_proxies: tuple[str, ...] = setting(
        kinds.peers(),
        default=["127.0.0.1", "::1"],
        help='Proxies whose X-Forwarded-For is trusted: addresses, networks, "unix" for our Unix socket.',
    )
    max_body_bytes: int = setting(
        kinds.size(),
        key="max_body",
        default="1 MiB",
        help="Largest request. Larger ones get 413.",
    )
    body_memory_bytes: int = setting(
        kinds.size(),
        key="body_memory",
        default="16 MiB",
        help="Memory for requests not yet answered, in total, beyond the first 16 KiB of each. When it is used up, "
        "large requests get 503; small ones are always accepted.",
    )
    request_seconds: float = setting(
        kinds.duration(),
        key="timeout",
        default="30s",
        help="How long a whole request may take to arrive.",
    )
    answer_seconds: float = setting(
        kinds.duration(),
        key="answer_timeout",
        default="2m",
        help="How long a client may take to accept an answer before it is cut off.",
    )
    keep_alive_seconds: float = setting(
        kinds.duration(),
        key="keep_alive",
        default="5s",
        help="How long an idle connection is kept open.",
    )
    connections: int = setting(
        kinds.whole(1), default=1000, help="Simultaneous connections and requests. Beyond that, 503."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """`listen` None: the pages of `/admin` and the API are where those of readers are; then `base_url` is None too.

    `auth_header` is the name of a header field by which a trusted proxy says who has logged in there.
    """

    NEEDS_RESTART: ClassVar = True

    listen: Endpoint | None = setting(
        kinds.endpoint(),
        example="127.0.0.1:8081",
        help='A separate address for /admin and /api, which are then 404 at that of [http]: "host:port", '
        '"unix:/run/pressrun/admin.sock", or "systemd" for the socket named admin. It is given together with base_url. '
        "Default: that of [http].",
    )
    base_url: str | None = setting(
        kinds.base_url(),
        example="https://desk.example.org",
        help="Where browsers and programs reach that address. Default: the base_url at the top.",
    )
    auth_header: str | None = setting(
        kinds.matching("[A-Za-z][A-Za-z0-9-]{0,63}", 'the name of a header field, as in "Remote-User"'),
        example="Remote-User",
        help="Header field with the name or email address of a person whom your proxy has logged in. It is believed on "
        "an address of [admin]'s own, from http.trusted_proxies alone. The proxy must remove what clients send by "
        "that name.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What programs with a token may ask for."""

    rate: Rate = setting(
        kinds.rate(), default="600/min", help="Requests with one token. Beyond that, 429 with Retry-After."
    )
    max_upload_bytes: int = setting(
        kinds.size(),
        key="max_upload",
        default="64 MiB",
        restart=True,
        help="Largest file that a program or a person who is logged in may send. http.max_body limits everybody else.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Log-in by one OpenID Connect issuer. `networks` are those besides the internet where it may be.

    Issuer, id and secret are given together, or there are no such settings.
    """

    NEEDS_RESTART: ClassVar = True

    issuer: str = setting(
        kinds.issuer(),
        example="https://id.example.org/realms/town",
        help="The issuer's identifier, exactly as it writes it. Needs the extra [oidc].",
    )
    client_id: str = setting(
        kinds.text("the name that the issuer has given this installation"),
        example="pressrun",
        help="Name of this installation at the issuer. There, the redirect URI is /admin/oidc/callback below base_url.",
    )
    client_secret: str = setting(
        kinds.file("a file that holds the secret and nothing else"),
        key="client_secret_file",
        example="oidc_secret",
        secret=True,
        help="File with the secret that belongs to that name, or a systemd credential of that name.",
    )
    label: str | None = setting(
        kinds.text("a few words"),
        example="Town account",
        help="What the button says. Default: the host of the issuer.",
    )
    networks: tuple[str, ...] = setting(
        kinds.networks(),
        default=[],
        example=["10.0.0.0/8"],
        help="Private networks in which the issuer may be. Otherwise only public addresses are connected to, and those "
        "of this machine where the issuer's host is one of them.",
    )
    ca_file: Path | None = setting(
        kinds.file("a file with CA certificates in PEM"),
        example="id-ca.pem",
        help="Private CA of the issuer, in addition to the system's CAs.",
    )
    timeout_seconds: float = setting(
        kinds.duration(),
        key="timeout",
        default="10s",
        help="How long to wait for an answer of the issuer.",
    )

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the issuer's host is this machine by its name: then plain HTTP will do."""
        return is_loopback(urlsplit(self.issuer).hostname or "")
