"""An edition as a message for nobody in particular, for an mbox of the archive.

It is the message that was sent, with its parts, pictures and attachments. The personal places are blank, and the fields
by which a reader unsubscribes, complains or is identified are left out. Each message keeps one Message-ID for ever,
which no reader's copy has.
"""

from __future__ import annotations

import re

from pressrun.core.addresses.address import Address
from pressrun.message.wire.skeleton import DAY, CopyValues, Skeleton

_OF_A_COPY = frozenset(
    (
        b"list-unsubscribe", b"list-unsubscribe-post", b"feedback-id", b"cfbl-address", b"cfbl-feedback-id",
        b"precedence", b"x-auto-response-suppress",
    )
)  # fmt: skip
_FIELD = re.compile(rb"([!-9;-~]+):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")
_LOOKS_LIKE_FROM = re.compile(rb"^(>*From )", re.MULTILINE)


class NobodysValues(CopyValues, frozen=True, kw_only=True):
    """Values for no reader: fields take their default or nothing, and personal links lead to the list's page."""

    def fields(self) -> dict[str, str]:
        return {
            "unsubscribe_url": self.unsubscribe_url,
            "preferences_url": self.preferences_url,
            "archive_url": self.archive_url,
            "latest_url": self.latest_url,
            DAY: self.day,
        }


def archive_copy(skeleton: Skeleton, *, to: Address, list_page: str, message_id: str, date_at: int, day: str) -> bytes:
    """The message with CRLF line ends; `message_id` is without brackets, `day` is `date_at` in words."""
    values = NobodysValues(
        to=to,
        unsubscribe_url=list_page,
        preferences_url=list_page,
        archive_url=list_page,
        latest_url=list_page,
        copy_token="",
        message_id=message_id,
        date_at=date_at,
        day=day,
    )
    header, blank, body = skeleton.copy(values).partition(b"\r\n\r\n")
    kept = [match[0] for match in _FIELD.finditer(header + b"\r\n") if match[1].lower() not in _OF_A_COPY]
    return b"".join(kept) + blank[2:] + body


def mbox_entry(message: bytes, *, sender: str, received: str) -> bytes:
    """A message for an mbox (RFC 4155); what looks like a separator is quoted as in mboxrd, which can be undone.

    `received` is in UTC, in the form of C's asctime.
    """
    content = _LOOKS_LIKE_FROM.sub(rb">\1", message.replace(b"\r\n", b"\n"))
    return f"From {sender} {received}\n".encode("ascii") + content.rstrip(b"\n") + b"\n\n"
