"""Whether an answer to the mail that asks for a confirmation says that somebody does not want it, or is automatic.

An answer confirms, so people who complain about a mail that they did not ask for must not be subscribed by that. The
same is true of a help desk, whose program answers that it received a mail, often without any sign of being a program.
A wrong yes costs a reader one more try. The words for each language are in `assets/refused_requests.toml` and
`automatic_replies.toml`.
"""

from __future__ import annotations

import re

from pressrun.core.text.wordings import Wordings, fold

_LINES = Wordings("refused_requests", "lines", finds_ascii=True, frame=r"\A(?:%s)[ .!。！]{0,5}\Z")
_YES = Wordings("refused_requests", "yes", finds_ascii=True, frame=r"\A(?:%s)")
_PHRASES = Wordings("refused_requests", "phrases", finds_ascii=True)
_RECEIPTS = tuple(Wordings("automatic_replies", name) for name in ("received", "challenge"))
_MOST_LINES = 8
_LONGEST_LINE = 300
# Where the mail that is answered begins, if it is quoted below without marks, and the signature.
_REST = re.compile(r"-- ?\Z|[-_]{5,}|(?:from|von|de|da|van|od|från|fra|от|من|差出人|发件人)\s?[:：]", re.IGNORECASE)


def refuses(text: str) -> bool:
    """Whether the first lines that the author of an answer wrote refuse."""
    own = _own_lines(text)
    return any(_LINES.is_in(line) for line in own[:3]) or _PHRASES.is_in(" ".join(own))


def acknowledges(text: str) -> bool:
    """Whether the first lines that the author of an answer wrote say that a mail was received, or ask for a proof."""
    words = " ".join(_own_lines(text))
    return any(table.is_in(words) for table in _RECEIPTS)


def _own_lines(text: str) -> list[str]:
    """The first lines that the author of an answer wrote; none where they say yes, at once or below a greeting."""
    lines: list[str] = []
    for raw in text.split("\n")[:200]:
        line = raw.strip()[:_LONGEST_LINE]
        if _REST.match(line):
            break
        if line and not line.startswith((">", "|")):
            lines.append(fold(line))
    return [] if any(_YES.is_in(line) for line in lines[:2]) else lines[:_MOST_LINES]
