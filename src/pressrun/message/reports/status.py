"""Delivery status as data: the per-recipient groups of RFC 3464 §2.3, and their UTF-8 form (RFC 6533 §3)."""

from __future__ import annotations

import re
from itertools import islice

from pressrun.core.bounces import BounceClass
from pressrun.message.reports.opening import field_groups
from pressrun.message.reports.replies import class_of_failed, on_one_line
from pressrun.message.reports.report import RecipientReport

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
    """What a delivery-status part says of each recipient; `prose` is the notification's own text, asked last."""
    found = (one for group in field_groups(text) if (one := _recipient(group, prose)) is not None)
    return list(islice(found, MAX_RECIPIENTS))


def _recipient(group: dict[str, str], prose: str) -> RecipientReport | None:
    action = group.get("action", "").strip().lower()
    status = _status(group.get("status", ""))
    if not action and not status:
        return None
    if not any(name in group for name in _ADDRESSED) and "diagnostic-code" not in group and not (action and status):
        return None
    diagnostic = _diagnostic(group.get("diagnostic-code", "")) or _STATUS.sub("", group.get("status", ""))
    done = next((bounce for word, bounce in _ACTIONS if action.startswith(word)), None)
    if done is None:  # no action that we know: the status alone decides, and a passing one never counts
        done = {"2": BounceClass.DELIVERED, "4": BounceClass.DELAYED}.get(status[:1], BounceClass.OTHER)
    best, code = status, 0
    if done is BounceClass.OTHER:
        done, best, code = class_of_failed(status=status, diagnostic=diagnostic, prose=prose, address=_address(group))
    return RecipientReport(
        bounce=done, address=_address(group), status=best or status, code=code, text=on_one_line(diagnostic or prose)
    )


def _status(value: str) -> str:
    found = _STATUS.search(value[:200])
    return f"{found[1]}.{int(found[2])}.{int(found[3])}" if found else ""


def _diagnostic(value: str) -> str:
    """Without its type (RFC 3464 §2.3.6)."""
    kind, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon and len(kind) <= 30 and " " not in kind.strip() else value


def _address(group: dict[str, str]) -> str:
    """The address that the sender wrote where it is told, else the one that failed."""
    for name in _ADDRESSED:
        _, semicolon, value = group.get(name, "").partition(";")
        value = (value if semicolon else group.get(name, "")).strip().strip("<>").strip()[:500]
        value = _EMBEDDED.sub(lambda found: _character(found[1]), value)
        if "@" in value:
            return value
    return ""


def _character(digits: str) -> str:
    """A character that RFC 6533 §3 writes as its number; what is none stays away."""
    number = int(digits, 16)
    return chr(number) if 0x20 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else ""
