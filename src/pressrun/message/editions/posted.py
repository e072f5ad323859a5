"""An edition that came by mail: what the editor wrote, without traces of its route.

An attached `.md` file is the edition, with the other attachments beside it. Otherwise the mail itself is, rewritten as
a message that holds nothing but subject, text, HTML, images and attachments. So nobody's List-*, DKIM-Signature,
Received, Bcc, Return-Path or X- field is carried over, and no tracker of the mail program. The same mail gives the same
octets, however often and by whatever route it comes, because its Date, ids and boundaries are left out. Runs in the
sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import EditionError, UnreadableMail
from pressrun.core.site import Site
from pressrun.message.editions.compose import build_edition
from pressrun.message.finding import Remark, remark, unreadable
from pressrun.message.incoming.autoreply import machine_made
from pressrun.message.incoming.header_scan import find_message_id, first_value, header_fields
from pressrun.message.incoming.parser import PARSER_FAULTS, check_caps, mend_header, parse_mail, refusing_faults
from pressrun.message.incoming.parts import LONGEST_TEXT, FoundFile, MailContents, gather, joined_page, joined_text
from pressrun.message.incoming.reading import decode_words
from pressrun.message.incoming.trackers import without_trackers
from pressrun.message.profile import ListProfile
from pressrun.message.sources.edition_file import parse_edition
from pressrun.message.wire.headers import plain_field, subject_field
from pressrun.message.wire.mailbox import Mailbox
from pressrun.message.wire.mime import Enclosure, boundary_seed, image_type, joined_octets, message_body, with_crlf

_LONGEST_SUBJECT = 1000
_MOST_ADDRESSES = 1000
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]{1,64}@[A-Za-z0-9.-]{1,255}")
_PLAIN_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:]{1,120}")
_MAIL_NAME = "mail.eml"
SUBJECT_ALONE = "subject"  # only the subject reads like a vacation notice


class Posted(msgspec.Struct, frozen=True, kw_only=True, tag="posted"):
    """A mail read as an edition: its source in the form of an edition file, and the files beside it.

    `automatic` is the sign that a machine wrote it, or None. `addressed` are the addresses in To and Cc in lower case,
    `notes` tells its editor what was left out or changed.
    """

    source: bytes
    source_name: str
    assets: dict[str, bytes] = {}
    subject: str = ""
    message_id: str | None = None
    automatic: str | None = None
    addressed: tuple[str, ...] = ()
    notes: tuple[Remark, ...] = ()


class PostHeader(Struct, frozen=True, kw_only=True):
    """What the header of a mail says, even if the rest cannot be read."""

    subject: str
    message_id: str | None
    automatic: str | None


def read_post_header(content: bytes) -> PostHeader:
    """Read the header alone: bounded and linear, so safe anywhere."""
    return _post_header(header_fields(content))


def read_posted(content: bytes) -> Posted:
    """Read a mail as an edition. Raises UnreadableMail, whose sentence is for the editor."""
    check_caps(content)
    content = mend_header(content)
    fields = header_fields(content)
    header = _post_header(fields)
    with refusing_faults():
        contents = gather(parse_mail(content))
        posted = _edition(contents, header.subject)
    return replace(
        posted,
        subject=header.subject,
        message_id=header.message_id,
        automatic=header.automatic,
        addressed=_addressed(fields),
        notes=tuple(contents.notes),
    )


def rehearse(posted: Posted) -> None:
    """Build the edition once and throw it away, so that a slow or impossible one fails where nobody waits for it."""
    site = Site(base_url="https://n.invalid", mail_domain="n.invalid", receives_mail=True)
    profile = ListProfile(name="n", title="N", from_=Mailbox("", parse_address("n@n.invalid")))
    try:
        file = parse_edition(posted.source, "." + posted.source_name.rpartition(".")[2])
        build_edition(file, posted.assets, profile, site, slug="n", edition_id="1")
    except EditionError:
        pass  # reported in full where the edition is really built
    except (*PARSER_FAULTS, MemoryError) as problem:
        raise UnreadableMail(f"this email cannot become an edition ({type(problem).__name__})") from None


def _post_header(fields: Sequence[tuple[str, str]]) -> PostHeader:
    subject = decode_words(first_value(fields, "subject"))
    return PostHeader(
        subject=subject[:_LONGEST_SUBJECT],
        message_id=find_message_id(fields),
        automatic=_automatic(fields, subject),
    )


def _automatic(fields: Sequence[tuple[str, str]], subject: str) -> str | None:
    """The sign that a machine wrote the mail. The subject of an edition may well read like that of a vacation
    notice.
    """
    # Systems suppress automatic replies to people's mail, too, so that field alone is no sign of a machine.
    marks = [(name, value) for name, value in fields if name not in ("subject", "x-auto-response-suppress")]
    by_subject = machine_made([("subject", subject)])
    is_answer = any(name in ("in-reply-to", "references") for name, _ in fields)
    return machine_made(marks) or (by_subject if is_answer or by_subject is None else SUBJECT_ALONE)


def _addressed(fields: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    addresses = [address for name, value in fields if name in ("to", "cc") for address in _ADDRESS.findall(value)]
    return tuple(dict.fromkeys(address.lower() for address in addresses[:_MOST_ADDRESSES]))


def _edition(contents: MailContents, subject: str) -> Posted:
    """The edition alone, without what the header says of the mail."""
    attached = [file for file in contents.files if file.is_markdown]
    if len(attached) > 1:
        raise unreadable("mail-several-files")
    if attached:
        return _attached_edition(attached[0], contents)
    if not subject.strip():
        raise unreadable("mail-no-subject")
    return Posted(source=_as_message(contents, subject), source_name=_MAIL_NAME)


def _attached_edition(file: FoundFile, contents: MailContents) -> Posted:
    if len(file.content) > LONGEST_TEXT:
        raise unreadable("mail-file-long", name=file.name, most=LONGEST_TEXT // 1024)
    assets: dict[str, bytes] = {}
    for other in contents.files:
        # A picture of the mail's own text, such as a logo below the signature, does not belong to the edition.
        if other is file or (other.content_id is not None and not other.is_attachment):
            continue
        if not _PLAIN_NAME.fullmatch(other.name) or other.name in assets:
            contents.notes.append(remark("file-left-out", name=other.name))
            continue
        assets[other.name] = other.content
    stem, suffix = ("edition", ".md") if not _PLAIN_NAME.fullmatch(file.name) else _split_name(file.name)
    return Posted(source=file.content, source_name=f"{stem}{suffix}", assets=assets)


def _split_name(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    return (stem, f".{suffix.lower()}") if dot and suffix.lower() in ("md", "markdown") else (name, ".md")


def _as_message(contents: MailContents, subject: str) -> bytes:
    """The mail rewritten: text, HTML if it has some, the images that it shows, attachments."""
    names = {id(file): f"image-{number}" for number, file in enumerate(contents.files, 1)}
    page = _page(contents, names)
    text = joined_text(contents.blocks, has_page=page is not None)
    if not text.strip() and not (page or "").strip():
        is_for_outlook = remark("mail-winmail") in contents.notes
        raise unreadable("mail-winmail" if is_for_outlook else "mail-no-text")
    enclosures = [
        Enclosure(
            name=file.name,
            media_type=image_type(file.content) or file.media_type,
            content=file.content,
            content_id=names[id(file)] if page is not None and _is_shown(names[id(file)], page) else None,
        )
        for file in contents.files
    ]
    seed = boundary_seed((subject, text, page), enclosures)
    body = message_body([with_crlf(text)], None if page is None else [with_crlf(page)], enclosures, seed=seed)
    header = subject_field(subject) + plain_field("MIME-Version", "1.0")
    return header + joined_octets(body)


def _page(contents: MailContents, names: dict[int, str]) -> str | None:
    """The HTML in one piece, its images under names that are the same every time; None for a plain mail."""
    joined = joined_page(contents.blocks, lambda image: names[id(image)])
    if joined is None:
        return None
    page, trackers = without_trackers(joined)
    if trackers:
        contents.notes.append(remark("mail-trackers"))
    if len(page) > LONGEST_TEXT:
        raise unreadable("mail-text-long", most=LONGEST_TEXT // 1024)
    return _renamed(page, {file.content_id: names[id(file)] for file in contents.files if file.content_id})


def _renamed(page: str, names: dict[str, str]) -> str:
    """`page` with the mail program's Content-IDs replaced by ours."""
    spellings: dict[str, str] = {}
    for content_id, name in names.items():
        for spelling in (content_id, escape(content_id), quote(content_id, safe="@")):
            spellings.setdefault(spelling, name)
    if not spellings:
        return page
    longest_first = sorted(spellings, key=len, reverse=True)
    pattern = re.compile(
        r"\bcid:(" + "|".join(map(re.escape, longest_first)) + r")(?![A-Za-z0-9._@$-])", re.IGNORECASE | re.ASCII
    )
    by_case = {spelling.lower(): name for spelling, name in spellings.items()}
    return pattern.sub(lambda match: f"cid:{by_case[match[1].lower()]}", page)


def _is_shown(name: str, page: str) -> bool:
    return re.search(rf"\bcid:{name}(?![0-9])", page) is not None
