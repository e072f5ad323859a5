"""The names under which this installation is known: every link and list address is built from these."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from pressrun.core import setting_kinds as kinds
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.setting import setting

_BASE_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
_MAIL_DOMAIN = re.compile(r"[A-Za-z0-9.-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`base_url` without trailing slash; `receives_mail` when `[smtp]` is configured.

    `admin_base_url` is where people log in and programs ask, None for the same place.

    Nothing has to be escaped in a link or an address that is made of these, names of lists and tokens, wherever
    it stands: raises ValueError for what would have to be.
    """

    base_url: str = setting(
        kinds.base_url(),
        required=True,
        example="https://news.example.org",
        restart=True,
        help="Every link is built from this, never from a request's Host. No path and no trailing slash.",
    )
    mail_domain: str = setting(
        kinds.domain(),
        required=True,
        example="news.example.org",
        restart=True,
        help="The right-hand side of every list address. Ideally a subdomain of your From addresses' domain (DMARC).",
    )
    operator: str | None = setting(
        kinds.address(),
        example="ops@example.org",
        restart=True,
        help="Receives alerts and the mail for postmaster@ and abuse@. Without it they are only logged. "
        "A person's mailbox, not an address of Pressrun's own such as postmaster@ or NAME-owner@ at mail_domain. "
        "ASCII before the @, unless the relays support SMTPUTF8.",
    )
    receives_mail: bool = False
    admin_base_url: str | None = None

    def __post_init__(self) -> None:
        urls = (self.base_url, self.admin_base_url or self.base_url)
        if not (all(map(_BASE_URL.fullmatch, urls)) and _MAIL_DOMAIN.fullmatch(self.mail_domain)):
            raise ValueError("base_url or mail_domain holds what would have to be escaped")

    def url(self, *segments: str) -> str:
        """The absolute URL of a path below base_url; segments are percent-encoded."""
        return "/".join((self.base_url, *(quote(segment, safe="") for segment in segments)))

    def admin_url(self, *segments: str) -> str:
        """The absolute URL of a page for people who log in."""
        base_url = self.admin_base_url or self.base_url
        return "/".join((base_url, "admin", *(quote(segment, safe="") for segment in segments)))

    def url_in(self, language: str, *segments: str) -> str:
        """The URL of a page in this language, unless its reader has chosen another."""
        return f"{self.url(*segments)}?language={quote(language, safe='')}"

    def preferences_url(self, token: str, list_name: str) -> str:
        """The preferences page for a token, in the design of the list whose email contains the link."""
        return f"{self.base_url}/preferences/{token}?list={list_name}"

    def person_for(self, owner: Address | None) -> Address | None:
        """The sender of a list's email if Pressrun receives none: the list's owner, or else the operator.

        Never an address that needs SMTPUTF8, which most readers' systems lack (RFC 6531).
        """
        operator = None if self.operator is None else parse_address(self.operator)
        return next(
            (address for address in (owner, operator) if address is not None and not address.needs_smtputf8), None
        )

    def list_address(self, name: str, suffix: str = "", token: str = "") -> str:
        """`news@D`, `news-request@D` or `news-unsubscribe+TOKEN@D`."""
        local = name + (f"-{suffix}" if suffix else "") + (f"+{token}" if token else "")
        return f"{local}@{self.mail_domain}"
