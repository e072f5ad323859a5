"""Notifications that are text alone: qmail's, Exim's, Sendmail's and Exchange's own, Notes', and many gateways'.

First whether a mail is one at all, by who wrote it and how it begins; then each address that a line begins with and
the words up to the next. The enclosed mail is cut off before, for its words are ours. RFC 3464 rules none of this.
"""

from __future__ import annotations

import re

from pressrun.core.bounces import BounceClass
from pressrun.core.refusals import class_by_words, folded_words, is_vague
from pressrun.message.reports import wordings
from pressrun.message.reports.opening import OpenedMail
from pressrun.message.reports.replies import class_of_failed, on_one_line, quoted_in
from pressrun.message.reports.report import RecipientReport
from pressrun.message.reports.status import recipients_of_status

_MARKS = frozenset({"x-ms-exchange-message-is-ndr"})  # whatever its value: Exchange leaves it empty
MAX_PROSE = 32 * 1024
MAX_LINES = 400
_MAX_BLOCKS = 25
_ADDRESS = r"[^\s<>@,;:()\"\[\]]{1,64}@[^\s<>@,;:()\"\[\]]{3,255}"
_HEAD = re.compile(
    r"[\s>*|\-•·]{0,12}"
    r"(?:(?:failed )?(?:recipient|address|user|for|empf(?:ä|ae)nger|destinataire|destinatario|an|à|para|mailbox"
    r"|rcpt to)(?: address)?\s{0,3}[:=]?\s{0,8})?"
    rf"[<\"'(\[]{{0,2}}(?:mailto:|smtp:|rfc822;)?\s?({_ADDRESS})",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(_ADDRESS)
_STATUS_FIELDS = re.compile(r"(?im)^[> \t]{0,8}(?:final-recipient|original-recipient|action|status)[ \t]{0,4}:")
_OUR_FIELD = re.compile(
    r"[>| \t]{0,12}(?:subject|sent|date|message-id|cc|betreff|gesendet|objet|asunto|oggetto|assunto|onderwerp|件名"
    r"|тема|temat|importance|arrival-date|x-[a-z-]{1,40})[ \t]{0,4}:",
    re.IGNORECASE,
)  # what a notification repeats of our mail is no word of its own
_ACTION_FIELD = re.compile(r"(?im)^[> \t]{0,8}action[ \t]{0,4}:")
_QUOTE = re.compile(
    r"(?m)^(?:[>|][ \t]?){1,8}|^[ \t]{1,8}(?=(?:(?:final|original)-recipient|action|status|diagnostic-code|remote-mta"
    r"|reporting-mta|arrival-date|last-attempt-date|x-[a-z-]{1,40})[ \t]{0,4}:)",
    re.IGNORECASE,
)  # other lines that are indented belong to the field before them
_SIGNATURE = re.compile(r"(?m)^-- ?$")  # what gateways append: scanners, disclaimers
_BLANKS = re.compile(r"\s+")


def own_text(text: str) -> str:
    """What the notification itself says: without the mail that came back, cut to size."""
    text = text[:MAX_PROSE]
    ends = (*wordings.ORIGINAL.finditer(text), *_SIGNATURE.finditer(text))
    cut = min((found.start() for found in ends if text[: found.start()].strip()), default=None)
    lines = text[:cut].split("\n")[:MAX_LINES]
    return "\n".join(line[:1000] for line in lines if not _OUR_FIELD.match(line[:200]))


def is_notification(opened: OpenedMail, text: str, *, must_be_daemon: bool, is_from_responder: bool) -> bool:
    """Whether a mail without a status part tells of a failed or delayed delivery.

    `must_be_daemon` asks that a daemon wrote it, and that subject and beginning say so both; `is_from_responder` asks
    for a daemon's name besides.
    """
    if opened.field("x-failed-recipients") or any(name in _MARKS for name, _ in opened.fields):
        return True
    folded = _folded(text)[:8000]
    subject = _folded(opened.subject)
    begins = wordings.OPENINGS.search(folded) is not None
    is_named = wordings.SUBJECTS.search(subject) is not None
    writer = _folded(opened.field("from"))[:500]
    by_daemon = wordings.DAEMONS.search(writer) is not None or opened.report_type == "delivery-status"
    if is_from_responder:  # its sender is null as well, and it may say that an address is no more
        return by_daemon and is_named and begins
    by_daemon = by_daemon or opened.field("return-path") == "<>"
    if by_daemon and not must_be_daemon and _is_success(text):
        return True
    if must_be_daemon:
        return by_daemon and is_named and begins
    knows = class_by_words(folded_words(text)) is not None or bool(quoted_in(text).enhanced)
    return (by_daemon and (is_named or (begins and (knows or "mailer-daemon" in writer)))) or (
        is_named and begins and knows
    )


def recipients_of_prose(opened: OpenedMail, text: str) -> list[RecipientReport]:
    """What the text says of each recipient; of one without an address when it names none."""
    if _ACTION_FIELD.search(text):
        status = _STATUS_FIELDS.search(text)
        start = 0 if status is None else status.start()
        found = recipients_of_status(_QUOTE.sub("", text[start:]), prose=text[:start])
        if found:
            return found
    known = [one.strip(" <>") for one in opened.field("x-failed-recipients")[:4000].split(",") if "@" in one]
    blocks = _blocks(text) or [(known[0] if known else _first_address(text), text)]
    passing = BounceClass.DELAYED if _is_delay(opened, text) else BounceClass.DELIVERED if _is_success(text) else None
    if passing is not None:
        return [RecipientReport(bounce=passing, address=address, text=on_one_line(words)) for address, words in blocks]
    found = [_recipient(address, words, text) for address, words in blocks]
    return found if any(_says_why(one) for one in found) or _says_that(opened, text) else []


def _is_delay(opened: OpenedMail, text: str) -> bool:
    """Whether the mail is still being tried. A delay may say what happens if it fails after all, its subject not."""
    if wordings.DELAY_SUBJECTS.search(_folded(opened.subject)):
        return True
    folded = _folded(text)
    return wordings.DELAYS.search(folded) is not None and wordings.GIVEN_UP.search(folded) is None


def _is_success(text: str) -> bool:
    """Whether it tells of a delivery, and of no failure besides."""
    quoted = quoted_in(text)
    has_failed = quoted.code or any(code[0] != "2" for code in quoted.enhanced)
    return (
        not has_failed
        and wordings.SUCCESSES.search(_folded(text)) is not None
        and class_by_words(folded_words(text)) is None
    )


def _says_why(found: RecipientReport) -> bool:
    return found.bounce is not BounceClass.OTHER or bool(found.status or found.code)


def _says_that(opened: OpenedMail, text: str) -> bool:
    """Whether words that we know say that anything failed. What nobody here can read may as well tell of a delay."""
    folded = _folded(text)
    return any(pattern.search(folded) for pattern in (wordings.OPENINGS, wordings.GIVEN_UP)) or (
        bool(opened.field("x-failed-recipients")) or wordings.SUBJECTS.search(_folded(opened.subject)) is not None
    )


def _recipient(address: str, words: str, text: str) -> RecipientReport:
    """By its own words where these say anything, else by the whole text."""
    quoted = quoted_in(words)
    says = class_by_words(folded_words(words)) is not None or not is_vague(quoted.best)
    bounce, status, code = class_of_failed(
        status="", diagnostic=words if says or quoted.code else text, prose=text, address=address
    )
    return RecipientReport(bounce=bounce, address=address, status=status, code=code, text=on_one_line(words))


def _blocks(text: str) -> list[tuple[str, str]]:
    """Each address that begins a line, with the words up to the next such line; of the same one the fullest."""
    found: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        head = _HEAD.match(line[:500])
        if head is not None and len(found) < _MAX_BLOCKS:
            found.append((head[1].strip(".'>"), [line[head.end() :]]))
        elif found and len(found[-1][1]) < 40:
            found[-1][1].append(line)
    merged: dict[str, str] = {}
    for address, lines in found:
        words = "\n".join(lines)
        merged[address] = f"{merged[address]}\n{words}" if address in merged else words
    return list(merged.items())


def _first_address(text: str) -> str:
    found = _ANYWHERE.search(text[:4000])
    return found[0].strip(".'>") if found else ""


def _folded(text: str) -> str:
    return _BLANKS.sub(" ", text.lower().replace("’", "'").replace("‘", "'"))
