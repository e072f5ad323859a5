"""Reading the lists themselves, as anybody may: the front page, the page of a list, its family and its logo."""

from __future__ import annotations

from msgspec import Struct

from pressrun.message.layouts.design import Logo
from pressrun.services.archives.archived_edition import ArchivedEdition, Summary, read_edition, summary_of
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.transaction import Transaction

EARLIER_SIZE = 5  # on the page of a list, below the latest edition


class ListPage(Struct, frozen=True, kw_only=True):
    """A list with its latest edition and some earlier ones of `total`; None and empty when nothing is public.

    `family` are the open lists of the same newsletter in all languages including this one, oldest first; empty when
    there is no other.
    """

    list: MailingList
    last: ArchivedEdition | None
    earlier: tuple[Summary, ...] = ()
    total: int = 0
    family: tuple[MailingList, ...] = ()


class OfferedList(Struct, frozen=True, kw_only=True):
    """A list on the front page; `latest_at` is when its latest public edition came out, None if there is none."""

    list: MailingList
    latest_at: int | None


def public_archives(tx: Transaction) -> list[MailingList]:
    """The lists whose archive search engines may index, including closed ones, by name."""
    return [target for target in lists.all_lists(tx) if target.listed and target.archive == "public"]


def read_offers(tx: Transaction) -> list[OfferedList]:
    """The lists that the front page shows, by title, each with the date of its latest edition."""
    latest = editions.latest_archived(tx)
    return [
        OfferedList(list=target, latest_at=latest.get(target.id) if target.archive == "public" else None)
        for target in lists.all_lists(tx, listed_only=True)
    ]


def current_logo(tx: Transaction, name: str, digest: str) -> Logo | None:
    """The logo of a list, if it still has this digest."""
    target = lists.find_list(tx, name)
    return None if target is None or target.logo != digest else lists.find_logo(tx, target.id)


def list_page(tx: Transaction, name: str) -> ListPage | None:
    """A list, its latest edition and some earlier ones."""
    target = lists.find_list(tx, name)
    if target is None:
        return None
    family = family_of(tx, target)
    if target.archive != "public":
        return ListPage(list=target, last=None, family=family)
    latest = editions.archived_editions(tx, target.id, limit=1 + EARLIER_SIZE)
    shown = [summary_of(edition, target) for edition in latest]
    return ListPage(
        list=target,
        last=read_edition(tx, target, shown[0].slug) if shown else None,
        earlier=tuple(shown[1:]),
        total=sum(year.number for year in editions.archived_years(tx, target.id)),
        family=family,
    )


def family_of(tx: Transaction, target: MailingList) -> tuple[MailingList, ...]:
    """The open lists of the same newsletter and this one, oldest first; empty when there is no other."""
    if target.family is None:
        return ()
    family = tuple(
        mailing_list
        for mailing_list in lists.family_lists(tx, target.family)
        if mailing_list.closed_at is None or mailing_list.id == target.id
    )
    return family if len(family) > 1 else ()


def find_family(tx: Transaction, name: str) -> tuple[MailingList | None, tuple[MailingList, ...]]:
    """The list with this name and all lists of its family, oldest first; None with the family of this name."""
    target = lists.find_list(tx, name)
    family = name if target is None else target.family
    return target, () if family is None else tuple(lists.family_lists(tx, family))
