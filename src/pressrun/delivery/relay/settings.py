"""The settings of a relay: `[[relay]]`. Durations in seconds."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Literal

from pressrun.core import setting_kinds as kinds
from pressrun.core.quantities import Rate
from pressrun.core.setting import setting

Security = Literal["none", "starttls", "tls"]


def _timeout(key: str, default: str, help_text: str, *, reason: str = "") -> float:
    return setting(kinds.duration(), key=f"{key}_timeout", default=default, help=help_text, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTimeouts:
    """How long each phase may take; the defaults are those of RFC 5321 §4.5.3.2, except for connecting."""

    connect_seconds: float = _timeout("connect", "30s", "For connecting.")
    greeting_seconds: float = _timeout("greeting", "5m", "For the greeting.", reason="RFC 5321 §4.5.3.2.1.")
    ehlo_seconds: float = _timeout("ehlo", "5m", "For the reply to EHLO.")
    tls_seconds: float = _timeout("tls", "60s", "For the TLS handshake.")
    auth_seconds: float = _timeout("auth", "5m", "For logging in.")
    mail_seconds: float = _timeout("mail", "5m", "For the reply to MAIL.", reason="RFC 5321 §4.5.3.2.2.")
    rcpt_seconds: float = _timeout("rcpt", "5m", "For the reply to RCPT.", reason="RFC 5321 §4.5.3.2.3.")
    data_seconds: float = _timeout("data", "2m", "For the reply to DATA.", reason="RFC 5321 §4.5.3.2.4.")
    block_seconds: float = _timeout("block", "3m", "For each block of content.", reason="RFC 5321 §4.5.3.2.5.")
    final_dot_seconds: float = _timeout(
        "final",
        "10m",
        "For the final reply.",
        reason="With less time, copies may be sent twice (RFC 5321 §4.5.3.2.6).",
    )
    quit_seconds: float = _timeout("quit", "5s", "For the reply to QUIT.")
    idle_seconds: float = _timeout("idle", "30s", "How long an unused connection is kept open.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """One `[[relay]]`. `password` is what `password_file` or a systemd credential holds; it is never logged."""

    name: str = setting(
        kinds.matching(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", 'a short name without blanks, as in "primary"'),
        example="primary",
        absent=MISSING,
        help='Name in logs and metrics. Default: "relay-1", "relay-2" and so on.',
    )
    host: str = setting(kinds.host(), required=True, example="127.0.0.1", help="Host name or IP address.")
    port: int = setting(kinds.whole(1, 65535), required=True, example=25, help="TCP port.")
    security: Security = setting(
        kinds.one_of("none", "starttls", "tls"),
        default="none",
        help='"starttls" or "tls": the certificate is verified, and no mail goes out without TLS.',
    )
    username: str | None = setting(
        kinds.text("a user name"), example="pressrun", help="User name for logging in. Needs password_file."
    )
    password: str | None = setting(
        kinds.file("a file that holds the password and nothing else"),
        key="password_file",
        example="smtp_password",
        secret=True,
        help="File with the password, or a systemd credential of that name.",
    )
    ca_file: Path | None = setting(
        kinds.file("a file with CA certificates in PEM"),
        example="/etc/pressrun/ca.crt",
        help="A private CA, in addition to the system's.",
    )
    connections: int = setting(kinds.whole(1, 10_000), default=10, help="Simultaneous connections.")
    messages_per_connection: int = setting(
        kinds.whole(1), default=100, help="Messages sent before a connection is replaced by a new one."
    )
    rates: tuple[Rate, ...] = setting(
        kinds.rates(),
        key="rate",
        example=["100/s", "20000/h"],
        absent=(),
        help="Copies per window of that length, or a list of rates. The shortest is spread evenly.",
    )
    weight: int = setting(
        kinds.whole(1, 1000),
        default=1,
        help="Its share of the copies. When it fails or is at its rate, the others take over.",
    )
    pipelining: bool = setting(
        kinds.switch(),
        default=True,
        help="false sends one command at a time, for a relay whose PIPELINING is broken (RFC 2920).",
    )
    timeouts: RelayTimeouts = RelayTimeouts()

    def __repr__(self) -> str:
        return f"RelaySettings({self.name!r}, {self.host!r}, {self.port})"
