"""Whose fault a refusal is, by replies as real servers word them, and by the rules to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.bounces.refusals import class_of_failure, class_of_refusal
from pressrun.core.lifecycles.delivery import FailureKind

HARD, SOFT, POLICY, MESSAGE = FailureKind.HARD, FailureKind.SOFT, FailureKind.POLICY, FailureKind.MESSAGE
CODES = st.integers(500, 599)
ENHANCED = st.from_regex(r"5\.\d{1,2}\.\d{1,2}", fullmatch=True)


def kind_of_refusal(*, code: int, enhanced: str, text: str, at_recipient: bool) -> FailureKind:
    kind = class_of_refusal(code=code, enhanced=enhanced, text=text, at_recipient=at_recipient).kind
    assert kind is not None
    return kind


def at_rcpt(code: int, enhanced: str, text: str) -> FailureKind:
    return kind_of_refusal(code=code, enhanced=enhanced, text=text, at_recipient=True)


def after_data(code: int, enhanced: str, text: str) -> FailureKind:
    return kind_of_refusal(code=code, enhanced=enhanced, text=text, at_recipient=False)


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "kind"),
    [
        (550, "5.1.1", "<ada@reader.example>: Recipient address rejected: User unknown in virtual mailbox table", HARD),
        (550, "5.1.1", "The email account that you tried to reach does not exist. Please try double-checking", HARD),
        (550, "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient ada@reader.example not found by SMTP address", HARD),
        (553, "5.1.2", "We weren't able to find the recipient domain", HARD),
        (501, "5.1.3", "Bad recipient address syntax", HARD),
        (550, "5.1.6", "Recipient has moved", HARD),
        (550, "5.2.1", "The email account that you tried to reach is disabled", HARD),
        (550, "5.2.1", "The user you are trying to contact is receiving mail at a rate that prevents delivery", POLICY),
        (550, "5.2.1", "This user is receiving mail too quickly. Please resend your message at a later time", POLICY),
        (450, "5.2.1", "mailbox temporarily disabled", SOFT),
        (552, "5.2.2", "The email account that you tried to reach is over quota", SOFT),
        (552, "5.1.1", "Recipient overquota", SOFT),
        (554, "5.4.14", "Hop count exceeded - possible mail loop", SOFT),
        (550, "5.0.0", "Message rejected", POLICY),
        (550, "5.7.1", "Our system has detected that this message is likely unsolicited mail", POLICY),
        (550, "5.7.1", "User unknown", POLICY),
        (550, "5.7.26", "Unauthenticated email is not accepted due to domain's DMARC policy", POLICY),
        (554, "5.7.1", "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", POLICY),
        (550, "5.1.8", "<x@harbour.example>: Sender address rejected: Domain not found", POLICY),
        (550, "5.1.7", "Bad sender's mailbox address syntax", POLICY),
        (552, "5.3.4", "Message size exceeds fixed limit", MESSAGE),
        (554, "5.4.6", "Too many hops", MESSAGE),
        (550, "5.6.0", "Message contains bare line feeds", MESSAGE),
        (550, "5.6.7", "SMTPUTF8 is required", MESSAGE),
        (503, "5.5.1", "Bad sequence of commands", MESSAGE),
        (550, "", "No such user here", HARD),
        (550, "", "<ada@reader.example>: user unknown", HARD),
        (550, "", "Requested action not taken: mailbox unavailable", HARD),
        (550, "", "<antispam@reader.example>: user unknown", HARD),
        (550, "", "<policy@blocked.example> No such mailbox", HARD),
        (550, "", "Access denied - Invalid HELO name", POLICY),
        (550, "", "Your IP 192.0.2.1 is blacklisted", POLICY),
        (550, "", "Mail from 192.0.2.1 blocked (S3150). Please contact your Internet service provider", POLICY),
        (550, "", "SC-001 Mail rejected for policy reasons", POLICY),
        (554, "", "Message not allowed - [PH01] Email not accepted for policy reasons", POLICY),
        (550, "", "relay not permitted", POLICY),
        (551, "", "User not local", SOFT),
        (552, "", "Mailbox full", SOFT),
        (553, "", "sorry, that domain isn't in my list of allowed rcpthosts", SOFT),
        (554, "", "delivery error: dd This user doesn't have an account", SOFT),
        (501, "", "Syntax error in parameters", MESSAGE),
        (555, "", "Unsupported parameter", MESSAGE),
    ],
)  # fmt: skip
def test_refusals_of_a_recipient(code: int, enhanced: str, text: str, kind: FailureKind) -> None:
    assert kind is at_rcpt(code, enhanced, text)


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "kind"),
    [
        (550, "", "Requested action not taken", MESSAGE),
        (554, "", "Transaction failed", MESSAGE),
        (552, "", "Message too large", MESSAGE),
        (554, "", "Message rejected as spam", POLICY),
        (550, "5.7.1", "Message content rejected", POLICY),
        (550, "5.1.1", "User unknown", HARD),
        (552, "5.2.2", "Mailbox full", SOFT),
        (550, "5.6.1", "Media not supported", MESSAGE),
    ],
)
def test_refusals_of_the_content(code: int, enhanced: str, text: str, kind: FailureKind) -> None:
    assert kind is after_data(code, enhanced, text)


@pytest.mark.parametrize("enhanced", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"])
@pytest.mark.parametrize("at_recipient", [True, False])
def test_these_codes_are_hard_at_every_stage(enhanced: str, at_recipient: bool) -> None:
    assert HARD is kind_of_refusal(code=550, enhanced=enhanced, text="no", at_recipient=at_recipient)


@given(CODES, ENHANCED, st.text(max_size=40), st.booleans())
def test_no_other_enhanced_code_is_hard(code: int, enhanced: str, text: str, at_recipient: bool) -> None:
    """A wrong hard loses a reader."""
    kind = kind_of_refusal(code=code, enhanced=enhanced, text=text, at_recipient=at_recipient)
    known = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
    assert (kind is HARD) <= (enhanced in known)
    assert (kind is POLICY) >= enhanced.startswith("5.7.")
    assert (kind is MESSAGE) == enhanced.startswith(("5.3.", "5.5.", "5.6."))


@given(CODES, st.text(max_size=40), st.booleans())
def test_without_an_enhanced_code_only_a_550_to_rcpt_is_hard(code: int, text: str, at_recipient: bool) -> None:
    kind = kind_of_refusal(code=code, enhanced="", text=text, at_recipient=at_recipient)
    assert (kind is HARD) <= (code == 550 and at_recipient)


@pytest.mark.parametrize(("enhanced", "kind"), [("4.1.1", HARD), ("4.7.1", POLICY), ("2.0.0", SOFT)])
def test_the_basic_code_decides_the_class_where_the_two_disagree(enhanced: str, kind: FailureKind) -> None:
    assert kind is at_rcpt(550, enhanced, "odd")


@pytest.mark.parametrize(
    "text",
    [
        "Rejected",
        "Requested action not taken: message refused",
        "Email contains forbidden content",
        "Too many invalid recipients",
        "Recipient does not accept mail from you",
        "rate exceeded for your IP",
        "Absender gesperrt",
        "Ihre IP-Adresse ist gesperrt",
        "Adresse IP bloquee",
        "Expediteur refuse",
        "Messaggio respinto dal filtro antispam",
        "Mensagem bloqueada",
        "Nadawca zablokowany",
        "IP \u0437\u0430\u0431\u043b\u043e\u043a\u0438\u0440\u043e\u0432\u0430\u043d",
        "\u90ae\u4ef6\u88ab\u62d2\u7edd",
    ],
)
def test_a_bare_550_to_rcpt_that_speaks_of_us_is_no_hard_bounce(text: str) -> None:
    """In whatever language, with or without its marks: at hand-over and in a notification alike."""
    assert POLICY is at_rcpt(550, "", text)
    assert BounceClass.POLICY is class_of_failure(code=550, enhanced="5.0.0", text=f"550 {text}", at_recipient=True)


@pytest.mark.parametrize(
    "text",
    [
        "reader is not known here",
        "Nutzer unbekannt",
        "Empfaenger existiert nicht",
        "Onbekend adres",
        "Nie ma takiej skrzynki",
        "Okand mottagare",
        "El buzon no existe",
        "\u65e0\u6b64\u7528\u6237",
        "\uc0ac\uc6a9\uc790 \uc5c6\uc74c",
    ],
)
def test_a_mailbox_that_is_not_there_is_known_by_words_alone(text: str) -> None:
    """Though a gateway put a code on it that says nothing, and nothing tells what was refused."""
    assert BounceClass.GONE is class_of_failure(code=550, enhanced="5.0.0", text=f"550 {text}")


@pytest.mark.parametrize(
    "text",
    [
        "host list.example not found: domain does not exist",
        "No MX or A record found: domain does not exist",
        "null MX",
        "Sender is not a registered user",
        "You are not a registered user",
    ],
)
def test_what_a_code_of_policy_says_of_the_sender_is_no_missing_mailbox(text: str) -> None:
    for words, expected in ((text, BounceClass.POLICY), ("No such user", BounceClass.GONE)):
        assert expected is class_of_failure(code=550, enhanced="5.7.1", text=f"550 5.7.1 {words}", at_recipient=True)


@pytest.mark.parametrize("code", [500, 501, 502, 503, 504, 555])
def test_a_server_that_does_not_understand_speaks_of_the_message(code: int) -> None:
    """RFC 5321 §4.2.2; the codes beside them say nothing."""
    bounce_class = class_of_refusal(code=code, enhanced="", text="no", at_recipient=True)
    assert BounceClass.MESSAGE is bounce_class


@pytest.mark.parametrize("code", [505, 499, 556])
def test_other_codes_alone_say_nothing_of_the_message(code: int) -> None:
    bounce_class = class_of_refusal(code=code, enhanced="", text="no", at_recipient=True)
    assert BounceClass.MESSAGE is not bounce_class


@pytest.mark.parametrize(
    ("code", "at_recipient", "expected"),
    [(550, True, BounceClass.GONE), (550, False, BounceClass.OTHER), (554, True, BounceClass.OTHER)],
)
def test_only_a_550_to_the_recipient_means_the_mailbox(code: int, expected: BounceClass, *, at_recipient: bool) -> None:
    """Where neither the status nor the words say more."""
    bounce_class = class_of_failure(code=code, enhanced="5.0.0", text="no", at_recipient=at_recipient)
    assert (expected is BounceClass.GONE) == (bounce_class is BounceClass.GONE)


@pytest.mark.parametrize(
    ("enhanced", "expected"),
    [("4.2.2", BounceClass.FULL), ("4.7.1", BounceClass.POLICY), ("4.4.1", BounceClass.UNREACHABLE)],
)
def test_what_was_given_up_keeps_its_reason_where_that_is_not_the_address(enhanced: str, expected: BounceClass) -> None:
    assert expected is class_of_failure(code=0, enhanced=enhanced, text="no")
