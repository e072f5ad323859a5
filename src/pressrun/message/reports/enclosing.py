"""What a report encloses of the mail that it is about: the few fields that may carry a token of ours.

Found in the enclosed mail or its header, and where a system pastes that into its text, in the text.
"""

from __future__ import annotations

import re

from pressrun.message.reports.opening import HEADER_TYPES, OpenedMail, enclosed_mails
from pressrun.message.reports.report import Enclosed

_SEARCHED = 128 * 1024
_MAX_VALUE = 4000
_FIELD = re.compile(
    r"[>| \t]{0,8}(return-path|list-unsubscribe|cfbl-feedback-id|list-id|message-id|x-original-return-path)"
    r"[ \t]{0,8}:(.*)",
    re.IGNORECASE,
)
_ANGLE = re.compile(r"<([^<>]{1,1000})>")
_BLANKS = re.compile(r"\s+")
_QUOTES = re.compile(r"(?:[>|] ?){0,8}")


def find_enclosed(opened: OpenedMail, *, texts: list[str], feedback: dict[str, str]) -> Enclosed:
    """The fields of the first enclosed mail, or of what `texts` quote; `feedback` adds its Original-Mail-From."""
    sources = [mail[:_SEARCHED].decode("utf-8", "replace") for mail in enclosed_mails(opened)]
    sources += opened.texts_of(HEADER_TYPES)
    found: dict[str, str] = {}
    for source in [*sources, *texts]:
        _collect(source[:_SEARCHED], found)
    return Enclosed(
        return_path=_angle(found.get("return-path", "") or feedback.get("original-mail-from", "")),
        unsubscribe=_uris(found.get("list-unsubscribe", "")),
        feedback_id=_bare(found.get("cfbl-feedback-id", "")),
        list_id=_angle(found.get("list-id", "")),
        message_id=_angle(found.get("message-id", "")),
    )


def _collect(source: str, found: dict[str, str]) -> None:
    """The first of each field; folded lines belong to it, quoted ones as well."""
    name = ""
    for line in source.split("\n"):
        field = _FIELD.match(line[:_MAX_VALUE])
        if field is not None:
            name = field[1].lower()
            if name in found:
                name = ""
            else:
                found[name] = field[2].strip()
            continue
        rest = line[_QUOTES.match(line).end() :] if name else ""  # type: ignore[union-attr]
        if name and rest[:1] in (" ", "\t") and rest.strip() and len(found[name]) < _MAX_VALUE:
            found[name] += " " + rest.strip()
        else:
            name = ""


def _angle(value: str) -> str:
    inside = _ANGLE.search(value)
    return _bare(inside[1] if inside else value)


def _uris(value: str) -> tuple[str, ...]:
    """The URIs of List-Unsubscribe; blanks inside come from folding (RFC 2369 §2)."""
    return tuple(_BLANKS.sub("", uri) for uri in _ANGLE.findall(value)[:10])


def _bare(value: str) -> str:
    return _BLANKS.sub("", value).strip("<>")[:1000]
