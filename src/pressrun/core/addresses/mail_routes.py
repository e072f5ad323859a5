"""What a local part of mail_domain means: a list's address, a command, a signed address, or nothing of ours.

Reading knows no list and no key: the caller checks that the list exists and the token is genuine. A local part is
lower-cased before it is read; then only one spelling is valid (RFC 5321 §2.4 leaves its case to us).
"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from pressrun.core.addresses.address import MAX_LOCAL_OCTETS, Address
from pressrun.core.names import LIST_NAME

OF_NO_LIST = "postmaster"  # stands for the list in the signed return paths of what belongs to none


class RouteKind(StrEnum):
    """What mail to an address asks for."""

    POST = "post"  # NAME
    SUBSCRIBE = "subscribe"  # NAME-subscribe, NAME-join
    UNSUBSCRIBE = "unsubscribe"  # NAME-unsubscribe, NAME-leave: by the sender's address
    LEAVE = "leave"  # NAME-unsubscribe+TOKEN: by proof
    CONFIRM = "confirm"  # NAME-confirm+TOKEN
    BOUNCES = "bounces"  # NAME-bounces+TOKEN
    REQUEST = "request"  # NAME-request
    OWNER = "owner"  # NAME-owner
    POSTMASTER = "postmaster"
    ABUSE = "abuse"
    COMMANDS = "commands"  # an address of the program before us; the subject names the list


class Route(Struct, frozen=True):
    """A local part that was understood; `list_name` is "" for postmaster and abuse.

    `token` is that of a signed address. With COMMANDS, which ends before a mail is stored, it is the old domain.
    """

    kind: RouteKind
    list_name: str = ""
    token: str = ""


_BY_SUFFIX = {
    "subscribe": RouteKind.SUBSCRIBE,
    "join": RouteKind.SUBSCRIBE,
    "unsubscribe": RouteKind.UNSUBSCRIBE,
    "leave": RouteKind.UNSUBSCRIBE,
    "request": RouteKind.REQUEST,
    "owner": RouteKind.OWNER,
}
_BY_SIGNED_SUFFIX = {
    "unsubscribe": RouteKind.LEAVE,
    "confirm": RouteKind.CONFIRM,
    "bounces": RouteKind.BOUNCES,
}
_SIGNED_ONLY = ("confirm", "bounces")
_OPERATOR = {"postmaster": RouteKind.POSTMASTER, "abuse": RouteKind.ABUSE}
_TOKEN = re.compile(r"[a-z2-7]{1,27}", re.ASCII)


def read_local_part(local: str) -> Route | None:
    """The meaning of a local part in any case, or None when it can be none of ours."""
    if not local.isascii() or len(local) > MAX_LOCAL_OCTETS:
        return None
    base, plus, token = local.lower().partition("+")
    if plus:
        return _signed(base, token)
    if base in _OPERATOR:
        return Route(_OPERATOR[base])
    name, dash, suffix = base.rpartition("-")
    if dash and suffix in _SIGNED_ONLY:
        return None
    if dash and suffix in _BY_SUFFIX:
        return Route(_BY_SUFFIX[suffix], name) if LIST_NAME.fullmatch(name) else None
    return Route(RouteKind.POST, base) if LIST_NAME.fullmatch(base) else None


def own_route(address: Address, mail_domain: str) -> Route | None:
    """What Pressrun itself does with mail to an address; None where the address is somebody else's.

    The one rule for every setting that names a person: what is sent to one of our own addresses comes back to us, until
    it has come too often and is lost. A plain name is ours only while a list has it.
    """
    return read_local_part(address.local) if address.domain == mail_domain else None


def _signed(base: str, token: str) -> Route | None:
    name, _, suffix = base.rpartition("-")
    kind = _BY_SIGNED_SUFFIX.get(suffix)
    if kind is None or not LIST_NAME.fullmatch(name) or not _TOKEN.fullmatch(token):
        return None
    return Route(kind, name, token)
