"""To whom Pressrun forwards email: the operator and the owners. None of them may have the address of a list here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.addresses.mail_routes import own_route
from pressrun.core.errors import BadInput
from pressrun.core.site import Site


def check_owner(owner: Address, site: Site, has_list: Callable[[str], bool]) -> None:
    """Raise BadInput for an owner to whom email cannot be forwarded, or whom an envelope cannot name."""
    route = own_route(owner, site.mail_domain)
    if route is not None and route.list_name and has_list(route.list_name):
        raise BadInput(f"owner: {owner} is an address of a list here, so its mail would loop. Give a person's address")
    if owner.needs_smtputf8 and not site.receives_mail:
        raise BadInput(
            f"owner: {str(owner)!r}: without [smtp], it is the envelope sender of every copy, and many mail "
            "servers only accept ASCII before the @. Give another address, or configure [smtp]"
        )


def captured_names(site: Site, owners: Mapping[str, str | None]) -> dict[str, str]:
    """The names that no new list may have, each with the reason; `owners` are those of the lists here, by name."""
    people = {"the operator": site.operator} | {f"the owner of {name}": owner for name, owner in owners.items()}
    reasons: dict[str, str] = {}
    for who, typed in people.items():
        route = own_route(parse_address(typed), site.mail_domain) if typed else None
        if route is not None and route.list_name:
            reasons.setdefault(route.list_name, f"{typed} is {who}, whose mail would go to the list")
    return reasons
