"""Reads what comes to a bounce address: a notification of any form, a feedback report, or another mail.

The caps of all mail apply, and the sandbox does the reading. The status part decides if there is one, else the text. A
report that a person or a rule forwarded to us is found inside the mail. Nothing here proves anything.
RFC 3464, RFC 5965, RFC 6522, RFC 6533, RFC 8098.
"""

from __future__ import annotations

import re
from itertools import chain

from pressrun.core.bounces.classes import BounceClass
from pressrun.message.incoming.autoreply import answering_words, is_responder, machine_made
from pressrun.message.incoming.parser import READ_AT_MOST, check_caps, refusing_faults
from pressrun.message.incoming.reading import MAX_TEXT, decoded, html_text
from pressrun.message.reports.opened_mail import (
    DISPOSITION_TYPES,
    FEEDBACK_TYPE,
    STATUS_TYPES,
    OpenedMail,
    enclosed_mails,
    field_groups,
    read_enclosed,
)
from pressrun.message.reports.prose import is_notification, own_text, recipients_of_prose
from pressrun.message.reports.report import RecipientReport, Report
from pressrun.message.reports.status import recipients_of_status

# Complaints of Microsoft's older programme enclose the marked mail without a report.
_JMRP_MARK = re.compile(rb"(?im)^x-hmxmroriginalrecipient[ \t]{0,8}:")
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_UNTYPED = frozenset({"application/octet-stream"})
_STATUS_BEGIN = re.compile(r"\s{0,20}(?:reporting-mta|original-envelope-id|final-recipient)[ \t]{0,4}:", re.IGNORECASE)
_CHARACTER = re.compile(r"\\.|.", re.DOTALL)  # or a quoted pair
_LONGEST_TYPE = 4000  # with its comments
_MAX_FORWARDS = 2  # a report in a forward in a forward
_MAX_SHOWN = 16 * 1024


def read_report(content: bytes) -> Report:
    """Read a mail that came to a bounce address. Raises UnreadableMail when it is malformed or exceeds the caps."""
    content = content[:READ_AT_MOST]
    check_caps(content)
    with refusing_faults():
        return _read(content, forwards=0)


def _read(content: bytes, *, forwards: int) -> Report:
    opened = OpenedMail(content)
    texts = _texts(opened)
    shown = "\n".join(texts)[:MAX_TEXT]
    subject = opened.subject
    automatic = machine_made([(name, subject if name == "subject" else value) for name, value in opened.fields])
    feedback = _feedback(opened)
    recipients = () if feedback else tuple(_by_status(opened, shown))
    # A status part makes the search for words of a responder unnecessary, which takes longest.
    answers = None if recipients and automatic else answering_words(shown)
    if not recipients and not feedback:
        is_from_responder = any(reason is not None and is_responder(reason) for reason in (automatic, answers))
        recipients = tuple(_by_words(opened, shown, is_from_responder, is_attached=forwards > 0))
    # A gateway may put a disclaimer around a notification, and only that is read so far.
    says_why = any(recipient.bounce is not BounceClass.OTHER and recipient.address for recipient in recipients)
    is_clear = bool(feedback or says_why or (recipients and opened.report_type))
    if not is_clear and forwards < _MAX_FORWARDS:
        inside = _find_forwarded(opened, forwards)
        if inside is not None:
            return inside
    return Report(
        recipients=recipients,
        feedback_type=_feedback_type(feedback) if feedback else "",
        enclosed=read_enclosed(opened, texts=texts, feedback=feedback),
        automatic=automatic or answers,
        subject=subject,
        text=shown[:_MAX_SHOWN],
    )


def _texts(opened: OpenedMail) -> list[str]:
    """The texts of the mail in order; those of HTML only where there is no plain one."""
    plain = [decoded(part) for part in opened.leaves if part.get_content_type() == "text/plain"]
    if not any(text.strip() for text in plain):
        pages = [decoded(part) for part in opened.leaves if part.get_content_type() == "text/html"]
        plain = [html_text(page) for page in pages]
    if not plain:  # a multipart without a part: its content is text as it came
        plain = [decoded(part) for part in opened.leaves if part.get_content_maintype() == "multipart"]
    return plain


def _feedback(opened: OpenedMail) -> dict[str, str]:
    """The fields of a feedback report (RFC 5965 §2) or of a marked complaint; none for other mail."""
    if opened.report_type != "feedback-report":
        is_marked = any(_JMRP_MARK.search(_HEADER_END.split(mail, 1)[0]) for mail in enclosed_mails(opened))
        return {"feedback-type": "abuse"} if is_marked else {}
    groups = [field_groups(text) for text in opened.texts_of(frozenset({FEEDBACK_TYPE}))]
    fields: dict[str, str] = {}
    for group in chain.from_iterable(groups):
        for name, value in group.items():
            fields.setdefault(name, value)
    return fields or ({"feedback-type": "other"} if groups else {})


def _feedback_type(fields: dict[str, str]) -> str:
    """The type of a report, around which comments may stand (RFC 5965 §3.5), and in these others (RFC 5322 §3.2.2)."""
    word, depth = "", 0
    for character in _CHARACTER.findall(fields.get("feedback-type", "other")[:_LONGEST_TYPE]):
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif not depth:
            word += character
    return word.strip().lower()[:50] or "other"


def _by_status(opened: OpenedMail, shown: str) -> list[RecipientReport]:
    """What the status parts of a report say (RFC 3464)."""
    own = own_text(shown)
    statuses = opened.texts_of(STATUS_TYPES) or _untyped_statuses(opened)
    return [recipient for text in statuses for recipient in recipients_of_status(text, prose=own)]


def _by_words(opened: OpenedMail, shown: str, is_from_responder: bool, *, is_attached: bool) -> list[RecipientReport]:
    """What the text of a notification without a status part says."""
    if opened.report_type == "disposition-notification" or opened.texts_of(DISPOSITION_TYPES):
        return []  # what a reader's program did with the mail is not a bounce (RFC 8098)
    own = own_text(shown)
    # An attached mail may be our own edition, which may be about anything.
    if is_notification(opened, own, must_be_daemon=is_attached, is_from_responder=is_from_responder):
        return recipients_of_prose(opened, own)
    return []


def _untyped_statuses(opened: OpenedMail) -> list[str]:
    """Status parts of a report that came as a file, as some gateways forward unknown types."""
    if opened.report_type != "delivery-status":
        return []
    return [text for text in opened.texts_of(_UNTYPED) if _STATUS_BEGIN.match(text)]


def _find_forwarded(opened: OpenedMail, forwards: int) -> Report | None:
    """The first attached mail that is a report."""
    for mail in enclosed_mails(opened)[:5]:
        report = _read(mail, forwards=forwards + 1)
        if report.recipients or report.feedback_type:
            return report
    return None
