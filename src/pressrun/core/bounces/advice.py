"""What a refusal of a copy asks of us beyond that copy: slow down, fix something, or stop the edition.

One ordered table: the first row that fits decides, and a reply that no row knows asks for nothing. A wrong pause costs
time, a wrong block or stop needs a person, so a bare 421 or 451 says no more than "later". The first digit of the basic
code decides how long when the codes disagree: `421 5.7.32` is for now (RFC 3463 §2, RFC 5321 §4.2.1).

Whom a reply is about: before the recipient is named a relay can only speak for itself, so general words are about the
relay then, and about the lane later. Tags and wordings of one provider are about its lane at any stage, for that
provider may be the relay.
"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.refusals import class_of_refusal

MAX_CHARACTERS = 2000  # of a reply; what is beyond says nothing new


class Scope(StrEnum):
    """What a reply applies to."""

    COPY = "copy"  # this copy and its reader alone
    LANE = "lane"  # this provider or domain
    RELAY = "relay"
    EDITION = "edition"  # the message, whoever gets it
    CONFIGURATION = "configuration"  # ours: authentication, DNS, what the relay lets us send


class Action(StrEnum):
    """What it asks for."""

    NONE = "none"
    SLOW_DOWN = "slow-down"  # silence for a while, then one connection, then one more at a time
    POLICY = "policy"  # counts: three readers of one lane in a row block it
    STOP_EDITION = "stop-edition"


class Advice(Struct, frozen=True, kw_only=True):
    """What to do. `pause_seconds` is None where the operator's `block_pause` applies.

    `messages_per_connection` is what the provider says it takes on one connection, None where it says nothing.
    """

    scope: Scope = Scope.COPY
    action: Action = Action.NONE
    pause_seconds: float | None = None
    messages_per_connection: int | None = None


NOTHING = Advice()
_SLOW_DOWN = Advice(scope=Scope.LANE, action=Action.SLOW_DOWN)
_BLOCKED = Advice(scope=Scope.LANE, action=Action.POLICY)
_OURS = Advice(scope=Scope.CONFIGURATION, action=Action.POLICY)
_STOP = Advice(scope=Scope.EDITION, action=Action.STOP_EDITION)


def _pause(minutes: int, messages: int | None = None) -> Advice:
    return Advice(
        scope=Scope.LANE, action=Action.SLOW_DOWN, pause_seconds=60.0 * minutes, messages_per_connection=messages
    )


def _relay_pause(minutes: int) -> Advice:
    return Advice(scope=Scope.RELAY, action=Action.SLOW_DOWN, pause_seconds=60.0 * minutes)


class _Row(Struct, frozen=True):
    """Matches if all that it names matches: the start of the code, the enhanced code without its first digit, words."""

    code: str
    detail: re.Pattern[str] | None
    words: re.Pattern[str] | None
    advice: Advice
    early: bool | None = None  # True: only before the recipient is named; False: only from then on

    def fits(self, code: str, detail: str, words: str, early: bool) -> bool:
        return (
            code.startswith(self.code)
            and (self.early is None or self.early == early)
            and (self.detail is None or self.detail.fullmatch(detail) is not None)
            and (self.words is None or self.words.search(words) is not None)
        )


def _row(code: str, detail: str, words: str, advice: Advice, *, early: bool | None = None) -> _Row:
    return _Row(code, re.compile(detail) if detail else None, re.compile(words) if words else None, advice, early)


# All patterns are linear: no repetition inside a repetition, gaps between words are bounded.
_ANY_SYSTEM = r"(?:[0347]\.\d{1,3})?"  # no code, or one that speaks of neither mailbox, address nor protocol
_TOO_MUCH = (
    r"too many (?:\w{1,12} ){0,2}(?:connections|sessions|messages|mails|e-?mails|requests)|too much (?:mail|traffic)"
    r"|(?:rate|connection|message|volume|frequency) limit|limits? (?:\w{1,12} )?exceeded|rate[- ]limit|throttl"
    r"|too (?:fast|quickly)|slow(?:ing)? down|unusual rate|(?:excessive|unexpected) volume"
    r"|exceeded the (?:maximum|allowed) |trop de (?:connexions|messages)"
)
_BUSY = (
    r"server (?:is )?(?:too )?busy|temporary system problem|load (?:is )?too high|resources? temporarily unavailable"
)
_HELD_OFF = r"(?:temporarily|currently) (?:blocked|deferred|rejected|rate) |(?:poor|bad|low|ip) reputation"
_NO_ROOM = r"insufficient (?:system )?(?:storage|resources|disk)|space shortage|queue file write"

_TEMPORARY = (
    # --- One reader or one copy ---
    # The mailbox gets too much from everybody, or is full: support.google.com/a/answer/3726730; RFC 3463 §3.3.
    _row("4", r"2\.2", "", NOTHING),
    _row(
        "4", "", r"user (?:\w{1,12} ){0,6}is receiving mail|over ?quota|(?:mail|in)box (?:is )?(?:full|out of)", NOTHING
    ),
    _row("4", "", r"recipient thread limit", NOTHING),  # learn.microsoft.com: many deliver to one mailbox at a time
    _row("4", "", r"gr[ea]y-?list", NOTHING),  # the next try is let in
    # --- What we have to mend ---
    # PTR, SPF, TLS, DKIM, DMARC, alignment: support.google.com/a/answer/3726730. 7.25 stays out: Postfix says it for
    # a name server that did not answer.
    _row("4", r"7\.(?:23|27|29|30|31|32|40)", "", _OURS),
    _row("421", "", r"tls required for rcpt domain|ip not in whitelist", _OURS),  # as above
    # --- Providers ---
    _row("4", r"7\.28", "", _SLOW_DOWN),  # as above: of the address, network, DKIM or SPF domain, URL, Message-ID
    _row("4", r"(?:7\.0|4\.5|3\.0)?", r"\bgsmtp\b", _SLOW_DOWN),  # as above: rate, reputation, busy, system problem
    # senders.yahooinc.com/smtp-error-codes; how long and how many: KumoMTA's rules.
    _row("4", "", r"\[(?:tss?|ipts)05\]", _pause(240, messages=20)),
    _row("4", "", r"\[(?:tss?|ipts)04\]", _pause(120, messages=20)),
    _row("4", "", r"\[(?:tss?|ipts)\d\d\]", _pause(30, messages=20)),
    _row("4", "", r"max(?:imum)? messages? per connection", Advice(messages_per_connection=20)),  # only that it ends
    # Reputation first, then limits of connections and servers without room:
    # sendersupport.olc.protection.outlook.com/pm/troubleshooting; learn.microsoft.com: 4.7.500-699.
    _row("4", "", r"\brp-00\d\b", _pause(30)),
    _row("4", r"7\.650", "", _pause(30)),
    _row("4", r"7\.[56]\d\d", "", _pause(15)),
    # support.apple.com/en-us/102322; tags: the rules of sisimai and KumoMTA.
    _row("4", "", r"deferred due to excessive volume|\[(?:hcm1|bs02)\]", _pause(15)),
    # postmaster.gmx.net and postmaster.web.de ask for some hours of a lower rate.
    _row("4", "", r"too many messages have been received|nemesis (?:\S{1,20} ){0,10}(?:policy|rate)\b", _pause(60)),
    _row("4", "", r"\bofr\d{0,3}_\d|service refus[eé]", _pause(60)),  # postmaster.orange.fr
    _row("4", "", r"\brl00000\d\b", _SLOW_DOWN),  # spa.xfinity.com/postmaster
    _row("4", "", r"too many (?:spams|errors) from your ip", _pause(60)),  # postmaster.free.fr
    # --- Relays for hire, which speak for themselves at any stage ---
    # docs.aws.amazon.com/ses: 454 Throttling failure; smtp-relay.gmail.com: 4.2.1 Peak SMTP relay limit exceeded;
    # learn.microsoft.com: 432 4.3.2 of a submission.
    _row("4", "", r"(?:daily|monthly|hourly) (?:\w{1,12} ){0,3}(?:quota|limit)|maximum credits", _relay_pause(60)),
    _row("4", "", r"maximum sending rate|relay limit exceeded|sender thread limit|messaging limits?", _relay_pause(1)),
    # --- Any relay ---
    _row("4", "", r"too many recipients from|too much mail from", _relay_pause(1)),  # Postfix's anvil(8): by the minute
    _row("4", r"(?:3\.\d{1,3})?", f"{_NO_ROOM}|server configuration", _relay_pause(1)),  # words of Postfix and Exim
    # --- General words and codes: of the relay before the recipient is named, of the lane from then on ---
    _row("4", _ANY_SYSTEM, f"{_TOO_MUCH}|{_BUSY}|{_HELD_OFF}", _relay_pause(1), early=True),
    _row("4", r"3\.1|4\.5", "", _relay_pause(1), early=True),  # no room, congestion: RFC 3463 §3.4, §3.5
    _row("421", "", "", Advice(scope=Scope.RELAY), early=True),  # it shuts down or closes: the pool knows what to do
    _row("4", _ANY_SYSTEM, f"{_TOO_MUCH}|{_HELD_OFF}", _SLOW_DOWN),
    _row("421", _ANY_SYSTEM, _BUSY, _SLOW_DOWN),
    _row("4", r"3\.1|4\.5", "", _SLOW_DOWN),
)

# For good, and about the message, whoever gets it. CodeRequested only after RCPT, where nobody has seen it yet.
_DEFECT = (
    r"not (?:rfc[ -]?\d{0,5} ?)?compliant|missing a valid (?:message-id|date|from)|malformed (?:message|mail|header)"
    r"|(?:multiple|duplicate) (?:\S{1,20} )?headers?\b|bare (?:lf|line ?feed|cr)\b"
)
_PERMANENT = (
    _row("5", r"3\.4", "", _STOP),  # RFC 3463 §3.4, RFC 1870 §6
    _row("552", "", "", _STOP, early=True),  # what was announced with MAIL is too large: RFC 1870 §6.1
    _row("552", "", r"message (?:\S{1,20} ){0,3}(?:too|exceeds)\b|message size|size exceeds|too (?:big|large)", _STOP),
    _row("5", r"6\.0", "", _STOP),  # support.google.com/a/answer/3726730: malformed
    _row("5", r"(?:7\.1|6\.\d{1,3})?", _DEFECT, _STOP),  # the same under the code of a policy; Yahoo without any
)
_OF_READER = frozenset({BounceClass.GONE, BounceClass.FULL})
_NOT_UNDERSTOOD = frozenset({500, 501, 502, 503, 504, 555})  # RFC 5321 §4.2.2

# What of a refusal for policy is ours to mend; the rest is a provider's opinion of us.
_POLICY = (
    # More than one mailbox may get, from whomever: nothing is wrong with us or the lane.
    _row("5", "", r"receiving mail (?:at|too)|limit for the number of messages", NOTHING),
    _row("5", r"2\.12[12]", "", NOTHING),
    # support.google.com/a/answer/3726730, the same numbers as above; learn.microsoft.com: 509 and 515; RFC 3463 §3.2
    _row("5", r"7\.(?:2[0-79]|3[0-2]|40|509|515)|1\.[789]", "", _OURS),
    _row("5", "", r"\b(?:spf|dkim|dmarc|ptr|rdns)\b|unauthenticated|authentication|reverse (?:dns|host)", _OURS),
    _row(
        "5",
        "",
        r"tls required|must (?:use|issue) |relay(?:ing)? (?:access )?denied|not (?:allowed|permitted) to relay",
        _OURS,
    ),
    _row("5", "", r"\[hme1\]|sender address rejected|send as this sender", _OURS),
    _row("5", "", "", _BLOCKED),
)


def advice_of(*, code: int, enhanced: str, text: str, stage: str) -> Advice:
    """What a negative reply asks for beyond its copy; NOTHING for any other code.

    `enhanced` is "" where the server gave none; `stage` is the command that was answered, as `smtp.handover.Stage`
    has it, or any earlier phase of the dialogue by a name of its own.
    """
    early = stage not in _RECIPIENT_IS_KNOWN
    if 400 <= code < 500:
        return _first(_TEMPORARY, code, enhanced, text, early)
    if not 500 <= code < 600:
        return NOTHING
    at_recipient = stage == "RCPT"
    bounce = class_of_refusal(code=code, enhanced=enhanced, text=text, at_recipient=at_recipient)
    if not at_recipient and bounce not in _OF_READER:
        found = _first(_PERMANENT, code, enhanced, text, early)
        if found is not NOTHING:
            return found
    if early and (bounce is not BounceClass.MESSAGE or not (enhanced or code in _NOT_UNDERSTOOD)):
        return _OURS  # the relay refuses our sender, whatever the code says
    return _first(_POLICY, code, enhanced, text, early) if bounce is BounceClass.POLICY else NOTHING


_RECIPIENT_IS_KNOWN = frozenset({"RCPT", "DATA", "CONTENT"})


def _first(rows: tuple[_Row, ...], code: int, enhanced: str, text: str, early: bool) -> Advice:
    digits, detail, words = str(code), enhanced[2:], _folded(text, enhanced)
    return next((row.advice for row in rows if row.fits(digits, detail, words, early)), NOTHING)


def _folded(text: str, enhanced: str) -> str:
    """In lower case, with single spaces, and without addresses, links and the codes of further lines."""
    parts = text[:MAX_CHARACTERS].lower().replace("’", "'").split()
    return " ".join(part for part in parts if part != enhanced and "@" not in part and "://" not in part)
