"""Who may post: what mail to a list's own address is refused with, while its client waits.

A reply to one of our copies is nobody's edition: it is taken in for the owner, whoever wrote it. All other mail there
must name one editor of the list as its only author; that this is no proof is dealt with later (see posting). From a
bounded look at the header alone, so that it can be done in the event loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pressrun.core.site import Site
from pressrun.message.editions.edition_headers import feedback_sender
from pressrun.message.incoming.header_scan import HeaderScan, sole_author
from pressrun.smtp.reply import Reply
from pressrun.store import lists
from pressrun.store.transaction import Transaction

NO_LIST = Reply(550, "there is no such address here", "5.1.1")
OURS = Reply(554, "this is mail of our own coming back, it is not taken again", "5.4.6")
OFF = Reply(550, "editions by mail are not taken by this list", "5.7.1")
CLOSED = Reply(550, "this list is closed and takes no editions", "5.7.1")
NULL_SENDER = Reply(550, "an edition by mail needs an envelope sender", "5.7.1")
NO_AUTHOR = Reply(
    550, "an edition needs one From field with one plain address, as in: From: Name <name@example.org>", "5.7.1"
)
STRANGER = Reply(550, "only editors of this list may post; to reach its owner write to the -owner address", "5.7.1")

_MESSAGE_ID_LENGTH = 24  # of the part before the @, see services.mails.copy_composer.message_id
_IDENTIFIER = re.compile(r"<([^<>]*)>[ \t]*\Z")


def answers_a_copy(seen: HeaderScan, site: Site) -> bool:
    """Whether a mail is a reply to one of ours: the ids that it answers are of our making."""
    for value in seen.answers:
        left, _, domain = value.rpartition("@")
        if domain.lower() == site.mail_domain and len(left) == _MESSAGE_ID_LENGTH and left.isalnum():
            return True
    return False


def is_ours(seen: HeaderScan, site: Site) -> bool:
    """Whether a mail is an edition or a notice of ours that comes back: a list's mail is marked several times."""
    domain = site.mail_domain
    if any(_identifier(value).endswith(f".{domain}") for value in _texts(seen.all("list-id"))):
        return True
    sender = f":{feedback_sender(site)}"
    return (
        any(value.lower().endswith(sender) for value in _texts(seen.all("feedback-id")))
        or any(value.lower().startswith(f"abuse@{domain}") for value in _texts(seen.all("cfbl-address")))
        or any(value.lower().endswith(f"@{domain}") for value in _texts(seen.all("x-loop")))
    )


def judge_posts(
    tx: Transaction, names: Iterable[str], seen: HeaderScan, *, site: Site, mail_from: str
) -> dict[str, Reply | None]:
    """What each of these lists answers to a mail that is no reply to a copy; None where it is taken."""
    return {name: _judge(tx, name, seen, site, mail_from) for name in names}


def _judge(tx: Transaction, name: str, seen: HeaderScan, site: Site, mail_from: str) -> Reply | None:
    target = lists.find_list(tx, name)
    if target is None:
        return NO_LIST
    if is_ours(seen, site):
        return OURS
    if target.post_by_mail == "off":
        return OFF
    if target.closed_at is not None:
        return CLOSED
    if not mail_from:
        return NULL_SENDER
    author = sole_author(seen.all("from")) if seen.is_sound else None
    if author is None:
        return NO_AUTHOR
    return None if lists.find_editor(tx, target.id, author.key) is not None else STRANGER


def _identifier(value: str) -> str:
    found = _IDENTIFIER.search(value)
    return (found[1] if found else value).strip().lower().rstrip(".")


def _texts(values: Iterable[str | None]) -> list[str]:
    return [value for value in values if value is not None]
