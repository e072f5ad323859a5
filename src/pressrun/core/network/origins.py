"""Origins (RFC 6454): which page a browser says that a request or a passkey comes from."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The origin of an http or https URL, as browsers write it: without the port that its scheme implies."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


def host_of(origin: str) -> str:
    return urlsplit(origin).hostname or ""


def supports_passkeys(origin: str) -> bool:
    """Whether browsers make passkeys there: on https, or on this machine by its name, and never at a bare address."""
    host = host_of(origin)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return origin.startswith("https:") or host == "localhost" or host.endswith(".localhost")
    return False
