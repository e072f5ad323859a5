"""Links by which people log in for the first time or again. Each works once, and only until a newer one is made."""

from __future__ import annotations

from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.core.site import Site
from pressrun.store.people import enter_links, people
from pressrun.store.people.enter_links import EnterLink, LinkKind
from pressrun.store.people.people import StoredPerson
from pressrun.store.transaction import Transaction


def make_link(tx: Transaction, person_id: int, kind: LinkKind, now: int, lifetime_seconds: float) -> EnterLink:
    """A new link for a person; their other links stop working."""
    expires_at = int(now + lifetime_seconds)
    link_id = enter_links.insert_link(tx, person_id, kind, now, expires_at)
    return EnterLink(id=link_id, person_id=person_id, kind=kind, expires_at=expires_at)


def url_of(link: EnterLink, site: Site, keys: KeyRing) -> str:
    """The address of the page that a link leads to."""
    return site.admin_url("enter", WebTokens(keys).make(WebPurpose.ENTER, link.id, link.expires_at))


def find_link(tx: Transaction, token: str, keys: KeyRing, now: int) -> EnterLink | None:
    """The link that a token stands for, if it still works; finding it changes nothing."""
    match WebTokens(keys).read(WebPurpose.ENTER, token):
        case (link_id, expires_at):
            return enter_links.find_link(tx, link_id, expires_at, now)
    return None


def enter(tx: Transaction, link: EnterLink, now: int) -> StoredPerson | None:
    """Use a link up: returns the person, who may log in from now on; None if it was used already."""
    if not enter_links.spend_link(tx, link, now):
        return None
    people.enrol(tx, link.person_id, now)
    return people.find_person(tx, link.person_id)
