"""What the contract says of readers, mails and editions, and a watch that compares it with what the service does.

Nothing here is made of the service's own code. Each step of a life returns what it may change. Everything else must
stay as it was, no other mail may go out, and every copy must go to somebody who may be mailed at that moment, once.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage

from tests.daemon.whole_service import BASE, WholeService
from tests.delivery.harness import TAKEN
from tests.inbound.mailroom import message_of

from pressrun.services.evidence import verify
from pressrun.smtp.handover import Outgoing
from pressrun.store.people import audit

LIFTED_BY_READER = ("hard-bounce", "erased")
STRENGTH = {"hard-bounce": 0, "erased": 1, "complaint": 2, "operator": 2, "never-again": 3}
STANDINGS = """
    select list.name, subscriber.address_key, subscription.state from subscription
    join list on list.id = list_id join subscriber on subscriber.id = subscriber_id"""
KIND = "select notice.kind from notice join delivery on notice.id = notice_id where delivery.id = ?"
ENDED = """
    select edition.id, state, (select count(*) from delivery where edition_id = edition.id),
        (select count(*) from delivery where edition_id = edition.id and delivery.state = 'delivered') from edition"""
LATER_SECONDS = 5000  # longer than the longest wait of a copy that was put off

Place = tuple[str, str]
"""A list and an address."""


@dataclass
class Link:
    """A link of a mail, its address in a mail program's button, and whether something has ended what it offers."""

    kind: str
    path: str
    place: Place
    at: float
    mailto: str
    is_over: bool = False


@dataclass
class Change:
    """What a step may lead to, and which mails it must lead to, and perhaps one more: each an address and a kind."""

    states: dict[Place, set[str | None]] = field(default_factory=dict)
    reasons: dict[str, set[str | None]] = field(default_factory=dict)
    mails: Counter[tuple[str, str]] = field(default_factory=Counter)
    perhaps: tuple[str, str] | None = None


@dataclass
class Copy:
    """A copy of an edition that somebody gets."""

    outgoing: Outgoing
    message_id: str
    edition: int
    place: Place


class Watch:
    """What is known of a service, and `wrongs`: what contradicts it."""

    def __init__(self, service: WholeService, dice: random.Random) -> None:
        self.service, self.dice = service, dice
        self.states: dict[Place, str] = {}
        self.reasons: dict[str, str] = {}
        self.links: list[Link] = []
        self.in_flight: list[Copy] = []
        self.taken: set[str] = set()
        self.bounceable: list[Copy] = []  # of those, the copies whose readers have not been erased since
        self.unrecorded: set[str] = set()  # mails that ask for consent: a kill repeats them, as their evidence is lost
        self.may_repeat: set[str] = set()
        self.failed: list[Copy] = []
        self.lists: dict[int, str] = {}  # of editions
        self.got: set[tuple[int, str]] = set()
        self.due: dict[int, set[str]] = {}
        self.mailed: Counter[tuple[str, str]] = Counter()
        self.seen: set[str] = set()
        self.number = 0
        self.story: list[str] = []
        self.wrongs: list[str] = []

    def say(self, *words: object) -> None:
        self.story[-1] += f" {' '.join(map(str, words))}"

    def wrong(self, what: str) -> None:
        self.wrongs.append(f"step {self.number}: {what}")

    def is_reader(self, place: Place) -> bool:
        """Whether somebody gets the editions of a list."""
        return self.states.get(place) == "active" and place[1] not in self.reasons

    # ------------------------------------------------------------------ after each step

    async def follow(self, change: Change) -> None:
        """Compare what has changed with what may have, and look at all mail that goes out."""
        self.mailed.clear()
        await self.service.carry_out()
        states = {(name, address): state for name, address, state in await self.service.rows(STANDINGS)}
        for place in sorted({*states, *self.states, *change.states}):
            expected = change.states.get(place, {self.states.get(place)})
            if states.get(place) not in expected:
                self.wrong(f"{place} was {self.states.get(place)} and is {states.get(place)}, not {expected}")
        suppressed = await self.service.suppressed(
            sorted({address for _, address in states} | {*self.reasons, *change.reasons})
        )
        for address in sorted({*suppressed, *self.reasons, *change.reasons}):
            expected = change.reasons.get(address, {self.reasons.get(address)})
            if suppressed.get(address) not in expected:
                self.wrong(f"{address} is suppressed for {suppressed.get(address)}, not {expected}")
        self.states, self.reasons = states, suppressed
        for edition, readers in self.due.items():
            readers &= {address for _, address in states if self.is_reader((self.lists[edition], address))}
        going_out = await self.service.all_outgoing()
        self.unrecorded.clear()
        for outgoing in going_out:
            await self.look_at(outgoing)
        if change.perhaps is not None:
            self.mailed.pop(change.perhaps, None)
        if self.mailed != change.mails:
            self.wrong(f"mailed {dict(self.mailed)}, not {dict(change.mails)}")

    async def look_at(self, outgoing: Outgoing) -> None:
        """Look at a mail that goes out. Notices are taken at once, copies wait for their answers."""
        message = message_of(outgoing)
        message_id, address = str(message["Message-ID"]), outgoing.rcpt_to
        name = str(message["List-Id"]).partition("<")[2].partition(".")[0]
        kinds = await self.service.rows(KIND, outgoing.delivery_id)
        kind = kinds[0][0] if kinds else "copy"
        if message_id in self.taken or (kinds and message_id in self.seen - self.may_repeat):
            self.wrong(f"{kind} to {address} goes out again, although a relay took it")
        if message_id not in self.seen:
            self.harvest(message, kind, (name, address))
        is_new = message_id not in self.seen
        self.seen.add(message_id)
        if not kinds:
            self.look_at_copy(
                Copy(outgoing, message_id, int(str(message["Feedback-ID"]).partition(":")[0]), (name, address))
            )
            return
        reason = self.reasons.get(address)
        if reason is not None and not (kind == "confirmation" and reason in LIFTED_BY_READER):
            self.wrong(f"{kind} to {address}, suppressed for {reason}")
        self.mailed[address, kind] += is_new and kind != "still_there"
        if kind == "confirmation":
            self.unrecorded.add(message_id)
        self.may_repeat.discard(message_id)
        self.service.answer(outgoing, TAKEN)

    def look_at_copy(self, copy: Copy) -> None:
        """A copy goes to who may be mailed now, and has none."""
        if not self.is_reader(copy.place):
            self.wrong(f"a copy to {copy.place}: {self.states.get(copy.place)}, {self.reasons.get(copy.place[1])}")
        if (copy.edition, copy.place[1]) in self.got:
            self.wrong(f"another copy of {copy.edition} to {copy.place}")
        self.in_flight.append(copy)

    def harvest(self, message: EmailMessage, kind: str, place: Place) -> None:
        """Keep the links of a mail."""
        body = message.get_body(("plain",))
        assert body is not None
        for path in re.findall(rf"{BASE}(/\S+)", body.get_content()):
            button = re.search(r"<mailto:([^@>]+)@", str(message["List-Unsubscribe"]))
            if path.startswith("/confirm/"):
                mailto = str(message["Reply-To"]).partition("@")[0]
                self.links.append(Link(kind, path, place, self.service.now, mailto))
            elif path.startswith("/unsubscribe/") and kind == "copy" and button is not None:
                self.links.append(Link("unsubscribe", path, place, self.service.now, button[1]))

    # ------------------------------------------------------------------ at the end

    async def end(self) -> None:
        """Everything goes out: nobody is forgotten, no number is wrong, and the chains are whole."""
        self.story.append("end")
        for _ in range(4):
            for outgoing in await self.service.all_outgoing():
                await self.look_at(outgoing)
            for copy in self.in_flight:
                self.takes(copy)
                self.service.answer(copy.outgoing, TAKEN)
            self.in_flight = []
            await self.service.cycle()
            self.service.now += LATER_SECONDS
        for edition, state, copies, delivered in await self.service.rows(ENDED):
            shown = await self.service.act("edition.show", id=edition)
            if (state, shown.audience, shown.delivered) != ("finished", copies, delivered):
                self.wrong(f"edition {edition} is {shown}, with {copies} copies, {delivered} of them delivered")
            failed = {copy.place[1] for copy in self.failed if copy.edition == edition}
            missed = self.due[edition] - failed - {address for number, address in self.got if number == edition}
            if missed:
                self.wrong(f"{missed} never got edition {edition}")
        for chain in ((), (audit,)):
            self.wrongs += (await self.service.database.read(verify, [], *chain)).problems

    def takes(self, copy: Copy) -> None:
        """A relay has surely taken a copy."""
        self.taken.add(copy.message_id)
        self.bounceable.append(copy)
        self.got.add((copy.edition, copy.place[1]))
