"""What an operator can tell about questions to DNS: `[dns]`."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core.endpoint import TcpEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsSettings:
    """`[dns]`. `server` None means those that the system asks."""

    server: TcpEndpoint | None = None
    timeout_seconds: float = 2.0
    preflight: bool = True
