"""What a notice says, whatever it is about: paragraphs around one link."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """A subject, paragraphs, one link that stands as a button in HTML, and paragraphs after it.

    `preheader` is what an inbox shows beside the subject: without one, the first paragraph.
    """

    subject: str
    before: tuple[str, ...]
    link: str | None = None
    link_words: str = ""
    after: tuple[str, ...] = ()
    preheader: str = ""


def filled(sentence: str, **values: str) -> str:
    """A sentence with its `{name}` places filled; a translator's mistake cannot fail here."""
    for name, value in values.items():
        sentence = sentence.replace(f"{{{name}}}", value)
    return sentence
