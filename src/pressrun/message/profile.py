"""What a mail needs to know about its list."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.site import Site
from pressrun.message.layouts.design import PLAIN, Design
from pressrun.message.wire.mailbox import Mailbox


class ArchiveMode(StrEnum):
    """Who may read past editions on the web."""

    PUBLIC = "public"
    MEMBERS = "members"
    OFF = "off"


class ListProfile(Struct, frozen=True, kw_only=True):
    """A list as its mails show it.

    A `reply_to` of None means the owner's address. `footer` is plain text below every edition.
    """

    name: str
    title: str
    from_: Mailbox
    description: str = ""
    owner: Address | None = None
    reply_to: Mailbox | None = None
    postal_address: str = ""
    language: str = "en"
    archive: ArchiveMode = ArchiveMode.PUBLIC
    require_postal_address: bool = True
    design: Design = PLAIN
    footer: str = ""

    def page_url(self, site: Site) -> str:
        """The list's own page."""
        return site.url(self.name)

    def edition_url(self, site: Site, slug: str) -> str:
        """The page of one edition; without a slug the archive, and without an archive the list's page."""
        if self.archive is ArchiveMode.OFF:
            return self.page_url(site)
        return site.url(self.name, "archive", slug) if slug else site.url(self.name, "archive")

    def latest_url(self, site: Site) -> str:
        """The link that always leads to the latest edition."""
        return site.url(self.name, "latest")
