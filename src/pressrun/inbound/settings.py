"""The settings of the inbound mail server: `[smtp]`, and its four keys of `[limits]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pressrun.core import setting_kinds as kinds
from pressrun.core.network.endpoint import Endpoint
from pressrun.core.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """At least one of `listen` (SMTP) and `lmtp` is set; `certificate_file` and `key_file` only together."""

    listen: Endpoint | None = setting(
        kinds.endpoint(),
        example="127.0.0.1:8025",
        restart=True,
        help='SMTP: "host:port", "unix:…" or "systemd". Default: "127.0.0.1:8025", or none where lmtp is given.',
    )
    lmtp: Endpoint | None = setting(
        kinds.endpoint(),
        example="unix:/run/pressrun/lmtp.sock",
        restart=True,
        help='LMTP, which Postfix prefers for delivery: "unix:…", "host:port" or "systemd".',
    )
    max_message_bytes: int = setting(
        kinds.size(),
        key="max_message_size",
        default="10 MiB",
        help="Largest message; larger ones get 552. Announced as SIZE.",
    )
    certificate_file: Path | None = setting(
        kinds.file("a file with a certificate chain in PEM"),
        example="/etc/pressrun/smtp.crt",
        help="Together with key_file, offers STARTTLS.",
    )
    key_file: Path | None = setting(
        kinds.file("a file with a private key in PEM"),
        example="/etc/pressrun/smtp.key",
        help="The private key of the certificate: a file, or a systemd credential of that name.",
    )
    authserv_id: str | None = setting(
        kinds.matching(r"[A-Za-z0-9._:-]+", 'a name without blanks, as in "mx.example.org"'),
        example="mx.example.org",
        help="Trust the topmost Authentication-Results with this id, from trusted_relays only.",
    )
    trusted_relays: tuple[str, ...] = setting(
        kinds.peers(),
        default=[],
        help='Mail servers in front of us whose Authentication-Results are trusted; "unix" for our socket.',
    )
    connections: int = setting(
        kinds.whole(1),
        table="limits",
        key="smtp_connections",
        default=200,
        help="Simultaneous inbound connections. Beyond that, 421.",
    )
    idle_seconds: float = setting(
        kinds.duration(),
        table="limits",
        key="smtp_idle",
        default="5m",
        help="An inbound connection that is silent for this long is closed.",
        reason="RFC 5321 §4.5.3.2.7.",
    )
    recipients: int = setting(
        kinds.whole(1),
        table="limits",
        key="smtp_recipients",
        default=1000,
        help="Recipients per transaction; further ones get 452.",
        reason="RFC 5321 §4.5.3.1.8 asks for at least 100.",
    )
    errors: int = setting(
        kinds.whole(0),
        table="limits",
        key="smtp_errors",
        default=20,
        help="Wrong commands in one inbound connection. After one more, 421. Refused addresses do not count.",
        reason="Postfix has the same limit.",
    )
    memory_bytes: int = setting(
        kinds.size(),
        table="limits",
        key="smtp_memory",
        default="64 MiB",
        help="Memory for large mails being received, in total. Beyond that, 452. The first 128 KiB of each are free.",
    )
