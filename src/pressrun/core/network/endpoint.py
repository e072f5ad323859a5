"""Where the daemon listens: a TCP address, a Unix socket, or a socket passed by systemd."""

from __future__ import annotations

import ipaddress
import re

from msgspec import Struct

from pressrun.core.errors import BadQuantity

_TCP = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+|\*)?:(\d{1,5})", re.ASCII)


class TcpEndpoint(Struct, frozen=True):
    """A host and port; port 0 asks the system for a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class UnixEndpoint(Struct, frozen=True):
    """A Unix socket in the file system."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


class SystemdEndpoint(Struct, frozen=True):
    """The socket that systemd passes under the name of the listener (`http`, `smtp`, `lmtp`, `admin`)."""

    def __str__(self) -> str:
        return "systemd"


Endpoint = TcpEndpoint | UnixEndpoint | SystemdEndpoint


def parse_endpoint(text: str) -> Endpoint:
    """Read `"127.0.0.1:8080"`, `"[::1]:8080"`, `"unix:/run/…"` or `"systemd"`; raises BadQuantity."""
    if text == "systemd":
        return SystemdEndpoint()
    if text.startswith("unix:") and text[5:].startswith("/"):
        return UnixEndpoint(text[5:])
    match = _TCP.fullmatch(text)
    if match is None or int(match[2]) > 65535:
        raise BadQuantity(f"invalid listen address {text!r}. Write 'host:port', 'unix:/path' or 'systemd'")
    host = (match[1] or "*").strip("[]")
    return TcpEndpoint("0.0.0.0" if host == "*" else host, int(match[2]))  # noqa: S104 - the operator asked for it


def is_loopback(name: str) -> bool:
    """Whether a host name or address can only be this machine."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
