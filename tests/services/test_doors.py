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
from tests.delivery.harness import LATER, SITE, DeliveryHarness
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

Door = Callable[[DeliveryHarness, Address], Awaitable[Any]]
Use = Callable[[DeliveryHarness, Address, Any], Awaitable[None]]


# ---------------------------------------------------------------------- ways


async def person(harness: DeliveryHarness, address: Address) -> Subscriber:
    """Who has the address; they become a member where nobody does."""
    subscriber = await harness.services.database.read(subscribers.find_subscriber, address)
    if subscriber is None:
        await harness.services.subscribers.add("news", address)
        subscriber = await harness.services.database.read(subscribers.find_subscriber, address)
    assert subscriber is not None
    return subscriber


async def by_link(harness: DeliveryHarness, address: Address) -> None:
    services = harness.services
    never_again = NeverAgain(services.context)
    await never_again.refuse(0, pack_digests(*dict.fromkeys(digests_of(services.keys, address))), WEB)


def by_operator(reason: SuppressionReason) -> Door:
    async def add(harness: DeliveryHarness, address: Address) -> None:
        await harness.services.suppressions.add(address, reason)

    return add


def by_file(reason: SuppressionReason) -> Door:
    async def suppress(harness: DeliveryHarness, address: Address) -> None:
        await harness.services.suppressions.import_batch([SuppressionRow(line=1, address=address.typed, reason=reason)])

    return suppress


async def by_erasing(harness: DeliveryHarness, address: Address) -> None:
    await person(harness, address)
    await harness.services.subscribers.erase(address)


async def by_complaint(harness: DeliveryHarness, address: Address) -> None:
    subscriber = await person(harness, address)
    mailbox = ReportedMailbox(subscriber, subscriber.address, subscriber.digests)
    await harness.services.database.write(harness.bounce_handler.complaint_handler._end_everything, mailbox, "abuse")


async def by_bounces(harness: DeliveryHarness, address: Address) -> None:
    subscriber = await person(harness, address)
    edition = await harness.edition(f"Bounces of {address}")

    now = int(harness.services.now)
    await harness.services.database.write(
        bounces.suspend, {subscriber.id: edition}, suppressed=[subscriber.id], now=now
    )


async def by_link_then_weaker(harness: DeliveryHarness, address: Address) -> None:
    await by_link(harness, address)
    for weaker in (SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.OPERATOR):
        await harness.services.suppressions.add(address, weaker)


async def by_link_then_erased(harness: DeliveryHarness, address: Address) -> None:
    await by_link(harness, address)
    await by_operator(SuppressionReason.ERASED)(harness, address)
    with contextlib.suppress(PressrunError):  # nobody may be there
        await harness.services.subscribers.erase(address)


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


async def nothing(_press: DeliveryHarness, _address: Address) -> None:
    """There is nothing to prepare."""


async def sign_up(harness: DeliveryHarness, address: Address) -> None:
    await harness.services.sign_ups.request(["news"], Applicant(address, WEB), network=None)


async def use_sign_up(harness: DeliveryHarness, address: Address, _: Any) -> None:
    await sign_up(harness, address)


def mail_to(local_part: str, subject: str = "") -> Use:
    async def use(harness: DeliveryHarness, address: Address, _: Any) -> None:
        services = harness.services
        mail_commands = MailCommands(
            replace(services.context, site=SITE, settings=Holder(ServiceSettings(limits=LIMITS))),
            sign_ups=services.sign_ups,
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
        await services.database.write(mail_commands.carry_out, mail, read_local_part(local_part), incoming, "")

    return use


async def claim_sign_up(harness: DeliveryHarness, address: Address) -> None:
    """A confirmation is in flight; the relay will say later."""
    await sign_up(harness, address)
    await harness.send_all(LATER)


async def wait(harness: DeliveryHarness, _address: Address, _: Any) -> None:
    harness.pass_time(3600)


async def hold_sign_up(harness: DeliveryHarness, address: Address) -> None:
    services = harness.services
    change(services.context.settings, limits=dataclasses.replace(LIMITS, hold_sign_ups_above=1, hold_sign_ups_floor=1))

    def sign_up(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        for their_address in (parse_address("first@else.example"), address):
            services.sign_ups.sign_up(tx, [target], Applicant(their_address, WEB, trust=Trust.PROVEN))

    await services.database.write(sign_up)


async def release_held(harness: DeliveryHarness, _address: Address, _: Any) -> None:
    await harness.services.held.release(HeldSelection())


async def last_confirmation(harness: DeliveryHarness, address: Address) -> int:
    await sign_up(harness, address)
    [(number,)] = await harness.rows("select max(id) from confirmation")
    await harness.send_all()
    return int(number)


async def confirm(harness: DeliveryHarness, _address: Address, number: int) -> None:
    await harness.services.confirmations.confirm(number, WEB)


async def new_mover(harness: DeliveryHarness, address: Address) -> int:
    subscriber = await person(harness, parse_address(f"mover{abs(hash(address.typed))}@else.example"))
    return subscriber.id


async def ask_to_move(harness: DeliveryHarness, address: Address, mover: int) -> None:
    await AddressChanges(harness.services.context).request(mover, address, WEB)


async def asked_to_move(harness: DeliveryHarness, address: Address) -> int:
    await ask_to_move(harness, address, await new_mover(harness, address))
    [(number,)] = await harness.rows("select max(id) from address_change")
    await harness.send_all()
    return int(number)


async def confirm_move(harness: DeliveryHarness, _address: Address, number: int) -> None:
    await AddressChanges(harness.services.context).confirm(number, WEB)


def add(*, asks: bool) -> Use:
    async def use(harness: DeliveryHarness, address: Address, _: Any) -> None:
        await harness.services.subscribers.add("news", address, asks=asks)

    return use


def take_file(*, asks: bool) -> Use:
    async def use(harness: DeliveryHarness, address: Address, _: Any) -> None:
        await harness.services.subscribers.import_batch("news", [ImportRow(line=2, email=address.typed)], asks=asks)

    return use


async def sync(harness: DeliveryHarness, address: Address, _: Any = None) -> None:
    """The roster lists the address."""
    await harness.services.subscribers.import_batch("news", [ImportRow(line=2, email=address.typed)], source="sync")


async def removed_by_sync(harness: DeliveryHarness, address: Address) -> None:
    await sync(harness, address)
    await harness.services.subscribers.remove_synced("news", [address.key])


async def join(harness: DeliveryHarness, address: Address) -> None:
    await harness.services.subscribers.add("news", address)


async def queue_copy(harness: DeliveryHarness, address: Address) -> None:
    await join(harness, address)
    await harness.edition(f"Queued for {address}")


async def defer_copy(harness: DeliveryHarness, address: Address) -> None:
    await queue_copy(harness, address)
    await harness.send_all(LATER)


async def pause_copy(harness: DeliveryHarness, address: Address) -> int:
    await join(harness, address)
    number = await harness.edition(f"Paused for {address}")
    await harness.edition_admin.pause(number)
    return number


async def resume(harness: DeliveryHarness, _address: Address, number: int) -> None:
    with contextlib.suppress(PressrunError):  # it may be over, as nobody is left
        await harness.edition_admin.resume(number)


async def ask_for_preferences(harness: DeliveryHarness, address: Address, _: Any) -> None:
    await carry_out(harness.services.context, WEB, mail_preferences_link, address, "")


async def send_test(harness: DeliveryHarness, address: Address, _: Any) -> None:
    await harness.edition_admin.send_test(
        "news", Manuscript(source=b"---\nsubject: T\n---\nx\n", source_name="a.md", assets={}), [address]
    )


async def left(harness: DeliveryHarness, address: Address) -> None:
    await harness.change("update list set leaving_note = 1")
    await join(harness, address)
    await harness.leave(address.typed)


async def tell_of_leaving(harness: DeliveryHarness, _address: Address, _: Any) -> None:
    await harness.services.database.write(notify_unsubscribers, harness.services.context)


async def left_and_told(harness: DeliveryHarness, address: Address) -> int:
    await left(harness, address)
    await tell_of_leaving(harness, address, None)
    [(number,)] = await harness.rows("select max(id) from unsubscribe")
    await harness.send_all()
    return int(number)


async def undo_leaving(harness: DeliveryHarness, _address: Address, number: int) -> None:
    services = harness.services
    undo_unsubscribe = UndoUnsubscribe(services.context)
    await undo_unsubscribe.undo(number, WEB)


async def probe(harness: DeliveryHarness, address: Address) -> None:
    """A question to a reader who was suspended for soft bounces waits."""
    subscriber = await person(harness, address)
    edition = await harness.edition(f"Missed by {address}")
    await harness.services.database.write(
        bounces.suspend, {subscriber.id: edition}, suppressed=(), now=int(harness.services.now)
    )
    now = int(harness.services.now) + 8 * 86400
    await harness.services.database.write(probe_suspended, BounceSettings(), harness.services.context.entropy, now)


# ---------------------------------------------------------------------- several lists, languages, welcome mails

FAMILY = "villanueva"
WELCOME = b"---\nsubject: Welcome\n---\nHello\n"


async def second_language(harness: DeliveryHarness) -> None:
    """`news` and `nouvelles` are one newsletter."""
    if not await harness.rows("select id from list where name = 'nouvelles'"):
        await harness.services.lists.set_list("news", {"family": FAMILY})
        await harness.services.make_list("nouvelles", language="fr", family=FAMILY, leaving_note="false")


async def sign_up_to_both(harness: DeliveryHarness, address: Address, _: Any) -> None:
    await second_language(harness)

    def sign_up(tx: Transaction) -> None:
        first, second = lists.find_list(tx, "news"), lists.find_list(tx, "nouvelles")
        assert first is not None
        assert second is not None
        harness.services.sign_ups.sign_up(tx, [first, *[second]], Applicant(address, WEB))

    await harness.services.database.write(sign_up)


async def last_confirmation_of_both(harness: DeliveryHarness, address: Address) -> int:
    await sign_up_to_both(harness, address, None)
    [(number,)] = await harness.rows("select max(id) from confirmation where leader_id is null")
    await harness.send_all()
    return int(number)


async def join_with_issues(harness: DeliveryHarness, address: Address) -> PreferenceLink:
    """The other language has had an issue that is to come in this one."""
    await second_language(harness)
    await join(harness, address)
    had = await harness.edition(f"Had before {address}", name="nouvelles")
    due = await harness.services.make_edition("news", EditionState.PAUSED)
    await harness.send_all()
    await harness.change("update edition set issue = ? where id in (?, ?)", f"i{had}", had, due)
    return PreferenceLink(subscriber_id=(await person(harness, address)).id, epoch=0)


async def change_language(harness: DeliveryHarness, _address: Address, link: PreferenceLink) -> None:
    await Preferences(harness.services.context).save(link, PreferenceChanges(families={FAMILY: "nouvelles"}), WEB)


async def queue_copy_and_change(harness: DeliveryHarness, address: Address) -> None:
    await second_language(harness)
    await queue_copy(harness, address)
    await change_language(harness, address, PreferenceLink(subscriber_id=(await person(harness, address)).id, epoch=0))


async def confirm_and_be_greeted(harness: DeliveryHarness, address: Address) -> None:
    await harness.services.lists.set_list("news", {"welcome": "w.md"}, {"welcome": WELCOME})
    await confirm(harness, address, await last_confirmation(harness, address))


async def leave_before_the_greeting(harness: DeliveryHarness, address: Address) -> int:
    await harness.change("update list set leaving_note = 1")
    await confirm_and_be_greeted(harness, address)
    await harness.leave(address.typed)
    [(number,)] = await harness.rows("select max(id) from unsubscribe")
    return int(number)


async def ask_to_unsubscribe(harness: DeliveryHarness, address: Address, _: Any) -> None:
    def ask(tx: Transaction) -> None:
        target = lists.find_list(tx, "news")
        assert target is not None
        mail_unsubscribe_link(ReaderRequest(tx, WEB, harness.services.context), address, target)

    await harness.services.database.write(ask)


async def join_to_pause(harness: DeliveryHarness, address: Address) -> PreferenceLink:
    await harness.change("update list set leaving_note = 1")
    await join(harness, address)
    return PreferenceLink(subscriber_id=(await person(harness, address)).id, epoch=0)


async def pause(harness: DeliveryHarness, _address: Address, link: PreferenceLink) -> None:
    await Preferences(harness.services.context).pause(link, 30, WEB)


async def pause_and_wait(harness: DeliveryHarness, address: Address) -> None:
    await pause(harness, address, await join_to_pause(harness, address))


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


async def mailed(harness: DeliveryHarness, addresses: list[Address]) -> set[str]:
    """What goes out now and within a week to these mailboxes: kinds of notices, and `edition`."""
    sent = [*await harness.send_all()]
    harness.pass_time(8 * 86400)
    sent += await harness.send_all()
    mailboxes = {address.mailbox for address in addresses}
    numbers = [outgoing.delivery_id for outgoing in sent if parse_address(outgoing.rcpt_to).mailbox in mailboxes]
    query = """
        select coalesce(notice.kind, 'edition') from delivery left join notice on notice.id = delivery.notice_id
        where delivery.id = ?"""
    return {kind for number in numbers for (kind,) in await harness.rows(query, number)}


@pytest.mark.slow_on_postgresql  # each way and each door alone are there in every run, below
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("way", WAYS)
async def test_nothing_leaves(harness: DeliveryHarness, way: str, door: str) -> None:
    (reason, keep_out), (prepare, use, kind) = WAYS[way], DOORS[door]
    if kind == LIFTS and reason in LIFTED_BY_READER:
        return  # that is what lifts it: test_subscribing has it
    change(harness.services.context.settings, limits=LIMITS)
    reached = [pair for pair in SPELLINGS if pair[2] or reason is SuppressionReason.NEVER_AGAIN]
    addresses = [parse_address(typed) for _, typed, _ in reached]
    prepared = [await prepare(harness, address) for address in addresses]
    for said, _, _ in reached:
        await keep_out(harness, parse_address(said))
    for address, preparation in zip(addresses, prepared, strict=True):
        with contextlib.suppress(PressrunError):
            await use(harness, address, preparation)
    await harness.edition("To everybody")
    allowed = set()
    if kind == OWN and reason in LIFTED_BY_READER:
        allowed = {"confirmation"}
    elif kind == PROBE and reason is SuppressionReason.HARD_BOUNCE:
        allowed = {"still_there"}
    assert set() == await mailed(harness, addresses) - allowed


@pytest.mark.parametrize("door", DOORS)
async def test_each_door_is_open_to_who_is_not_kept_out(harness: DeliveryHarness, door: str) -> None:
    """Else the table above would prove nothing."""
    prepare, use, _ = DOORS[door]
    change(harness.services.context.settings, limits=LIMITS)
    address = parse_address("ada+news@reader.example")
    await use(harness, address, await prepare(harness, address))
    await harness.edition("To everybody")
    assert await mailed(harness, [address])


@pytest.mark.parametrize("way", WAYS)
async def test_lifting_lets_the_mailbox_in_again(harness: DeliveryHarness, way: str) -> None:
    reason, keep_out = WAYS[way]
    reached = [pair for pair in SPELLINGS if pair[2] or reason is SuppressionReason.NEVER_AGAIN]
    for said, typed, _ in reached:
        await keep_out(harness, parse_address(said))
        await harness.services.suppressions.remove(parse_address(typed))
        await harness.services.suppressions.add(parse_address(said), SuppressionReason.HARD_BOUNCE)
        await harness.services.suppressions.remove(parse_address(said))
    assert [] == await harness.rows("select * from suppression")
