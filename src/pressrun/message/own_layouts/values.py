"""What a template gets: the list, the edition's subject, the colours, and a mark for each part that is inserted later.

docs/layouts.md names them for operators.
"""

from __future__ import annotations

import hashlib
from typing import Any

from msgspec import Struct

from pressrun.core.colour import Colour
from pressrun.core.site import Site
from pressrun.message.layouts.design import Logo, Marks
from pressrun.message.layouts.palette import dark_palette, light_palette
from pressrun.message.profile import ListProfile
from pressrun.message.words import direction_of

# For a list that chose no colour.
_ACCENT = Colour.parse("#1a56c4")


class TemplateValues(Struct, frozen=True, kw_only=True):
    """The values that a template gets: plain ones, and marks for what is inserted later."""

    plain: dict[str, Any]
    marks: Marks


def template_values(profile: ListProfile, site: Site, *, subject: str, preheader: str, language: str) -> TemplateValues:
    """The values for one edition; subject and preheader hold merge fields as written."""
    direction = direction_of(language)
    start, end = ("right", "left") if direction == "rtl" else ("left", "right")
    accent = profile.design.accent or _ACCENT
    logo = profile.design.logo
    plain = {
        "list": {"title": profile.title, "description": profile.description, "url": profile.page_url(site)},
        "subject": subject,
        "preheader": preheader,
        "language": language,
        "direction": direction,
        "start": start,
        "end": end,
        "colours": light_palette(accent).named(),
        "dark": dark_palette(accent).named(),
        "logo": None if logo is None else _logo_values(logo, site),
        "footer_note": profile.footer,
    }
    return TemplateValues(plain=plain, marks=_marks(repr(plain)))


def _logo_values(logo: Logo, site: Site) -> dict[str, str | int]:
    width, height = logo.shown_size
    return {"source": f"cid:{logo.enclosure(site.mail_domain).content_id}", "width": width, "height": height}


def _marks(seed: str) -> Marks:
    stem = "pm" + hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:20]
    return Marks(
        headline=f"{stem}h",
        content=f"{stem}c",
        footer=f"{stem}f",
        postal_address=f"{stem}p",
        column_start=f"{stem}s",
        column_end=f"{stem}e",
    )
