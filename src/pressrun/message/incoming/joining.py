"""The pieces of a mail's text as one: a page where any of them is HTML, and the plain text beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from pressrun.message.content.html import clean_html
from pressrun.message.content.plaintext import text_from_html
from pressrun.message.incoming.parts import Block, FoundFile, text_as_html


def joined_page(blocks: Sequence[Block], id_of: Callable[[FoundFile], str]) -> str | None:
    """The HTML in one piece, pictures where they stand, by the Content-ID that `id_of` gives; None for plain text."""
    if not any(block.html is not None for block in blocks):
        return None
    pieces = []
    for block in blocks:
        if block.image is not None:
            shown = escape(block.image.name.rpartition(".")[0] or block.image.name)
            pieces.append(f'<p><img src="cid:{id_of(block.image)}" alt="{shown}"></p>')
        elif block.html is not None:
            pieces.append(block.html)
        elif block.text:
            pieces.append(text_as_html(block.text))
    return "\n".join(pieces)


def joined_text(blocks: Sequence[Block], *, has_page: bool) -> str:
    """The plain text as it was written; "" where all of it has to be made from the HTML anyway."""
    if has_page and not any(block.text for block in blocks):
        return ""
    pieces = [
        text_from_html(clean_html(block.html or "").body) if block.text is None else block.text for block in blocks
    ]
    return "\n\n".join(piece.strip("\n") for piece in pieces if piece.strip()) + "\n"
