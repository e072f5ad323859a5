"""Editions by mail, over a real database: who may post, what is held, what goes at once, and what the editor hears."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.database import execute
from tests.editions.inline_builder import builder_at
from tests.inbound.mailroom import D, InlineReader, Mailroom, message_of, open_mailroom
from tests.message.builders import PNG
from tests.services.incoming.posts import (
    BELIEVED,
    DKIM,
    EVE,
    RELAY,
    answers,
    post,
    prepare,
    rows,
    set_list,
    states,
    token_in,
    words,
)

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import NotFound, Refused, Unavailable
from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import WebPurpose, WebTokens
from pressrun.message.editions.posted import Posted, read_posted
from pressrun.message.incoming.reading import IncomingMail
from pressrun.message.reports.report import Report
from pressrun.services import mail_results
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.services.editions import lifecycle, releases
from pressrun.services.editions.releases import DraftStatus
from pressrun.services.people import editors
from pressrun.services.settings import TokenSettings
from pressrun.services.upkeep.housekeeping import Housekeeping
from pressrun.store.editions import editions
from pressrun.store.lists import lists
from pressrun.store.transaction import Transaction


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with open_mailroom(tmp_path, believed=BELIEVED) as opened:
        await prepare(opened)
        yield opened


# ---------------------------------------------------------------------- held


async def test_an_edition_is_held_and_its_editor_gets_a_link_and_a_proof(room: Mailroom) -> None:
    """An answer to the mail, under the null path, to the address of the table; and a test copy beside it."""
    held, proof = await answers(room, post())
    message = message_of(held)
    assert ("", EVE, "Please approve: Boats") == (held.mail_from, held.rcpt_to, str(message["Subject"]))
    assert ("auto-replied", "<m1@reader.example>") == (message["Auto-Submitted"], message["In-Reply-To"])
    assert f"news-request@{D}" in str(message["From"])
    assert "It goes to 3 readers." in words(held)
    numbers = WebTokens(room.keys).read(WebPurpose.APPROVE, token_in(held))
    assert (1, int(room.now) + 7 * 86400) == numbers
    assert (EVE, "[Test] Boats") == (proof.rcpt_to, str(message_of(proof)["Subject"]))
    assert "The boats are back." in words(proof)
    assert proof.mail_from.startswith("news-bounces+")
    assert (["draft"], {"done": 1}) == (await states(room), await room.counts())
    assert [(0,)] == await rows(room, "select count(*) from delivery where edition_id is not null")
    assert ["post"] == room.counted


async def test_the_answer_never_goes_where_the_mail_says(room: Mailroom) -> None:
    """Not to Reply-To, Sender or the envelope sender; but to the editor as the operator wrote the address."""
    fields = {"Reply_To": "x@stranger.example", "Sender": "y@stranger.example", "From": "EVE@Harbour.example"}
    sent = await answers(room, post(header=fields), mail_from="z@stranger.example")
    assert {EVE} == {outgoing.rcpt_to for outgoing in sent}


async def test_nothing_of_the_way_of_a_mail_is_in_its_edition(room: Mailroom) -> None:
    """Foreign list fields, signatures, traces and secrets of the sender stay behind; From is the list's."""
    fields = {
        "List_Id": "<other.lists.example>", "DKIM_Signature": "v=1; d=harbour.example", "Bcc": "secret@x.example",
        "Received": "from laptop.internal", "X_Mailer": "Mailer 1", "Reply_To": "x@y.example",
        "Return_Path": "<z@z.example>", "Date": "Thu, 1 Jan 2026 00:00:00 +0000", "Disposition_Notification_To": EVE,
    }  # fmt: skip
    _, proof = await answers(room, post(header=fields))
    text = proof.content.decode()
    for trace in ("other.lists", "secret@", "laptop.internal", "Mailer 1", "y.example", "z.example", "m1@reader"):
        assert trace not in text
    message = message_of(proof)
    assert (1, f"The Letter <news@{D}>") == (len(message.get_all("List-Id", [])), str(message["From"]).replace('"', ""))
    assert f"news-owner@{D}" == str(message["Reply-To"])
    assert message["Disposition-Notification-To"] is None


async def test_an_attached_file_is_the_edition(room: Mailroom) -> None:
    """With the pictures beside it; what it does not name is said."""
    edition = "---\nsubject: From a file\n---\nHello ![a boat](boat.png)\n"
    sent = await answers(room, _with_attachments(edition, {"boat.png": PNG, "more.pdf": b"%PDF"}))
    assert "Please approve: From a file" == str(message_of(sent[0])["Subject"])
    assert "more.pdf is attached to the email, but the edition does not use it" in words(sent[0])
    assert [("boat.md", "From a file")] == await rows(room, "select source_name, title from edition")
    assert [(PNG,)] == await rows(room, "select content from edition_asset")


async def test_an_issue_that_the_list_has_is_refused(room: Mailroom) -> None:
    """A draft has it, too; the editor hears which edition it is, and nothing is stored."""
    await answers(room, _with_attachments("---\nsubject: One\nissue: 87\n---\nHello\n", {}))
    (told,) = await answers(room, _with_attachments("---\nsubject: Two\nissue: 87\n---\nElse\n", {}))
    assert "Edition 1 of this newsletter is already issue “87”." in words(told)
    assert ["draft"] == await states(room)


async def test_a_corrected_mail_keeps_its_issue(room: Mailroom) -> None:
    for text in ("bakc", "back"):
        await answers(room, _with_attachments(f"---\nsubject: One\nissue: 87\n---\n{text}\n", {}))
    assert [("cancelled", "87"), ("draft", "87")] == await rows(room, "select state, issue from edition order by id")


def _with_attachments(edition: str, files: dict[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Message-ID"] = EVE, f"news@{D}", "see below", "<a@b.c>"
    message.set_content("Hi, this is the new one.\n")
    message.add_attachment(edition.encode(), maintype="text", subtype="markdown", filename="boat.md")
    for name, content in files.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes().replace(b"\n", b"\r\n")


# ---------------------------------------------------------------------- not taken


@pytest.mark.parametrize(
    ("fields", "body", "expected"),
    [
        ({"Subject": ""}, "text\n", "This email has no subject"),
        ({}, "", "This email has no text"),
        ({}, "Hello {{ shoe_size }}\n", "shoe_size"),
        ({"Content_Type": "multipart/encrypted; boundary=x"}, "--x\n\nx\n--x--\n", "This email is encrypted"),
        ({"Content_Type": "application/pkcs7-mime"}, "x\n", "This email is encrypted"),
        ({}, "y" * 70_000 + "\n", "a line is longer"),
    ],
    ids=str,
)
async def test_what_cannot_be_an_edition_is_explained(
    room: Mailroom, fields: dict[str, str], body: str, expected: str
) -> None:
    """Nothing is stored, and the editor reads why."""
    (told,) = await answers(room, post(body, fields))
    assert str(message_of(told)["Subject"]).startswith("We couldn't use your email: ")
    assert expected in words(told)
    assert ("", "<m1@reader.example>") == (told.mail_from, message_of(told)["In-Reply-To"])
    assert ([], {"done": 1}) == (await states(room), await room.counts())


async def test_errors_of_an_attached_file_name_their_lines(room: Mailroom) -> None:
    """As on the command line."""
    (told,) = await answers(room, _with_attachments("---\nsubjekt: x\n---\nHello\n", {}))
    assert "line 2" in words(told)
    room.now += 1
    (told,) = await answers(room, _with_attachments("---\nsubject: x\n---\nHello\n\n{{ shoe_size }}\n", {}))
    assert "Line 6" in words(told)


async def test_a_list_without_postal_address_takes_nothing(room: Mailroom) -> None:
    """Preflight errors stop an edition by mail as any other."""
    await set_list(room, postal_address="")
    (told,) = await answers(room, post())
    assert "The newsletter has no postal address" in words(told)
    assert [] == await states(room)


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated"},
        {"Content_Type": "multipart/report; boundary=x"},
        {"Subject": "Automatic reply: Boats", "In_Reply_To": "<x@harbour.example>"},
    ],
    ids=str,
)
async def test_what_a_machine_wrote_is_no_edition_and_is_not_answered(room: Mailroom, fields: dict[str, str]) -> None:
    """It is kept for a person; also where it cannot be read."""
    assert [] == await answers(room, post(header=fields))
    assert [] == await answers(room, post("y" * 70_000, fields, number=2))
    assert ([], {"kept": 2}) == (await states(room), await room.counts())


async def test_editions_of_one_editor_are_limited(tmp_path: Path) -> None:
    """Beyond, a mail is kept and nobody is told; the next window opens again."""
    async with open_mailroom(tmp_path, posts=Rate(1, 3600.0)) as room:
        await prepare(room)
        numbers = [len(await answers(room, post(f"text {number}\n", number=number))) for number in range(2)]
        room.now += 3601
        numbers.append(len(await answers(room, post("text 3\n", number=3))))
        assert ([2, 0, 2], {"done": 2, "kept": 1}) == (numbers, await room.counts())


async def test_beyond_the_limit_nothing_is_read(tmp_path: Path) -> None:
    """From may be forged, and reading may take seconds; what was refused counts, too."""
    reader = _Counting()
    async with open_mailroom(tmp_path, posts=Rate(2, 3600.0), reader=reader) as room:
        await prepare(room)
        for number in range(4):
            await answers(room, post("", number=number))
        assert (2, {"done": 2, "kept": 2}) == (reader.times, await room.counts())


async def test_a_suppressed_editor_gets_no_mail(room: Mailroom) -> None:
    """As nobody who is suppressed does."""
    await room.suppress(EVE, "never-again")
    assert [] == await answers(room, post())
    assert ([], {"kept": 1}) == (await states(room), await room.counts())


async def test_an_editor_who_is_none_any_more_is_not_answered(room: Mailroom) -> None:
    """Taken off between the content and its reading."""
    await room.accept(post(), "news", mail_from=EVE)

    def remove(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        editors.remove_editor(tx, target.id, parse_address(EVE))

    await room.database.write(remove)
    await room.processing.recover()
    assert ([], {"kept": 1}) == (await room.outgoing(), await room.counts())


async def test_a_list_closed_meanwhile_says_so(room: Mailroom) -> None:
    """Closed between the content and its reading."""
    await room.accept(post(), "news", mail_from=EVE)
    await room.close_list()
    await room.processing.recover()
    (told,) = await room.outgoing()
    assert "The newsletter is closed" in words(told)


# ---------------------------------------------------------------------- refused at once


@pytest.mark.parametrize(
    ("fields", "mail_from", "expected"),
    [
        ({"From": "stranger@x.example"}, EVE, "5.7.1"),
        ({"From": f"{EVE}, stranger@x.example"}, EVE, "5.7.1"),
        ({"From": f"stranger@x.example\nFrom: {EVE}"}, EVE, "5.7.1"),
        ({"From": f"{EVE}\nFrom: {EVE}"}, EVE, "5.7.1"),
        ({"From": f"{EVE} (a comment)"}, EVE, "5.7.1"),
        ({"From": f"editors: {EVE};"}, EVE, "5.7.1"),
        ({"From": f"<@relay.example:{EVE}>"}, EVE, "5.7.1"),
        ({"From": f'"{EVE}" <stranger@x.example>'}, EVE, "5.7.1"),
        ({"From": f"{EVE}\u200b"}, EVE, "5.7.1"),
        ({"From": ""}, EVE, "5.7.1"),
        ({}, "", "5.7.1"),
        ({"From": f"{EVE}\nno field at all"}, EVE, "5.7.1"),
        ({"List_Id": f"The Letter <news.{D}>"}, EVE, "5.4.6"),
        ({"List_Id": f"<other.{D.upper()}>"}, EVE, "5.4.6"),
        ({"CFBL_Address": f"abuse@{D}; report=arf"}, EVE, "5.4.6"),
        ({"X_Loop": f"news@{D}"}, EVE, "5.4.6"),
    ],
    ids=str,
)
async def test_what_is_refused(room: Mailroom, fields: dict[str, str], mail_from: str, expected: str) -> None:
    """Strangers, whatever leaves a doubt about the author, and our own mail coming back."""
    (reply,) = await room.accept(post(header=fields), "news", mail_from=mail_from)
    assert (expected, True) == (reply.enhanced, reply.is_permanent)
    assert {} == await room.counts()


async def test_a_list_that_takes_none_refuses_editors_too(room: Mailroom) -> None:
    """`post_by_mail=off`, and a closed list."""
    await set_list(room, post_by_mail="off")
    (off,) = await room.accept(post(), "news", mail_from=EVE)
    await set_list(room, post_by_mail="approve")
    await room.close_list()
    (closed,) = await room.accept(post(), "news", mail_from=EVE)
    assert ["5.7.1", "5.7.1"] == [off.enhanced, closed.enhanced]
    assert "closed" in closed.text


@pytest.mark.parametrize("post_by_mail", ["approve", "off"])
async def test_a_reader_who_writes_to_the_list_hears_how_to_leave(room: Mailroom, post_by_mail: str) -> None:
    """From their own mail server, which quotes the refusal."""
    await set_list(room, post_by_mail=post_by_mail)
    (refused,) = await room.accept(post(header={"From": "ada@reader.example"}), "news", mail_from="ada@reader.example")
    assert (550, True, True) == (refused.code, "-unsubscribe" in refused.text, "-owner" in refused.text)


async def test_our_own_copy_coming_back_is_refused(room: Mailroom) -> None:
    """The proof, handed in again by the editor's own mailbox, whatever its From is made to be."""
    _, proof = await answers(room, post())
    again = re.sub(rb"(?m)^From: .*\r\n(?: .*\r\n)*", b"From: " + EVE.encode() + b"\r\n", proof.content, count=1)
    (reply,) = await room.accept(again, "news", mail_from=EVE)
    assert (554, "5.4.6") == (reply.code, reply.enhanced)


async def test_a_reply_to_a_copy_goes_to_the_owner_also_an_editors(room: Mailroom) -> None:
    """It is no edition."""
    sent = await answers(room, post(In_Reply_To=f"<abcdefghijklmnopqrst2345@{D}>"))
    assert ["owner@harbour.example"] == [outgoing.rcpt_to for outgoing in sent]
    assert [] == await states(room)


async def test_lmtp_answers_each_list_by_itself(room: Mailroom) -> None:
    """An editor of one list is a stranger to another."""
    await room.make_list("other")
    replies = await room.accept(post(), "news", "other", mail_from=EVE, replies_each=True)
    assert [250, 550] == [reply.code for reply in replies]


# ---------------------------------------------------------------------- at once


async def test_a_proven_mail_goes_at_once(room: Mailroom) -> None:
    """With `direct`, from a trusted peer: the audience is taken in the same transaction."""
    await set_list(room, post_by_mail="direct")
    (told,) = await answers(room, post(Authentication_Results=DKIM), peer=RELAY)
    assert ("On its way: Boats", EVE) == (str(message_of(told)["Subject"]), told.rcpt_to)
    assert "as edition 1" in words(told)
    assert f"https://{D}/news/archive/boats" in words(told)
    assert [("sending", 3)] == await rows(room, "select state, audience from edition")
    assert [(3,)] == await rows(room, "select count(*) from delivery where edition_id = 1 and state = 'queued'")


async def test_a_proven_mail_that_must_not_start_is_held(room: Mailroom) -> None:
    """It is no longer known who has had its issue. The editor must not be told that the list is closed."""
    await answers(room, post(Subject="Ships", Message_ID="<1@harbour.example>"))
    await answers(room, post())
    for change in (
        "update list set post_by_mail = 'direct', family = 'harbour'",
        "update edition set issue = 'spring'",
        "update edition set state = 'finished', copies_removed_at = 1 where slug = 'ships'",
    ):
        await execute(room.database, change)
    (told,) = await answers(room, post(Authentication_Results=DKIM, Message_ID="<2@harbour.example>"), peer=RELAY)
    assert "Please approve: Boats" == str(message_of(told)["Subject"])
    assert "draft" in await states(room)


@pytest.mark.parametrize(
    ("results", "peer", "more"),
    [
        (DKIM, "192.0.2.7", {}),
        (DKIM.replace("mx.", "mx2."), RELAY, {}),
        (DKIM.replace("pass", "fail"), RELAY, {}),
        (DKIM.replace("d=harbour.example", "d=evil.example"), RELAY, {}),
        (DKIM.replace("d=harbour.example", "d=mail.harbour.example"), RELAY, {}),
        (f"mx.harbour.example; none\nAuthentication-Results: {DKIM}", RELAY, {}),
        (f"mx.harbour.example; (open\nAuthentication-Results: {DKIM}", RELAY, {}),
        (DKIM, RELAY, {"To": "somebody@else.example"}),
        (DKIM, RELAY, {"List_Id": "<discuss.lists.example>"}),
    ],
    ids=["peer", "id", "result", "domain", "below", "topmost", "malformed", "handed on", "through a list"],
)
async def test_without_a_believed_proof_it_is_held(
    room: Mailroom, results: str, peer: str, more: dict[str, str]
) -> None:
    """Who is not trusted, another id, no pass, another domain, a field below, and a mail that was for others."""
    await set_list(room, post_by_mail="direct")
    sent = await answers(room, post(header=more, Authentication_Results=results), peer=peer)
    assert ["Please approve: Boats", "[Test] Boats"] == [str(message_of(outgoing)["Subject"]) for outgoing in sent]
    assert ["draft"] == await states(room)


async def test_what_reads_like_a_vacation_notice_waits_for_its_editor(room: Mailroom) -> None:
    """A proven answer of a program to an edition would go to everybody; a title about holidays is no such thing."""
    await set_list(room, post_by_mail="direct")
    sent = await answers(room, post(Authentication_Results=DKIM, Subject="Out of office: our tips"), peer=RELAY)
    assert "Please approve: Out of office: our tips" == str(message_of(sent[0])["Subject"])
    assert ["draft"] == await states(room)


async def test_a_proof_changes_nothing_where_the_list_wants_an_approval(room: Mailroom) -> None:
    """`approve` is the default."""
    await answers(room, post(Authentication_Results=DKIM), peer="unix")
    assert ["draft"] == await states(room)


async def test_a_list_without_readers_is_done_at_once(room: Mailroom) -> None:
    """And the editor hears that nothing was sent."""
    await execute(room.database, "delete from subscription")
    await set_list(room, post_by_mail="direct")
    (told,) = await answers(room, post(Authentication_Results=DKIM), peer="unix")
    assert "Nobody is subscribed" in words(told)
    assert ["finished"] == await states(room)


# ---------------------------------------------------------------------- the same mail again


async def test_the_same_mail_handed_over_twice_is_one_mail(room: Mailroom) -> None:
    """By SMTP and LMTP, with other traces on top."""
    await answers(room, post())
    other = b"Received: from b\r\nAuthentication-Results: x; none\r\nReturn-Path: <y@z.example>\r\n" + post()
    assert [] == await answers(room, other, replies_each=True, peer="unix")
    assert ["draft"] == await states(room)


async def test_the_same_content_in_another_mail_is_the_same_draft(room: Mailroom) -> None:
    """Another Message-ID, Date, boundary: the editor gets another link, the draft lives as long as that one."""
    await answers(room, _html("one", number=1))
    room.now += 86400
    (again,) = await answers(room, _html("two", number=2, Date="Fri, 2 Jan 2026 00:00:00 +0000"))
    assert "arrived again" in words(again)
    assert (1, int(room.now) + 7 * 86400) == WebTokens(room.keys).read(WebPurpose.APPROVE, token_in(again))
    assert (["draft"], [(int(room.now) + 7 * 86400,)]) == (
        await states(room),
        await rows(room, "select expires_at from draft"),
    )


def _html(boundary: str, **changes: Any) -> bytes:
    parts = f"--{boundary}\nContent-Type: text/plain\n\nhi\n--{boundary}\nContent-Type: text/html\n\n<p>hi</p>\n"
    return post(f"{parts}--{boundary}--\n", Content_Type=f"multipart/alternative; boundary={boundary}", **changes)


async def test_the_same_content_of_a_released_edition_is_not_sent_again(room: Mailroom) -> None:
    """The editor hears its number and how it stands."""
    await answers(room, post())
    await room.database.write(releases.release, 1, int(room.now))
    (told,) = await answers(room, post(number=2))
    assert "is already edition 1 of The Letter" in words(told)
    assert "It is being sent." in words(told)
    assert ["sending"] == await states(room)


async def test_the_same_content_of_a_cancelled_draft_is_a_new_draft(room: Mailroom) -> None:
    """And comes again as that one."""
    await answers(room, post())
    await room.database.write(lifecycle.cancel, 1, int(room.now))
    assert 2 == len(await answers(room, post(number=2)))
    assert 1 == len(await answers(room, post(number=3)))
    assert ["cancelled", "draft"] == await states(room)


async def test_a_proven_mail_is_held_while_the_disk_is_nearly_full(room: Mailroom) -> None:
    """It was accepted before. The link in the answer releases it once there is room for its copies."""
    await set_list(room, post_by_mail="direct")
    await room.accept(post(Authentication_Results=DKIM), "news", mail_from=EVE, peer=RELAY)
    room.database.growth.set_reason("1 MB is left")
    await room.processing.recover()
    assert ["draft"] == await states(room)


async def test_a_draft_that_comes_again_with_a_proof_goes_at_once(room: Mailroom) -> None:
    """Where the list says `direct`."""
    await answers(room, post())
    await set_list(room, post_by_mail="direct")
    (told,) = await answers(room, post(number=2, Authentication_Results=DKIM), peer=RELAY)
    assert "On its way: Boats" == str(message_of(told)["Subject"])
    assert ["sending"] == await states(room)


# ---------------------------------------------------------------------- whole or not at all


async def test_a_kill_in_the_middle_leaves_nothing_half_done(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draft, notices and the note are one transaction: what failed before its end is done once, later."""

    def die(*_: object, **__: object) -> None:
        raise Unavailable("the process is gone")

    await room.accept(post(), "news", mail_from=EVE)
    with monkeypatch.context() as patched:
        patched.setattr(mail_results, "record_mail_result", die)
        with pytest.raises(Unavailable):
            await room.processing.recover()
    assert ([], [], {"received": 1}) == (await states(room), await room.outgoing(), await room.counts())
    await room.processing.recover()
    await room.processing.recover()
    assert (["draft"], 2, {"done": 1}) == (await states(room), len(await room.outgoing()), await room.counts())


async def test_an_edition_that_comes_in_between_makes_it_build_again(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slug and id are chosen before and checked again."""
    original, times = editions.next_id, 0

    def next_id(tx: Transaction) -> int:
        nonlocal times
        times += 1
        return 9 if times == 1 else original(tx)

    monkeypatch.setattr(editions, "next_id", next_id)
    assert 2 == len(await answers(room, post()))
    assert ["draft"] == await states(room)


class _Counting(InlineReader):
    """Counts how often it reads."""

    times = 0

    async def read_edition(self, content: bytes) -> Posted:
        self.times += 1
        return read_posted(content)


class _NoHelper:
    """A reader whose process cannot be started."""

    is_there = False

    async def read(self, content: bytes) -> IncomingMail:
        raise Unavailable("no process")

    async def read_report(self, content: bytes) -> Report:
        raise Unavailable("no process")

    async def read_edition(self, content: bytes) -> Posted:
        if not self.is_there:
            raise Unavailable("no process")
        return read_posted(content)


async def test_a_mail_waits_while_it_cannot_be_read(tmp_path: Path) -> None:
    """And is done when the helper is back."""
    reader = _NoHelper()
    async with open_mailroom(tmp_path, reader=reader) as room:
        await prepare(room)
        assert [] == await answers(room, post())
        assert {"received": 1} == await room.counts()
        reader.is_there = True
        await room.processing.recover()
        assert ["draft"] == await states(room)


# ---------------------------------------------------------------------- what becomes of a draft


async def test_a_draft_whose_link_has_ended_is_cancelled(room: Mailroom) -> None:
    """By housekeeping, not before."""
    housekeeping = Housekeeping(room.context)
    await answers(room, post())
    room.now += TokenSettings().approve_lifetime_seconds
    await housekeeping.round()
    assert ["draft"] == await states(room)
    room.now += 1
    await housekeeping.round()
    assert ["cancelled"] == await states(room)


async def test_a_draft_cannot_be_resumed_and_can_be_cancelled(room: Mailroom) -> None:
    """The error names the link."""
    await answers(room, post())
    with pytest.raises(Refused, match="/approve/"):
        await room.database.write(lifecycle.resume, 1, int(room.now))
    await room.database.write(lifecycle.cancel, 1, int(room.now))
    with pytest.raises(Refused, match="cannot be released"):
        await room.database.write(releases.release, 1, int(room.now))
    with pytest.raises(NotFound):
        await room.database.write(releases.release, 7, int(room.now))


async def test_two_editors_release_an_edition_once(room: Mailroom) -> None:
    """Only one of them did it, both see that it is released."""
    draft_approval = DraftApproval(room.context, builder_at(room.site))
    await answers(room, post())
    outcomes = [await draft_approval.release(1), await draft_approval.release(1)]
    assert [True, False] == [is_done for _, is_done in outcomes]
    assert {DraftStatus.RELEASED} == {held.status for held, _ in outcomes if held is not None}
    assert [("sending", 3)] == await rows(room, "select state, audience from edition")


async def test_forged_mails_do_not_shut_a_proven_editor_out(tmp_path: Path) -> None:
    """The limit is for what anybody can write; what a server of ours found genuine is not counted."""
    async with open_mailroom(tmp_path, posts=Rate(1, 3600.0), believed=BELIEVED) as room:
        await prepare(room)
        await set_list(room, post_by_mail="direct")
        for number in range(3):
            await answers(room, post(f"forged {number}\n", number=number))
        await answers(room, post("genuine\n", number=9, Authentication_Results=DKIM), peer=RELAY)
        assert ["cancelled", "sending"] == await states(room)
