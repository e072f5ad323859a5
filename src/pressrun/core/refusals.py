"""Whose fault a refusal is: a reply's stage, code, enhanced code and words, read by tables.

Only a refusal that concerns the reader's own mailbox may count against the reader. The tables are data, read in
order; what no table knows is `soft`, because a wrong `hard` loses a reader and a wrong `soft` costs a retry.
Sources: RFC 3463, RFC 5248, RFC 7505, and the wordings that large providers publish for their replies.
"""

from __future__ import annotations

import re

from pressrun.core.delivery import FailureKind

_HARD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
_SENDER = frozenset({"5.1.7", "5.1.8", "5.1.9"})  # the sender's address is refused: our configuration
_MESSAGE_CLASSES = ("5.3.", "5.5.", "5.6.")

_ADDRESS = re.compile(r"\S+@\S+")  # what a server quotes says nothing: `antispam@…` is no word about spam
_RATE_WORDS = re.compile(r"rate|too (?:many|quickly|fast)|exceed|throttl|temporar|receiving mail at", re.IGNORECASE)
_POLICY_WORDS = re.compile(
    r"spam|block(?:ed|list| list)|blacklist|denylist|reputation|policy|polic(?:y|ies)|spf|dkim|dmarc|authenticat"
    r"|unsolicited|abuse|banned|reject(?:ed)? (?:due|by|for)|\brbl\b|dnsbl|spamhaus|listed (?:at|in|by)|access denied"
    r"|relay(?:ing)? (?:not permitted|denied|access)|not (?:allowed|authori[sz]ed)"
    r"|\[(?:TSS?\d+|BL\d+|PH\d+|CS\d+|HM\w+)\]"
    r"|\b(?:SC|DY|OU)-00\d|S31[45]0",
    re.IGNORECASE,
)


def kind_of_refusal(*, code: int, enhanced: str, text: str, at_recipient: bool) -> FailureKind:
    """The kind of a permanent refusal.

    `enhanced` is "" where the server gave none; `at_recipient` says that RCPT was refused, where a bare 550 means the
    mailbox (RFC 5321 §4.2.3), unlike after the content, where it means the message.
    """
    text = _ADDRESS.sub("", text)
    status = f"5{enhanced[1:]}" if enhanced else ""  # the basic code decides the class when the two disagree
    if status.startswith("5.7.") or status in _SENDER:
        return FailureKind.POLICY
    if status in _HARD:
        return FailureKind.HARD
    if status == "5.2.1":
        return FailureKind.SOFT if _RATE_WORDS.search(text) else FailureKind.HARD
    if status.startswith(_MESSAGE_CLASSES):
        return FailureKind.MESSAGE
    if status:
        return FailureKind.SOFT
    return _kind_by_words(code, text, at_recipient=at_recipient)


def _kind_by_words(code: int, text: str, *, at_recipient: bool) -> FailureKind:
    if _POLICY_WORDS.search(text):
        return FailureKind.POLICY
    if at_recipient and code == 550:
        return FailureKind.HARD
    if code in (500, 501, 502, 503, 504, 555) or not at_recipient:
        return FailureKind.MESSAGE
    return FailureKind.SOFT
