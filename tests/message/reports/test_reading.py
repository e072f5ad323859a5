"""Reading reports: what each form says, what outranks what, and that no mail brings out another error."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bounces.corpus import samples
from tests.engines import IS_THOROUGH
from tests.message.hostile import HOSTILE, REFUSED

from pressrun.core.bounces.classes import BounceClass
from pressrun.core.errors import UnreadableMail
from pressrun.message.incoming.parser import READ_AT_MOST
from pressrun.message.reports.reading import read_report
from pressrun.message.reports.report import RecipientReport, Report
from pressrun.sandbox.frames import Made, Question, ReadAs
from pressrun.sandbox.helper_process import answer
from pressrun.sandbox.mail_parser import ParserLimits, SandboxedParser

_DAEMON = "From: MAILER-DAEMON@mx.reader.example\r\nSubject: failure notice\r\n"
_CORPUS = [sample.path.read_bytes() for sample in samples()]


def notification(*groups: str, prose: str = "It failed.", original: str = "") -> bytes:
    """A notification of RFC 3464 with these per-recipient groups."""
    status = "\r\n\r\n".join(["Reporting-MTA: dns; mx.reader.example", *groups])
    third = f"--b\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\n" if original else ""
    return (
        f"{_DAEMON}Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{prose}\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n{third}--b--\r\n"
    ).encode()


def group(
    action: str = "failed", status: str = "5.0.0", diagnostic: str = "", address: str = "ada@reader.example"
) -> str:
    told = f"\r\nDiagnostic-Code: smtp; {diagnostic}" if diagnostic else ""
    return f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}{told}"


def only(content: bytes) -> RecipientReport:
    (recipient,) = read_report(content).recipients
    return recipient


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "bounce"),
    [
        ("failed", "5.1.1", "", BounceClass.GONE),
        ("Failed (no such box)", "5.1.1", "", BounceClass.GONE),
        ("delayed", "5.1.1", "550 5.1.1 user unknown", BounceClass.DELAYED),
        ("delivered", "2.0.0", "250 ok", BounceClass.DELIVERED),
        ("expanded", "2.0.0", "", BounceClass.DELIVERED),
        ("", "4.2.2", "", BounceClass.DELAYED),
        ("failed", "4.2.2", "", BounceClass.FULL),
        ("failed", "4.4.7", "", BounceClass.UNREACHABLE),
        ("failed", "4.1.1", "450 4.1.1 user unknown", BounceClass.UNREACHABLE),
        ("failed", "4.7.1", "451 4.7.1 greylisted", BounceClass.POLICY),
        ("failed", "5.0.0", "550 5.1.1 no", BounceClass.GONE),
        ("failed", "5.3.0", "553 no such user here", BounceClass.GONE),
        ("failed", "5.1.1", "550 5.7.1 refused", BounceClass.POLICY),
        ("failed", "5.1.1", "550 blocked using a dnsbl", BounceClass.POLICY),
        ("failed", "5.7.1", "550 5.7.1 user unknown", BounceClass.GONE),
        ("failed", "5.7.1", "550 5.7.1 user unknown or refused by policy", BounceClass.POLICY),
        ("failed", "5.7.13", "550 5.7.13 account disabled", BounceClass.POLICY),
        ("failed", "4.7.1", "451 4.7.1 user unknown", BounceClass.POLICY),
        # Sendmail makes a status of a reply that has none, so the reply decides.
        ("failed", "5.1.1", "550 message size limit exceeded", BounceClass.MESSAGE),
        ("failed", "5.1.1", "550 mailbox currently suspended", BounceClass.FULL),
        ("failed", "5.1.1", "550 5.1.1 mailbox currently suspended", BounceClass.GONE),
        ("failed", "5.1.1", "550 no", BounceClass.GONE),
        ("failed", "5.1.3", "553 no", BounceClass.OTHER),
        ("failed", "5.1.3", "553 5.1.3 no", BounceClass.GONE),
        ("failed", "5.2.1", "550 5.2.1 disabled", BounceClass.GONE),
        ("failed", "5.2.1", "550 5.2.1 receiving mail at a rate too high", BounceClass.POLICY),
        ("failed", "5.2.1", "550 5.2.1 mailbox temporarily disabled", BounceClass.FULL),
        ("failed", "4.0.0", "DNS lookup of firm.example responded with code NXDOMAIN", BounceClass.GONE),
        ("failed", "5.4.4", "", BounceClass.UNREACHABLE),
        ("failed", "5.6.0", "", BounceClass.MESSAGE),
        ("failed", "5.0.0", "", BounceClass.OTHER),
        ("failed", "", "552 mailbox full", BounceClass.FULL),
    ],
)
def test_what_a_group_says(action: str, status: str, diagnostic: str, bounce: BounceClass) -> None:
    """Action first, then the code that says most, then words."""
    assert bounce is only(notification(group(action, status, diagnostic))).bounce


@pytest.mark.parametrize(
    ("prose", "diagnostic", "bounce"),
    [
        ("192.0.2.1 does not like sender.", "550 no such mailbox", BounceClass.POLICY),
        ("Connected to 192.0.2.1 but my name was rejected.", "501 no such domain", BounceClass.POLICY),
        ("host mx[192.0.2.1] refused to talk to me:", "554 unavailable", BounceClass.POLICY),
        ("host mx[192.0.2.1] refused to talk to me:", "521 does not accept mail", BounceClass.GONE),
        (">>> MAIL From:<x@harbour.example>\r\n<<< 250 ok\r\n>>> RCPT To:<y>", "550 no mailbox", BounceClass.GONE),
        ("(in reply to MAIL FROM command)", "452 4.2.2 mailbox full", BounceClass.FULL),
    ],
)
def test_a_refusal_before_a_recipient_was_named_concerns_the_sender(
    prose: str, diagnostic: str, bounce: BounceClass
) -> None:
    """Whatever its words; but a host without mail says so at once, and 4xx says nothing of anybody."""
    assert bounce is only(notification(group(diagnostic=diagnostic), prose=prose)).bounce


@pytest.mark.parametrize(
    ("diagnostic", "classes"),
    [
        ("smtp; 552 mailbox disk quota exceeded", [BounceClass.FULL]),
        ("smtp; 452 mailbox disk quota exceeded", [BounceClass.DELAYED]),
        ("smtp; hello", []),
    ],
)
def test_a_group_with_nothing_but_the_reply_is_read_by_that(diagnostic: str, classes: list[BounceClass]) -> None:
    """Though RFC 3464 §2.3 requires an action and a status."""
    group = f"Final-Recipient: rfc822; ada@reader.example\r\nDiagnostic-Code: {diagnostic}"
    content = notification(group, prose="Reason: x").replace(b"Subject: failure notice", b"Subject: x")
    assert classes == [each.bounce for each in read_report(content).recipients]


@pytest.mark.parametrize("address", ["userx@reader.example", "ana@reader.example", "formal@reader.example"])
@pytest.mark.parametrize("line", ["{}", "Recipient: {}", "user {}", "To: {}", "for <{}>", "failed recipient <{}>"])
def test_an_address_is_read_to_its_first_letter(line: str, address: str) -> None:
    """Though it begins like a word that stands before addresses."""
    text = f"Your message could not be delivered.\r\n\r\n{line.format(address)}\r\n550 no such user\r\n"
    assert address == only(f"{_DAEMON}\r\n{text}".encode()).address


@pytest.mark.parametrize("told", ["news-bounces+k@lists.harbour.example", "postmaster@lists.harbour.example"])
def test_the_address_of_the_sender_is_no_recipient(told: str) -> None:
    """As Exim names it, who tells somebody else at times."""
    text = (
        "A message sent by\r\n\r\n  <news-bounces+k@lists.harbour.example>\r\n\r\ncould not be delivered to one or more"
        " of its recipients.\r\n\r\n  ada@reader.example\r\n    550 no such user\r\n"
    )
    recipient = only(f"{_DAEMON}To: {told}\r\n\r\n{text}".encode())
    assert ("ada@reader.example", BounceClass.GONE) == (recipient.address, recipient.bounce)


def test_a_disclaimer_around_a_notification_does_not_hide_it() -> None:
    """As gateways add it, which pass the notification on as an attachment of it."""
    head = "From: postmaster@reader.example\r\nSubject: Delivery Status Notification (Failure)\r\n"
    disclaimer = "It is prohibited to read this mail if it is not for you."
    content = (
        f"{head}Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n".encode()
        + notification(group(status="5.1.1"))
        + f"\r\n--o\r\nContent-Type: text/plain\r\n\r\n{disclaimer}\r\n--o--\r\n".encode()
    )
    assert BounceClass.GONE is only(content).bounce


def test_a_status_part_that_came_as_a_file_is_read_as_well() -> None:
    """Some gateways pass on under another type what they do not know."""
    content = notification(group(status="5.1.1")).replace(b"message/delivery-status", b"application/octet-stream")
    assert BounceClass.GONE is only(content).bounce


def test_a_mail_that_exchange_marks_is_a_notification_in_any_language() -> None:
    """The mark is enough: neither subject nor words need be known."""
    head = "From: somebody@reader.example\r\nSubject: x\r\nX-MS-Exchange-Message-Is-Ndr:\r\n\r\n"
    assert BounceClass.GONE is only(f"{head}ada@reader.example\r\n#550 5.1.1 x ##\r\n".encode()).bounce


@pytest.mark.parametrize(
    ("enclosed", "feedback_type"),
    [
        ("X-HmXmrOriginalRecipient: ada@reader.example\r\nSubject: x\r\n\r\nHello\r\n", "abuse"),
        ("Subject: x\r\n\r\nX-HmXmrOriginalRecipient: ada@reader.example\r\n", ""),
    ],
)
def test_a_complaint_without_a_report_is_known_by_the_mark_in_what_it_encloses(
    enclosed: str, feedback_type: str
) -> None:
    """In its header alone, for anybody may write the words into a body."""
    head = "From: staff@provider.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    mail = f"{head}--b\r\nContent-Type: message/rfc822\r\n\r\n{enclosed}\r\n--b--\r\n"
    assert feedback_type == read_report(mail.encode()).feedback_type


def test_the_parts_of_what_is_told() -> None:
    """Address, codes and the remote's words on one line."""
    recipient = only(notification(group("failed", "5.0.0", "550-5.1.1 not\r\n  550 5.1.1 here")))
    assert ("ada@reader.example", "5.1.1", 550, "550-5.1.1 not 550 5.1.1 here") == (
        recipient.address, recipient.status, recipient.code, recipient.text,
    )  # fmt: skip


def test_the_address_that_was_written_to_is_told_before_where_it_led() -> None:
    """RFC 3464 §2.3.1; forwarding changes the final one."""
    content = notification("Original-Recipient: rfc822; ada@reader.example\r\n" + group(address="other@far.example"))
    assert "ada@reader.example" == only(content).address


def test_a_copy_that_reached_anybody_has_arrived() -> None:
    """Two groups of one copy, neither naming its reader."""
    content = notification(group("failed", "5.1.1", address="a@far.example"), group("delivered", "2.0.0"))
    recipient = read_report(content).of("reader@reader.example")
    assert recipient is not None
    assert BounceClass.DELIVERED is recipient.bounce


def test_the_words_of_our_own_mail_decide_nothing() -> None:
    """What the notification encloses or quotes is not its own."""
    quoted = "Subject: mailbox full and user unknown\r\n\r\nNo such user, spam, blocked.\r\n"
    assert BounceClass.OTHER is only(notification(group(), original=quoted)).bounce
    text = f"{_DAEMON}\r\nDelivery failed:\r\n<ada@reader.example>:\r\n\r\n--- Original message ---\r\n{quoted}"
    assert BounceClass.OTHER is only(text.encode()).bounce


def test_what_is_enclosed_is_found_for_notifications_too() -> None:
    """Return path, unsubscribe URIs and ids, folded or not."""
    original = (
        "Return-Path: <news-bounces+abc@lists.harbour.example>\r\n"
        "List-Unsubscribe: <mailto:news-unsubscribe+abc@lists.harbour.example>,\r\n"
        " <https://lists.harbour.example/u/\r\n abc>\r\nCFBL-Feedback-ID: x:y\r\n"
        "List-Id: News <news.lists.harbour.example>\r\nMessage-ID: <1@lists.harbour.example>\r\n\r\nhi"
    )
    enclosed = read_report(notification(group(), original=original)).enclosed
    assert "news-bounces+abc@lists.harbour.example" == enclosed.return_path
    assert (
        "mailto:news-unsubscribe+abc@lists.harbour.example",
        "https://lists.harbour.example/u/abc",
    ) == enclosed.unsubscribe
    assert ("x:y", "news.lists.harbour.example", "1@lists.harbour.example") == (
        enclosed.feedback_id, enclosed.list_id, enclosed.message_id,
    )  # fmt: skip


@pytest.mark.parametrize(
    "head",
    [
        "multipart/mixed; report-type=feedback-report; boundary=b",
        "multipart/report; report-type=delivery-status; boundary=b",
        "multipart/report; boundary=b",
    ],
)
def test_only_a_feedback_report_counts_as_one(head: str) -> None:
    """Type and report-type both say so (RFC 5965 §2)."""
    part = "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n--b--\r\n"
    assert "" == read_report(f"From: a@reader.example\r\nContent-Type: {head}\r\n\r\n{part}".encode()).feedback_type


@pytest.mark.parametrize(
    "value",
    [
        "abuse",
        "  Abuse ",
        "abuse (by the reader)",
        "(spam) abuse",
        "(a (b)\r\n (c (d))) abuse (e \\) f)",
        "abuse (open",
    ],
)
def test_the_type_of_a_feedback_report_may_have_comments(value: str) -> None:
    """RFC 5965 allows them around the word, and RFC 5322 comments in comments."""
    head = "multipart/report; report-type=feedback-report; boundary=b"
    part = f"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {value}\r\n--b--\r\n"
    assert "abuse" == read_report(f"From: a@isp.example\r\nContent-Type: {head}\r\n\r\n{part}".encode()).feedback_type


@pytest.mark.parametrize("value", ["(open abuse", "(spam)", "", "surprise"])
def test_a_feedback_report_of_no_known_type_is_still_one(value: str) -> None:
    head = "multipart/report; report-type=feedback-report; boundary=b"
    part = f"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {value}\r\n--b--\r\n"
    report = read_report(f"From: a@isp.example\r\nContent-Type: {head}\r\n\r\n{part}".encode())
    assert (value if value == "surprise" else "other") == report.feedback_type


@given(st.sampled_from(_CORPUS), st.data())
def test_a_damaged_report_is_a_report_or_unreadable(content: bytes, data: st.DataObject) -> None:
    """Octets changed, cut, put in and joined."""
    at = data.draw(st.integers(0, len(content)))
    damaged = data.draw(
        st.sampled_from(
            [
                content[:at],
                content[at:],
                content[:at] + data.draw(st.binary(max_size=40)) + content[at:],
                content[:at] + data.draw(st.binary(min_size=1, max_size=4)) + content[at + 4 :],
                content[:at] + data.draw(st.sampled_from(_CORPUS)),
                content[:at].replace(b"\n", b"\n> ") + content[at:],
            ]
        )
    )
    with contextlib.suppress(UnreadableMail):
        assert isinstance(read_report(damaged), Report)


@given(st.binary(max_size=2000))
def test_any_octets_are_a_report_or_unreadable(content: bytes) -> None:
    """No other error comes out."""
    with contextlib.suppress(UnreadableMail):
        assert isinstance(read_report(content), Report)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_caps_are_those_of_every_mail(name: str) -> None:
    """What is beyond them is refused. A mail in a mail is not opened by itself, so it may hold any number of others."""
    try:
        read_report(HOSTILE[name])
    except UnreadableMail:
        is_refused = True
    else:
        is_refused = False
    assert (name in REFUSED and name != "2,000 mails in mails") == is_refused


_PIECES = [
    "550 ",
    "<",
    "#",
    "5.1.1 ",
    "a@b ",
    "mailbox ",
    "user ",
    "postfach ",
    "http://",
    "-- ",
    "x" * 3000,
    "action:",
]


async def test_two_megabytes_of_anything_are_read_within_the_helpers_limits() -> None:
    """Each within the processor time that a mail may cost: a helper that exceeds it dies, and says so.

    Two megabytes of every piece in the thorough run; in others of every fourth, and an eighth as much of the rest.
    """
    reader = SandboxedParser(ParserLimits(wall_seconds=60, cpu_seconds=3))
    status = "Final-Recipient: rfc822; u@reader.example\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; "
    try:
        for number, piece in enumerate(_PIECES):
            octets = READ_AT_MOST if IS_THOROUGH or number % 4 == 0 else READ_AT_MOST // 8
            line = piece * max(1, 950 // len(piece)) + "\r\n"
            lines = (line * (octets // len(line.encode()))).encode()
            groups = ((status + line + "\r\n") * (octets // len(status + line))).encode()
            for content in (
                f"{_DAEMON}\r\nThis is the mail system.\r\n".encode() + lines,
                notification(groups.decode()),
            ):
                assert isinstance(await reader.read_report(content), Report)
    finally:
        await reader.close()


def test_the_helper_reads_reports() -> None:
    """By the question's kind."""
    readable = answer(Question(notification(group("failed", "5.1.1")), ReadAs.REPORT))
    assert isinstance(readable, Made)
    assert isinstance(readable.value, Report)


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("Ⰰⰸⱏ ⰱⱆⰽⱏⰹ ⰲⱑⰴⱏⰹ:\n\nada@reader.example\nⰃⰾⰰⰳⱁⰾⰹ ⰴⱁⰱⱃⱁ.", []),
        ("Ⰰⰸⱏ ⰱⱆⰽⱏⰹ ⰲⱑⰴⱏⰹ:\n\nada@reader.example\n550 5.1.1 Ⰳⰾⰰⰳⱁⰾⰹ.", [BounceClass.GONE]),
        ("Your message could not be delivered.\n\nada@reader.example\nⰃⰾⰰⰳⱁⰾⰹ ⰴⱁⰱⱃⱁ.", [BounceClass.OTHER]),
    ],
)
def test_a_notice_that_nobody_here_can_read_counts_against_nobody(text: str, classes: list[BounceClass]) -> None:
    """It may as well tell of a delay. A code, or words that it failed, say enough."""
    mail = f"{_DAEMON.replace('failure notice', 'x')}X-MS-Exchange-Message-Is-Ndr:\r\nMIME-Version: 1.0\r\n"
    content = f"{mail}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()
    assert classes == [recipient.bounce for recipient in read_report(content).recipients]


def test_the_remotes_words_are_those_of_the_notice_where_no_field_has_any() -> None:
    """So that `edition report` has something to show."""
    assert (
        "No mailbox of that name." == only(notification(group(status="5.1.1"), prose="No mailbox of that name.")).text
    )


def test_the_remotes_words_begin_behind_the_address() -> None:
    """Without the bracket and the colon that qmail ends it with."""
    text = (
        "Hi. This is the qmail-send program at x.example.\r\n\r\n<ada@reader.example>:\r\nSorry, nobody. (#5.1.1)\r\n"
    )
    content = f"{_DAEMON}Content-Type: text/plain\r\n\r\n{text}".encode()
    assert "Sorry, nobody. (#5.1.1)" == only(content).text
