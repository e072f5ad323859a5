"""What an operator can tell the inbound mail server: `[smtp]`, and its four keys of `[limits]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pressrun.core.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """At least one of `listen` (SMTP) and `lmtp` is set; `certificate_file` and `key_file` only together.

    `trusted_relays` are addresses or networks, or `"unix"`, whose Authentication-Results of `authserv_id` are believed.
    """

    listen: Endpoint | None = None
    lmtp: Endpoint | None = None
    max_message_bytes: int = 10 * 1024 * 1024
    certificate_file: Path | None = None
    key_file: Path | None = None
    authserv_id: str | None = None
    trusted_relays: tuple[str, ...] = ()
    connections: int = 200
    idle_seconds: float = 300.0
    recipients: int = 1000
    memory_bytes: int = 64 * 1024 * 1024
