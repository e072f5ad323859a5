"""What comes back from a template: HTML with marks where something is put in later."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Texts that stand in what a template made for what is put in later; no template can know them."""

    headline: str
    content: str
    footer: str
    postal_address: str
    column_start: str
    column_end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedLayout:
    """What an operator's template made for one edition, as it came."""

    name: str
    made: str
    marks: Marks
