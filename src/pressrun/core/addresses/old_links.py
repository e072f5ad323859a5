"""Links and addresses of the program that a list was moved from, as the redirect map knows them.

The map holds digests, so that a copy of the database gives nobody a working personal link. This module reads what a
request asks for: a beginning of a path names a page of a list, and a personal link names a subscriber of listmonk
(`/subscription/CAMPAIGN/SUBSCRIBER`) or phpList (`?p=unsubscribe&uid=…`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from pressrun.core.addresses.mail_routes import Route, RouteKind

MAX_PATH = 300
_MOST_SEGMENTS = 8
_DIGITS = 32
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_UID = re.compile(r"[0-9A-Za-z-]{8,64}", re.ASCII)
_COMMAND = re.compile(
    r"\s*(?:(sub(?:scribe)?|join)|(unsub(?:scribe)?|sig(?:noff)?|leave))"
    r"[ \t]+([a-z0-9][a-z0-9_.+-]{0,63})(?:[@ \t].*)?",
    re.IGNORECASE | re.ASCII,
)


class OldKind(StrEnum):
    """What an old link or address led to."""

    # Links: a page of the list, where it has one.
    PAGE = "page"
    LEAVING_PAGE = "leaving-page"
    ARCHIVE = "archive"
    CAMPAIGN = "campaign"  # which lists an issue of listmonk went to; no page
    PERSON = "person"  # the subscription of the person who has the link
    # Addresses: what mail to them asks for.
    POST = "post"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    REQUEST = "request"
    OWNER = "owner"
    COMMANDS = "commands"  # of a whole server: the subject names the list
    # Neither: where the list came from.
    ORIGIN = "origin"


Place = tuple[str, OldKind]
"""A digest, and what the link or address led to."""


ROUTES: Mapping[OldKind, RouteKind] = {
    OldKind.POST: RouteKind.POST,
    OldKind.SUBSCRIBE: RouteKind.SUBSCRIBE,
    OldKind.UNSUBSCRIBE: RouteKind.UNSUBSCRIBE,
    OldKind.REQUEST: RouteKind.REQUEST,
    OldKind.OWNER: RouteKind.OWNER,
    OldKind.COMMANDS: RouteKind.COMMANDS,
}
"""What mail to an old address becomes."""


class OldPersonalLink(NamedTuple):
    """Whose link it is, in which issue it was (None: unknown), and whether it asks for the preferences."""

    person: str
    campaign: str | None
    wants_preferences: bool


def digest_of(what: str, value: str) -> str:
    """The digest of one link, address or person in the map: 128 bits of SHA-256, in hex."""
    return hashlib.sha256(f"{what}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def digest_of_path(path: str, page: str = "") -> str:
    """The digest of a page, from its path; phpList has all pages at one path, and names them with `p` and `id`."""
    return digest_of("path", f"/{path.strip('/')}{page}")


def digest_of_address(local: str, domain: str) -> str:
    """The digest of an address in any letter case."""
    return digest_of("address", f"{local}@{domain}".lower())


def digest_of_person(token: str) -> str:
    """The digest of the subscriber whom a link names with this token."""
    return digest_of("person", token.lower())


def digest_of_campaign(token: str) -> str:
    """The digest of the issue that a link of listmonk names."""
    return digest_of("campaign", token.lower())


def page_of_query(query: Mapping[str, str]) -> str:
    """The page that a query of phpList names."""
    return f"?p={query.get('p', '')}&id={query.get('id', '')}" if "p" in query else ""


def path_digests(path: str, query: Mapping[str, str]) -> list[str]:
    """The digests of a page and of those above it, the nearest first; none for a path that is too long."""
    segments = path.strip("/").split("/")
    if len(path) > MAX_PATH or len(segments) > _MOST_SEGMENTS:
        return []
    if segments[-1] == "index.php":
        segments = segments[:-1]
    whole = "/".join(segments)
    page = page_of_query(query)
    above = ["/".join(segments[:end]) for end in range(len(segments), 0, -1)]
    return [*([digest_of_path(whole, page)] if page else []), *map(digest_of_path, above)]


def read_personal_link(path: str, query: Mapping[str, str]) -> OldPersonalLink | None:
    """What a personal link of another program says; None for any other path."""
    uid = query.get("uid", "")
    if query.get("p") in ("unsubscribe", "blacklist", "donotsend", "preferences"):
        person = digest_of_person(uid) if _UID.fullmatch(uid) else None
        return None if person is None else OldPersonalLink(person, None, query["p"] == "preferences")
    folder, campaign, subscriber = [*["", "", ""], *path.lower().strip("/").split("/")][-3:]
    if folder != "subscription" or not _UUID.fullmatch(campaign) or not _UUID.fullmatch(subscriber):
        return None
    wants_preferences = query.get("manage", "") not in ("", "false")
    return OldPersonalLink(digest_of_person(subscriber), digest_of_campaign(campaign), wants_preferences)


def read_command(subject: str) -> tuple[OldKind, str] | None:
    """What a mail to the address of a whole server asks for, and of which list: `SIGNOFF news`; else None."""
    match = _COMMAND.fullmatch(subject[:200])
    if match is None:
        return None
    return (OldKind.SUBSCRIBE if match[1] else OldKind.UNSUBSCRIBE), match[3].lower()


def commands_route(domain: str) -> Route:
    """The route of mail to the address of a whole server at `domain`, until its subject has been read."""
    return Route(RouteKind.COMMANDS, token=domain)
