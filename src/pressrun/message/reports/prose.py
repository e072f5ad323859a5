"""Notifications in plain text alone, as qmail, Exim, Sendmail, Exchange, Notes and many gateways write them.

The author and the beginning of a mail decide whether it is a notification. Then each address at the start of a line is
read with the words up to the next one. The enclosed mail is cut off first, because its words are ours. No RFC covers
these forms.
"""

from __future__ import annotations

import re

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.refusals import class_by_words, folded_words, is_vague
from pressrun.core.text.wordings import Wordings, fold
from pressrun.message.reports.opened_mail import OpenedMail
from pressrun.message.reports.report import RecipientReport
from pressrun.message.reports.status import on_one_line, quoted_in, recipients_of_status, report_of_failed


def _table(name: str, frame: str = "%s") -> Wordings:
    return Wordings("notifications", name, frame=frame)


_DAEMONS, _SUBJECTS, _OPENINGS = _table("daemons"), _table("subjects"), _table("openings")
_DELAYS, _GIVEN_UP, _SUCCESSES = _table("delays"), _table("given_up"), _table("successes")
_DELAYED_SUBJECTS = _table("delayed_subjects", "^(?:%s)")
_DELAY_IN_BRACKETS = _table("delay_in_brackets", r"^[^:]{0,60}\((?:%s)\)\s?$")
_LINE_START = r"(?im)^[> \t]{0,8}"
_ORIGINALS = (
    _table("original_after_dashes", _LINE_START + "-{2,20} ?(?:%s)"),
    _table("original", _LINE_START + "(?:%s)"),
)
_MARKS = frozenset({"x-ms-exchange-message-is-ndr"})  # whatever its value: Exchange leaves it empty
MAX_PROSE = 32 * 1024
MAX_LINES = 400
_MAX_BLOCKS = 25
_ADDRESS = r"[^\s<>@,;:()\"\[\]]{1,64}@[^\s<>@,;:()\"\[\]]{3,255}"
_HEAD = re.compile(
    r"[\s>*|\-•·]{0,12}"
    r"(?:(?:failed )?(?:recipient|address|user|for|empf(?:ä|ae)nger|destinataire|destinatario|an|à|para|mailbox"
    r"|rcpt to)(?: address)?(?:\s{0,3}[:=]\s{0,8}|\s{1,8}|(?=[<\"'(\[])))?"
    rf"[<\"'(\[]{{0,2}}(?:mailto:|smtp:|rfc822;)?\s?({_ADDRESS})",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(_ADDRESS)
_STATUS_FIELDS = re.compile(r"(?im)^[> \t]{0,8}(?:final-recipient|original-recipient|action|status)[ \t]{0,4}:")
_OUR_FIELD = re.compile(
    r"[>| \t]{0,12}(?:subject|sent|date|message-id|cc|betreff|gesendet|objet|asunto|oggetto|assunto|onderwerp|件名"
    r"|тема|temat|importance|arrival-date|x-[a-z-]{1,40})[ \t]{0,4}:",
    re.IGNORECASE,
)  # repeated from our mail, so not the notification's own words
_ACTION_FIELD = re.compile(r"(?im)^[> \t]{0,8}action[ \t]{0,4}:")
_QUOTE = re.compile(
    r"(?m)^(?:[>|][ \t]?){1,8}|^[ \t]{1,8}(?=(?:(?:final|original)-recipient|action|status|diagnostic-code|remote-mta"
    r"|reporting-mta|arrival-date|last-attempt-date|x-[a-z-]{1,40})[ \t]{0,4}:)",
    re.IGNORECASE,
)  # other indented lines continue the field before them
_SIGNATURE = re.compile(r"(?m)^-- ?$")  # what gateways append: scanners, disclaimers


def own_text(text: str) -> str:
    """What the notification itself says, without the mail that came back, cut to size."""
    text = text[:MAX_PROSE]
    patterns = (*(original.pattern for original in _ORIGINALS), _SIGNATURE)
    ends = (match.start() for pattern in patterns for match in pattern.finditer(text))
    cut = min((end for end in ends if text[:end].strip()), default=None)
    lines = text[:cut].split("\n")[:MAX_LINES]
    return "\n".join(line[:1000] for line in lines if not _OUR_FIELD.match(line[:200]))


def is_notification(opened: OpenedMail, text: str, *, must_be_daemon: bool, is_from_responder: bool) -> bool:
    """Whether a mail without a status part reports a failed or delayed delivery.

    With `must_be_daemon` a daemon must have written it, and both its subject and its beginning must say so. With
    `is_from_responder` the daemon must be named as well.
    """
    if opened.field("x-failed-recipients") or any(name in _MARKS for name, _ in opened.fields):
        return True
    begins = _OPENINGS.is_in(fold(text)[:8000])
    is_named = _SUBJECTS.is_in(fold(opened.subject))
    writer = fold(opened.field("from"))[:500]
    by_daemon = _DAEMONS.is_in(writer) or opened.report_type == "delivery-status"
    if is_from_responder:  # its sender is null as well, and it may say that an address is no longer in use
        return by_daemon and is_named and begins
    by_daemon = by_daemon or opened.field("return-path") == "<>"
    if by_daemon and not must_be_daemon and _is_success(text):
        return True
    if must_be_daemon:
        return by_daemon and is_named and begins
    has_reason = class_by_words(folded_words(text)) is not None or bool(quoted_in(text).enhanced)
    return (by_daemon and (is_named or (begins and (has_reason or "mailer-daemon" in writer)))) or (
        is_named and begins and has_reason
    )


def recipients_of_prose(opened: OpenedMail, text: str) -> list[RecipientReport]:
    """What the text says of each recipient, or of a single one without an address if it names none."""
    if _ACTION_FIELD.search(text):
        status = _STATUS_FIELDS.search(text)
        start = 0 if status is None else status.start()
        recipients = recipients_of_status(_QUOTE.sub("", text[start:]), prose=text[:start])
        if recipients:
            return recipients
    listed = [
        address.strip(" <>") for address in opened.field("x-failed-recipients")[:4000].split(",") if "@" in address
    ]
    blocks = _blocks(text, opened.field("to")) or [(listed[0] if listed else _first_address(text), text)]
    outcome = BounceClass.DELAYED if _is_delay(opened, text) else BounceClass.DELIVERED if _is_success(text) else None
    if outcome is not None:
        return [RecipientReport(bounce=outcome, address=address, text=on_one_line(words)) for address, words in blocks]
    recipients = [_recipient(address, words, text) for address, words in blocks]
    return recipients if any(_says_why(each) for each in recipients) or _says_that(opened, text) else []


def _is_delay(opened: OpenedMail, text: str) -> bool:
    """Whether delivery is still being tried. A text may mention a later failure, so a clear subject wins."""
    subject = fold(opened.subject)
    if _DELAYED_SUBJECTS.is_in(subject) or _DELAY_IN_BRACKETS.is_in(subject):
        return True
    text = fold(text)
    return _DELAYS.is_in(text) and not _GIVEN_UP.is_in(text)


def _is_success(text: str) -> bool:
    """Whether it reports a delivery, and no failure besides."""
    quoted = quoted_in(text)
    has_failed = quoted.code or any(code[0] != "2" for code in quoted.enhanced)
    return not has_failed and _SUCCESSES.is_in(fold(text)) and class_by_words(folded_words(text)) is None


def _says_why(report: RecipientReport) -> bool:
    return report.bounce is not BounceClass.OTHER or bool(report.status or report.code)


def _says_that(opened: OpenedMail, text: str) -> bool:
    """Whether known words say that anything failed. A text that nothing here can read may as well report a delay."""
    text = fold(text)
    return (
        _OPENINGS.is_in(text)
        or _GIVEN_UP.is_in(text)
        or bool(opened.field("x-failed-recipients"))
        or _SUBJECTS.is_in(fold(opened.subject))
    )


def _recipient(address: str, words: str, text: str) -> RecipientReport:
    """Classified by its own words if they say anything, else by the whole text."""
    quoted = quoted_in(words)
    says = class_by_words(folded_words(words)) is not None or not is_vague(quoted.best)
    diagnostic = words if says or quoted.code else text
    return report_of_failed(status="", diagnostic=diagnostic, prose=text, address=address, text=words)


def _blocks(text: str, told: str) -> list[tuple[str, str]]:
    """Each address that begins a line, with the words up to the next such line.

    Those of the sender are not a recipient's: of whom the notification has `told`, and in Exim's `message sent by <…>`.
    """
    before = ""
    senders = {address.lower() for address in _ANYWHERE.findall(told[:1000])}
    blocks: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        head = _HEAD.match(line[:500])
        is_senders = head is not None and (head[1].strip(".'>").lower() in senders or before.endswith(" sent by"))
        before = line.rstrip()[-10:].lower() or before
        if head is not None and len(blocks) < _MAX_BLOCKS and not is_senders:
            blocks.append((head[1].strip(".'>"), [line[head.end() :]]))
        elif blocks and len(blocks[-1][1]) < 40:
            blocks[-1][1].append(line)
    merged: dict[str, str] = {}
    for address, lines in blocks:
        words = "\n".join(lines)
        merged[address] = f"{merged[address]}\n{words}" if address in merged else words
    return list(merged.items())


def _first_address(text: str) -> str:
    match = _ANYWHERE.search(text[:4000])
    return match[0].strip(".'>") if match else ""
