"""What a refusal of a copy asks of us beyond that copy: slow down, fix something, or stop the edition.

The tables are in assets/replies.toml. The first digit of the basic code decides how long when the codes disagree:
`421 5.7.32` is for now (RFC 3463 §2, RFC 5321 §4.2.1).

Before the recipient is named, a relay can only speak for itself. So general words concern the relay at first, and the
destination later. Tags and wordings of one provider concern its destination at any stage, because that provider may be
the relay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Literal

from msgspec import Struct
from msgspec.structs import asdict, replace

from pressrun.assets import AssetError, convert_asset, read_asset
from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.refusals import class_of_refusal
from pressrun.core.text.wordings import as_expression

MAX_CHARACTERS = 2000  # of a reply; what is beyond says nothing new


class Scope(StrEnum):
    """What a reply applies to."""

    COPY = "copy"  # this copy and its reader alone
    DESTINATION = "destination"  # this provider or domain
    RELAY = "relay"
    EDITION = "edition"  # the message, no matter who gets it
    CONFIGURATION = "configuration"  # ours: authentication, DNS, what the relay lets us send


class Action(StrEnum):
    """What it asks for."""

    NONE = "none"
    SLOW_DOWN = "slow-down"  # silence for a while, then one connection, then one more at a time
    POLICY = "policy"  # counts: three readers of one destination in a row block it
    STOP_EDITION = "stop-edition"


class Advice(Struct, frozen=True, kw_only=True):
    """What to do. `pause_seconds` is None where the operator's `block_pause` applies."""

    scope: Scope = Scope.COPY
    action: Action = Action.NONE
    pause_seconds: float | None = None


NOTHING = Advice()
_OURS = Advice(scope=Scope.CONFIGURATION, action=Action.POLICY)
_ASKED = {
    "nothing": NOTHING,
    "slow down": Advice(scope=Scope.DESTINATION, action=Action.SLOW_DOWN),
    "slow down relay": Advice(scope=Scope.RELAY, action=Action.SLOW_DOWN),
    "leave relay": Advice(scope=Scope.RELAY),
    "block": Advice(scope=Scope.DESTINATION, action=Action.POLICY),
    "mend": _OURS,
    "stop": Advice(scope=Scope.EDITION, action=Action.STOP_EDITION),
}
_FILE = "replies"
_OF_READER = frozenset({BounceClass.GONE, BounceClass.FULL})
_NOT_UNDERSTOOD = frozenset({500, 501, 502, 503, 504, 555})  # RFC 5321 §4.2.2


class _ReplyRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule as the file has it, which explains its keys."""

    code: str
    asks: Literal["nothing", "slow down", "slow down relay", "leave relay", "block", "mend", "stop"]
    detail: str = ""
    words: str = ""
    early: bool | None = None
    minutes: float | None = None

    def compiled(self, names: Mapping[str, Sequence[str]]) -> _CompiledRule:
        """The rule with its patterns. Raises re.error, and KeyError for a name that is not among these."""
        words = as_expression([self.words], names, finds_ascii=False)
        seconds = None if self.minutes is None else 60.0 * self.minutes
        return _CompiledRule(
            code=self.code,
            detail=re.compile(self.detail) if self.detail else None,
            words=re.compile(words) if words else None,
            early=self.early,
            advice=replace(_ASKED[self.asks], pause_seconds=seconds),
        )


class _CompiledRule(Struct, frozen=True, kw_only=True):
    code: str
    detail: re.Pattern[str] | None
    words: re.Pattern[str] | None
    early: bool | None
    advice: Advice

    def fits(self, code: str, detail: str, words: str, early: bool) -> bool:
        return (
            code.startswith(self.code)
            and (self.early is None or self.early == early)
            and (self.detail is None or self.detail.fullmatch(detail) is not None)
            and (self.words is None or self.words.search(words) is not None)
        )


class _ReplyRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    temporary: tuple[_ReplyRule, ...]
    permanent: tuple[_ReplyRule, ...]
    policy: tuple[_ReplyRule, ...]


@cache
def reply_rules() -> Mapping[str, Sequence[_CompiledRule]]:
    """The tables of the file by their names. Raises AssetError."""
    asset = read_asset(_FILE)
    names = convert_asset(_FILE, "words", asset.get("words"), dict[str, list[str]])
    tables: dict[str, tuple[_ReplyRule, ...]] = asdict(
        convert_asset(_FILE, "replies", asset.get("replies"), _ReplyRules)
    )
    return {table: [_compiled(table, rule, names) for rule in rules] for table, rules in tables.items()}


def _compiled(table: str, rule: _ReplyRule, names: Mapping[str, Sequence[str]]) -> _CompiledRule:
    try:
        return rule.compiled(names)
    except re.error as problem:
        raise AssetError(_FILE, f"{table}: {rule.detail or rule.words!r}", problem) from None
    except KeyError as name:
        raise AssetError(_FILE, f"{table}: {rule.words!r}", f"[words] has no {name}") from None


def advice_of(*, code: int, enhanced: str, text: str, stage: str) -> Advice:
    """What a negative reply asks for beyond its copy; NOTHING for any other code.

    `enhanced` is "" where the server gave none; `stage` is the command that was answered, as `smtp.handover.Stage`
    has it, or any earlier phase of the dialogue by a name of its own.
    """
    early = stage not in _RECIPIENT_IS_KNOWN
    if 400 <= code < 500:
        return _first("temporary", code, enhanced, text, early)
    if not 500 <= code < 600:
        return NOTHING
    at_recipient = stage == "RCPT"
    bounce = class_of_refusal(code=code, enhanced=enhanced, text=text, at_recipient=at_recipient)
    if not at_recipient and bounce not in _OF_READER:
        advice = _first("permanent", code, enhanced, text, early)
        if advice is not NOTHING:
            return advice
    if early and (bounce is not BounceClass.MESSAGE or not (enhanced or code in _NOT_UNDERSTOOD)):
        return _OURS  # the relay refuses our sender, whatever the code says
    return _first("policy", code, enhanced, text, early) if bounce is BounceClass.POLICY else NOTHING


_RECIPIENT_IS_KNOWN = frozenset({"RCPT", "DATA", "CONTENT"})


def _first(table: str, code: int, enhanced: str, text: str, early: bool) -> Advice:
    digits, detail, words = str(code), enhanced[2:], _folded(text, enhanced)
    return next((row.advice for row in reply_rules()[table] if row.fits(digits, detail, words, early)), NOTHING)


def _folded(text: str, enhanced: str) -> str:
    """In lower case, with single spaces, and without addresses, links and the codes of further lines."""
    parts = text[:MAX_CHARACTERS].lower().replace("’", "'").split()
    return " ".join(part for part in parts if part != enhanced and "@" not in part and "://" not in part)
