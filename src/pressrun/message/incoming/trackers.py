"""Removes the images that a mail program or a service put into a mail to learn who opened it.

This is not a cleaner: what can run is removed elsewhere. An image is a tracker when it comes from the web and cannot be
seen (no size, one pixel, or hidden), or when its address has the form that a large service uses. Bounded and linear:
each tag is read once, up to a limit.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from pressrun.core.errors import UnreadableMail

MOST_IMAGES = 5000
_LONGEST_TAG = 8192

_IMAGE = re.compile(r"<(?:img|image)(?![a-z0-9:-])", re.IGNORECASE | re.ASCII)  # browsers read the second as the first
_ATTRIBUTE = re.compile(r"([a-zA-Z][a-zA-Z-]{0,40})(?:\s{0,10}=\s{0,10}(\"[^\"]*\"|'[^']*'|[^\s\"'>]*))?")
_REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_NOTHING = re.compile(r"\s*0*[01](?:\.0*)?\s*(?:px|pt)?\s*", re.IGNORECASE)
_UNSEEN = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|!|$)"
    r"|(?:max-)?(?:width|height)\s*:\s*0*[01](?:\.0*)?\s*(?:px|pt)?\s*(?:;|!|$))",
    re.IGNORECASE,
)
# Paths by which the large sending services and mail extensions count openings.
_KNOWN = re.compile(
    r"/(?:wf/open|track/open|open/track|tracking/open|e/open|open\.(?:php|aspx?|gif)|opens?/|mail/open|email/open|trk/open"
    r"|trace/mail/|e3t/[co]to|e2t/[co]|imp\?|ss/o/|o/eJ|pixel\.(?:gif|png|php)|pixel/|beacon(?:\.gif|/|\?)|spacer\.gif\?"
    r"|t\.gif\?|readreceipt|read-receipt|mailtrack)",
    re.IGNORECASE,
)


def without_trackers(page: str) -> tuple[str, int]:
    """`page` without its trackers, and how many there were. Raises UnreadableMail beyond MOST_IMAGES images."""
    pieces: list[str] = []
    position, kept_from, images, removed = 0, 0, 0, 0
    while (match := _IMAGE.search(page, position)) is not None:
        images += 1
        if images > MOST_IMAGES:
            raise UnreadableMail(f"there are more than {MOST_IMAGES} images in the text")
        end = _end_of_tag(page, match.end())
        position = match.end() if end is None else end
        if end is not None and is_tracker(_attributes(page[match.end() : end - 1])):
            pieces.append(page[kept_from : match.start()])
            kept_from = end
            removed += 1
    pieces.append(page[kept_from:])
    return "".join(pieces), removed


def _end_of_tag(page: str, start: int) -> int | None:
    """Where a tag ends, outside of quotes; None if it does not within the limit."""
    quote = ""
    for position in range(start, min(len(page), start + _LONGEST_TAG)):
        character = page[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == ">":
            return position + 1
    return None


def _attributes(inside: str) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(inside):
        attributes.setdefault(match[1].lower(), html.unescape((match[2] or "").strip("\"'")))
    return attributes


def is_tracker(attributes: Mapping[str, str]) -> bool:
    """Whether an image with these attributes is there to tell its server who opens the mail."""
    source = attributes.get("src", "")
    if not _REMOTE.match(source):
        return False
    sizes = [attributes[name] for name in ("width", "height") if name in attributes]
    is_unseen = (
        any(_NOTHING.fullmatch(size) for size in sizes)
        or "hidden" in attributes
        or bool(_UNSEEN.search(attributes.get("style", "")))
    )
    return is_unseen or bool(_KNOWN.search(source.partition("//")[2]))
