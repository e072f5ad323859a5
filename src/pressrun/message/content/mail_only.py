"""Parts for the mail alone: `{% mail %}…{% endmail %}` is left out of the archive, the feeds and the search.

"You get this because…" is right for the reader of a mail, and wrong for everybody on the web. The marks work in every
source, in the middle of a sentence or on lines of their own, which then leave no trace.
"""

from __future__ import annotations

import re

from msgspec import Struct

from pressrun.message.finding import Finding, error

_BLANK = r"(?:\s|&nbsp;)*"
_MARK = re.compile(rf"\{{%{_BLANK}(?P<end>end)?mail{_BLANK}%\}}")
_ALONE = re.compile(rf"^[ \t]*(?P<mark>{_MARK.pattern})[ \t]*(?:\n|\Z)", re.MULTILINE)


class MailAndWeb(Struct, frozen=True):
    """A source for the mail and for the web, without marks."""

    mail: str
    web: str
    findings: tuple[Finding, ...]


def split_mail_only(source: str, *, first_line: int | None) -> MailAndWeb:
    """Split a source at its marks; a mark without its partner is an error at its line."""
    findings: list[Finding] = []
    mail, web = [], []
    position, counted, line, is_open = 0, 0, first_line, False
    for start, end, is_end in _marks(source):
        text = source[position:start]
        mail.append(text)
        if not is_open:
            web.append(text)
        if line is not None:
            line += source.count("\n", counted, start)
        if is_end is not is_open:
            findings.append(error("mail-part-not-begun" if is_end else "mail-part-not-ended", line))
        position, counted, is_open = end, start, not is_end
    mail.append(source[position:])
    if is_open:
        findings.append(error("mail-part-not-ended", line))
    else:
        web.append(source[position:])
    return MailAndWeb("".join(mail), "".join(web), tuple(findings))


def _marks(source: str) -> list[tuple[int, int, bool]]:
    """Where each mark begins and ends, including its line if it is alone there, and whether it closes a part."""
    lines = {match.start("mark"): match.span() for match in _ALONE.finditer(source)}
    return [(*lines.get(match.start(), match.span()), match["end"] is not None) for match in _MARK.finditer(source)]
