"""Valid tokens for whoever presses everything: made anew each time, since a link that did its work leads no deeper."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable

from tests.message.builders import PNG, build, edition
from tests.web.harness import NOW, WebHarness

from pressrun.core.addresses.address import parse_address
from pressrun.core.signing.tokens import TEST_ID, WebPurpose, digests_of, pack_digests
from pressrun.message.layouts.design import Logo
from pressrun.services.readers.requests import Origin
from pressrun.services.readers.sign_ups import Applicant
from pressrun.services.readers.unsubscribes import notify_unsubscribers

DAY = 86400
LATER = int(NOW) + DAY
ORIGIN = Origin(source="web", ip="192.0.2.7", language="")
LOGO = Logo(name="logo.png", media_type="image/png", content=PNG, width=1, height=1)
ASSETS = [("1-a.png", "image/png", PNG), ("2-tide table.pdf", "application/pdf", b"%PDF-1.4")]
HTML = '<h1>High water</h1><p><img src="/news/archive/first/asset/1-a.png" alt="a boat"> The boats are back.</p>'

# What stands for a token in a path, by the first segments of the path that it belongs to.
KINDS = {
    "confirm": ("pending", "used", "change", "undo-change", "undo-leaving", "confirm-test"),
    "unsubscribe": ("reader", "stranger", "reader-test"),
    "unsubscribe/never-again": ("never-again",),
    "unsubscribe/why": ("why",),
    "preferences": ("own", "lasting", "own-old", "own-test"),
    "read": ("read", "read-left", "read-test"),
    "approve": ("held", "cancelled", "held-old"),
    "subscribe": ("form", "work"),  # fields of the form
}
EDITION = edition("# High water\n\nThe boats are back, {{ name | default: reader }}.")


class Supply:
    """A harness with lists of every sort, and readers, wishes and drafts that come anew as they are asked for."""

    def __init__(self, web: WebHarness) -> None:
        self._web = web
        self._numbers = itertools.count(1)
        self._skeleton = build(EDITION).skeleton.encode()
        self._make = web.tokens.make
        self._kinds: dict[str, Callable[[], Awaitable[str]]] = {
            "pending": self._pending,
            "used": self._used,
            "change": self._change,
            "undo-change": self._undo_change,
            "undo-leaving": lambda: self._after_leaving(WebPurpose.UNDO_UNSUBSCRIBE),
            "why": lambda: self._after_leaving(WebPurpose.WHY),
            "confirm-test": lambda: self._token(WebPurpose.CONFIRM, TEST_ID, LATER),
            "reader": self._reader,
            "stranger": lambda: self._token(WebPurpose.UNSUBSCRIBE, 10**9, 0),
            "reader-test": lambda: self._token(WebPurpose.UNSUBSCRIBE, TEST_ID, 0),
            "never-again": self._never_again,
            "own": lambda: self._preferences(LATER),
            "lasting": lambda: self._preferences(0),
            "own-old": lambda: self._preferences(int(NOW) - 1),
            "own-test": lambda: self._token(WebPurpose.PREFERENCES, TEST_ID, 0, 0),
            "read": self._read,
            "read-left": self._read_left,
            "read-test": lambda: self._token(WebPurpose.READ, TEST_ID, 0, 0),
            "form": lambda: self._token(WebPurpose.FORM, self._news, int(NOW) - 60, next(self._numbers)),
            "work": lambda: self._token(WebPurpose.WORK, self._news, int(NOW) - 60, 1),
            "held": lambda: self._held("draft", LATER),
            "cancelled": lambda: self._held("cancelled", LATER),
            "held-old": lambda: self._held("draft", int(NOW) - 1),
        }

    async def set_up(self) -> None:
        """The lists: `news`, `old` (closed), `members`, `silent` (no archive), `posted` (whose drafts are held).

        `news` and `other` are the family `harbours`.
        """
        web = self._web
        self._news = await web.add_list()
        await web.dress_list(colour="#0b6b3a", logo=LOGO)
        await web.add_list("other", language="de")
        await web.write("update list set family = 'harbours'")
        await web.add_list("old")
        await web.close_list("old")
        self._members = await web.add_list("members", archive="members")
        await web.add_list("silent", archive="off")
        self._posted = await web.add_list("posted")
        await web.add_reader(self._posted, "grace@reader.example")
        for number in (self._news, self._members):
            await web.add_edition(number, assets=ASSETS, html=HTML)
            await web.add_edition(number, "plain", html=None, text="Nothing but words. <b>")

    async def token(self, kind: str) -> str:
        """A token of one of the kinds of KINDS, with what it is about."""
        return await self._kinds[kind]()

    async def _token(self, purpose: WebPurpose, *numbers: int) -> str:
        return self._make(purpose, *numbers)

    def _address(self) -> str:
        return f"reader{next(self._numbers)}@reader.example"

    async def _pending(self) -> str:
        await self._web.sign_ups().request(["news"], Applicant(parse_address(self._address()), ORIGIN), network=None)
        return await self._token(WebPurpose.CONFIRM, await self._web.last_confirmation(), LATER)

    async def _used(self) -> str:
        token = await self._pending()
        await self._web.confirmations().confirm(await self._web.last_confirmation(), ORIGIN)
        return token

    async def _person(self, list_id: int = 0) -> tuple[int, int]:
        """A subscription and its person."""
        number = await self._web.add_reader(list_id or self._news, self._address())
        return number, (await self._web.subscription(number)).subscriber_id

    async def _wish(self) -> int:
        _, person = await self._person()
        await self._web.address_changes().request(person, parse_address(self._address()), ORIGIN)
        return await self._last("address_change")

    async def _last(self, table: str) -> int:
        return int((await self._web.rows(f"select max(id) from {table}"))[0][0])

    async def _change(self) -> str:
        return await self._token(WebPurpose.CHANGE, await self._wish(), LATER)

    async def _undo_change(self) -> str:
        wish = await self._wish()
        await self._web.address_changes().confirm(wish, ORIGIN)
        return await self._token(WebPurpose.UNDO_CHANGE, wish, LATER)

    async def _after_leaving(self, purpose: WebPurpose) -> str:
        number, _ = await self._person()
        await self._web.unsubscribes().unsubscribe(number, ORIGIN, edition_id=0)
        await self._web.database.write(notify_unsubscribers, self._web.context())
        return await self._token(purpose, await self._last("unsubscribe"), LATER)

    async def _reader(self) -> str:
        number, _ = await self._person()
        return await self._token(WebPurpose.UNSUBSCRIBE, number, 1)

    async def _never_again(self) -> str:
        _, person = await self._person()
        address = (await self._web.rows(f"select address from subscriber where id = {person}"))[0][0]
        digests = dict.fromkeys(digests_of(self._web.keys, parse_address(address)))
        return await self._token(WebPurpose.NEVER_AGAIN, person, *pack_digests(*digests))

    async def _preferences(self, expires_at: int) -> str:
        _, person = await self._person()
        return await self._token(WebPurpose.PREFERENCES, person, 0, expires_at)

    async def _read(self) -> str:
        number, _ = await self._person(self._members)
        return await self._token(WebPurpose.READ, number, 0, (await self._web.subscription(number)).round)

    async def _read_left(self) -> str:
        number = await self._web.add_reader(self._members, self._address(), "unsubscribed")
        return await self._token(WebPurpose.READ, number, 0, (await self._web.subscription(number)).round)

    async def _held(self, state: str, expires_at: int) -> str:
        slug = f"held-{next(self._numbers)}"
        number = await self._web.add_edition(
            self._posted, slug, state=state, started_at=None, assets=ASSETS, html=HTML, skeleton=self._skeleton
        )
        await self._web.hold_edition(self._posted, number, (("warning", 4, "it shouts"),), expires_at)
        return await self._token(WebPurpose.APPROVE, number, expires_at)
