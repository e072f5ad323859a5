"""Opening a mail for the readers of reports: leaves in their order, decoded, and no enclosed mail opened by itself.

The parser would take a `message/…` part apart on its own, wrongly where it is encoded, and as deep as a mail likes.
So those types are renamed over the raw octets first; what they enclose is text that a reader opens on purpose.
"""

from __future__ import annotations

import re

from pressrun.message.incoming.header_block import mended
from pressrun.message.incoming.mail_part import parse_mail
from pressrun.message.incoming.reading import decode_words, decoded, leaves
from pressrun.message.incoming.trace import header_fields

ENCLOSED_PREFIX = "text/x-message-"
STATUS_TYPES = frozenset({f"{ENCLOSED_PREFIX}delivery-status", f"{ENCLOSED_PREFIX}global-delivery-status"})
FEEDBACK_TYPE = f"{ENCLOSED_PREFIX}feedback-report"
DISPOSITION_TYPES = frozenset(
    {f"{ENCLOSED_PREFIX}disposition-notification", f"{ENCLOSED_PREFIX}global-disposition-notification"}
)
MAIL_TYPES = frozenset({f"{ENCLOSED_PREFIX}rfc822", f"{ENCLOSED_PREFIX}global", "message/rfc822"})
HEADER_TYPES = frozenset({"text/rfc822-headers", "text/rfc822-header", f"{ENCLOSED_PREFIX}global-headers"})

_MESSAGE_TYPE = re.compile(rb"(?im)^(content-type[ \t]*:[ \t\r\n]*\"?)message/(?!partial|external)")
Fields = list[tuple[str, str]]


class OpenedMail:
    """A parsed mail: its fields with names in lower case, and its leaves."""

    def __init__(self, content: bytes) -> None:
        content = mended(content)
        self.message = parse_mail(_MESSAGE_TYPE.sub(rb"\1" + ENCLOSED_PREFIX.encode(), content))
        self.fields: Fields = header_fields(content)
        self.leaves = leaves(self.message)

    @property
    def subject(self) -> str:
        """Decoded."""
        return decode_words(self.field("subject"))[:1000]

    def field(self, name: str) -> str:
        """The first field of that name, or ""."""
        return next((value for found, value in self.fields if found == name), "").strip()

    def texts_of(self, types: frozenset[str]) -> list[str]:
        """The decoded texts of the leaves of these types."""
        return [decoded(part) for part in self.leaves if part.get_content_type() in types]

    @property
    def report_type(self) -> str:
        """The report-type of a multipart/report (RFC 6522 §3) in lower case, else ""."""
        if self.message.get_content_type() != "multipart/report":
            return ""
        found = self.message.get_param("report-type", "")
        return found.strip().lower() if isinstance(found, str) else ""


def enclosed_mails(opened: OpenedMail) -> list[bytes]:
    """The octets of the mails that are attached, as they stand there."""
    return [part.octets() for part in opened.leaves if part.get_content_type() in MAIL_TYPES]


def field_groups(text: str) -> list[dict[str, str]]:
    """The groups of fields of a status or feedback part: names in lower case, the first of each name counts."""
    groups: list[dict[str, str]] = [{}]
    name = ""
    for line in text.split("\n"):
        if not line.strip():
            groups.append({})
            name = ""
        elif line[0] in " \t":
            if name and len(groups[-1][name]) < 4000:
                groups[-1][name] += "\n" + line.strip()
        else:
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not colon or len(name) > 60 or name in groups[-1] or len(groups[-1]) > 100:
                name = ""
            else:
                groups[-1][name] = value.strip()
    return [group for group in groups if group]
