"""What stands in the database and does not go with the configuration: it went when it was set."""

from __future__ import annotations

from pressrun.core.address import parse_address
from pressrun.core.keys import KeyRing
from pressrun.core.mail_routes import own_route
from pressrun.core.site import Site
from pressrun.core.tokens import digests_of
from pressrun.services.suppression import find_reason
from pressrun.store import lists
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction


def examine_lists(tx: Transaction, site: Site, keys: KeyRing) -> list[str]:
    """`check`: a line for each list that has to be set anew, and for each owner or operator who gets no mail."""
    owners = [warning for found in lists.all_lists(tx) if (warning := examine_owner(tx, found, keys)) is not None]
    operator = _examine_person(tx, "operator", site.operator, keys)
    return [*_unusable_owners(tx, site), *owners, *([] if operator is None else [operator])]


def list_of_operator(tx: Transaction, site: Site) -> str | None:
    """The list that has the address of the operator, whose mail then comes back to us; None when none has."""
    route = own_route(parse_address(site.operator), site.mail_domain) if site.operator else None
    found = lists.find_list(tx, route.list_name) if route is not None and route.list_name else None
    return None if found is None else found.name


def examine_owner(tx: Transaction, found: MailingList, keys: KeyRing) -> str | None:
    """What is wrong with the owner of a list whom no mail may reach; None when all is well."""
    return _examine_person(tx, f"list {found.name}: owner", found.owner, keys)


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
        f"list {found.name}: without [smtp], the owner is the envelope sender of its mail, and this one is not "
        "ASCII before the @. Editions are stopped, and notices go out from the operator's address. Set another "
        f"owner with `pressrun list set {found.name} owner=…`"
        for found in lists.all_lists(tx)
        if _is_unusable(found, site)
    ]


def _is_unusable(found: MailingList, site: Site) -> bool:
    return not site.receives_mail and bool(found.owner) and parse_address(found.owner or "").needs_smtputf8
