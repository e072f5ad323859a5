"""Images: an address that works in a mail, and words for those who do not see them.

One that is not there at all stops the send where the edition is built.
"""

from __future__ import annotations

from collections.abc import Iterator

from pressrun.message.content.tree import Node
from pressrun.message.finding import Finding, warning
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule
from pressrun.message.sources.edition_source import EditionFormat


def no_address(draft: CheckedEdition) -> Iterator[Finding]:
    for image in draft.tree.find_all("img"):
        if not image.attributes.get("src"):
            yield warning("image-dead", draft.line_of(image.attributes.get("alt", "")))


def not_encrypted(draft: CheckedEdition) -> Iterator[Finding]:
    for image in draft.tree.find_all("img"):
        source = image.attributes.get("src", "")
        if source.lower().startswith("http:"):
            yield warning("image-not-encrypted", draft.line_of(source), url=draft.show(source))


def no_alt_text(draft: CheckedEdition) -> Iterator[Finding]:
    for image in draft.tree.find_all("img"):
        if not image.attributes.get("alt", "").strip() and not _is_decoration(image, draft):
            source = image.attributes.get("src", "")
            if source:
                yield warning("image-no-alt", draft.line_of(source), url=draft.show(source))
            else:
                yield warning("image-no-alt-unnamed")


def _is_decoration(image: Node, draft: CheckedEdition) -> bool:
    """An empty alt on purpose, as HTML knows it for a spacer or a flourish; Markdown writes one for any image."""
    return "alt" in image.attributes and draft.format is not EditionFormat.MARKDOWN


RULES: tuple[Rule, ...] = (no_address, not_encrypted, no_alt_text)
