"""A mail opened for the readers of reports, and what it encloses of the mail that it is about.

The parser would take a `message/…` part apart on its own, wrongly where it is encoded, and as deep as a mail likes. So
these types are renamed in the raw octets first, and a reader opens what they enclose on purpose. Of the enclosed mail
only the few fields matter that may carry a token of ours. Where a system pastes it into its text, the text is searched.
"""

from __future__ import annotations

import re

from pressrun.message.incoming.header_scan import first_value, header_fields
from pressrun.message.incoming.parser import mend_header, parse_mail
from pressrun.message.incoming.reading import decode_words, decoded, leaves
from pressrun.message.reports.report import Enclosed

ENCLOSED_PREFIX = "text/x-message-"
STATUS_TYPES = frozenset({f"{ENCLOSED_PREFIX}delivery-status", f"{ENCLOSED_PREFIX}global-delivery-status"})
FEEDBACK_TYPE = f"{ENCLOSED_PREFIX}feedback-report"
DISPOSITION_TYPES = frozenset(
    {f"{ENCLOSED_PREFIX}disposition-notification", f"{ENCLOSED_PREFIX}global-disposition-notification"}
)
MAIL_TYPES = frozenset({f"{ENCLOSED_PREFIX}rfc822", f"{ENCLOSED_PREFIX}global", "message/rfc822"})
HEADER_TYPES = frozenset({"text/rfc822-headers", "text/rfc822-header", f"{ENCLOSED_PREFIX}global-headers"})

_MESSAGE_TYPE = re.compile(rb"(?im)^(content-type[ \t]*:[ \t\r\n]*\"?)message/(?!partial|external)")
Fields = list[tuple[str, str]]


class OpenedMail:
    """A parsed mail: its fields with names in lower case, and its leaves."""

    def __init__(self, content: bytes) -> None:
        content = mend_header(content)
        self.message = parse_mail(_MESSAGE_TYPE.sub(rb"\1" + ENCLOSED_PREFIX.encode(), content))
        self.fields: Fields = header_fields(content)
        self.leaves = leaves(self.message)

    @property
    def subject(self) -> str:
        """The decoded subject, cut to size."""
        return decode_words(self.field("subject"))[:1000]

    def field(self, name: str) -> str:
        """The first field of that name, or ""."""
        return first_value(self.fields, name).strip()

    def texts_of(self, types: frozenset[str]) -> list[str]:
        """The decoded texts of the leaves of these types."""
        return [decoded(part) for part in self.leaves if part.get_content_type() in types]

    @property
    def report_type(self) -> str:
        """The report-type of a multipart/report (RFC 6522 §3) in lower case, else ""."""
        if self.message.get_content_type() != "multipart/report":
            return ""
        parameter = self.message.get_param("report-type", "")
        return parameter.strip().lower() if isinstance(parameter, str) else ""


def enclosed_mails(opened: OpenedMail) -> list[bytes]:
    """The octets of the attached mails."""
    return [part.octets() for part in opened.leaves if part.get_content_type() in MAIL_TYPES]


def field_groups(text: str) -> list[dict[str, str]]:
    """The groups of fields of a status or feedback part; names are in lower case, and the first of each name counts."""
    groups: list[dict[str, str]] = [{}]
    name = ""
    for line in text.split("\n"):
        if not line.strip():
            if groups[-1]:
                groups.append({})
            name = ""
        elif line[0] in " \t":
            if name and len(groups[-1][name]) < 4000:
                groups[-1][name] += "\n" + line.strip()
        else:
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not colon or len(name) > 60 or name in groups[-1] or len(groups[-1]) > 100:
                name = ""
            else:
                groups[-1][name] = value.strip()
    return [group for group in groups if group]


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


def read_enclosed(opened: OpenedMail, *, texts: list[str], feedback: dict[str, str]) -> Enclosed:
    """The fields of the first enclosed mail, or of what `texts` quote; `feedback` adds its Original-Mail-From."""
    sources = [mail[:_SEARCHED].replace(b"\0", b"").decode("utf-8", "replace") for mail in enclosed_mails(opened)]
    sources += opened.texts_of(HEADER_TYPES)
    fields: dict[str, str] = {}
    for source in [*sources, *texts]:
        _collect(source[:_SEARCHED], fields)
    return Enclosed(
        return_path=_angle(fields.get("return-path", "") or feedback.get("original-mail-from", "")),
        unsubscribe=_uris(fields.get("list-unsubscribe", "")),
        feedback_id=_bare(fields.get("cfbl-feedback-id", "")),
        list_id=_angle(fields.get("list-id", "")),
        message_id=_angle(fields.get("message-id", "")),
    )


def _collect(source: str, fields: dict[str, str]) -> None:
    """The first field of each name, with its folded lines, even if quoted."""
    name = ""
    for line in source.split("\n"):
        field = _FIELD.match(line[:_MAX_VALUE])
        if field is not None:
            name = field[1].lower()
            if name in fields:
                name = ""
            else:
                fields[name] = field[2].strip()
            continue
        rest = line[_QUOTES.match(line).end() :] if name else ""  # type: ignore[union-attr]
        if name and rest[:1] in (" ", "\t") and rest.strip() and len(fields[name]) < _MAX_VALUE:
            fields[name] += " " + rest.strip()
        else:
            name = ""


def _angle(value: str) -> str:
    inside = _ANGLE.search(value)
    return _bare(inside[1] if inside else value)


def _uris(value: str) -> tuple[str, ...]:
    """The URIs of List-Unsubscribe, without the blanks that folding leaves (RFC 2369 §2)."""
    return tuple(_BLANKS.sub("", uri) for uri in _ANGLE.findall(value)[:10])


def _bare(value: str) -> str:
    return _BLANKS.sub("", value).strip("<>")[:1000]
