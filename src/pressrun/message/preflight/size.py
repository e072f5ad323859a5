"""Size: what mail programs cut off, and what servers refuse."""

from __future__ import annotations

from collections.abc import Iterator

from pressrun.message.finding import Finding, warning
from pressrun.message.preflight.draft import Draft, Rule, fixed_text

CLIPPED_AT_BYTES = 100 * 1024
HEAVY_AT_BYTES = 10 * 1000 * 1000  # of the whole message as it travels; the common limit of smaller servers


def clipped_html(draft: Draft) -> Iterator[Finding]:
    if draft.finished_html is None:
        return
    size = len(fixed_text(draft.finished_html).encode())
    if size > CLIPPED_AT_BYTES:
        yield warning(
            f"the HTML part has {size // 1024} KiB: Gmail cuts it after 100, unsubscribe link and all; shorten it"
        )


def heavy_message(draft: Draft) -> Iterator[Finding]:
    if draft.size_bytes > HEAVY_AT_BYTES:
        yield warning(
            f"each copy has {draft.size_bytes / 1e6:.0f} MB, and many servers refuse mail above "
            f"{HEAVY_AT_BYTES // 1_000_000}: make the images smaller, or link to the files"
        )


RULES: tuple[Rule, ...] = (clipped_html, heavy_message)
