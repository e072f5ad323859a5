"""The names under which this installation is known: every link and list address is built from these."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`base_url` without trailing slash; `receives_mail` when `[smtp]` is configured."""

    base_url: str
    mail_domain: str
    operator: str | None = None
    receives_mail: bool = False

    def url(self, *segments: str) -> str:
        """The absolute URL of a path below base_url; segments are percent-encoded."""
        return "/".join((self.base_url, *(quote(segment, safe="") for segment in segments)))

    def list_address(self, name: str, suffix: str = "", token: str = "") -> str:
        """`news@D`, `news-request@D` or `news-unsubscribe+TOKEN@D`."""
        local = name + (f"-{suffix}" if suffix else "") + (f"+{token}" if token else "")
        return f"{local}@{self.mail_domain}"
