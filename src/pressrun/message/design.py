"""How a list wants its mails to look: the layout, its colour, its logo."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pressrun.core.colour import Colour
from pressrun.message.layouts.table import DEFAULT
from pressrun.message.mime import Enclosure

# As it is shown: larger pictures are scaled down, so that they stay sharp on fine screens.
LOGO_HEIGHT = 56
LOGO_WIDTH = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture that stands for the list's name, `width` by `height` pixels as it came."""

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

    def enclosure(self, mail_domain: str) -> Enclosure:
        """The picture as a part of a mail; its Content-ID is the same in every edition."""
        content_id = f"{hashlib.sha256(self.content).hexdigest()[:20]}.logo@{mail_domain}"
        return Enclosure(name=self.name, media_type=self.media_type, content=self.content, content_id=content_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What a list chose; `accent` None is the layout's own colour."""

    layout: str = DEFAULT
    accent: Colour | None = None
    logo: Logo | None = None


PLAIN = Design()
"""How a list looks that chose nothing."""
