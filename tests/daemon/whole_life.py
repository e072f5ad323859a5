"""Random lives of the whole service: everything that a few people, an operator, relays and time do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.daemon.whole_model import LIFTED_BY_READER, STRENGTH, Change, Copy, Link, Place, Watch
from tests.delivery.harness import GONE, LATER, LOST, TAKEN, UNSENT

from pressrun.core.errors import PressrunError

DAY = 86_400
LISTS = ("news", "extra")
ADDRESSES = ("ada@reader.example", "bea@reader.example", "cleo@other.example", "dora@other.example")
BOUNCE = """From: mailer-daemon@mx.example
Message-ID: <bounce{number}@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
"""
COMPLAINT = """From: reports@mx.example
Message-ID: <complaint{number}@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: mx/1
Version: 1

--b
Content-Type: message/rfc822

{header}

--b--
"""


class WholeLife(Watch):
    """Two lists, a few people, and everything that they, an operator, relays and time do. `wrongs` ends a life."""

    def steps(self) -> list[Callable[[], Awaitable[Change]]]:
        often = [self.sign_up, self.confirm, self.confirm, self.send, self.answer, self.answer, self.wait]
        rare = [self.leave, self.leave, self.undo, self.add, self.remove, self.erase, self.suppress, self.lift]
        return [*often, *often, *rare, self.bounce, self.complain, self.kill]

    async def live(self, steps: int) -> None:
        """A whole life. At its end everything goes out."""
        await self.service.start()
        for name in LISTS:
            settings = {"title": name.title(), "postal_address": "1 Road"}
            await self.service.act("list.create", list=name, settings=settings)
        for _ in range(steps):
            self.number += 1
            step = self.dice.choice(self.steps())
            self.story.append(f"{self.number} {step.__name__}")
            await self.follow(await step())
            self.service.now += self.dice.choice([0, 1, 5])
            if self.wrongs:
                return
        await self.end()

    def draw(self) -> Place:
        return self.dice.choice(LISTS), self.dice.choice(ADDRESSES)

    def link(self, *kinds: str) -> Link | None:
        """One of the latest links of these kinds."""
        links = [link for link in self.links if link.kind in kinds]
        return self.dice.choice(links[-8:]) if links else None

    def may_ask(self, address: str) -> bool:
        """Whether this address may be mailed the confirmation of its own sign-up."""
        return self.reasons.get(address) in (None, *LIFTED_BY_READER)

    # ------------------------------------------------------------------ readers

    async def sign_up(self) -> Change:
        place, change, by_mail = self.draw(), Change(), self.dice.random() < 0.4
        name, address = place
        if by_mail:
            content = f"From: {address}\nSubject: hello\nMessage-ID: <sign-up{self.number}@reader.example>\n\n"
            answer = await self.service.mail(content, f"{name}-subscribe", address)
        else:
            answer = (await self.service.post(f"/{name}/subscribe", email=address)).status_code
        self.say(place, answer)
        if answer not in (250, 303):
            self.wrong(f"a sign-up was answered {answer}")
        if not self.may_ask(address):
            return change
        if self.states.get(place) == "active" and address not in self.reasons:
            change.mails[address, "already_subscribed"] += 1
            return change
        change.mails[address, "confirmation"] += 1
        if self.states.get(place) in (None, "unsubscribed"):
            change.states[place] = {"pending"}
        return change

    async def confirm(self) -> Change:
        """By the page, or a reply to the mail."""
        link, change = self.link("confirmation"), Change()
        if link is None:
            return change
        address = link.place[1]
        if self.dice.random() < 0.3:
            content = f"From: {address}\nSubject: Re: hello\nMessage-ID: <reply{self.number}@reader.example>\n\n"
            await self.service.mail(content, link.mailto, address)
            change.perhaps = (address, "not_confirmed")  # if the reply came too late
        else:
            self.say((await self.service.post(link.path, action="confirm")).status_code)
        self.say(link.place, "over" if link.is_over else "valid")
        if link.is_over or self.service.now >= link.at + 7 * DAY or not self.may_ask(address):
            return change
        if self.states.get(link.place) == "pending":
            change.states[link.place] = {"active"}
            change.reasons[address] = {None}
        else:  # a member proves that mail arrives
            change.reasons[address] = {None, self.reasons.get(address)}
        for place, state in self.states.items():
            if place[1] == address and state == "suspended":
                change.states[place] = {"suspended", "active"}
        return change

    async def leave(self) -> Change:
        """By the link of a copy: its page, one click, or a mail."""
        link, change = self.link("unsubscribe"), Change()
        if link is None:
            return change
        way = self.dice.choice(["page", "one-click", "mail"])
        if way == "mail":
            content = f"From: eve@else.example\nMessage-ID: <leave{self.number}@else.example>\n\n"
            answer = await self.service.mail(content, link.mailto, "eve@else.example")
        else:
            fields = {"action": "leave"} if way == "page" else {"List-Unsubscribe": "One-Click"}
            answer = (await self.service.post(link.path, **fields)).status_code
        self.say(link.place, way, answer)
        if answer not in (200, 250):
            self.wrong(f"leaving was answered {answer}")
        if not link.is_over:
            if self.states.get(link.place) == "active" and link.place[1] not in self.reasons:
                change.mails[link.place[1], "left"] += 1
            self.leaves(link.place, change)
        return change

    def leaves(self, place: Place, change: Change) -> None:
        if place not in self.states:
            return
        change.states[place] = {"unsubscribed"}
        self.end_links(place, "confirmation")
        if self.states[place] != "unsubscribed":
            self.end_links(place, "left")

    def end_links(self, place: Place, *kinds: str) -> None:
        for link in self.links:
            link.is_over |= link.place == place and link.kind in kinds

    async def undo(self) -> Change:
        """The link in the note to who has left."""
        link, change = self.link("left"), Change()
        if link is None:
            return change
        answer = await self.service.post(link.path, action="confirm")
        self.say(link.place, answer.status_code, "over" if link.is_over else "valid")
        state = self.states.get(link.place)
        if link.is_over or self.service.now >= link.at + DAY or state not in ("unsubscribed", "pending"):
            return change
        must = state == "unsubscribed" and link.place[1] not in self.reasons
        change.states[link.place] = {"active"} if must else {state, "active", "suspended"}
        return change

    # ------------------------------------------------------------------ an operator

    async def attempt(self, act: str, **arguments: object) -> bool:
        try:
            await self.service.act(act, **arguments)
        except PressrunError as problem:
            self.say(*arguments.values(), problem)
            return False
        self.say(*arguments.values(), "done")
        return True

    async def add(self) -> Change:
        place = self.draw()
        before, change = self.states.get(place), Change()
        is_done = await self.attempt("subscriber.add", list=place[0], address=place[1])
        is_free = place[1] not in self.reasons and before in (None, "pending", "active")
        if is_done is not is_free and before != "pending":  # who had left before they asked again stays out
            self.wrong(f"{place} was {before}, and {'' if is_done else 'not '}added")
        if is_done:
            change.states[place] = {"active"}
        return change

    async def remove(self) -> Change:
        place, change = self.draw(), Change()
        if await self.attempt("subscriber.rm", list=place[0], address=place[1]):
            self.leaves(place, change)
        elif self.states.get(place) == "active":
            self.wrong(f"{place} was not removed")
        return change

    async def erase(self) -> Change:
        address, change = self.dice.choice(ADDRESSES), Change()
        if not await self.attempt("subscriber.erase", address=address, confirm=address):
            return change
        self.bounceable = [copy for copy in self.bounceable if copy.place[1] != address]
        change.states = {(name, address): {None} for name in LISTS}
        change.reasons[address] = {self.stronger(address, "erased")}
        for name in LISTS:
            self.end_links((name, address), "confirmation", "left", "unsubscribe")
        return change

    def stronger(self, address: str, reason: str) -> str:
        """Why an address is suppressed once it is for this reason, too."""
        present = self.reasons.get(address)
        return present if present is not None and STRENGTH[present] >= STRENGTH[reason] else reason

    async def suppress(self) -> Change:
        address, reason = self.dice.choice(ADDRESSES), self.dice.choice(["operator", "complaint", "hard-bounce"])
        await self.attempt("suppression.add", address=address, reason=reason)
        return Change(reasons={address: {self.stronger(address, reason)}})

    async def lift(self) -> Change:
        address = self.dice.choice(ADDRESSES)
        is_done = await self.attempt("suppression.rm", address=address)
        if is_done is not (address in self.reasons):
            self.wrong(f"{address} was {'' if is_done else 'not '}lifted")
        suspended = [place for place, state in self.states.items() if place[1] == address and state == "suspended"]
        return Change(states={place: {"suspended", "active"} for place in suspended}, reasons={address: {None}})

    async def send(self) -> Change:
        source = f"---\nsubject: Boats {self.number}\n---\nHello\n".encode()
        name = self.dice.choice(LISTS)
        sent = await self.service.act("edition.send", list=name, source=source, source_name="a.md")
        self.lists[sent["id"]] = name
        self.due[sent["id"]] = {address for at, address in self.states if at == name and self.is_reader((at, address))}
        [(audience,)] = await self.service.rows("select audience from edition where id = ?", sent["id"])
        if audience != len(self.due[sent["id"]]):
            self.wrong(f"the audience of {sent} is {audience}, not {self.due[sent['id']]}")
        self.say(name, sent, audience)
        return Change()

    # ------------------------------------------------------------------ relays, time, and the process

    async def answer(self) -> Change:
        """A relay answers for some of what it has got."""
        change = Change()
        self.dice.shuffle(self.in_flight)
        for copy in [self.in_flight.pop() for _ in range(self.dice.randint(0, len(self.in_flight)))]:
            result = self.dice.choice([TAKEN, TAKEN, TAKEN, LATER, UNSENT, LOST, GONE])
            if result is UNSENT and not self.is_reader(copy.place):
                result = LOST  # for a moment, the claim would let another connection have it
            if result is TAKEN:
                self.takes(copy)
            elif result is GONE:
                self.failed.append(copy)
                self.bounces(copy, change)
            self.service.answer(copy.outgoing, result)
            self.say(copy.edition, copy.place, result.outcome.value)
        await self.service.cycle()
        return change

    def bounces(self, copy: Copy, change: Change) -> None:
        """Suspended on every list and suppressed; but whoever has come anew since has not bounced."""
        address = copy.place[1]
        for place, state in self.states.items():
            if place[1] == address and state == "active":
                change.states[place] = {"active", "suspended"}
        change.reasons[address] = {self.stronger(address, "hard-bounce"), self.reasons.get(address)}

    async def bounce(self) -> Change:
        """A notification about a copy that a relay has taken."""
        change = Change()
        if not self.bounceable:
            return change
        copy = self.dice.choice(self.bounceable[-8:])
        content = BOUNCE.format(number=self.number, address=copy.place[1])
        answer = await self.service.mail(content, copy.outgoing.mail_from.partition("@")[0], "")
        self.say(copy.edition, copy.place, answer)
        self.failed.append(copy)
        self.bounces(copy, change)
        return change

    async def complain(self) -> Change:
        change = Change()
        if not self.bounceable:
            return change
        copy = self.dice.choice(self.bounceable[-8:])
        header = copy.outgoing.content.partition(b"\r\n\r\n")[0].decode().replace("\r\n", "\n")
        await self.service.mail(COMPLAINT.format(number=self.number, header=header), "abuse", "reports@mx.example")
        address = copy.place[1]
        self.say(copy.edition, copy.place)
        for place, state in self.states.items():
            if place[1] == address:
                change.states[place] = {"unsubscribed", state} if state == "pending" else {"unsubscribed"}
                self.end_links(place, "confirmation", "left")
        change.reasons[address] = {self.stronger(address, "complaint"), self.reasons.get(address)}
        return change

    async def wait(self) -> Change:
        """Time passes: requests expire, and readers suspended for bounces are asked whether they still read."""
        self.service.now += self.dice.choice([60, 3600, 3600, DAY])
        await self.service.housekeeping.round()
        pending = [place for place, state in self.states.items() if state == "pending"]
        return Change(states={place: {"pending", None, "unsubscribed"} for place in pending})

    async def kill(self) -> Change:
        """The process dies. What the journal has is known to the next one; the rest may go out again."""
        for copy in self.in_flight:
            if self.dice.random() < 0.5:
                self.takes(copy)
                self.service.answer(copy.outgoing, TAKEN)
        self.in_flight = []
        self.may_repeat |= self.unrecorded
        await self.service.stop()
        await self.service.start()
        return Change()
