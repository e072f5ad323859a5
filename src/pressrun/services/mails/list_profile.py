"""The profile of a list: what messages and pages show of it."""

from __future__ import annotations

from pressrun.core.addresses.address import parse_address
from pressrun.core.colour import Colour
from pressrun.core.site import Site
from pressrun.message.layouts.design import Design, Logo
from pressrun.message.profile import ArchiveMode, ListProfile
from pressrun.message.wire.mailbox import parse_mailbox
from pressrun.store.lists.lists import MailingList


def profile_of(target: MailingList, site: Site, logo: Logo | None = None) -> ListProfile:
    """The profile of a list; if it has no owner, the operator is its owner."""
    owner = target.owner or site.operator
    return ListProfile(
        name=target.name,
        title=target.title,
        from_=parse_mailbox(target.from_address),
        description=target.description,
        owner=None if owner is None else parse_address(owner),
        reply_to=None if target.reply_to is None else parse_mailbox(target.reply_to),
        postal_address=target.postal_address,
        language=target.language,
        archive=ArchiveMode(target.archive),
        require_postal_address=target.require_postal_address,
        design=Design(
            layout=target.layout,
            accent=None if target.colour is None else Colour.parse(target.colour),
            logo=logo,
            typeface=target.typeface,
        ),
        footer=target.footer,
    )
