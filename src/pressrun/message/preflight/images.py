"""Images: an address that works in a mail, and words for those who do not see them.

A missing image stops the send already where the edition is built.
"""

from __future__ import annotations

from collections.abc import Iterator

from pressrun.message.content.tree import Node
from pressrun.message.finding import Finding, warning
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule
from pressrun.message.sources.edition_source import EditionFormat


def no_address(edition: CheckedEdition) -> Iterator[Finding]:
    for image in edition.tree.find_all("img"):
        if not image.attributes.get("src"):
            yield warning("image-dead", edition.line_of(image.attributes.get("alt", "")))


def not_encrypted(edition: CheckedEdition) -> Iterator[Finding]:
    for image in edition.tree.find_all("img"):
        source = image.attributes.get("src", "")
        if source.lower().startswith("http:"):
            yield warning("image-not-encrypted", edition.line_of(source), url=edition.show(source))


def no_alt_text(edition: CheckedEdition) -> Iterator[Finding]:
    for image in edition.tree.find_all("img"):
        if not image.attributes.get("alt", "").strip() and not _is_decoration(image, edition):
            source = image.attributes.get("src", "")
            if source:
                yield warning("image-no-alt", edition.line_of(source), url=edition.show(source))
            else:
                yield warning("image-no-alt-unnamed")


def _is_decoration(image: Node, edition: CheckedEdition) -> bool:
    """Whether the alt is empty on purpose, as HTML has it for decoration; Markdown writes an empty one for any
    image.
    """
    return "alt" in image.attributes and edition.format is not EditionFormat.MARKDOWN


RULES: tuple[Rule, ...] = (no_address, not_encrypted, no_alt_text)
