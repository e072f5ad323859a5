"""Every way to keep an address out holds at every door by which mail to it could begin, under every spelling.

Three tables: the ways, the doors, the spellings. A door is prepared first, as long as nobody is kept out, so that mails
wait, links are out, or members are there; then it is used. After that an edition goes to everybody on the list.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace
from tests.delivery.pressroom import LATER, SITE, Pressroom
from tests.settings import change

from pressrun.core.abuse.sign_up import Trust
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.addresses.mail_routes import read_local_part
from pressrun.core.current import Holder
from pressrun.core.errors import PressrunError
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.quantities import Rate
from pressrun.core.signing.tokens import digests_of, pack_digests
from pressrun.message.incoming.reading import IncomingMail
from pressrun.services.bounces.complaint_handler import ReportedMailbox
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.incoming.mail_commands import MailCommands
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.mailed_links import mail_preferences_link, mail_unsubscribe_link
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.preferences import PreferenceChanges, Preferences
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.services.readers.requests import Origin, ReaderRequest, carry_out
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.suspension import probe_suspended
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.readers.unsubscribes import notify_unsubscribers
from pressrun.services.settings import BounceSettings, ServiceSettings
from pressrun.services.suppression import LIFTED_BY_READER, SuppressionReason
from pressrun.store.lists import lists
from pressrun.store.queue.inbound import InboundMail
from pressrun.store.readers import bounces, subscribers
from pressrun.store.readers.held_sign_ups import HeldSelection
from pressrun.store.readers.subscribers import Subscriber
from pressrun.store.transaction import Transaction

WEB = Origin(source="web", words="[A button]")
MANY = Rate(1000, 86400.0)
LIMITS = LimitSettings(confirmations_per_address=MANY, replies_per_sender=MANY, preference_links_per_address=MANY)

# Which spelling is kept out, which one the door is tried with, and whether they are one address.
SPELLINGS = [
    ("ada@reader.example", "ADA@Reader.example", True),
    ("bea@reader.example", "bea+news@reader.example", False),
    ("cy+x@reader.example", "cy@reader.example", False),
    ("d.e.e@gmail.com", "dee+1@googlemail.com", False),
    ("eva@bücher.example", "EVA@xn--bcher-kva.example", True),
    ("fay@bücher.example", "fay+z@xn--bcher-kva.example", False),
]

Door = Callable[[Pressroom, Address], Awaitable[Any]]
Use = Callable[[Pressroom, Address, Any], Awaitable[None]]


# ---------------------------------------------------------------------- ways


async def person(press: Pressroom, address: Address) -> Subscriber:
    """Who has the address; they become a member where nobody does."""
    subscriber = await press.office.database.read(subscribers.find_subscriber, address)
    if subscriber is None:
        await press.office.subscribers.add("news", address)
        subscriber = await press.office.database.read(subscribers.find_subscriber, address)
    assert subscriber is not None
    return subscriber


async def by_link(press: Pressroom, address: Address) -> None:
    office = press.office
    never_again = NeverAgain(office.context)
    await never_again.refuse(0, pack_digests(*dict.fromkeys(digests_of(office.keys, address))), WEB)


def by_operator(reason: SuppressionReason) -> Door:
    async def add(press: Pressroom, address: Address) -> None:
        await press.office.suppressions.add(address, reason)

    return add


def by_file(reason: SuppressionReason) -> Door:
    async def take(press: Pressroom, address: Address) -> None:
        await press.office.suppressions.import_batch([SuppressionRow(line=1, address=address.typed, reason=reason)])

    return take


async def by_erasing(press: Pressroom, address: Address) -> None:
    await person(press, address)
    await press.office.subscribers.erase(address)


async def by_complaint(press: Pressroom, address: Address) -> None:
    subscriber = await person(press, address)
    mailbox = ReportedMailbox(subscriber, subscriber.address, subscriber.digests)
    await press.office.database.write(press.bounce_handler.complaint_handler._end_everything, mailbox, "abuse")


async def by_bounces(press: Pressroom, address: Address) -> None:
    subscriber = await person(press, address)
    edition = await press.edition(f"Bounces of {address}")

    now = int(press.office.now)
    await press.office.database.write(bounces.suspend, {subscriber.id: edition}, suppressed=[subscriber.id], now=now)


async def by_link_then_weaker(press: Pressroom, address: Address) -> None:
    await by_link(press, address)
    for weaker in (SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.OPERATOR):
        await press.office.suppressions.add(address, weaker)


async def by_link_then_erased(press: Pressroom, address: Address) -> None:
    await by_link(press, address)
    await by_operator(SuppressionReason.ERASED)(press, address)
    with contextlib.suppress(PressrunError):  # nobody may be there
        await press.office.subscribers.erase(address)


WAYS: dict[str, tuple[SuppressionReason, Door]] = {
    "link": (SuppressionReason.NEVER_AGAIN, by_link),
    "link, then weaker": (SuppressionReason.NEVER_AGAIN, by_link_then_weaker),
    "link, then erased": (SuppressionReason.NEVER_AGAIN, by_link_then_erased),
    **{f"operator: {reason}": (reason, by_operator(reason)) for reason in SuppressionReason},
    "file: never-again": (SuppressionReason.NEVER_AGAIN, by_file(SuppressionReason.NEVER_AGAIN)),
    "file: complaint": (SuppressionReason.COMPLAINT, by_file(SuppressionReason.COMPLAINT)),
    "erased": (SuppressionReason.ERASED, by_erasing),
    "complaint": (SuppressionReason.COMPLAINT, by_complaint),
    "bounces": (SuppressionReason.HARD_BOUNCE, by_bounces),
}


# ---------------------------------------------------------------------- doors


async def nothing(_press: Pressroom, _address: Address) -> None:
    """There is nothing to prepare."""


async def sign_up(press: Pressroom, address: Address) -> None:
    await press.office.sign_ups.request(["news"], Applicant(address, WEB), network=None)


async def use_sign_up(press: Pressroom, address: Address, _: Any) -> None:
    await sign_up(press, address)


def mail_to(local_part: str, subject: str = "") -> Use:
    async def use(press: Pressroom, address: Address, _: Any) -> None:
        office = press.office
        mail_commands = MailCommands(
            replace(office.context, site=SITE, settings=Holder(ServiceSettings(limits=LIMITS))),
            sign_ups=office.sign_ups,
        )
        mail = InboundMail(
            id=1,
            mail_from=address.typed,
            recipient=local_part,
            peer="",
            utf8=False,
            received_at=1,
            content=b"",
            content_digest=b"",
        )
        incoming = IncomingMail(subject=subject)
        await office.database.write(mail_commands.carry_out, mail, read_local_part(local_part), incoming, "")

    return use


async def claim_sign_up(press: Pressroom, address: Address) -> None:
    """A confirmation is in flight; the relay will say later."""
    await sign_up(press, address)
    await press.send_all(LATER)


async def wait(press: Pressroom, _address: Address, _: Any) -> None:
    press.pass_time(3600)


async def hold_sign_up(press: Pressroom, address: Address) -> None:
    office = press.office
    change(office.context.settings, limits=dataclasses.replace(LIMITS, hold_sign_ups_above=1, hold_sign_ups_floor=1))

    def take(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        for their_address in (parse_address("first@else.example"), address):
            office.sign_ups.sign_up(tx, [target], Applicant(their_address, WEB, trust=Trust.PROVEN))

    await office.database.write(take)


async def release_held(press: Pressroom, _address: Address, _: Any) -> None:
    await press.office.held.release(HeldSelection())


async def last_confirmation(press: Pressroom, address: Address) -> int:
    await sign_up(press, address)
    [(number,)] = await press.rows("select max(id) from confirmation")
    await press.send_all()
    return int(number)


async def confirm(press: Pressroom, _address: Address, number: int) -> None:
    await press.office.confirmations.confirm(number, WEB)


async def new_mover(press: Pressroom, address: Address) -> int:
    subscriber = await person(press, parse_address(f"mover{abs(hash(address.typed))}@else.example"))
    return subscriber.id


async def ask_to_move(press: Pressroom, address: Address, mover: int) -> None:
    await AddressChanges(press.office.context).request(mover, address, WEB)


async def asked_to_move(press: Pressroom, address: Address) -> int:
    await ask_to_move(press, address, await new_mover(press, address))
    [(number,)] = await press.rows("select max(id) from address_change")
    await press.send_all()
    return int(number)


async def confirm_move(press: Pressroom, _address: Address, number: int) -> None:
    await AddressChanges(press.office.context).confirm(number, WEB)


def add(*, asks: bool) -> Use:
    async def use(press: Pressroom, address: Address, _: Any) -> None:
        await press.office.subscribers.add("news", address, asks=asks)

    return use


def take_file(*, asks: bool) -> Use:
    async def use(press: Pressroom, address: Address, _: Any) -> None:
        await press.office.subscribers.import_batch("news", [ImportRow(line=2, email=address.typed)], asks=asks)

    return use


async def sync(press: Pressroom, address: Address, _: Any = None) -> None:
    """The roster lists the address."""
    await press.office.subscribers.import_batch("news", [ImportRow(line=2, email=address.typed)], source="sync")


async def removed_by_sync(press: Pressroom, address: Address) -> None:
    await sync(press, address)
    await press.office.subscribers.remove_synced("news", [address.key])


async def join(press: Pressroom, address: Address) -> None:
    await press.office.subscribers.add("news", address)


async def queue_copy(press: Pressroom, address: Address) -> None:
    await join(press, address)
    await press.edition(f"Queued for {address}")


async def defer_copy(press: Pressroom, address: Address) -> None:
    await queue_copy(press, address)
    await press.send_all(LATER)


async def pause_copy(press: Pressroom, address: Address) -> int:
    await join(press, address)
    number = await press.edition(f"Paused for {address}")
    await press.edition_admin.pause(number)
    return number


async def resume(press: Pressroom, _address: Address, number: int) -> None:
    with contextlib.suppress(PressrunError):  # it may be over, as nobody is left
        await press.edition_admin.resume(number)


async def ask_for_preferences(press: Pressroom, address: Address, _: Any) -> None:
    await carry_out(press.office.context, WEB, mail_preferences_link, address, "")


async def send_test(press: Pressroom, address: Address, _: Any) -> None:
    await press.edition_admin.send_test(
        "news", Manuscript(source=b"---\nsubject: T\n---\nx\n", source_name="a.md", assets={}), [address]
    )


async def left(press: Pressroom, address: Address) -> None:
    await press.change("update list set leaving_note = 1")
    await join(press, address)
    await press.leave(address.typed)


async def tell_of_leaving(press: Pressroom, _address: Address, _: Any) -> None:
    await press.office.database.write(notify_unsubscribers, press.office.context)


async def left_and_told(press: Pressroom, address: Address) -> int:
    await left(press, address)
    await tell_of_leaving(press, address, None)
    [(number,)] = await press.rows("select max(id) from unsubscribe")
    await press.send_all()
    return int(number)


async def undo_leaving(press: Pressroom, _address: Address, number: int) -> None:
    office = press.office
    undo_unsubscribe = UndoUnsubscribe(office.context)
    await undo_unsubscribe.undo(number, WEB)


async def probe(press: Pressroom, address: Address) -> None:
    """A question to a reader who was suspended for soft bounces waits."""
    subscriber = await person(press, address)
    edition = await press.edition(f"Missed by {address}")
    await press.office.database.write(
        bounces.suspend, {subscriber.id: edition}, suppressed=(), now=int(press.office.now)
    )
    now = int(press.office.now) + 8 * 86400
    await press.office.database.write(probe_suspended, BounceSettings(), press.office.context.entropy, now)


# ---------------------------------------------------------------------- several lists, languages, welcome mails

FAMILY = "villanueva"
WELCOME = b"---\nsubject: Welcome\n---\nHello\n"


async def second_language(press: Pressroom) -> None:
    """`news` and `nouvelles` are one newsletter."""
    if not await press.rows("select id from list where name = 'nouvelles'"):
        await press.office.lists.set_list("news", {"family": FAMILY})
        await press.office.make_list("nouvelles", language="fr", family=FAMILY, leaving_note="false")


async def sign_up_to_both(press: Pressroom, address: Address, _: Any) -> None:
    await second_language(press)

    def take(tx: Transaction) -> None:
        first, second = lists.find_list(tx, "news"), lists.find_list(tx, "nouvelles")
        assert first is not None
        assert second is not None
        press.office.sign_ups.sign_up(tx, [first, *[second]], Applicant(address, WEB))

    await press.office.database.write(take)


async def last_confirmation_of_both(press: Pressroom, address: Address) -> int:
    await sign_up_to_both(press, address, None)
    [(number,)] = await press.rows("select max(id) from confirmation where leader_id is null")
    await press.send_all()
    return int(number)


async def join_with_issues(press: Pressroom, address: Address) -> PreferenceLink:
    """The other language has had an issue that is to come in this one."""
    await second_language(press)
    await join(press, address)
    had = await press.edition(f"Had before {address}", name="nouvelles")
    due = await press.office.make_edition("news", EditionState.PAUSED)
    await press.send_all()
    await press.change("update edition set issue = ? where id in (?, ?)", f"i{had}", had, due)
    return PreferenceLink(subscriber_id=(await person(press, address)).id, epoch=0)


async def change_language(press: Pressroom, _address: Address, link: PreferenceLink) -> None:
    await Preferences(press.office.context).save(link, PreferenceChanges(families={FAMILY: "nouvelles"}), WEB)


async def queue_copy_and_change(press: Pressroom, address: Address) -> None:
    await second_language(press)
    await queue_copy(press, address)
    await change_language(press, address, PreferenceLink(subscriber_id=(await person(press, address)).id, epoch=0))


async def confirm_and_be_greeted(press: Pressroom, address: Address) -> None:
    await press.office.lists.set_list("news", {"welcome": "w.md"}, {"welcome": WELCOME})
    await confirm(press, address, await last_confirmation(press, address))


async def leave_before_the_greeting(press: Pressroom, address: Address) -> int:
    await press.change("update list set leaving_note = 1")
    await confirm_and_be_greeted(press, address)
    await press.leave(address.typed)
    [(number,)] = await press.rows("select max(id) from unsubscribe")
    return int(number)


async def ask_to_unsubscribe(press: Pressroom, address: Address, _: Any) -> None:
    def ask(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        mail_unsubscribe_link(ReaderRequest(tx, WEB, press.office.context), address, target)

    await press.office.database.write(ask)


async def join_to_pause(press: Pressroom, address: Address) -> PreferenceLink:
    await press.change("update list set leaving_note = 1")
    await join(press, address)
    return PreferenceLink(subscriber_id=(await person(press, address)).id, epoch=0)


async def pause(press: Pressroom, _address: Address, link: PreferenceLink) -> None:
    await Preferences(press.office.context).pause(link, 30, WEB)


async def pause_and_wait(press: Pressroom, address: Address) -> None:
    await pause(press, address, await join_to_pause(press, address))


OWN, LIFTS, PROBE = "own sign-up", "lifts", "probe"
DOORS: dict[str, tuple[Door, Use, str]] = {
    "sign-up on the web": (nothing, use_sign_up, OWN),
    "sign-up by mail": (nothing, mail_to("news-subscribe"), OWN),
    "command by mail": (nothing, mail_to("news-request", "help"), ""),
    "unsubscribe by mail": (nothing, mail_to("news-unsubscribe"), ""),
    "sign-up of a member": (join, use_sign_up, OWN),
    "confirmation put off": (claim_sign_up, wait, OWN),
    "held sign-up": (hold_sign_up, release_held, OWN),
    "link of a confirmation": (last_confirmation, confirm, LIFTS),
    "change of address": (new_mover, ask_to_move, ""),
    "link of a change": (asked_to_move, confirm_move, LIFTS),
    "subscriber add": (nothing, add(asks=False), ""),
    "subscriber add, asking": (nothing, add(asks=True), ""),
    "import": (nothing, take_file(asks=False), ""),
    "import, asking": (nothing, take_file(asks=True), ""),
    "sync": (nothing, sync, ""),
    "sync of somebody whom an earlier one removed": (removed_by_sync, sync, ""),
    "queued copy": (queue_copy, wait, ""),
    "deferred copy": (defer_copy, wait, ""),
    "paused copy": (pause_copy, resume, ""),
    "preferences link": (join, ask_for_preferences, ""),
    "probe": (probe, wait, PROBE),
    "test copy": (nothing, send_test, ""),
    "note of leaving": (left, tell_of_leaving, ""),
    "link that undoes leaving": (left_and_told, undo_leaving, ""),
    "sign-up to several lists": (nothing, sign_up_to_both, OWN),
    "link of a confirmation of several lists": (last_confirmation_of_both, confirm, LIFTS),
    "issue in another language": (join_with_issues, change_language, ""),
    "queued copy in another language": (queue_copy_and_change, wait, ""),
    "welcome mail": (confirm_and_be_greeted, wait, ""),
    "welcome mail after a leaving that is undone": (leave_before_the_greeting, undo_leaving, ""),
    "page to unsubscribe": (join, ask_to_unsubscribe, ""),
    "pause": (join_to_pause, pause, ""),
    "note of a pause": (pause_and_wait, wait, ""),
}


async def mailed(press: Pressroom, addresses: list[Address]) -> set[str]:
    """What goes out now and within a week to these mailboxes: kinds of notices, and `edition`."""
    sent = [*await press.send_all()]
    press.pass_time(8 * 86400)
    sent += await press.send_all()
    mailboxes = {address.fold for address in addresses}
    numbers = [outgoing.delivery_id for outgoing in sent if parse_address(outgoing.rcpt_to).fold in mailboxes]
    query = """
        select coalesce(notice.kind, 'edition') from delivery left join notice on notice.id = delivery.notice_id
        where delivery.id = ?"""
    return {kind for number in numbers for (kind,) in await press.rows(query, number)}


@pytest.mark.slow_on_postgresql  # each way and each door alone are there in every run, below
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("way", WAYS)
async def test_nothing_leaves(press: Pressroom, way: str, door: str) -> None:
    (reason, keep_out), (prepare, use, kind) = WAYS[way], DOORS[door]
    if kind == LIFTS and reason in LIFTED_BY_READER:
        return  # that is what lifts it: test_subscribing has it
    change(press.office.context.settings, limits=LIMITS)
    reached = [pair for pair in SPELLINGS if pair[2] or reason is SuppressionReason.NEVER_AGAIN]
    addresses = [parse_address(typed) for _, typed, _ in reached]
    prepared = [await prepare(press, address) for address in addresses]
    for said, _, _ in reached:
        await keep_out(press, parse_address(said))
    for address, preparation in zip(addresses, prepared, strict=True):
        with contextlib.suppress(PressrunError):
            await use(press, address, preparation)
    await press.edition("To everybody")
    allowed = set()
    if kind == OWN and reason in LIFTED_BY_READER:
        allowed = {"confirmation"}
    elif kind == PROBE and reason is SuppressionReason.HARD_BOUNCE:
        allowed = {"still_there"}
    assert set() == await mailed(press, addresses) - allowed


@pytest.mark.parametrize("door", DOORS)
async def test_each_door_is_open_to_who_is_not_kept_out(press: Pressroom, door: str) -> None:
    """Else the table above would prove nothing."""
    prepare, use, _ = DOORS[door]
    change(press.office.context.settings, limits=LIMITS)
    address = parse_address("ada+news@reader.example")
    await use(press, address, await prepare(press, address))
    await press.edition("To everybody")
    assert await mailed(press, [address])


@pytest.mark.parametrize("way", WAYS)
async def test_lifting_lets_the_mailbox_in_again(press: Pressroom, way: str) -> None:
    reason, keep_out = WAYS[way]
    reached = [pair for pair in SPELLINGS if pair[2] or reason is SuppressionReason.NEVER_AGAIN]
    for said, typed, _ in reached:
        await keep_out(press, parse_address(said))
        await press.office.suppressions.remove(parse_address(typed))
        await press.office.suppressions.add(parse_address(said), SuppressionReason.HARD_BOUNCE)
        await press.office.suppressions.remove(parse_address(said))
    assert [] == await press.rows("select * from suppression")
