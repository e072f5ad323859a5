"""Who may post: how mail to a list's own address is refused while its client waits.

A reply to one of our copies is not an edition: it is accepted for the owner, whoever wrote it. All other mail must name
one editor of the list as its only author. This needs only a bounded scan of the header, so it can be done in the event
loop. It proves nothing yet: mailed_editions then applies the rules for what a trusted server has verified, and for mail
that its author did not mean for the list or that a program wrote. The audit log has what editors do by mail, with the
keyed digest of their address in place of their name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import BadInput
from pressrun.core.network.peers import Peers
from pressrun.core.signing.tokens import suppression_digest
from pressrun.core.site import Site
from pressrun.message.editions.edition_headers import feedback_sender
from pressrun.message.editions.posted import SUBJECT_ALONE, Posted
from pressrun.message.incoming.authentication import find_proof
from pressrun.message.incoming.autoreply import FOR_SOMEBODY, GENERATED
from pressrun.message.incoming.header_scan import HeaderScan, header_fields, sole_author
from pressrun.services.context import ServiceContext
from pressrun.services.settings import ServiceSettings
from pressrun.smtp.reply import Reply
from pressrun.store.lists import lists
from pressrun.store.people import audit, people
from pressrun.store.people.audit import DONE, REFUSED, Actor, Entry
from pressrun.store.queue.inbound import InboundMail
from pressrun.store.transaction import Transaction

UNKNOWN = Reply(550, "no such address", "5.1.1")
# A reader who writes to the list gets this back from their own mail server.
_FOR_READERS = "to unsubscribe, write to its -unsubscribe address; to reach its owner, to its -owner address"
OURS = Reply(554, "this is our own mail coming back, possible mail loop", "5.4.6")
OFF = Reply(550, f"this list does not accept editions by mail; {_FOR_READERS}", "5.7.1")
CLOSED = Reply(550, "this list is closed and does not accept editions", "5.7.1")
NULL_SENDER = Reply(550, "an edition by mail needs an envelope sender", "5.7.1")
NO_AUTHOR = Reply(
    550, "an edition needs one From field with one plain address, as in: From: Name <name@example.org>", "5.7.1"
)
STRANGER = Reply(550, f"only editors of this list may post; {_FOR_READERS}", "5.7.1")

BY_MAIL = Actor(who="editor", way="mail")
POST, RELEASE = "edition.post", "edition.release"  # actions of the audit log

MOST_RESULTS = 50  # Authentication-Results of one mail that are read
_MESSAGE_ID_LENGTH = 24  # of the part before the @, see services.mails.copy_composer.message_id
_IDENTIFIER = re.compile(r"<([^<>]*)>[ \t]*\Z")


def is_reply_to_copy(header: HeaderScan, site: Site) -> bool:
    """Whether a mail is a reply to one of ours: it answers a Message-ID of our making."""
    for value in header.answers:
        left, _, domain = value.rpartition("@")
        if domain.lower() == site.mail_domain and len(left) == _MESSAGE_ID_LENGTH and left.isalnum():
            return True
    return False


def is_ours(header: HeaderScan, site: Site) -> bool:
    """Whether a mail is an edition or a notice of ours that comes back; each carries several marks."""
    domain = site.mail_domain
    if any(_identifier(value).endswith(f".{domain}") for value in _texts(header.all("list-id"))):
        return True
    sender = f":{feedback_sender(site)}"
    return (
        any(value.lower().endswith(sender) for value in _texts(header.all("feedback-id")))
        or any(value.lower().startswith(f"abuse@{domain}") for value in _texts(header.all("cfbl-address")))
        or any(value.lower().endswith(f"@{domain}") for value in _texts(header.all("x-loop")))
    )


def check_posts(
    tx: Transaction, names: Iterable[str], header: HeaderScan, *, site: Site, mail_from: str
) -> dict[str, Reply | None]:
    """What each of these lists replies to a mail that is not a reply to a copy; None if it is accepted."""
    return {name: _check_post(tx, name, header, site, mail_from) for name in names}


def _check_post(tx: Transaction, name: str, header: HeaderScan, site: Site, mail_from: str) -> Reply | None:
    target = lists.find_list(tx, name)
    if target is None:
        return UNKNOWN
    if is_ours(header, site):
        return OURS
    if target.post_by_mail == "off":
        return OFF
    if target.closed_at is not None:
        return CLOSED
    if not mail_from:
        return NULL_SENDER
    author = sole_author(header.all("from")) if header.is_sound else None
    if author is None:
        return NO_AUTHOR
    return None if people.find_editor(tx, target.id, author.key) is not None else STRANGER


def find_editor(tx: Transaction, list_name: str, author: Address) -> Address | None:
    """The editor of a list who wrote a mail, by the address in our own table; None for any other author."""
    target = lists.find_list(tx, list_name)
    editor = None if target is None else people.find_editor(tx, target.id, author.key)
    return None if editor is None else parse_address(editor)


def is_proven_by_server(mail: InboundMail, author: Address, settings: ServiceSettings) -> bool:
    """Whether a server that we trust has verified the From domain."""
    if settings.authserv_id is None or mail.peer not in Peers(settings.trusted_relays):
        return False
    fields = header_fields(mail.content)
    results = [value for name, value in fields if name == "authentication-results"][:MOST_RESULTS]
    return find_proof(results, authserv_id=settings.authserv_id, from_domain=author.domain) is not None


def is_meant(posted: Posted, list_name: str, site: Site) -> bool:
    """Whether its author meant a mail for this list.

    A mail of the editor to somebody else is signed as well, and whoever has it could pass it on to us. So if it names
    its recipients, the list must be one of them. What a list or a program passed on is held, too.
    """
    if posted.automatic is not None:
        return False
    return not posted.addressed or site.list_address(list_name) in posted.addressed


def is_automatic(automatic: str | None) -> bool:
    """Whether a program wrote a mail on its own account, rather than passing it on.

    A subject alone is not enough: a mail that looks like a vacation notice by it is held, and its editor decides.
    """
    return automatic == GENERATED or (
        automatic is not None and automatic not in FOR_SOMEBODY and automatic != SUBJECT_ALONE
    )


def _identifier(value: str) -> str:
    match = _IDENTIFIER.search(value)
    return (match[1] if match else value).strip().lower().rstrip(".")


def _texts(values: Iterable[str | None]) -> list[str]:
    return [value for value in values if value is not None]


def record_post(
    tx: Transaction,
    context: ServiceContext,
    action: str,
    editor: Address,
    list_name: str,
    edition_id: int | None = None,
) -> None:
    """Append a row: that the mail of an editor became an edition, was released, or, without an edition, was refused."""
    is_refused = edition_id is None
    entry = Entry(
        at=context.now,
        actor=BY_MAIL,
        action=action,
        list=list_name,
        object=None if is_refused else f"edition {edition_id}",
        outcome=REFUSED if is_refused else DONE,
        code=BadInput.exit_code if is_refused else None,
        editor=suppression_digest(context.keys, editor.key),
        salt=context.entropy(16),
    )
    audit.append(tx, entry)
