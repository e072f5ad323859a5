"""Reads a copy that we built, for previews and the demo's mailbox: what a mail program would show."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import Message

from msgspec import Struct, field

from pressrun.message.content.flowed import unflow
from pressrun.message.content.html import rewrite_images

_ENCODED_LINES = re.compile(r"(?:^[A-Za-z0-9+/=]{60,78}\n){6,}", re.MULTILINE)
_LINES_KEPT = 2


class ShownParts(Struct, frozen=True, kw_only=True):
    """The parts of a message that a reader sees, with LF line ends; `html` is None when there is none.

    `images` are those that the HTML shows from inside the message: media type and content by Content-ID.
    """

    text: str
    html: str | None
    images: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


def read_parts(content: bytes) -> ShownParts:
    """The first text part and the first HTML part of a message that we built, and its images."""
    leaves = [part for part in message_from_bytes(content, policy=policy.compat32).walk() if not part.is_multipart()]
    shown = [part for part in leaves if part.get_content_disposition() != "attachment"]
    text = next((_decoded(part) for part in shown if part.get_content_type() == "text/plain"), "")
    html = next((_decoded(part) for part in shown if part.get_content_type() == "text/html"), None)
    images = {
        str(part["Content-ID"]).strip().strip("<>"): (part.get_content_type(), _octets(part))
        for part in leaves
        if part["Content-ID"] and part.get_content_maintype() == "image"
    }
    return ShownParts(text=text, html=html, images=images)


def read_sender(content: bytes) -> tuple[str, str]:
    """The display name and the address in the From of a message that we built."""
    author = message_from_bytes(content, policy=policy.default)["From"].addresses[0]
    return author.display_name, author.addr_spec


def with_images_inside(parts: ShownParts) -> str | None:
    """The HTML as one document with its images inside, or None."""
    if parts.html is None:
        return None
    placed: dict[str, str] = {}

    def inside(source: str) -> str:
        image = parts.images.get(source.removeprefix("cid:")) if source.startswith("cid:") else None
        if image is None:
            return source
        if source not in placed:
            placed[source] = f"data:{image[0]};base64,{base64.b64encode(image[1]).decode('ascii')}"
        return placed[source]

    return rewrite_images(parts.html, inside)


def shown_source(content: bytes) -> tuple[str, str]:
    """Header and body as they travel, with LF line ends; long encoded parts are cut to their first lines."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    header, _, body = text.partition("\n\n")
    return header, _ENCODED_LINES.sub(_shortened, body)


def _shortened(match: re.Match[str]) -> str:
    lines = match[0].splitlines(keepends=True)
    return "".join(lines[:_LINES_KEPT]) + f"… {len(lines) - _LINES_KEPT:,} lines more\n"


def _octets(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: Message) -> str:
    text = _octets(part).decode("utf-8", "replace").replace("\r\n", "\n")
    return unflow(text, delete_blank=False) if part.get_param("format") == "flowed" else text
