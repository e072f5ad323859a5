"""Reading a copy of our own back, for previews and the demo's mailbox: what a mail program would show."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message

from pressrun.message.flowed import unflow


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownParts:
    """The parts of a message that a reader sees, with LF line ends; `html` None when there is none."""

    text: str
    html: str | None


def read_parts(content: bytes) -> ShownParts:
    """The first text part and the first HTML part of a message that we built."""
    leaves = [part for part in message_from_bytes(content, policy=policy.compat32).walk() if not part.is_multipart()]
    shown = [part for part in leaves if part.get_content_disposition() != "attachment"]
    text = next((_decoded(part) for part in shown if part.get_content_type() == "text/plain"), "")
    html = next((_decoded(part) for part in shown if part.get_content_type() == "text/html"), None)
    return ShownParts(text=text, html=html)


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    text = payload.decode("utf-8", "replace").replace("\r\n", "\n") if isinstance(payload, bytes) else ""
    return unflow(text, delete_blank=False) if part.get_param("format") == "flowed" else text
