"""What a refusal is about: a reply's stage, code, enhanced code and words, read by tables.

One set of tables serves the replies at hand-over and the notifications that come back. Only a refusal that concerns
the reader's own mailbox may count as GONE, because a wrong one loses a reader and a wrong other costs a retry. At
hand-over the codes alone may say so (`class_of_refusal`); a notification, whose codes have been through other
programs, is believed by its words as well (`class_of_failure`).
Sources: RFC 3463, RFC 5248, RFC 7505, and the wordings that large providers publish for their replies.
"""

from __future__ import annotations

import re
import unicodedata

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.text.masking import without_addresses
from pressrun.core.text.wordings import Wordings

MAX_WORDS = 1200  # what is beyond says nothing new of why

# Enhanced codes whose meaning is settled; the subject and detail alone, for the first digit says only how long.
_CODES = {
    "1.1": BounceClass.GONE,
    "1.2": BounceClass.GONE,
    "1.3": BounceClass.GONE,
    "1.6": BounceClass.GONE,
    "1.10": BounceClass.GONE,
    "1.7": BounceClass.POLICY,  # the sender's address is refused: our configuration
    "1.8": BounceClass.POLICY,
    "1.9": BounceClass.POLICY,
    "2.1": BounceClass.GONE,
    "2.2": BounceClass.FULL,
    "2.121": BounceClass.POLICY,  # Microsoft's for more than one reader may get in an hour
    "2.122": BounceClass.POLICY,
    "4.3": BounceClass.UNREACHABLE,
    "4.310": BounceClass.UNREACHABLE,
    "4.4": BounceClass.UNREACHABLE,
    "4.6": BounceClass.MESSAGE,  # a loop, which may as well be ours
    "4.7": BounceClass.UNREACHABLE,
}
_SUBJECTS = {
    "7": BounceClass.POLICY,
    "3": BounceClass.MESSAGE,
    "5": BounceClass.MESSAGE,
    "6": BounceClass.MESSAGE,
}
_EXCEEDED_STORAGE = 552
_MESSAGE_CODES = frozenset({500, 501, 502, 503, 504, 555})
_OF_THE_ADDRESS = frozenset({BounceClass.GONE, BounceClass.UNREACHABLE})
_AT_HAND_OVER = frozenset({BounceClass.POLICY, BounceClass.FULL, BounceClass.UNREACHABLE})
# What systems that know no better code put on any failure.
_VAGUE = frozenset("0.0 1.0 2.0 3.0 4.0 5.0 6.0 2.3 2.4 3.2 3.5 4.1 4.2 5.2 5.4".split())
_FOR_ANYTHING = frozenset({"5.7.0", "5.7.1", "5.7.17"})  # some servers' codes for a full or missing mailbox, too

# What a server quotes says nothing: `antispam@…` is no word about spam, nor is the name of a page that explains.
_QUOTED = re.compile(r"<?\0>?:?|\bhttps?://[^\s>]{1,500}|\bwww\.[^\s>]{1,500}")
# But whose page it is says all where a block list answers with nothing else.
_ONLY_A_PAGE = re.compile(r"\b([45]\d\d[ -](?:[45]\.\d\.\d{1,3} )?)https?://(?:www\.)?([^\s/>]{1,255})[^\s>]{0,500}")
_BLANKS = re.compile(r"[\s\"“”„«»*_|]+")
_RATE = re.compile(r"\brate\b|too (?:many|quickly|fast)|throttl|receiving mail at", re.IGNORECASE)
_FOR_NOW = re.compile(r"exceed|temporar", re.IGNORECASE)


def _table(file: str, table: str) -> Wordings:
    return Wordings(f"refusals/{file}", table, finds_ascii=True)  # many servers answer in ASCII


_CLEARLY_POLICY = _table("policy", "clearly_policy")
_POLICY = _table("policy", "policy")
_FULL = _table("full", "full")
_GONE = (_table("gone", "gone"), _table("gone", "gone_in_other_languages"))
_NO_DOMAIN = _table("gone", "no_domain")
# The first table that has a phrase of the text decides.
_WORDINGS = (
    (_CLEARLY_POLICY, BounceClass.POLICY),
    (_table("message", "clearly_message"), BounceClass.MESSAGE),
    (_FULL, BounceClass.FULL),
    (_NO_DOMAIN, BounceClass.GONE),
    *((table, BounceClass.GONE) for table in _GONE),
    (_POLICY, BounceClass.POLICY),
    (_table("gone", "maybe_gone"), BounceClass.GONE),
    (_table("message", "message"), BounceClass.MESSAGE),
    (_table("unreachable", "unreachable"), BounceClass.UNREACHABLE),
)


def folded_words(text: str) -> str:
    """The words of a refusal as the tables expect them, cut to size."""
    text = _ONLY_A_PAGE.sub(r"\1\2", text[: 2 * MAX_WORDS])
    text = unicodedata.normalize("NFC", _QUOTED.sub(" ", without_addresses(text, "\0")))
    return _BLANKS.sub(" ", text.lower().replace("’", "'"))[:MAX_WORDS].strip()


def class_by_words(words: str) -> BounceClass | None:
    """What folded words speak of; None when no table knows them."""
    return next((bounce_class for table, bounce_class in _WORDINGS if table.is_in(words)), None)


def class_of_refusal(*, code: int, enhanced: str, text: str, at_recipient: bool) -> BounceClass:
    """What a permanent refusal at hand-over is about.

    `enhanced` is "" where the server gave none; `at_recipient` says that RCPT was refused, where a bare 550 means the
    mailbox (RFC 5321 §4.2.3), unlike after the content, where it means the message.
    """
    words = folded_words(text)
    if enhanced:  # the basic code decides how long, whatever the first digit here says
        settled = _class_of_code(code, enhanced[2:], words)
        if settled is not None:
            return settled
        said = class_by_words(words)
        return said if said in _AT_HAND_OVER else BounceClass.OTHER
    said = class_by_words(words)
    if said in (BounceClass.POLICY, BounceClass.FULL):
        return said
    if at_recipient and code == 550:
        return BounceClass.GONE
    if code in _MESSAGE_CODES or not at_recipient:
        return BounceClass.MESSAGE
    return BounceClass.UNREACHABLE if said is BounceClass.UNREACHABLE else BounceClass.OTHER


def class_of_failure(*, code: int, enhanced: str, text: str, at_recipient: bool | None = None) -> BounceClass:
    """What a failure for good is about that a notification reports.

    `enhanced` is the status that says most, "" where there is none; with a first digit of 4 the last try failed for
    now and the system gave up, which is GONE only where the domain does not exist. `code` is that of the remote's
    reply or 0; `at_recipient` is None where nothing tells which command was refused.
    """
    words = folded_words(text)
    bounce_class = _class_of_code(code, enhanced[2:], words) if enhanced[2:] not in _VAGUE else None
    if bounce_class is None:
        bounce_class = class_by_words(words)
    if bounce_class is None:
        bounce_class = BounceClass.GONE if code == 550 and at_recipient else _class_of_code(code, enhanced[2:], words)
    elif enhanced in _FOR_ANYTHING:
        bounce_class = _without_policy(words) or bounce_class
    if bounce_class in _OF_THE_ADDRESS and _NO_DOMAIN.is_in(words) and not _CLEARLY_POLICY.is_in(words):
        return BounceClass.GONE
    if enhanced.startswith("4") and bounce_class not in (BounceClass.POLICY, BounceClass.FULL):
        return BounceClass.UNREACHABLE
    return bounce_class or BounceClass.OTHER


def _without_policy(words: str) -> BounceClass | None:
    """FULL or GONE where the words under a code of policy say that, and nothing of policy.

    A domain that does not exist is the sender's: the reader's own server would not say so of itself.
    """
    if class_by_words(words) not in (BounceClass.FULL, BounceClass.GONE) or _POLICY.is_in(words):
        return None
    if _NO_DOMAIN.is_in(words):
        return None
    if _FULL.is_in(words):
        return BounceClass.FULL
    return BounceClass.GONE if any(table.is_in(words) for table in _GONE) else None


def is_vague(enhanced: str) -> bool:
    """Whether a status only says that something failed, so that words and other codes decide."""
    return not enhanced or enhanced[2:] in _VAGUE


def _class_of_code(code: int, detail: str, words: str) -> BounceClass | None:
    """What the subject and detail of an enhanced code settle; None where words must decide."""
    bounce_class = _CODES.get(detail) or _SUBJECTS.get(detail.partition(".")[0])
    if bounce_class is BounceClass.GONE:
        if _CLEARLY_POLICY.is_in(words):
            return BounceClass.POLICY
        if detail == "2.1" and _RATE.search(words):
            return BounceClass.POLICY
        if (detail == "2.1" and _FOR_NOW.search(words)) or (code == _EXCEEDED_STORAGE and _FULL.is_in(words)):
            return BounceClass.FULL
    return bounce_class
