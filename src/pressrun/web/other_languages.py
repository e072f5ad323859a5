"""Links from a page to the same page in the other languages of a newsletter."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from pressrun.locales.own_names import own_names

_LINK = Markup('<a href="{}" lang="{}" hreflang="{}" dir="auto">{}</a>')


def links_to_languages(there: Sequence[tuple[str, str]], here: str) -> Markup:
    """Links with the languages' own names; `there` has the address and the tag of each, this page's among them."""
    names = own_names([tag for _, tag in there])
    return Markup("\u00a0· ").join(  # no line begins with the dot
        _LINK.format(href, tag, tag, name) for (href, tag), name in zip(there, names, strict=True) if href != here
    )
