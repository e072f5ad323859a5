"""How a list wants its mails to look: the layout, its colour, its logo; and the result of an operator's template."""

from __future__ import annotations

import hashlib

from msgspec import Struct

from pressrun.core.colour import Colour
from pressrun.core.errors import BadInput
from pressrun.message.layouts.built_in import DEFAULT_LAYOUT
from pressrun.message.wire.mime import Enclosure, image_size, image_type


class Marks(Struct, frozen=True, kw_only=True):
    """Texts in a template's result that are replaced later; no template can know them."""

    headline: str
    content: str
    footer: str
    postal_address: str
    column_start: str
    column_end: str


class RenderedLayout(Struct, frozen=True, kw_only=True):
    """What an operator's template made for one edition, unchanged."""

    name: str
    made: str
    marks: Marks


# Pixels as shown; larger pictures are scaled down, so that they are sharp on fine screens.
LOGO_HEIGHT = 56
LOGO_WIDTH = 240
LOGO_BYTES = 64 * 1024  # every copy carries it
SMALLEST_LOGO = 16
LARGEST_LOGO = 2000


class Logo(Struct, frozen=True, kw_only=True):
    """A picture in place of the list's name, `width` by `height` pixels."""

    name: str
    media_type: str
    content: bytes
    width: int
    height: int

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height as a mail shows it."""
        scale = min(1.0, LOGO_HEIGHT / self.height, LOGO_WIDTH / self.width)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))

    @property
    def digest(self) -> str:
        """SHA-256 of the content in hex, by which a change is noticed."""
        return hashlib.sha256(self.content).hexdigest()

    def enclosure(self, mail_domain: str) -> Enclosure:
        """The picture as part of a mail; its Content-ID is the same in every edition."""
        content_id = f"{self.digest[:20]}.logo@{mail_domain}"
        return Enclosure(name=self.name, media_type=self.media_type, content=self.content, content_id=content_id)


def read_logo(name: str, content: bytes) -> Logo:
    """A file as a logo. Raises BadInput for one that is too large or that some mail program would not show."""
    if len(content) > LOGO_BYTES:
        kib = -(-len(content) // 1024)
        raise BadInput(f"{name} has {kib} KiB. At most {LOGO_BYTES // 1024} are allowed, because every copy carries it")
    media_type, size = image_type(content), image_size(content)
    if media_type is None or size is None:
        raise BadInput(f"{name} is not an image that every email program shows. Save it as PNG, JPEG or GIF")
    width, height = size
    if not all(SMALLEST_LOGO <= side <= LARGEST_LOGO for side in size):
        raise BadInput(f"{name} is {width} by {height} pixels. Each side must be {SMALLEST_LOGO} to {LARGEST_LOGO}")
    return Logo(name=name, media_type=media_type, content=content, width=width, height=height)


class Design(Struct, frozen=True, kw_only=True):
    """What a list chose; an `accent` of None is the layout's own colour.

    `rendered` is what the operator's own layout made for the edition at hand, or None for a built-in layout.
    """

    layout: str = DEFAULT_LAYOUT
    accent: Colour | None = None
    logo: Logo | None = None
    rendered: RenderedLayout | None = None
    typeface: str = "sans"  # or serif, or mono


PLAIN = Design()
"""The design of a list that chose nothing."""
