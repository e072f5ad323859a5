"""Checks settings in the database that no longer fit the configuration, and people who get no mail."""

from __future__ import annotations

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import own_route
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import digests_of
from pressrun.core.site import Site
from pressrun.services.suppression import find_reason
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.transaction import Transaction


def examine_lists(tx: Transaction, site: Site, keys: KeyRing) -> list[str]:
    """`check`: a line for each list with an unusable owner, and for each owner or operator who gets no mail."""
    owners = [warning for target in lists.all_lists(tx) if (warning := examine_owner(tx, target, keys)) is not None]
    operator = _examine_person(tx, "operator", site.operator, keys)
    return [*_unusable_owners(tx, site), *owners, *([] if operator is None else [operator])]


def list_of_operator(tx: Transaction, site: Site) -> str | None:
    """The list whose address the operator uses, so that their mail would come back to us; usually None."""
    route = own_route(parse_address(site.operator), site.mail_domain) if site.operator else None
    target = lists.find_list(tx, route.list_name) if route is not None and route.list_name else None
    return None if target is None else target.name


def examine_owner(tx: Transaction, target: MailingList, keys: KeyRing) -> str | None:
    """The problem with a suppressed owner of a list; None without one."""
    return _examine_person(tx, f"list {target.name}: owner", target.owner, keys)


def _examine_person(tx: Transaction, who: str, typed: str | None, keys: KeyRing) -> str | None:
    reason = None if not typed else find_reason(tx, digests_of(keys, parse_address(typed)))
    if reason is None:
        return None
    return (
        f"{who}: {typed} is suppressed ({reason}) and gets no mail. Mail forwarded to it is kept instead (see "
        f"`pressrun inbound ls`), and reports are not sent. `pressrun suppression rm {typed}` lifts this"
    )


def _unusable_owners(tx: Transaction, site: Site) -> list[str]:
    return [
        f"list {target.name}: without [smtp], the owner is the envelope sender of its mail, and this one is not "
        "ASCII before the @. Editions are stopped, and notices go out from the operator's address. Set another "
        f"owner with `pressrun list set {target.name} owner=…`"
        for target in lists.all_lists(tx)
        if not site.receives_mail and target.owner and parse_address(target.owner).needs_smtputf8
    ]
