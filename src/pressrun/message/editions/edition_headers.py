"""The header of an edition's copies. Each field occurs exactly once, in this order:

From, To, Subject, Date, Message-ID, Reply-To, MIME-Version, List-Id, List-Unsubscribe, List-Unsubscribe-Post,
List-Subscribe, List-Help, List-Owner, List-Post, List-Archive, Archived-At, Feedback-ID, CFBL-Address,
CFBL-Feedback-ID, Precedence, X-Auto-Response-Suppress; the content fields follow.

RFC 5322, RFC 2369 and RFC 2919 (List-*), RFC 8058 (one click), RFC 5064 (Archived-At), RFC 9477 (CFBL). Feedback-ID is
Google's. A server that receives no mail has no mailto to a list address and no List-Subscribe.
"""

from __future__ import annotations

import base64
import hashlib

from pressrun.core.addresses.address import parse_address
from pressrun.core.site import Site
from pressrun.message.profile import ArchiveMode, ListProfile
from pressrun.message.wire.headers import clean_value, list_id_field, mailbox_field, plain_field, uri_field
from pressrun.message.wire.mailbox import Mailbox
from pressrun.message.wire.mime import Stream
from pressrun.message.wire.slots import Slot, SlotKind

_SENDER_LENGTH = 12
_LONGEST_EDITION = 40


def edition_header(
    profile: ListProfile, site: Site, *, from_: Mailbox, reply_to: Mailbox | None, slug: str, edition_id: str
) -> Stream:
    """The header as a stream, up to the content fields."""
    header: Stream = [
        mailbox_field("From", from_) + b"To: <",  # filters dislike an address without brackets
        Slot(SlotKind.TO),
        b">\r\n",
        Slot(SlotKind.SUBJECT),
        b"Date: ",
        Slot(SlotKind.DATE),
        b"\r\nMessage-ID: <",
        Slot(SlotKind.MESSAGE_ID),
        b">\r\n",
        mailbox_field("Reply-To", reply_to or answers_to(profile, site)),
        plain_field("MIME-Version", "1.0"),
        list_id(profile, site),
    ]
    header += _list_unsubscribe(profile, site)
    header.append(_list_fields(profile, site, slug))
    header.append(plain_field("Feedback-ID", _feedback_id(profile, site, edition_id)))
    header.append(plain_field("CFBL-Address", f"abuse@{site.mail_domain}; report=arf") + b"CFBL-Feedback-ID: ")
    header.append(Slot(SlotKind.COPY_TOKEN))
    header.append(b"\r\n" + plain_field("Precedence", "bulk"))
    header.append(plain_field("X-Auto-Response-Suppress", "OOF, AutoReply"))
    return header


def answers_to(profile: ListProfile, site: Site) -> Mailbox:
    """Where replies go unless the edition says otherwise: the list's own choice, else its owner."""
    if profile.reply_to is not None:
        return profile.reply_to
    person = None if site.receives_mail else site.person_for(profile.owner)
    if person is not None:
        return Mailbox("", person)
    return Mailbox("", parse_address(site.list_address(profile.name, "owner")))


def list_id(profile: ListProfile, site: Site) -> bytes:
    """`List-Id: Title <news.D>`."""
    return list_id_field(profile.title, f"{profile.name}.{site.mail_domain}")


def list_help(profile: ListProfile, site: Site) -> bytes:
    """List-Help: the command address if mail is received, else the list's page."""
    if site.receives_mail:
        return uri_field("List-Help", f"mailto:{site.list_address(profile.name, 'request')}?subject=help")
    return uri_field("List-Help", profile.page_url(site))


def _list_unsubscribe(profile: ListProfile, site: Site) -> Stream:
    """The https link first, then the mailto (RFC 8058 §3.1)."""
    stream: Stream = [b"List-Unsubscribe: <", Slot(SlotKind.UNSUBSCRIBE_URL), b">"]
    if site.receives_mail:
        stream.append(Slot(SlotKind.UNSUBSCRIBE_MAILTO, "", site.list_address(profile.name, "unsubscribe", "%s")))
    stream.append(b"\r\n" + plain_field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return stream


def _list_fields(profile: ListProfile, site: Site, slug: str) -> bytes:
    page = profile.page_url(site)
    fields = [list_help(profile, site)]
    if site.receives_mail:
        fields.insert(0, uri_field("List-Subscribe", f"mailto:{site.list_address(profile.name, 'subscribe')}", page))
        fields.append(uri_field("List-Owner", f"mailto:{site.list_address(profile.name, 'owner')}"))
    else:
        person = site.person_for(profile.owner)
        fields.append(uri_field("List-Owner", page if person is None else f"mailto:{person.wire}"))
    fields.append(plain_field("List-Post", "NO"))
    if profile.archive is not ArchiveMode.OFF:
        fields.append(uri_field("List-Archive", site.url(profile.name, "archive")))
    if profile.archive is ArchiveMode.PUBLIC and slug:
        fields.append(uri_field("Archived-At", profile.edition_url(site, slug)))
    return b"".join(fields)


def _feedback_id(profile: ListProfile, site: Site, edition_id: str) -> str:
    """`EDITION:LIST:edition:SENDER`; the last part is constant for the mail domain and has 5 to 15 characters."""
    edition = clean_value(edition_id).replace(":", "-").encode("ascii", "ignore").decode("ascii")[:_LONGEST_EDITION]
    return f"{edition or '0'}:{profile.name}:edition:{feedback_sender(site)}"


def feedback_sender(site: Site) -> str:
    """The last part of every Feedback-ID that we write."""
    digest = hashlib.sha256(b"pressrun.feedback-id\0" + site.mail_domain.lower().encode()).digest()
    return base64.b32encode(digest).decode("ascii")[:_SENDER_LENGTH].lower()
