"""Random steps that few lives meet: welcome emails, complaints, "never again", held sign-ups, removed lists, and kills
between the transactions of one action.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace as dataclass_replace
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace
from tests.delivery.harness import DeliveryHarness
from tests.services.readers.doors import CRM, DAY, YEARS, Doors, Step
from tests.services.readers.lives import LANGUAGES, PLENTY, SLOW, WEB
from tests.settings import change

from pressrun.core.addresses.address import Address
from pressrun.core.signing.tokens import digests_of, pack_digests
from pressrun.message.reports.report import Report
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.profiles import PreferenceLink
from pressrun.store.database import Database
from pressrun.store.readers.held_sign_ups import HeldSelection

HOLDING = dataclass_replace(PLENTY, hold_sign_ups_above=2, hold_sign_ups_floor=1)


class Killed(Exception):
    """The process ends here."""


class RareDoors(Doors):
    """A life with all doors."""

    def __init__(self, harness: DeliveryHarness, dice: random.Random, *, merges: bool, is_issue: bool) -> None:
        super().__init__(harness, dice, merges=merges, is_issue=is_issue)
        if not is_issue:  # of an issue, readers of three languages could get three copies
            self.lists = (*self.lists, "gaceta")

    def rare_doors(self) -> list[Step]:
        return [
            *super().rare_doors(),
            *(self.greet, self.complain, self.never_again, self.erase_themselves, self.leave_all, self.pause_one),
            *(self.ask_again, self.hold, self.release, self.drop_held, self.suppress_by_file, self.restore_states),
            *(self.reopen, self.make_anew, self.reschedule, self.retry, self.die_meanwhile),
        ]

    # ------------------------------------------------------------------ readers

    async def complain(self) -> object:
        """A provider reports one of the copies that it accepted."""
        if not self.delivered:
            return None
        number = self.dice.choice(self.delivered).delivery_id
        report = Report(feedback_type=self.dice.choice(["abuse", "opt-out", "not-spam"]))
        process = self.harness.bounce_handler.complaint_handler.process_at_return_path
        return number, (await self.harness.services.database.write(process, report, number)).outcome

    async def never_again(self) -> object:
        """By the link of any confirmation email, for ever."""
        address = self.address()
        known = await self.harness.rows("select id from subscriber where address_key = ?", address.key)
        packed = pack_digests(*dict.fromkeys(digests_of(self.harness.services.keys, address)))
        number = self.dice.choice([0, *(number for (number,) in known)])
        await NeverAgain(self.harness.services.context).refuse(number, packed, WEB)
        return address.typed

    async def own_link(self) -> PreferenceLink:
        return replace(await self.link(), expires_at=int(self.harness.services.now) + 3600)

    async def erase_themselves(self) -> object:
        link = await self.own_link()
        return link.subscriber_id > 1 and (link.subscriber_id, await self.attempt(self.preferences.erase(link)))

    async def leave_all(self) -> object:
        link = await self.own_link()
        return link.subscriber_id > 1 and (link.subscriber_id, bool(await self.preferences.unsubscribe_all(link, WEB)))

    async def pause_one(self) -> object:
        """By the link of any copy."""
        chosen = await self.choose("select id from subscription where subscriber_id > 1 order by id")
        return chosen and (chosen, bool(await self.preferences.pause_one(chosen[0], self.dice.choice([1, 3]), WEB)))

    # ------------------------------------------------------------------ operators and programs

    async def ask_again(self) -> object:
        members = self.harness.services.members
        return await self.at_list(lambda name, address: members.confirm_again(name, address, CRM))

    async def hold(self) -> object:
        """Sign-ups are held, or no longer."""
        limits = self.dice.choice([HOLDING, PLENTY])
        change(self.harness.services.settings, limits=limits)
        return limits is HOLDING

    async def release(self) -> object:
        return await self.attempt(self.harness.services.held.release(HeldSelection()))

    async def drop_held(self) -> object:
        return await self.attempt(self.harness.services.held.drop(HeldSelection()))

    async def suppress_by_file(self) -> object:
        reason = self.dice.choice(["", "never-again", "complaint", "hard-bounce"])
        rows = [SuppressionRow(line=2, address=self.address().typed, reason=reason)]
        return rows, await self.harness.services.suppressions.import_batch(rows)

    async def restore_states(self) -> object:
        """A file lists somebody as suspended; no proof of the address brings them back."""
        subscribers = self.harness.services.subscribers

        def work(name: str, address: Address) -> Awaitable[object]:
            return subscribers.import_batch(
                name, [ImportRow(line=2, email=address.typed, state="suspended")], source="import"
            )

        return await self.at_list(work)

    # ------------------------------------------------------------------ lists and editions

    async def greet(self) -> object:
        """A list gets a welcome email, another one, or none."""
        number = self.dice.randint(0, 3)
        files = {"welcome": f"---\nsubject: Welcome {number}\n---\nHello\n".encode()} if number else {}
        settings = {"welcome": f"w{number}.md" if number else ""}
        return number, await self.at_list(lambda name, _: self.harness.services.lists.set_list(name, settings, files))

    async def reopen(self) -> object:
        return await self.at_list(lambda name, _: self.harness.services.lists.set_list(name, {"closed": "false"}))

    async def make_anew(self) -> object:
        """A list is removed, and another gets its name. Copies that relays have accepted no longer count."""
        if self.dice.random() < 0.7:
            return None
        name = self.dice.choice(self.lists)
        await self.harness.services.lists.close_list(name)
        await self.harness.services.lists.remove_list(name)
        old = self.editions.pop(name)
        self.excused |= {(old, reader) for reader in self.due[old]}
        await self.harness.services.make_list(name, language=LANGUAGES[name])
        await self.harness.change("update list set family = 'f', leaving_note = 1 where name = ?", name)
        await self.harness.add_readers([SLOW], name)
        there = {number for (number,) in await self.harness.rows("select id from subscription")}
        self.left = {subscription: reader for subscription, reader in self.left.items() if subscription in there}
        await self.plan_edition(name)
        await self.harness.change(
            "update edition set scheduled_at = scheduled_at + ? where id = ?", YEARS, self.editions[name]
        )
        return name, old, self.editions[name]

    async def reschedule(self) -> object:
        at = int(self.harness.services.now) + YEARS + self.dice.choice([0, DAY])
        return await self.with_edition(lambda edition: self.harness.edition_admin.reschedule(edition, at))

    async def retry(self) -> object:
        return await self.harness.edition_admin.retry(self.dice.choice([None, "reader.example"]))

    # ------------------------------------------------------------------ kills

    async def die_meanwhile(self) -> object:
        """The process dies after some of the transactions of an action."""
        step = self.dice.choice(
            [
                *(self.close, self.erase, self.erase_themselves, self.cancel_edition, self.resend, self.retry),
                *(self.keep_instance, self.remove_aged, self.release, self.drop_held, self.take_slice, self.take_in),
                *(self.leave_all, self.suppress_by_file, self.never_again, self.pause, self.resume, self.move),
            ]
        )
        number, told = self.dice.randint(0, 3), "whole"
        with dying_after(self.harness.services.database, number):
            try:
                await step()
            except Killed:
                told = "killed"
        return step.__name__, number, told, await self.kill()


@contextmanager
def dying_after(database: Database, number: int) -> Iterator[None]:
    """Let a database carry out a number of transactions that write, and no more after those."""
    left = number

    def limited(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return await method(work, *args, **kwargs)

        return call

    with ExitStack() as stack:
        for name in ("write", "record", "share"):
            stack.enter_context(patch.object(database, name, limited(getattr(database, name))))
        yield
