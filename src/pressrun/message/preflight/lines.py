"""Lines that an author ended early in Markdown, which makes one paragraph of them."""

from __future__ import annotations

from collections.abc import Iterator

from pressrun.message.content.markdown import lost_line_ends
from pressrun.message.finding import Finding, note
from pressrun.message.layouts.letter import LETTER
from pressrun.message.manuscripts.source import EditionFormat
from pressrun.message.preflight.draft import Draft, Rule


def joined_lines(draft: Draft) -> Iterator[Finding]:
    """One note for all of them; the layout `letter` keeps them as they are."""
    if draft.format is not EditionFormat.MARKDOWN or draft.profile.design.layout == LETTER.name:
        return
    lost = lost_line_ends(draft.source)
    if lost:
        first, following = lost[0]
        more = f" ({len(lost) - 1} more such lines)" if len(lost) > 1 else ""
        yield note(
            f'"{first}" and "{following}" are two lines that will become one{more}. To keep them apart, end the first '
            "with a backslash.",
            draft.line_of(first),
        )


RULES: tuple[Rule, ...] = (joined_lines,)
