"""All rules, in the order in which an editor reads an edition."""

from __future__ import annotations

from itertools import islice

from pressrun.message.finding import Finding
from pressrun.message.preflight import copied_links, headline, images, language, links, parts, placeholders
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule

RULES: tuple[Rule, ...] = (
    *headline.RULES,
    *parts.DUTIES,
    *placeholders.RULES,
    *links.RULES,
    *copied_links.RULES,
    *images.RULES,
    *parts.RULES,
    *language.RULES,
    *parts.SIZES,
)

MOST_OF_A_RULE = 25  # findings; an editor reads no more of one kind, and a hostile mail takes no more time


def check(edition: CheckedEdition) -> list[Finding]:
    """What all rules find in an edition."""
    return [finding for rule in RULES for finding in islice(rule(edition), MOST_OF_A_RULE)]
