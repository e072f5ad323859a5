"""What stands in the database and does not go with the configuration: it went when it was set."""

from __future__ import annotations

from pressrun.core.address import parse_address
from pressrun.core.site import Site
from pressrun.store import lists
from pressrun.store.lists import MailingList
from pressrun.store.transaction import Transaction


def examine_lists(tx: Transaction, site: Site) -> list[str]:
    """`check`: one line for each list that has to be set anew, with the remedy."""
    return [
        f"list {found.name}: without [smtp] its owner is the envelope sender of its mail, and this one has letters "
        "outside ASCII before the @: editions are stopped, and notices go out from the operator's address: "
        f"pressrun list set {found.name} owner=…"
        for found in lists.all_lists(tx)
        if _is_unusable(found, site)
    ]


def _is_unusable(found: MailingList, site: Site) -> bool:
    return not site.receives_mail and bool(found.owner) and parse_address(found.owner or "").needs_smtputf8
