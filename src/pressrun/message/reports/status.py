"""Delivery status: the per-recipient groups of RFC 3464 §2.3 (in UTF-8: RFC 6533 §3), and the replies they quote."""

from __future__ import annotations

import re
from enum import Enum, auto
from itertools import islice

from msgspec import Struct

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.refusals import class_by_words, class_of_failure, folded_words, is_vague
from pressrun.message.reports.opened_mail import field_groups
from pressrun.message.reports.report import RecipientReport

MAX_TEXT = 500
_CODE = re.compile(r"(?<![\w.,:/#@+-])([45][0-5]\d)(?=[ -][^\d\s]|[ -]#?[245]\.\d|[ -]\d{3}[ -]|;|:? *$)", re.MULTILINE)
_ENHANCED = re.compile(r"(?<![\w.])#?([245]\.[0-7]\.\d{1,3})(?![\w]|\.\d)")
_BLANKS = re.compile(r"\s+")
_AT_RECIPIENT = re.compile(r"\brcpt to\b|\brcpt\b", re.IGNORECASE)
_AFTER_CONTENT = re.compile(
    r"end of (?:data|message)|after data|\bdata\b command|>>> data|pipelined data", re.IGNORECASE
)
_VERIFIED = re.compile(
    r"(?:call(?:back|out) (?:setup )?failed while verifying|verification failed for)\s{1,9}<?([^<>\s,;:]{1,320})>?",
    re.IGNORECASE,
)

_BEFORE_RECIPIENT = re.compile(
    r"(?:in reply to|after(?: pipelined)?|>>>) (?:mail from|ehlo|helo)|does not like sender|greeting failed"
    r"|after initial connection|refused to talk to me|initial server greeting|but my name was rejected"
    r"|but sender was rejected",
    re.IGNORECASE,
)


class _Stage(Enum):
    SENDER = auto()  # the connection or MAIL, before a reader was named
    RECIPIENT = auto()
    CONTENT = auto()


_STAGES = (
    (_AFTER_CONTENT, _Stage.CONTENT),
    (_AT_RECIPIENT, _Stage.RECIPIENT),
    (_BEFORE_RECIPIENT, _Stage.SENDER),
)
# What Sendmail and others make of a reply to RCPT that has no enhanced code, so it says no more than the reply.
_MADE_OF = {550: "5.1.1", 553: "5.1.3"}
_SPARING = frozenset({BounceClass.POLICY, BounceClass.MESSAGE, BounceClass.FULL})
_NULL_MX = frozenset({521, 556})  # a host that accepts no mail at all says so at once (RFC 7505 §4)
_OF_THE_READER = frozenset({BounceClass.GONE, BounceClass.UNREACHABLE, BounceClass.OTHER})


class Quoted(Struct, frozen=True, kw_only=True):
    """What a text quotes of a remote's reply: its code or 0, and the enhanced codes in order."""

    code: int
    enhanced: tuple[str, ...]

    @property
    def best(self) -> str:
        """The enhanced code that says most, or "". A policy code outranks all others."""
        return _best(self.enhanced)


def quoted_in(text: str) -> Quoted:
    """The codes in a text."""
    text = text[:4000]
    code = _CODE.search(text)
    return Quoted(code=int(code[1]) if code else 0, enhanced=tuple(_ENHANCED.findall(text)[:20]))


def report_of_failed(*, status: str, diagnostic: str, prose: str = "", address: str = "", text: str) -> RecipientReport:
    """A permanent failure in the words `text`, with its class and the codes that this was read from.

    A remote's own code outranks a vague status. Words decide where codes do not: those of the diagnostic first, those
    of the notification last. `address` is the reader's if the notification names it.
    """
    diagnostic = _with_verified_recipient(diagnostic, address)
    quoted = quoted_in(diagnostic)
    best = _best((*quoted.enhanced, *([status] if status else [])))
    code = quoted.code
    if not best and not diagnostic:
        quoted_in_prose = quoted_in(prose)
        best, code = quoted_in_prose.best, quoted_in_prose.code
    enhanced = best
    if 400 <= code < 500 and is_vague(best):
        enhanced = f"4.{best[2:] or '0.0'}"  # the last attempt failed temporarily, and the system gave up
    if not quoted.enhanced and status == _MADE_OF.get(code) and _outranks(diagnostic, code):
        enhanced = ""
    words = diagnostic
    if is_vague(enhanced) and prose != diagnostic and class_by_words(folded_words(diagnostic)) is None:
        words = f"{diagnostic}\n{prose}"
    is_bare = not quoted.enhanced  # a system that gives a meaningless code has not said "no mailbox"
    stage = _stage(f"{diagnostic}\n{prose}")
    at_recipient = stage is _Stage.RECIPIENT if is_bare and stage is not None else None
    bounce = class_of_failure(code=code, enhanced=enhanced, text=words, at_recipient=at_recipient)
    if bounce in _OF_THE_READER and 500 <= code < 600 and code not in _NULL_MX and stage is _Stage.SENDER:
        bounce = BounceClass.POLICY
    return RecipientReport(bounce=bounce, address=address, status=best, code=code, text=on_one_line(text))


def _outranks(diagnostic: str, code: int) -> bool:
    """Whether a reply says something other than the status made of its code; 553 by itself says nothing."""
    said = class_by_words(folded_words(diagnostic))
    return said in _SPARING or (said is None and code == 553)


def _with_verified_recipient(diagnostic: str, address: str) -> str:
    """`diagnostic`, but clear where a server verified the recipient with the next one.

    Exim reports that in the same words as a callback to the sender; only the address tells them apart.
    """
    named = {verified.lower() for verified in _VERIFIED.findall(diagnostic[:4000])}
    is_reader = named == {address.lower()}
    return _VERIFIED.sub("recipient verification failed", diagnostic[:4000]) if is_reader else diagnostic


def on_one_line(text: str) -> str:
    """The remote's words, cut to size, without the end of the address before them."""
    return _BLANKS.sub(" ", text[: 4 * MAX_TEXT]).lstrip(" >:;,.)]\"'").rstrip()[:MAX_TEXT]


def _best(codes: tuple[str, ...]) -> str:
    policy = [code for code in codes if code[2:].startswith("7.")]
    telling = [code for code in codes if not is_vague(code) and code[0] != "2"]
    return next(iter([*policy, *telling, *codes]), "")


def _stage(text: str) -> _Stage | None:
    """Which command was refused, or None where nothing says."""
    return next((stage for pattern, stage in _STAGES if pattern.search(text[:4000])), None)


MAX_RECIPIENTS = 25  # a copy has one; a list behind it may have some
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_ADDRESSED = ("original-recipient", "final-recipient", "x-actual-recipient")
_ACTIONS = (
    ("fail", BounceClass.OTHER),  # which class is for the codes and words
    ("delay", BounceClass.DELAYED),
    ("deliver", BounceClass.DELIVERED),
    ("relay", BounceClass.DELIVERED),
    ("expand", BounceClass.DELIVERED),
)


def recipients_of_status(text: str, *, prose: str) -> list[RecipientReport]:
    """What a delivery-status part says of each recipient; `prose`, the notification's own text, decides last."""
    reports = (_recipient(group, prose) for group in field_groups(text))
    return list(islice((report for report in reports if report is not None), MAX_RECIPIENTS))


def _recipient(group: dict[str, str], prose: str) -> RecipientReport | None:
    action = group.get("action", "").strip().lower()
    status = _status(group.get("status", "")) or ("" if action else _status_of_reply(group))
    if not action and not status:
        return None
    if not any(name in group for name in _ADDRESSED) and "diagnostic-code" not in group and not (action and status):
        return None
    diagnostic = _diagnostic(group.get("diagnostic-code", "")) or _STATUS.sub("", group.get("status", ""))
    bounce = next((bounce for word, bounce in _ACTIONS if action.startswith(word)), None)
    if bounce is None:  # without a known action the status alone decides, and a temporary one never counts
        bounce = {"2": BounceClass.DELIVERED, "4": BounceClass.DELAYED}.get(status[:1], BounceClass.OTHER)
    address, text = _address(group), diagnostic or prose
    if bounce is BounceClass.OTHER:
        return report_of_failed(status=status, diagnostic=diagnostic, prose=prose, address=address, text=text)
    return RecipientReport(bounce=bounce, address=address, status=status, text=on_one_line(text))


def _status(value: str) -> str:
    match = _STATUS.search(value[:200])
    return f"{match[1]}.{int(match[2])}.{int(match[3])}" if match else ""


def _status_of_reply(group: dict[str, str]) -> str:
    """What stands for the status of a group that has neither Action nor Status, but the reply for its recipient."""
    code = quoted_in(_diagnostic(group.get("diagnostic-code", ""))).code
    return f"{code // 100}.0.0" if code and "final-recipient" in group else ""


def _diagnostic(value: str) -> str:
    """A diagnostic code without its type (RFC 3464 §2.3.6)."""
    kind, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon and len(kind) <= 30 and " " not in kind.strip() else value


def _address(group: dict[str, str]) -> str:
    """The address that the sender wrote if it is given, else the one that failed."""
    for name in _ADDRESSED:
        _, semicolon, value = group.get(name, "").partition(";")
        value = (value if semicolon else group.get(name, "")).strip().strip("<>").strip()[:500]
        value = _EMBEDDED.sub(lambda match: _character(match[1]), value)
        if "@" in value:
            return value
    return ""


def _character(digits: str) -> str:
    """A character that RFC 6533 §3 writes as its number, or "" for an invalid one."""
    number = int(digits, 16)
    return chr(number) if 0x20 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else ""
