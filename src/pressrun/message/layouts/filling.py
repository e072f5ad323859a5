"""Filling in templates: `[[name]]` is replaced once, with text that is escaped already."""

from __future__ import annotations

import re

_PLACE = re.compile(r"\[\[([a-z_]+)\]\]")


def fill(template: str, **parts: str) -> str:
    """The template with each `[[name]]` replaced; what is filled in is not looked at again."""
    return _PLACE.sub(lambda found: parts[found[1]], template)
