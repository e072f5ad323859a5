"""Reads a copy that we built, for previews and the demo's mailbox: what a mail program would show.

What an author wrote is in it, so the daemon has it done in a helper process, except for the demo.
"""

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


class ShownMessage(Struct, frozen=True, kw_only=True):
    """A message that we built as its preview shows it.

    `sender` is the name and address in its From, `page` its HTML as one document with the images inside, and `header`
    and `body` are as they travel; long encoded parts are cut to their first lines.
    """

    sender: tuple[str, str]
    text: str
    html: str | None
    page: str | None
    header: str
    body: str


def show_message(content: bytes) -> ShownMessage:
    """Read a message that we built."""
    parts = read_parts(content)
    header, body = _source(content)
    return ShownMessage(
        sender=_sender(content),
        text=parts.text,
        html=parts.html,
        page=_with_images_inside(parts),
        header=header,
        body=body,
    )


def _sender(content: bytes) -> tuple[str, str]:
    author = message_from_bytes(content, policy=policy.default)["From"].addresses[0]
    return author.display_name, author.addr_spec


def _with_images_inside(parts: ShownParts) -> str | None:
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


def _source(content: bytes) -> tuple[str, str]:
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
