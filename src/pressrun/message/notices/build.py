"""The mail of a notice: a text part with a plain HTML one beside it.

Notices hold nothing that the applicant wrote, and no advertising. They carry List-Id and List-Help but no
List-Unsubscribe. Auto-Submitted says that a program wrote them: `auto-generated` after a web request or by ourselves,
`auto-replied` in answer to a mail (RFC 3834 §5), which then comes from the command address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from html import escape

from msgspec import Struct

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.site import Site
from pressrun.message.editions.edition_headers import answers_to, list_help, list_id
from pressrun.message.layouts.footer import address_html
from pressrun.message.layouts.page import Cover, letter
from pressrun.message.notices.notice import Notice, NoticeText
from pressrun.message.notices.to_readers import AddressChangeRequested, ConfirmationRequest
from pressrun.message.profile import ListProfile
from pressrun.message.wire.headers import clean_value, format_date, id_field, mailbox_field, plain_field, subject_field
from pressrun.message.wire.mailbox import Mailbox
from pressrun.message.wire.mime import joined_octets, message_body, with_crlf
from pressrun.message.words import Words, marked

# Not "reply to this email", because a reply to a confirmation confirms.
_QUESTIONS = marked("Questions? Write to {address}.")
_NEVER_AGAIN = marked("Never email me again")  # only where somebody asks for another, who may not want it


class AutoSubmitted(StrEnum):
    """What a notice is sent in answer to."""

    GENERATED = "auto-generated"  # a web request, or nothing
    REPLIED = "auto-replied"  # a mail


class NoticeCopy(Struct, frozen=True, kw_only=True):
    """What makes a notice one person's own.

    Ids are without brackets, `date_at` is in UTC seconds, `language` is that of the words.
    """

    to: Address
    message_id: str
    date_at: int
    auto_submitted: AutoSubmitted = AutoSubmitted.GENERATED
    in_reply_to: str | None = None
    language: str = "en"


def build_notice(notice: Notice, copy: NoticeCopy, *, words: Words, site: Site, profile: ListProfile) -> bytes:
    """The whole mail with CRLF line ends, 7-bit except for a `To` that needs SMTPUTF8."""
    content = notice.text(words, site, profile)
    never_again = notice.never_again if isinstance(notice, ConfirmationRequest | AddressChangeRequested) else ""
    owner = answers_to(profile, site).address.wire
    logo = profile.design.logo
    enclosures = () if logo is None else (logo.enclosure(site.mail_domain),)
    text = with_crlf(_as_text(content, _footer_text(words, profile, owner, never_again)))
    page = letter(
        _as_html(content, words),
        _footer_html(words, profile, owner, never_again),
        words,
        profile.design,
        Cover(
            title=profile.title,
            language=copy.language,
            subject=content.subject,
            preheader=content.preheader or content.before[0].partition("\n")[0],
            logo_source=f"cid:{enclosures[0].content_id}" if enclosures else None,
        ),
    )
    header = _header(notice, copy, content.subject, site, profile)
    seed = hashlib.sha256(f"{copy.message_id}\0{text}".encode("utf-8", "replace")).hexdigest()
    body = message_body([text], [with_crlf(page)], enclosures, seed=seed)
    return header + joined_octets(body)


def _header(notice: Notice, copy: NoticeCopy, subject: str, site: Site, profile: ListProfile) -> bytes:
    from_ = profile.from_
    if copy.auto_submitted is AutoSubmitted.REPLIED and site.receives_mail:
        from_ = Mailbox(profile.title, parse_address(site.list_address(profile.name, "request")))
    reply_to = answers_to(profile, site)
    if isinstance(notice, ConfirmationRequest) and notice.address_token and site.receives_mail:
        reply_to = Mailbox("", parse_address(site.list_address(profile.name, "confirm", notice.address_token)))
    fields = [
        mailbox_field("From", from_),
        f"To: <{clean_value(copy.to.wire)}>\r\n".encode(),
        subject_field(subject),
        plain_field("Date", format_date(copy.date_at)),
        id_field("Message-ID", copy.message_id),
        mailbox_field("Reply-To", reply_to),
        plain_field("MIME-Version", "1.0"),
        list_id(profile, site),
        list_help(profile, site),
        plain_field("Auto-Submitted", copy.auto_submitted),
        plain_field("X-Auto-Response-Suppress", "All"),
    ]
    if copy.in_reply_to:
        fields += [id_field("In-Reply-To", copy.in_reply_to), id_field("References", copy.in_reply_to)]
    return b"".join(fields)


def _footer_text(words: Words, profile: ListProfile, address: str, never_again: str) -> list[str]:
    """Whom to ask and where we are; in a mail that asks for a confirmation also the link against all further mail."""
    lines = [words(_QUESTIONS, address=address), *profile.postal_address.strip().splitlines()]
    stop = [f"{words(_NEVER_AGAIN)}\n{never_again}"] if never_again else []
    return ["\n".join(line.strip() for line in lines), *stop]


def _footer_html(words: Words, profile: ListProfile, address: str, never_again: str) -> list[str]:
    shown = escape(address)
    link = f'<a href="mailto:{shown}" style="color:inherit">{shown}</a>'
    paragraphs = [escape(words(_QUESTIONS, address=address)).replace(shown, link)]
    if profile.postal_address.strip():
        paragraphs.append(address_html(profile.postal_address))
    if never_again:
        paragraphs.append(f'<a href="{escape(never_again)}" style="color:inherit">{escape(words(_NEVER_AGAIN))}</a>')
    return paragraphs


def _as_text(content: NoticeText, foot: Sequence[str]) -> str:
    link = [f"{content.link_words}\n{content.link}"] if content.link else []
    code = [content.code] if content.code else []
    paragraphs = [*content.before, *code, *link, *content.after, *foot]
    return "\n\n".join(paragraphs) + "\n"


def _as_html(content: NoticeText, words: Words) -> str:
    # What a server said, and alerts, are in English even in a mail from right to left.
    opening = '<p dir="auto">' if words.direction == "rtl" else "<p>"
    paragraphs = [f"{opening}{_broken(text)}</p>" for text in content.before]
    if content.code:
        style = "font-size:26px;line-height:34px;letter-spacing:2px"
        paragraphs.append(f'<p><strong dir="ltr" style="{style}">{escape(content.code)}</strong></p>')
    if content.link:
        paragraphs.append(f'<p><a href="{escape(content.link)}">{escape(content.link_words)}</a></p>')
    paragraphs += [f"{opening}{_broken(text)}</p>" for text in content.after]
    return "\n".join(paragraphs)


def _broken(text: str) -> str:
    return escape(text).replace("\n", "<br>\n")
