"""What readers do by mail, over a real database: commands, answers, silence, forwarding, and each mail once."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.database import select
from tests.inbound.mailroom import ADA, D, InlineReader, Mailroom, mail, message_of, open_mailroom

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import Route, RouteKind
from pressrun.core.addresses.old_links import OldKind, digest_of_address
from pressrun.core.errors import Unavailable, UnreadableMail
from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import (
    FIRST_ROUND_TRIP,
    TEST_ID,
    AddressPurpose,
    WebPurpose,
    WebTokens,
    round_trip_outcome,
)
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.round_trip import build_test_bounce
from pressrun.services.incoming.mail_acceptance import ArrivedMail
from pressrun.services.readers.erasure import erase
from pressrun.services.readers.old_links import add_places
from pressrun.smtp.reply import Reply
from pressrun.store.queue import inbound
from pressrun.store.queue.inbound import InboundState
from pressrun.store.transaction import Transaction


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path) as opened:
        await opened.make_list()
        yield opened


# ---------------------------------------------------------------------- who is there


@pytest.mark.parametrize(
    "local", ["news", "news-join", "NEWS-Request", "news-owner", "postmaster", "Abuse", "news-leave", "news-subscribe"]
)
async def test_addresses_of_a_list_are_known(room: Mailroom, local: str) -> None:
    """Without regard to case."""
    assert isinstance(await room.acceptance.resolve_route(local), Route)


@pytest.mark.parametrize(
    "local",
    [
        "nobody",
        "news-confirm",
        "news-bounces",
        "news+x",
        "other-request",
        "news-unsubscribe+aaaa",
        "news-x",
        "\u212anews",
    ],
)
async def test_unknown_local_parts_are_refused_at_rcpt(room: Mailroom, local: str) -> None:
    """5.1.1, also for a token that is not signed."""
    answer = await room.acceptance.resolve_route(local)
    assert isinstance(answer, Reply)
    assert (550, "5.1.1") == (answer.code, answer.enhanced)


async def test_a_token_serves_one_purpose_and_one_list(room: Mailroom) -> None:
    """That of the bounce address does not unsubscribe, and none works for another list."""
    await room.make_list("other")
    token = room.token(AddressPurpose.BOUNCES, 5)
    assert isinstance(await room.acceptance.resolve_route(f"news-bounces+{token.upper()}"), Route)
    for local in (f"news-unsubscribe+{token}", f"news-confirm+{token}", f"other-bounces+{token}"):
        assert isinstance(await room.acceptance.resolve_route(local), Reply)


async def test_a_closed_list_takes_no_sign_up(room: Mailroom) -> None:
    """Refused at RCPT; by command it is said in the answer."""
    await room.close_list()
    answer = await room.acceptance.resolve_route("news-join")
    assert isinstance(answer, Reply)
    assert "5.7.1" == answer.enhanced
    sent = await room.deliver(mail(Subject="subscribe"), "news-request")
    assert ["The Letter is closed"] == [str(message["Subject"]) for message in sent]


# ---------------------------------------------------------------------- commands


async def test_any_mail_asks_to_subscribe_its_sender(room: Mailroom) -> None:
    """One confirmation: from the command address, auto-replied, to the envelope sender, in answer to that mail."""
    await room.accept(mail(From="somebody@else.example"), "news-subscribe")
    await room.processing.recover()
    (outgoing,) = await room.outgoing()
    answer = message_of(outgoing)
    assert ("", ADA) == (outgoing.mail_from, outgoing.rcpt_to)
    assert "auto-replied" == answer["Auto-Submitted"]
    assert f"news-request@{D}" in str(answer["From"])
    assert (ADA, "<m1@reader.example>") == (str(answer["To"]), str(answer["In-Reply-To"]))
    assert "pending" == await room.state_of()
    assert {"done": 1} == await room.counts()
    assert ["command"] == room.counted
    assert room.woken


@pytest.mark.parametrize(
    "text",
    [
        "No thanks!",
        "Ich habe das nicht bestellt.\r\n\r\n> Please confirm.",
        "Your request (4711) has been received and is being reviewed by our support staff.",
    ],
)
async def test_a_reply_that_refuses_or_a_help_desk_sends_does_not_confirm(room: Mailroom, text: str) -> None:
    """Nor is it answered. The link still works, if they did not mean that."""
    (asked,) = await room.deliver(mail(), "news-join")
    local = str(asked["Reply-To"]).partition("@")[0]
    assert [] == await room.deliver(mail(text, number=2, Subject="Re: Please confirm"), local)
    assert "pending" == await room.state_of()
    assert [] == await room.deliver(mail("ok", number=3, Subject="Re: Please confirm"), local)
    assert "active" == await room.state_of()


async def test_a_reply_confirms_in_whatever_form_it_comes(room: Mailroom) -> None:
    """The address is the proof: an HTML-only answer with a quoted body does it."""
    (asked,) = await room.deliver(mail(), "news-join")
    local = str(asked["Reply-To"]).partition("@")[0]
    reply = mail("<p>ok</p><blockquote>&gt; help</blockquote>", number=2, Subject="Re: x", Content_Type="text/html")
    assert [] == await room.deliver(reply, local.upper())
    assert "active" == await room.state_of()


async def test_the_token_confirms_as_a_command_too(room: Mailroom) -> None:
    """In the subject of a mail to the command address; again it is no error."""
    (asked,) = await room.deliver(mail(), "news-join")
    token = str(asked["Reply-To"]).partition("+")[2].partition("@")[0]
    for number in (2, 3):
        assert [] == await room.deliver(mail(number=number, Subject=f"Re: confirm {token}"), "news-request")
    assert "active" == await room.state_of()


async def test_a_confirmation_too_late_is_told_how_to_go_on(room: Mailroom) -> None:
    """It changes nothing."""
    (asked,) = await room.deliver(mail(), "news-join")
    room.now += 8 * 86400
    sent = await room.deliver(mail(number=2), str(asked["Reply-To"]).partition("@")[0])
    assert ["Your subscription to The Letter isn't confirmed"] == [str(message["Subject"]) for message in sent]
    assert "pending" == await room.state_of()


@pytest.mark.parametrize("mail_from", [ADA, "", "bounces+x@webmail.example", f"news-request@{D}"])
async def test_a_signed_address_unsubscribes_whoever_the_sender_is(room: Mailroom, mail_from: str) -> None:
    """The mailto of List-Unsubscribe, without any answer; that the reader is told comes a moment later."""
    number = await room.subscribe()
    local = f"news-unsubscribe+{room.token(AddressPurpose.UNSUBSCRIBE, number)}"
    assert [] == await room.deliver(mail(Precedence="bulk"), local.upper(), mail_from=mail_from)
    assert "unsubscribed" == await room.state_of()


async def test_a_test_copys_address_changes_nobody(room: Mailroom) -> None:
    """The id that stands for nobody is accepted and does nothing."""
    for purpose, suffix in ((AddressPurpose.UNSUBSCRIBE, "unsubscribe"), (AddressPurpose.CONFIRM, "confirm")):
        assert [] == await room.deliver(mail(), f"news-{suffix}+{room.token(purpose, TEST_ID)}")
    assert {"done": 2} == await room.counts()


async def test_a_test_bounce_is_recognised_and_changes_nobody(room: Mailroom) -> None:
    """The number in its address stands for no copy; the outcome names it, so that `doctor` finds it again."""
    await room.subscribe()
    number = FIRST_ROUND_TRIP + 0xC0FFEE
    recipient = f"news-bounces+{room.token(AddressPurpose.BOUNCES, number)}"
    before = await room.database.read(inbound.newest_mail)
    assert [] == await room.deliver(build_test_bounce(D, f"{recipient}@{D}", number, 0), recipient, mail_from="")

    def find(tx: Transaction) -> InboundState | None:
        return inbound.find_arrived(tx, after=before, recipient=recipient, outcome=round_trip_outcome(number))

    assert InboundState.DONE is await room.database.read(find)
    assert "active" == await room.state_of()
    assert {"done": 1} == await room.counts()


async def test_signed_addresses_outlive_their_list(room: Mailroom) -> None:
    """Accepted and dealt with, without a fault."""
    number = await room.subscribe()
    local = f"news-unsubscribe+{room.token(AddressPurpose.UNSUBSCRIBE, number)}"
    await room.delete_list()
    assert isinstance(await room.acceptance.resolve_route(local), Route)
    assert [] == await room.deliver(mail(), local)
    assert {"done": 1} == await room.counts()


async def test_unsubscribing_by_address_answers_members_and_strangers_alike(room: Mailroom) -> None:
    """The same mail but for the token, and nobody leaves by it."""
    number = await room.subscribe()
    (to_member,) = await room.deliver(mail(), "news-leave")
    (to_stranger,) = await room.deliver(mail(), "news-unsubscribe", mail_from="eve@reader.example")
    assert "active" == await room.state_of()
    web = WebTokens(room.keys)
    texts = []
    for answer, expected in ((to_member, number), (to_stranger, None)):
        text = answer.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        token = text.partition("/unsubscribe/")[2].split()[0]
        numbers = web.read(WebPurpose.UNSUBSCRIBE, token)
        assert numbers is not None
        assert expected is None or expected == numbers[0]
        texts.append(text.replace(token, "TOKEN"))
        assert str(answer["Subject"]) == "Unsubscribe from The Letter"
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("help", "", ["Help for The Letter"]),
        ("", "please do something", ["Help for The Letter"]),
        ("Re: lists", "", ["Newsletters you can subscribe to"]),
        ("", "lists\nhelp\nend\nsubscribe\n", ["Newsletters you can subscribe to", "Help for The Letter"]),
        ("subscribe", "", ["Please confirm your subscription to The Letter"]),
        ("unsubscribe", "", ["Unsubscribe from The Letter"]),
        ("=?utf-8?q?help=0D=0ABcc:_x@y.example?=", "", ["Help for The Letter"]),
    ],
)
async def test_commands_by_subject_and_body(room: Mailroom, subject: str, body: str, expected: list[str]) -> None:
    """Each is answered once, what is none of them gets help."""
    sent = await room.deliver(mail(body, Subject=subject), "news-request")
    assert expected == [str(message["Subject"]) for message in sent]
    assert [None] * len(sent) == [message["Bcc"] for message in sent]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("frobnicate", ""),
        ("", "Buy this: https://spam.example/"),
        ("confirm", "<b>unsubscribe</b>"),
        ("", ""),
        ("=?utf-8?q?frobnicate=0D=0ABcc:_x@y.example?=", ""),
    ],
)
async def test_no_known_command_is_said_first_and_nothing_is_quoted(room: Mailroom, subject: str, body: str) -> None:
    """Whoever forges a sender has nothing of their own brought to them."""
    (sent,) = await room.deliver(mail(body, Subject=subject), "news-request")
    text = sent.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "We didn't find a command in your email, so nothing has changed." == text.splitlines()[0]
    assert "Help for The Letter" == str(sent["Subject"])
    for words in ("frobnicate", "spam.example", "<b>", "y.example"):
        assert words not in sent.as_string()
        assert words not in text


async def test_who_asks_for_help_is_told_of_no_mistake(room: Mailroom) -> None:
    """The addresses stand first."""
    (sent,) = await room.deliver(mail("help"), "news-request")
    text = sent.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Email addresses for The Letter:" == text.splitlines()[0]


async def test_no_known_command_is_said_in_the_language_of_the_list(room: Mailroom) -> None:
    """To a stranger, of whom nothing else is known."""
    await room.speak("de")
    (sent,) = await room.deliver(mail("frobnicate"), "news-request")
    text = sent.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.startswith("Wir haben in Ihrer E\u2011Mail keinen Befehl gefunden. Es hat sich also nichts geändert.")


async def test_a_tag_for_bounces_is_taken_off_the_sender(room: Mailroom) -> None:
    """BATV: the answer goes to the address behind it."""
    await room.accept(mail(), "news-subscribe", mail_from=f"prvs=0123abcdef={ADA}")
    await room.processing.recover()
    assert [ADA] == [outgoing.rcpt_to for outgoing in await room.outgoing()]


# ---------------------------------------------------------------------- silence

AUTOMATIC = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-replied; owner-email=x"},
    {"Auto_Submitted": "auto-generated (vacation)"},
    {"Precedence": "Bulk"},
    {"Precedence": "junk"},
    {"List_Id": "<x.y.example>"},
    {"List_Unsubscribe": "<mailto:x@y.example>"},
    {"X_Auto_Response_Suppress": "All"},
    {"X_Autoreply": "yes"},
    {"Content_Type": "multipart/report; report-type=delivery-status; boundary=x"},
    {"From": "MAILER-DAEMON@reader.example"},
    {"Subject": "=?utf-8?q?Abwesenheitsnotiz?=: Re: Please confirm"},
]


@pytest.mark.parametrize("fields", AUTOMATIC, ids=str)
async def test_nothing_is_done_for_what_a_machine_wrote(room: Mailroom, fields: dict[str, str]) -> None:
    """No answer, no subscription, no confirmation: RFC 3834 §2."""
    (asked,) = await room.deliver(mail(), "news-join")
    confirm = str(asked["Reply-To"]).partition("@")[0]
    automatic = mail(number=2, **fields)
    assert [] == await room.deliver(automatic, confirm, "news-request", "news-leave")
    assert [] == await room.deliver(automatic, "news-subscribe", mail_from="eve@reader.example")
    assert ("pending", None) == (await room.state_of(), await room.state_of("eve@reader.example"))


async def test_somebody_may_unsubscribe_a_reader_who_is_away(room: Mailroom) -> None:
    """Words of a vacation notice do not count at that address, because a colleague writes them, too."""
    number = await room.subscribe()
    local = f"news-unsubscribe+{room.token(AddressPurpose.UNSUBSCRIBE, number)}"
    await room.deliver(mail("Ada is no longer with the company. Please take her off the list."), local)
    assert "unsubscribed" == await room.state_of()


@pytest.mark.parametrize(
    "marks",
    [
        {"Auto_Submitted": "auto-replied", "X_Apple_Unsubscribe": "true"},  # Apple Mail's button
        {"X_Auto_Response_Suppress": "All"},  # some companies' servers, on all that goes out
        {"Auto_Submitted": "auto-generated"},  # a provider says that nobody typed it (RFC 3834 §5.1),
        {"Auto_Submitted": "auto-generated", "X_Auto_Response_Suppress": "All"},  # and wants no answer
        {"Auto_Submitted": "auto-generated", "Precedence": "bulk"},
        {"Auto_Submitted": "auto-replied", "Precedence": "auto_reply"},
        {"Content_Type": "multipart/report; boundary=x"},
    ],
    ids=str,
)
async def test_a_program_may_unsubscribe_for_a_reader(room: Mailroom, marks: dict[str, str]) -> None:
    """However it marks its mail: no vacation notice comes to that address, since no mail of ours is sent from it."""
    number = await room.subscribe()
    local = f"news-unsubscribe+{room.token(AddressPurpose.UNSUBSCRIBE, number)}"
    assert [] == await room.deliver(mail(number=1, Subject="unsubscribe", **marks), local)
    assert "unsubscribed" == await room.state_of()


@pytest.mark.parametrize("mark", ["Auto-Submitted : auto-replied", "Precedence : bulk", "List-Id : <a.b.example>"])
@pytest.mark.parametrize("before", ["", "X-Foo : bar\r\n", "This line is no field\r\n", "From here\r\n folded\r\n"])
async def test_no_odd_line_hides_what_says_that_a_machine_wrote(room: Mailroom, mark: str, before: str) -> None:
    """The standard library's header ends at a line that is no field; the mark below it still counts."""
    (asked,) = await room.deliver(mail(), "news-join")
    confirm = str(asked["Reply-To"]).partition("@")[0]
    automatic = f"{before}{mark}\r\nSubject: Re: confirm\r\nMessage-ID: <o@x.example>\r\n\r\nsubscribe\r\n".encode()
    assert [] == await room.deliver(automatic, confirm, "news-subscribe", "news-request")
    assert "pending" == await room.state_of()


@pytest.mark.parametrize("subject", ["Réponse automatique : absente", "自动回复: 你好"])
async def test_a_vacation_notice_is_known_by_a_raw_subject_too(room: Mailroom, subject: str) -> None:
    """Octets of UTF-8 where encoded-words should be."""
    assert [] == await room.deliver(mail(Subject=subject), "news-subscribe")


@pytest.mark.parametrize(
    "mail_from",
    [
        "",
        "MAILER-DAEMON@x.example",
        "owner-list@x.example",
        "list-request@x.example",
        "a-bounces+t@x.example",
        f"news@{D}",
    ],
)
async def test_no_answer_to_senders_that_are_machines(room: Mailroom, mail_from: str) -> None:
    """Null senders, daemons, lists, and ourselves."""
    locals_ = ("news-request", "news-subscribe", "news-leave")
    assert [] == await room.deliver(mail(), *locals_, mail_from=mail_from)
    assert {"done": 3} == await room.counts()


async def test_auto_submitted_no_is_a_person(room: Mailroom) -> None:
    """RFC 3834 §5.1."""
    assert 1 == len(await room.deliver(mail(Subject="help", Auto_Submitted="no"), "news-request"))


async def test_two_daemons_stop_writing_to_each_other(room: Mailroom) -> None:
    """Our own answer coming back as a command is not answered."""
    await room.accept(mail(Subject="help"), "news-request")
    await room.processing.recover()
    (outgoing,) = await room.outgoing()
    assert [] == await room.deliver(outgoing.content, "news-request", mail_from="other-request@their.example")
    assert [] == await room.deliver(outgoing.content, "news-request", mail_from=ADA)


async def test_answers_to_one_sender_are_limited(tmp_path: Path) -> None:
    """Counted by mailbox, `+tag` or not; the next window opens again."""
    async with open_mailroom(tmp_path, replies=Rate(2, 3600.0)) as room:
        await room.make_list()
        numbers = []
        for number, sender in enumerate((ADA, "Ada+x@reader.example", "ada+y@reader.example", "eve@reader.example")):
            numbers.append(len(await room.deliver(mail(number=number), "news-leave", mail_from=sender)))
        room.now += 3601
        numbers.append(len(await room.deliver(mail(number=9), "news-subscribe")))
    assert [1, 1, 0, 1, 1] == numbers


async def test_a_suppressed_address_gets_no_answer(room: Mailroom) -> None:
    """Only what lifts it: a confirmation for one that bounced."""
    await room.suppress(ADA, "hard-bounce")
    assert [] == await room.deliver(mail(Subject="help"), "news-request")
    assert 1 == len(await room.deliver(mail(number=2), "news-subscribe"))
    await room.suppress("eve@reader.example", "never-again")
    assert [] == await room.deliver(mail(number=3), "news-subscribe", mail_from="eve@reader.example")


# ---------------------------------------------------------------------- forwarding and bounces


async def test_mail_to_the_owner_is_passed_on_untouched(room: Mailroom) -> None:
    """Byte for byte below one trace field, from a signed address of the list."""
    content = mail("caf\xe9\n", Subject="a question").replace("\xe9".encode(), b"\xe9")
    await room.accept(content, "news-owner")
    await room.processing.recover()
    (outgoing,) = await room.outgoing()
    assert "owner@harbour.example" == outgoing.rcpt_to
    assert outgoing.content.endswith(content)
    assert message_of(outgoing)["From"] == ADA
    assert outgoing.content.startswith(b"Received: from [192.0.2.7]\r\n by news.example.org")
    assert isinstance(await room.acceptance.resolve_route(outgoing.mail_from.partition("@")[0]), Route)
    assert outgoing.eight_bit
    assert not outgoing.utf8


@pytest.mark.parametrize("local", ["postmaster", "abuse"])
async def test_mail_to_the_operator_is_passed_on(room: Mailroom, local: str) -> None:
    """From the null sender when it came so, else from a signed address that is ours."""
    await room.accept(mail(), local)
    await room.accept(mail(number=2), local, mail_from="")
    await room.processing.recover()
    first, second = await room.outgoing()
    assert ["ops@harbour.example"] * 2 == [first.rcpt_to, second.rcpt_to]
    assert "" == second.mail_from
    back = await room.acceptance.resolve_route(first.mail_from.partition("@")[0])
    assert isinstance(back, Route)
    assert RouteKind.BOUNCES is back.kind


async def test_without_anybody_to_read_it_mail_is_kept(tmp_path: Path) -> None:
    """Never lost."""
    async with open_mailroom(tmp_path, operator=None) as room:
        await room.make_list(owner=None)
        assert [] == await room.deliver(mail(), "news-owner", "postmaster")
        assert {"kept": 2} == await room.counts()


async def test_mail_that_goes_round_is_refused(room: Mailroom) -> None:
    """More than 25 Received fields."""
    for hops, code in ((25, 250), (26, 554)):
        content = b"Received: from a by b\r\n" * hops + mail(number=hops)
        assert [code] == [reply.code for reply in await room.accept(content, "news-owner")]


async def test_editions_by_mail_are_refused_but_a_reply_goes_to_the_owner(room: Mailroom) -> None:
    """5.7.1 after the content, unless it answers a copy of ours."""
    refused = await room.accept(mail(In_Reply_To="<x@other.example>"), "news")
    assert [(550, "5.7.1")] == [(reply.code, reply.enhanced) for reply in refused]
    reply = mail(number=2, References=f"<x@other.example>\n <{'abcdefghijklmnopqrst2345'}@{D}>")
    await room.accept(reply, "news")
    await room.processing.recover()
    assert ["owner@harbour.example"] == [outgoing.rcpt_to for outgoing in await room.outgoing()]
    assert ["refused", "post"] == room.counted


async def test_one_reply_for_several_keeps_what_was_refused(room: Mailroom) -> None:
    """With SMTP a mixed mail is accepted, and nothing of it is lost; with LMTP each has its reply."""
    assert [250, 550] == [reply.code for reply in await room.accept(mail(), "news-owner", "news")]
    await room.processing.recover()
    assert {"done": 1, "kept": 1} == await room.counts()
    await room.accept(mail(number=2), "news-owner", "news", replies_each=True)
    await room.processing.recover()
    assert {"done": 2, "kept": 1} == await room.counts()


async def test_bounces_are_kept_and_never_answered(room: Mailroom) -> None:
    """What a person says there, too; one of a forwarded mail is logged."""
    local = f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}"
    assert [] == await room.deliver(mail(Subject="subscribe"), local)
    assert {"kept": 1} == await room.counts()
    number = await room.insert_notice("forward")
    local = f"news-bounces+{room.token(AddressPurpose.BOUNCES, number)}"
    await room.deliver(mail(number=2, From=f"MAILER-DAEMON@{D}"), local, mail_from="")
    assert {"kept": 1, "done": 1} == await room.counts()
    await room.deliver(mail(number=3), local)
    assert {"kept": 2, "done": 1} == await room.counts()


# ---------------------------------------------------------------------- each mail once


async def test_the_same_mail_twice_is_done_once(room: Mailroom) -> None:
    """Also when a hop put another trace field on top; another Message-ID is another mail."""
    await room.deliver(mail(), "news-leave")
    assert [] == await room.deliver(mail(), "news-leave")
    assert [] == await room.deliver(b"Return-Path: <x>\r\nReceived: from a\r\n\tby b\r\n" + mail(), "news-leave")
    assert 1 == len(await room.deliver(mail(number=2), "news-leave"))
    assert 2 == room.counted.count("repeated")


async def test_another_sender_or_recipient_is_another_mail(room: Mailroom) -> None:
    """The envelope counts."""
    numbers = [
        len(await room.deliver(mail(), local, mail_from=sender))
        for local, sender in (("news-leave", ADA), ("news-request", ADA), ("news-leave", "eve@reader.example"))
    ]
    assert [1, 1, 1] == numbers


async def test_a_mail_without_message_id_may_come_again_later(room: Mailroom) -> None:
    """At once it is the same handed over twice, an hour later it is another one."""
    bare = b"From: ada@reader.example\r\nSubject: a question\r\n\r\n"
    numbers = [len(await room.deliver(bare, "news-owner")), len(await room.deliver(bare, "news-owner"))]
    room.now += 3600
    numbers.append(len(await room.deliver(bare, "news-owner")))
    assert [1, 0, 1] == numbers


@pytest.mark.parametrize("local", ["news-owner", "news-leave"])
async def test_after_the_clock_was_set_back_a_mail_without_message_id_is_another_one(
    room: Mailroom, local: str
) -> None:
    """Otherwise it would be accepted and lost until the clock is where it was."""
    bare = b"From: ada@reader.example\r\nSubject: a question\r\n\r\n"
    assert 1 == len(await room.deliver(bare, local))
    room.now -= 3600
    assert 1 == len(await room.deliver(bare, local))


@pytest.mark.parametrize("local", ["news-join", "news-leave", "news-request"])
async def test_whoever_asks_again_in_the_same_words_is_answered_again(room: Mailroom, local: str) -> None:
    """A mail without a Message-ID that asks for something is a request of its own, within the limits."""
    bare = b"Subject: help\r\n\r\n"
    assert [1, 1] == [len(await room.deliver(bare, local)) for _ in range(2)]
    assert "repeated" not in room.counted


async def test_a_mail_that_names_a_recipient_twice_asks_once(room: Mailroom) -> None:
    """Whoever asks again sends another mail."""
    await room.accept(b"Subject: help\r\n\r\n", "news-request", "news-request")
    assert ["repeated"] == [kind for kind in room.counted if kind == "repeated"]
    assert [(1,)] == await select(room.database, "select count(*) from inbound")


async def test_who_comes_back_unsubscribes_again_by_the_same_mail(room: Mailroom) -> None:
    """The signed address is the same, and so may be the octets of the mail."""
    for _ in range(2):
        local = f"news-unsubscribe+{room.token(AddressPurpose.UNSUBSCRIBE, await room.subscribe())}"
        await room.deliver(b"Subject: unsubscribe\r\n\r\n", local)
        assert "unsubscribed" == await room.state_of()


async def test_a_mail_that_is_dealt_with_leaves_nothing_but_its_digest(room: Mailroom) -> None:
    """No content and no address stay; recipients of one mail share its content until the last is done."""
    await room.accept(mail(), "news-leave", "news-request")

    async def stored() -> tuple[int, int]:
        (contents,) = (await select(room.database, "select count(*) from inbound_content"))[0]
        (senders,) = (await select(room.database, "select count(*) from inbound where mail_from <> ''"))[0]
        return contents, senders

    assert (1, 2) == await stored()
    await room.processing.recover()
    assert (0, 0) == await stored()


class _Broken(InlineReader):
    """A reader that fails as it is told."""

    def __init__(self, problem: Exception) -> None:
        self.problem: Exception | None = problem

    async def read(self, content: bytes) -> IncomingMail:
        if self.problem is not None:
            raise self.problem
        return IncomingMail(subject="help")


async def test_an_unreadable_mail_is_kept_and_counted(tmp_path: Path) -> None:
    """It is accepted, said to be unreadable, and still there; a signed address works all the same."""
    async with open_mailroom(tmp_path, reader=_Broken(UnreadableMail("too deep"))) as room:
        await room.make_list()
        assert [] == await room.deliver(mail(), "news-request")
        assert ({"unreadable": 1}, ["unreadable"]) == (await room.counts(), room.counted)


async def test_mail_waits_while_it_cannot_be_read(tmp_path: Path) -> None:
    """A helper process that does not start is no fault of the mail; what needs no reading goes on."""
    reader = _Broken(Unavailable("no process"))
    async with open_mailroom(tmp_path, reader=reader) as room:
        await room.make_list()
        assert 1 == len(await room.deliver(mail(), "news-request", "news-owner"))
        assert {"received": 1, "done": 1} == await room.counts()
        reader.problem = None
        await room.processing.recover()
        assert 1 == len(await room.outgoing())


async def test_a_fault_of_ours_keeps_the_mail_and_lets_others_pass(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail is set aside as failed, the next one is dealt with."""

    def fail(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(room.sign_ups, "sign_up", fail)
    assert 1 == len(await room.deliver(mail(), "news-subscribe", "news-leave"))
    assert {"failed": 1, "done": 1} == await room.counts()


async def test_erasing_forgets_kept_mail_about_a_person(room: Mailroom) -> None:
    """By sender, by content, and what was forwarded."""
    await room.accept(mail("about Ada@Reader.example\n", From="x@y.example"), "news", mail_from="x@y.example")
    local = f"news-bounces+{room.token(AddressPurpose.BOUNCES, 7)}"
    await room.deliver(mail(f"to {ADA.upper()} failed\n", From="x@y.example"), local, mail_from="")
    await room.accept(mail(number=3), "news-owner")
    await room.processing.recover()
    erased = await erase(room.database, parse_address(ADA), room.keys, os.urandom, int(room.now))
    assert erased is not None
    assert (1, 1) == (erased.of_others.mails, erased.of_others.notices)
    assert {"done": 2} == await room.counts()
    assert [] == await room.outgoing()


# ---------------------------------------------------------------------- addresses of the program before us


async def move_in(room: Mailroom) -> None:
    """The list had these addresses, at our domain and at an old one."""
    await room.database.write(
        add_places,
        "news",
        [
            (digest_of_address("letter+unsubscribe", D), OldKind.UNSUBSCRIBE),
            (digest_of_address("letter-subscribe", "old.example"), OldKind.SUBSCRIBE),
            (digest_of_address("letter-unsubscribe", "old.example"), OldKind.UNSUBSCRIBE),
            (digest_of_address("letter", "old.example"), OldKind.POST),
        ],
    )
    await room.database.write(add_places, None, [(digest_of_address("sympa", "old.example"), OldKind.COMMANDS)])


async def test_old_addresses_are_ours(room: Mailroom) -> None:
    """In any case; they mean what they meant, and others at that domain are refused as before."""
    await move_in(room)
    assert Route(RouteKind.UNSUBSCRIBE, "news") == await room.acceptance.resolve_route("Letter+Unsubscribe")
    old = parse_address("LETTER-subscribe@old.example")
    assert Route(RouteKind.SUBSCRIBE, "news") == await room.acceptance.resolve_old_route(old.local, old.domain)
    assert await room.acceptance.resolve_old_route("else", "old.example") is None
    await room.close_list()
    refusal = await room.acceptance.resolve_old_route(old.local, old.domain)
    assert isinstance(refusal, Reply)
    assert "5.7.1" == refusal.enhanced


async def test_the_address_of_a_whole_server_goes_by_the_subject(room: Mailroom) -> None:
    """As List-Unsubscribe of Sympa writes it; anything else is refused with what to do."""
    await move_in(room)
    await room.subscribe(ADA)
    route = await room.acceptance.resolve_old_route("sympa", "old.example")
    assert isinstance(route, Route)
    for subject, expected in (("unsubscribe letter", 250), ("unsubscribe else", 550), ("hello", 550)):
        arrived = ArrivedMail(
            mail_from=ADA, recipients=(route,), content=mail(Subject=subject), peer="192.0.2.1", replies_each=True
        )
        assert [expected] == [reply.code for reply in await room.acceptance.accept(arrived)]
    assert ["news-unsubscribe"] == [row[0] for row in await select(room.database, "select recipient from inbound")]
