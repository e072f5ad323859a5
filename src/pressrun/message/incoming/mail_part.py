"""A mail parsed by the standard library, which is never told to decode anything by a charset that the mail names.

The library's `Message` looks a charset up by whatever name the mail gives: for the text of a part, and for parameters
(RFC 2231), where a boundary or the name of a file may come in any. MailPart decodes all of them by core.charsets. The
old `compat32` policy reads, because the newer ones raise odd exceptions on hostile headers.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from typing import Any, cast

from pressrun.core.charsets import decode_text

_BROKEN = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


class MailPart(Message):
    """A mail or one of its parts."""

    def get_boundary(self, failobj: Any = None) -> Any:
        """What stands between its parts."""
        return self._parameter("boundary", "content-type", failobj)

    def get_filename(self, failobj: Any = None) -> Any:
        """The name of the file that it is, as its sender gives it."""
        found = self._parameter("filename", "content-disposition", None)
        return self._parameter("name", "content-type", failobj) if found is None else found

    def get_content_charset(self, failobj: Any = None) -> Any:
        """The charset that it says it is in."""
        return self._parameter("charset", "content-type", failobj)

    def _parameter(self, name: str, header: str, failobj: Any) -> Any:
        value = self.get_param(name, None, header)
        if value is None:
            return failobj
        if isinstance(value, tuple):  # RFC 2231: charset, language, text with an octet in each character
            charset, _, text = value
            value = decode_text(str(text).encode("latin-1", "replace"), str(charset or ""))
        return str(value).strip()

    def children(self) -> list[MailPart] | None:
        """Its parts; None where it has none, and then its text is not decoded, as the library would."""
        payload: Any = self.get_payload() if self.is_multipart() else None
        return None if payload is None else [child for child in payload if isinstance(child, MailPart)]

    def octets(self) -> bytes:
        """What it holds, its transfer encoding undone; nothing where it has parts."""
        payload: Any = self.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""

    @property
    def charset(self) -> str:
        """The charset that it names, "" for none."""
        return str(self.get_content_charset() or "")


def parse_mail(content: bytes) -> MailPart:
    """Parse a mail that is within the caps of message.incoming.caps; raises one of their PARSER_FAULTS."""
    return cast(MailPart, message_from_bytes(content, MailPart, policy=policy.compat32))


def decode_encoded_words(raw: str) -> str:
    """Encoded-words decoded (RFC 2047); line breaks that one may hide become blanks."""
    try:
        pieces = [
            decode_text(piece, charset or "") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(raw)
        ]
    except (MessageError, ValueError):
        pieces = [raw]
    return _BROKEN.sub(" ", "".join(pieces).encode("utf-8", "replace").decode("utf-8")).strip()
