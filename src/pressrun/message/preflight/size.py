"""Size: what mail programs cut off, and what servers refuse."""

from __future__ import annotations

from collections.abc import Iterator

from pressrun.message.finding import Finding, warning
from pressrun.message.preflight.draft import Draft, Rule, fixed_text
from pressrun.message.wire.base64_text import encoded_size
from pressrun.message.wire.quoted_printable import encode_piece, normalise_lines

CLIPPED_AT_BYTES = 100 * 1024
HEAVY_AT_BYTES = 10 * 1000 * 1000  # of the whole message as it travels; the common limit of smaller servers


def clipped_html(draft: Draft) -> Iterator[Finding]:
    if draft.finished_html is None:
        return
    text = fixed_text(draft.finished_html)
    size = min(len(encode_piece(normalise_lines(text))), encoded_size(len(text.encode())))  # as it travels
    if size > CLIPPED_AT_BYTES:
        yield warning("html-clipped", size=size // 1024)


def heavy_message(draft: Draft) -> Iterator[Finding]:
    if draft.size_bytes > HEAVY_AT_BYTES:
        yield warning("message-heavy", size=round(draft.size_bytes / 1e6), most=HEAVY_AT_BYTES // 1_000_000)


RULES: tuple[Rule, ...] = (clipped_html, heavy_message)
