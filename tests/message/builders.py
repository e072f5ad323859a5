"""Builders for what a message needs: a site, a list, a reader, an edition."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage

from pressrun.core.addresses.address import parse_address
from pressrun.core.site import Site
from pressrun.message.editions.compose import BuiltEdition, build_edition, suggested_slug
from pressrun.message.profile import ArchiveMode, ListProfile
from pressrun.message.sources.edition_file import parse_edition
from pressrun.message.wire.mailbox import Mailbox
from pressrun.message.wire.skeleton import CopyValues

DOMAIN = "news.harbour.example"
MAIL_TOKEN = "aaaabbbbccccddddeeeeffff222"
COPY_TOKEN = "ggggaaaabbbbccccddddeeee333"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0\x40\x80\xc0", 0))
    + chunk(b"IEND", b"")
)


def site(*, receives_mail: bool = True, base_url: str = "https://news.harbour.example") -> Site:
    return Site(base_url=base_url, mail_domain=DOMAIN, receives_mail=receives_mail)


def profile(
    *,
    title: str = "The Harbour Letter",
    archive: ArchiveMode = ArchiveMode.PUBLIC,
    postal_address: str = "Harbour Office\n1 Quay Street\nPort Example",
    owner: str | None = "owner@harbour.example",
    language: str = "en",
) -> ListProfile:
    return ListProfile(
        name="news",
        title=title,
        from_=Mailbox(title, parse_address(f"news@{DOMAIN}")),
        owner=parse_address(owner) if owner else None,
        archive=archive,
        postal_address=postal_address,
        language=language,
    )


def values(
    *,
    to: str = "reader@reader.example",
    name: str = "Rosa",
    columns: Mapping[str, str] | None = None,
    base_url: str = "https://news.harbour.example",
    is_test: bool = False,
    mail_token: str | None = MAIL_TOKEN,
) -> CopyValues:
    return CopyValues(
        to=parse_address(to),
        name=name,
        columns=columns or {},
        unsubscribe_url=f"{base_url}/unsubscribe/AAAAAAABAAAAAAAC.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
        preferences_url=f"{base_url}/preferences/AAAAAAABAAAAAAAC.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
        archive_url=f"{base_url}/read/AAAAAAABAAAAAAAC.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG/archive/harbour-news",
        latest_url=f"{base_url}/read/AAAAAAABAAAAAAAC.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG/latest",
        unsubscribe_mailto_token=mail_token,
        copy_token=COPY_TOKEN,
        message_id=f"1.abc@{DOMAIN}",
        date_at=1_790_000_000,
        day="21 September 2026",
        is_test=is_test,
    )


def build(
    source: str | bytes,
    suffix: str = ".md",
    *,
    assets: Mapping[str, bytes] | None = None,
    list_profile: ListProfile | None = None,
    at: Site | None = None,
    columns: frozenset[str] = frozenset({"town"}),
) -> BuiltEdition:
    file = parse_edition(source.encode() if isinstance(source, str) else source, suffix)
    return build_edition(
        file,
        assets or {},
        list_profile or profile(),
        at or site(),
        slug=suggested_slug(file),
        edition_id="7",
        known_columns=columns,
    )


def edition(body: str, *keys: str, subject: str = "Harbour news") -> str:
    return "\n".join(["---", f"subject: {subject}", *keys, "---", body])


def read(content: bytes) -> EmailMessage:
    """The message as an independent reader sees it."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(content: bytes, subtype: str) -> str:
    """The text of the first part of this kind."""
    for mime_part in read(content).walk():
        if mime_part.get_content_type() == f"text/{subtype}":
            payload = mime_part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            return payload.decode("utf-8")
    raise AssertionError(f"no text/{subtype} part")
