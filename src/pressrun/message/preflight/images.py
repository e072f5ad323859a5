"""Images: an address that works in a mail, words for those who do not see them, and none that reports its readers.

A missing image stops the send already where the edition is built.
"""

from __future__ import annotations

from collections.abc import Iterator

from pressrun.message.content.tree import Node
from pressrun.message.finding import Finding, warning
from pressrun.message.incoming.trackers import is_tracker
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule
from pressrun.message.sources.edition_source import EditionFormat

HEAVY_AT_BYTES = 1000 * 1000  # two seconds on a slow mobile connection; a photograph 1200 pixels wide has a third of it
HEAVY_TOGETHER_AT_BYTES = 5 * HEAVY_AT_BYTES  # many photographs of a good size


def no_address(edition: CheckedEdition) -> Iterator[Finding]:
    for image in edition.tree.find_all("img"):
        if not image.attributes.get("src"):
            yield warning("image-dead", edition.line_of(image.attributes.get("alt", "")))


def not_encrypted(edition: CheckedEdition) -> Iterator[Finding]:
    for image in edition.tree.find_all("img"):
        source = image.attributes.get("src", "")
        if source.lower().startswith("http:"):
            yield warning("image-not-encrypted", edition.line_of(source), url=edition.show(source))


def tracking(edition: CheckedEdition) -> Iterator[Finding]:
    """What comes with a template or a text from another program, and what nobody sees in a preview."""
    for image in edition.tree.find_all("img"):
        if is_tracker(image.attributes):
            source = image.attributes["src"]
            yield warning("image-tracks", edition.line_of(source), url=edition.show(source))


def no_alt_text(edition: CheckedEdition) -> Iterator[Finding]:
    for image in edition.tree.find_all("img"):
        has_alt = bool(image.attributes.get("alt", "").strip())
        if not (has_alt or _is_decoration(image, edition) or is_tracker(image.attributes)):
            source = image.attributes.get("src", "")
            if source:
                shown = edition.enclosed.get(source) or edition.show(source)
                yield warning("image-no-alt", edition.line_of(source), url=shown)
            else:
                yield warning("image-no-alt-unnamed")


def _is_decoration(image: Node, edition: CheckedEdition) -> bool:
    """Whether the alt is empty on purpose, as HTML has it for decoration; Markdown writes an empty one for any
    image.
    """
    return "alt" in image.attributes and edition.format is not EditionFormat.MARKDOWN


def heavy(edition: CheckedEdition) -> Iterator[Finding]:
    """Images that a phone waits for, each or together: usually photographs straight from a camera."""
    large = [(name, octets) for name, octets in edition.pictures if octets > HEAVY_AT_BYTES]
    for name, octets in large:
        yield warning("image-heavy", edition.line_of(name), name=name, size=octets // 1000)
    total = sum(octets for _, octets in edition.pictures)
    if not large and total > HEAVY_TOGETHER_AT_BYTES:
        yield warning("images-heavy", size=total // 1000)


RULES: tuple[Rule, ...] = (no_address, not_encrypted, tracking, no_alt_text, heavy)
