"""What an operator can tell about a relay: `[[relay]]`. Durations in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pressrun.core.quantities import Rate

Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTimeouts:
    """How long each phase may take; the defaults are those of RFC 5321 §4.5.3.2, connecting apart."""

    connect_seconds: float = 30.0
    greeting_seconds: float = 300.0
    ehlo_seconds: float = 300.0
    tls_seconds: float = 60.0
    auth_seconds: float = 300.0
    mail_seconds: float = 300.0
    rcpt_seconds: float = 300.0
    data_seconds: float = 120.0
    block_seconds: float = 180.0
    final_dot_seconds: float = 600.0
    quit_seconds: float = 5.0
    idle_seconds: float = 30.0  # a connection without work is closed after so long


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """One `[[relay]]`; `password` is read from `password_file` or a systemd credential by config.py, never logged."""

    name: str
    host: str
    port: int
    security: Security = "none"
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    connections: int = 10
    messages_per_connection: int = 100
    rates: tuple[Rate, ...] = ()
    weight: int = 1
    pipelining: bool = True  # false: never, whatever the relay offers
    timeouts: RelayTimeouts = RelayTimeouts()

    def __repr__(self) -> str:
        return f"RelaySettings({self.name!r}, {self.host!r}, {self.port})"
