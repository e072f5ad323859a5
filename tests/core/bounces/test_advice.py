"""What replies ask for beyond their copy, as providers and relays word them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.assets import AssetError
from pressrun.core.bounces import advice as advice_module
from pressrun.core.bounces.advice import NOTHING, Action, Advice, Scope, advice_of, reply_rules
from pressrun.smtp.handover import Stage

MINUTE = 60.0
SLOW = Advice(scope=Scope.DESTINATION, action=Action.SLOW_DOWN)
BLOCKED = Advice(scope=Scope.DESTINATION, action=Action.POLICY)
OURS = Advice(scope=Scope.CONFIGURATION, action=Action.POLICY)
STOP = Advice(scope=Scope.EDITION, action=Action.STOP_EDITION)
RELAY = Advice(scope=Scope.RELAY)


def pause(minutes: int) -> Advice:
    return Advice(
        scope=Scope.DESTINATION,
        action=Action.SLOW_DOWN,
        pause_seconds=minutes * MINUTE,
    )


def relay_pause(minutes: int) -> Advice:
    return Advice(scope=Scope.RELAY, action=Action.SLOW_DOWN, pause_seconds=minutes * MINUTE)


def advice(reply: str, stage: str) -> Advice:
    """The advice of a reply written as `451 4.7.0 text`, or `451 text` without an enhanced code."""
    code, _, rest = reply.partition(" ")
    enhanced, _, text = rest.partition(" ")
    if not enhanced.replace(".", "").isdigit() or enhanced.count(".") != 2:
        enhanced, text = "", rest
    return advice_of(code=int(code), enhanced=enhanced, text=text, stage=stage)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        # Gmail
        ("421 4.7.28 Gmail has detected an unusual rate of mail originating from your IP Netblock. gsmtp", SLOW),
        ("421 4.7.28 Gmail has detected a suspicious amount of mail with the same Message-ID. gsmtp", SLOW),
        ("421 4.7.0 Our system has detected an unusual rate of unsolicited mail originating from your IP", SLOW),
        ("421 4.7.0 Try again later, closing connection. (RCPT) abc123.45 - gsmtp", SLOW),
        ("421 4.4.5 Server busy, try again later.", SLOW),
        ("421 4.3.0 Temporary System Problem. Try again later (10). - gsmtp", SLOW),
        ("451 4.3.0 Mail server temporarily rejected message. - gsmtp", SLOW),
        ("421 4.7.32 Your email has been rate limited because the From: header isn't aligned with DKIM or SPF", OURS),
        ("421 5.7.32 Your email has been rate limited because the From: header isn't aligned with DKIM or SPF", OURS),
        ("421 4.7.27 Your email has been rate limited because SPF authentication didn't pass", OURS),
        ("451 4.7.23 The sending IP address doesn't match the IP address specified in the PTR record", OURS),
        ("421 4.7.29 Your email has been rate limited because this message wasn't sent over a TLS connection", OURS),
        ("421 4.7.40 no DMARC record", OURS),
        ("421 4.7.0 TLS required for RCPT domain, closing connection. gsmtp", OURS),
        ("450 4.2.1 The user you are trying to contact is receiving mail too quickly. gsmtp", NOTHING),
        ("450 4.2.1 The user you are trying to contact is receiving mail at a rate that\nprevents delivery", NOTHING),
        ("452 4.2.2 The recipient's inbox is out of storage space. gsmtp", NOTHING),
        ("450 4.2.1 Peak SMTP relay limit exceeded for customer. gsmtp", relay_pause(1)),
        # Yahoo
        ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", pause(120)),
        ("421 4.7.0 [TSS05] Messages from 192.0.2.1 temporarily deferred due to unexpected volume", pause(240)),
        ("421 4.7.1 [IPTS04] Messages from 192.0.2.1 temporarily deferred", pause(120)),
        ("421 4.7.0 [TS03] All messages from 192.0.2.1 will be deferred", pause(30)),
        ("421 Max message per connection reached, closing transmission channel", NOTHING),
        # Microsoft
        ("421 RP-001 The mail server has exceeded the rate limit allowed", pause(30)),
        ("451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.", pause(30)),
        ("451 4.7.652 The mail server [192.0.2.1] has exceeded the maximum number of connections.", pause(15)),
        ("451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77714)", pause(15)),
        ("421 server busy. Please try again later", SLOW),
        ("432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", NOTHING),
        ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", relay_pause(1)),
        # Apple, GMX and web.de, Orange, Comcast, Free
        ("421 4.7.1 Messages to <ada@reader.example> deferred due to excessive volume. Try again later", pause(15)),
        ("450 4.7.1 [HCM1] Try again later", pause(15)),
        ("421 gmx.net Nemesis ESMTP Service not available\nService unavailable\nReject due to policy", pause(60)),
        ("421 Too many messages have been received in a short period of time", pause(60)),
        ("421 mwinf5c04 ME Service refuse. Veuillez essayer plus tard. OFR_999 [999]", pause(60)),
        ("421 Trop de connexions, veuillez verifier votre configuration. OFR004_104 [104]", pause(60)),
        ("421 4.1.0 192.0.2.1 Throttled - try again later. RL000001", SLOW),
        ("451 too many errors from your ip (192.0.2.1), please visit http://postmaster.example/", pause(60)),
        # Any
        ("421 4.7.0 mx.provider.example Error: too many connections from 192.0.2.1", SLOW),
        ("421 Too many concurrent SMTP connections; please try again later", SLOW),
        ("450 4.7.1 Requested action not taken: rate limit exceeded", SLOW),
        ("421 4.7.1 Intrusion prevention active for [192.0.2.1], poor reputation", SLOW),
        ("452 4.3.1 Please come back", SLOW),
        ("450 4.7.1 Error: too many recipients from 127.0.0.1", relay_pause(1)),
        ("451 4.3.0 Error: queue file write error", relay_pause(1)),
        ("452 space shortage, please try later", relay_pause(1)),
        ("454 Throttling failure: Maximum sending rate exceeded.", relay_pause(1)),
        ("454 Throttling failure: Daily message quota exceeded.", relay_pause(60)),
        ("450 4.2.0 <ada@reader.example>: Recipient address rejected: Greylisted for 5 minutes", NOTHING),
        ("451 4.7.1 Greylisting in action, please come back later, too many connections", NOTHING),
        ("450 4.2.1 Mailbox temporarily blocked by its owner", NOTHING),
        ("450 4.7.25 Client host rejected: cannot find your hostname", NOTHING),
        ("451 4.3.0 <ada@reader.example>: Temporary lookup failure", NOTHING),
        ("451 Requested action aborted: local error in processing", NOTHING),
        ("421 mx.provider.example closing connection", NOTHING),
        ("450 4.1.1 <ada@slow.down.example>: unverified address: see https://x.example/too-many-connections", NOTHING),
    ],
)
def test_what_a_temporary_reply_to_the_recipient_asks_for(reply: str, expected: Advice) -> None:
    """Once the recipient is named, and the same after its content."""
    assert [expected] * 3 == [advice(reply, stage) for stage in (Stage.RCPT, Stage.DATA, Stage.CONTENT)]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("450 4.7.1 Error: too much mail from 127.0.0.1", relay_pause(1)),
        ("421 4.7.0 relay.example Error: too many connections from 127.0.0.1", relay_pause(1)),
        ("452 4.3.1 Insufficient system storage", relay_pause(1)),
        ("452 4.3.1 mail system full", relay_pause(1)),
        ("421 4.4.5 Server busy, try again later.", relay_pause(1)),
        ("451 server load too high", relay_pause(1)),
        ("421 4.3.2 relay.example Service shutting down", RELAY),
        ("421 4.4.2 relay.example Error: timeout exceeded", RELAY),
        ("451 4.3.0 Temporary lookup failure", NOTHING),
        ("450 4.1.8 <news@press.example>: Sender address rejected: Domain not found", NOTHING),
        # What one provider alone says is of its destination, whoever was named
        ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred", pause(120)),
        ("421 4.7.28 unusual rate. gsmtp", SLOW),
        ("421 RP-003 rate limit", pause(30)),
    ],
)
def test_before_the_recipient_is_named_general_words_are_about_the_relay(reply: str, expected: Advice) -> None:
    """It cannot mean a provider that it has not heard of yet."""
    assert [expected] * 3 == [advice(reply, stage) for stage in ("GREETING", "EHLO", Stage.MAIL)]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("552 5.3.4 Message size exceeds fixed limit", STOP),
        ("552 5.3.4 Your message exceeded our message size limits. gsmtp", STOP),
        ("552 Message too big", STOP),
        ("554 5.6.0 Mail message is malformed. Not accepted. gsmtp", STOP),
        ("550 5.7.1 This message is not RFC 5322 compliant. There are multiple From headers. gsmtp", STOP),
        ("550 5.7.1 [192.0.2.1] Messages missing a valid Message-ID header are not accepted. gsmtp", STOP),
        ("554 Message not allowed - Headers are not RFC compliant", STOP),
        ("550 5.6.7 SMTPUTF8 is required", NOTHING),
        ("503 5.5.1 Bad sequence of commands", NOTHING),
        ("552 Requested mail action aborted: exceeded storage allocation", NOTHING),
        ("552 5.2.2 Mailbox is too large, over quota", NOTHING),
        ("552 1 Requested mail action aborted, mailbox not found", NOTHING),
        ("550 5.1.1 No such user here, message too big anyway", NOTHING),
        ("554 5.4.6 Message exceeded 50 hops, this may indicate a mail loop. gsmtp", NOTHING),
        ("550 5.7.26 Unauthenticated email from press.example is not accepted due to domain's DMARC policy", OURS),
        ("550 5.7.515 Access denied, sending domain press.example does not meet the required level", OURS),
        ("554 5.7.1 [HME1] This message was blocked", OURS),
        ("554 5.7.1 <ada@reader.example>: Relay access denied", OURS),
        ("550 5.7.9 This mail has been blocked because the sender is unauthenticated", OURS),
        ("550 Reject due to SPF policy", OURS),
        ("550 5.7.1 Our system has detected that this message is likely unsolicited mail. gsmtp", BLOCKED),
        ("550 5.7.28 unusual rate of unsolicited mail", BLOCKED),
        ("553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred", BLOCKED),
        ("553 5.7.1 [BL21] Connections will not be accepted, the ip is in Spamhaus's list", BLOCKED),
        ("554 Message not allowed - [PH01] Email not accepted for policy reasons", BLOCKED),
        ("550 SC-001 Mail rejected by Windows Live Hotmail for policy reasons", BLOCKED),
        ("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. On our block list (S3150)", BLOCKED),
        ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", BLOCKED),
        ("550 5.7.1 [CS01] Message rejected due to local policy", BLOCKED),
        ("554 gmx.net (mxgmx104) Nemesis ESMTP Service not available\nIP address is block listed", BLOCKED),
    ],
)
def test_what_a_refusal_of_the_content_asks_for(reply: str, expected: Advice) -> None:
    """Of the content, or of the command that announces it."""
    assert [expected] * 2 == [advice(reply, stage) for stage in (Stage.DATA, Stage.CONTENT)]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("552 5.3.4 Message too big for this mailbox", NOTHING),
        ("554 5.6.0 malformed", NOTHING),
        ("550 5.1.1 User unknown", NOTHING),
        ("550 mailbox unavailable", NOTHING),
        ("550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery", NOTHING),
        ("550 5.2.122 The recipient has exceeded their limit for the number of messages per hour", NOTHING),
        ("550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", BLOCKED),
        ("550 5.7.27 SPF did not pass", OURS),
    ],
)
def test_a_refused_recipient_never_stops_an_edition(reply: str, expected: Advice) -> None:
    """At RCPT nobody has seen the message yet, whatever the reply says of it."""
    assert expected == advice(reply, Stage.RCPT)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("552 5.3.4 10485761 octets, and the relay takes at most 10485760", STOP),
        ("554 5.6.0 the content has line ends other than CRLF", STOP),
        ("530 5.7.0 Must issue a STARTTLS command first", OURS),
        ("553 5.7.1 Sender address rejected: not owned by user", OURS),
        ("550 5.1.1 what is this", OURS),
        ("550 no", OURS),
        ("552 no", STOP),
        ("501 5.5.4 Syntax: MAIL FROM", NOTHING),
        ("501 Syntax error", NOTHING),
    ],
)
def test_a_refusal_before_the_recipient_is_named_is_ours_to_mend(reply: str, expected: Advice) -> None:
    """Nobody's mailbox was asked for: either the message is too large, or the relay wants nothing from us."""
    assert expected == advice(reply, Stage.MAIL)


def test_the_first_digit_decides_how_long() -> None:
    """`421 5.7.32` is for now, and `550 4.7.28` for good."""
    assert OURS == advice("421 5.7.32 not aligned", Stage.CONTENT)
    assert BLOCKED == advice("550 4.7.28 unusual rate", Stage.CONTENT)


def test_what_is_quoted_is_not_said() -> None:
    """Addresses and links in a reply are no words of its own."""
    quoted = "450 4.7.1 <too-many-connections@gsmtp.example> see https://x.example/[TSS04]/rate-limit"
    assert NOTHING == advice(quoted, Stage.RCPT)


def test_codes_that_begin_further_lines_do_not_part_a_wording() -> None:
    """Many servers write the enhanced code on every line."""
    text = "Our system has detected an unusual\n4.7.0 rate of mail"
    assert SLOW == advice_of(code=421, enhanced="4.7.0", text=text, stage=Stage.CONTENT)


STAGES = st.sampled_from([*Stage, "GREETING", "EHLO", ""])
CODES = st.integers(-1, 1000)
ENHANCED = st.just("") | st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}", fullmatch=True) | st.text(max_size=6)
WORDS = st.lists(
    st.sampled_from(
        "too many connections from message size exceeds user is receiving mail nemesis esmtp policy rate limit [tss04]"
        " not rfc 5322 compliant dkim temporarily deferred quota".split()
    ),
    max_size=30,
).map(" ".join) | st.text(max_size=300)


@given(CODES, ENHANCED, WORDS, STAGES)
def test_any_reply_has_an_advice_that_makes_sense(code: int, enhanced: str, text: str, stage: str) -> None:
    """Total; each scope with the actions that it can have; nothing for what is no refusal."""
    advice = advice_of(code=code, enhanced=enhanced, text=text, stage=stage)
    possible = {
        Scope.COPY: {Action.NONE},
        Scope.DESTINATION: {Action.SLOW_DOWN, Action.POLICY},
        Scope.RELAY: {Action.NONE, Action.SLOW_DOWN},
        Scope.EDITION: {Action.STOP_EDITION},
        Scope.CONFIGURATION: {Action.POLICY},
    }
    assert advice.action in possible[advice.scope]
    assert (advice.pause_seconds is None) or advice.action is Action.SLOW_DOWN
    if not 400 <= code < 600:
        assert NOTHING == advice
    if code >= 500:
        assert Action.SLOW_DOWN != advice.action
    if code < 500 or stage == Stage.RCPT:
        assert Action.STOP_EDITION != advice.action


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        "user ",
        "user a ",
        "nemesis a ",
        "too many a ",
        "message a ",
        "multiple a ",
        "size ",
        "[tss",
        "not rfc ",
        "daily a ",
        "é ",
    ],
)
@pytest.mark.parametrize("code", [421, 552])
def test_long_replies_are_read_in_little_time(piece: str, code: int) -> None:
    """However a server goes on: what is looked at is bounded, and so is the time."""
    text = piece * (200_000 // len(piece))
    advice_of(code=code, enhanced="", text="first", stage=Stage.CONTENT)  # compiles the tables
    started = time.process_time()
    advice_of(code=code, enhanced="", text=text, stage=Stage.CONTENT)
    assert time.process_time() - started < 1  # collecting garbage of the whole process included


@pytest.mark.parametrize(("code", "is_refusal"), [(499, False), (500, True), (599, True), (600, False)])
def test_the_codes_from_500_to_599_are_refusals(code: int, *, is_refusal: bool) -> None:
    advice = advice_of(code=code, enhanced="5.7.1", text="go away", stage="MAIL")
    assert is_refusal == (advice is not NOTHING)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"code": "4", "asks": "wait"}, "replies: Invalid enum value 'wait' - at `$.temporary[0].asks`"),
        ({"code": "4", "asks": "stop", "word": "x"}, "unknown field `word`"),
        ({"code": "4", "asks": "stop", "words": "(x"}, "temporary: '(x': missing ), unterminated subpattern"),
        ({"code": "4", "asks": "stop", "words": "<crate>"}, "temporary: '<crate>': [words] has no 'crate'"),
    ],
)
def test_a_mistake_in_the_file_is_named(
    rule: dict[str, object], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postmasters may edit it, and `pressrun check` tells them."""
    file = {"words": {}, "replies": {"temporary": [rule], "permanent": [], "policy": []}}
    monkeypatch.setattr(advice_module, "read_asset", lambda _: file)
    with pytest.raises(AssetError) as caught:
        reply_rules.__wrapped__()
    assert str(caught.value).startswith("assets/replies.toml: ")
    assert expected in str(caught.value)
