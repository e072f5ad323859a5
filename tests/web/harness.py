"""The web application for tests, over real services and a real database in a temporary directory."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from msgspec.structs import replace
from starlette.types import ASGIApp
from tests.database import TwiceDatabase, execute, execute_in, select
from tests.editions.inline_builder import builder_at
from tests.editions.stored import new_edition
from tests.engines import new_data_dir

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.current import Holder
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.quantities import Rate
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import WebPurpose, WebTokens, digests_of
from pressrun.core.site import Site
from pressrun.message.layouts.design import Logo
from pressrun.services.archives.archive_search import ArchiveSearch
from pressrun.services.context import ServiceContext
from pressrun.services.drafts.draft_approval import DraftApproval
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.people import editors
from pressrun.services.readers.address_changes import AddressChanges
from pressrun.services.readers.confirmations import Confirmations
from pressrun.services.readers.never_again import NeverAgain
from pressrun.services.readers.preferences import Preferences
from pressrun.services.readers.sign_ups import SignUps
from pressrun.services.readers.undo_unsubscribe import UndoUnsubscribe
from pressrun.services.readers.unsubscribes import Unsubscribes
from pressrun.services.readers.web_requests import WebRequests
from pressrun.services.settings import ServiceSettings
from pressrun.services.suppression import NewSuppression, SuppressionReason, suppress
from pressrun.store.database import Database
from pressrun.store.editions import drafts, editions
from pressrun.store.editions.drafts import PlainFinding
from pressrun.store.lists import lists
from pressrun.store.readers import consent, subscribers, subscriptions
from pressrun.store.readers.subscriptions import Subscription
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep.datadir import DataDir
from pressrun.web.app import AdminTable, Surroundings, build_app
from pressrun.web.editors.demo import DemoMailbox
from pressrun.web.http.clients import ArrivedRequests
from pressrun.web.http.monitoring import MonitoringPages
from pressrun.web.settings import HttpSettings
from pressrun.web.use_cases import UseCases

NOW = 1_780_000_000.0
BASE = "https://news.example.org"
EDITOR = "eve@harbour.example"


@dataclass(slots=True)
class ManualClock:
    """A clock that only the test moves."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class WebHarness:
    """The application, with what a test of its pages needs."""

    database: Database
    data: DataDir
    keys: KeyRing
    site: Site
    clock: ManualClock
    limits: LimitSettings
    settings: HttpSettings
    mailbox: DemoMailbox | None = None
    arrived: ArrivedRequests = field(default_factory=ArrivedRequests)
    blockers: list[str] = field(default_factory=list)
    counted: list[tuple[str, str, int]] = field(default_factory=list)
    wakes: int = 0

    @property
    def tokens(self) -> WebTokens:
        return WebTokens(self.keys)

    def sign_ups(self) -> SignUps:
        return SignUps(self.context())

    def confirmations(self) -> Confirmations:
        return Confirmations(self.context())

    def preferences(self) -> Preferences:
        return Preferences(self.context())

    @cached_property
    def web_requests(self) -> WebRequests:
        return WebRequests(self.context(), sign_ups=self.sign_ups())

    def unsubscribes(self) -> Unsubscribes:
        return Unsubscribes(self.context(), self.web_requests.wake)

    def address_changes(self) -> AddressChanges:
        return AddressChanges(self.context())

    def undo_unsubscribe(self) -> UndoUnsubscribe:
        return UndoUnsubscribe(self.context())

    def context(self) -> ServiceContext:
        numbers = itertools.count(1)
        return ServiceContext(
            database=self.database,
            keys=self.keys,
            site=self.site,
            settings=self._service_settings(),
            clock=self.clock,
            entropy=lambda count: next(numbers).to_bytes(count, "big"),
            wake=self._wake,
        )

    def _service_settings(self) -> Holder[ServiceSettings]:
        return Holder(ServiceSettings(limits=self.limits))

    def _wake(self) -> None:
        self.wakes += 1

    def app(self, admin: AdminTable = lambda _web: []) -> ASGIApp:
        async def readiness() -> list[str]:
            return self.blockers

        async def metrics_page() -> bytes:
            return b"pressrun_up 1\n"

        cases = UseCases(
            web_requests=self.web_requests,
            sign_ups=self.sign_ups(),
            confirmations=self.confirmations(),
            unsubscribes=self.unsubscribes(),
            never_again=NeverAgain(self.context()),
            preferences=self.preferences(),
            address_changes=self.address_changes(),
            undo_unsubscribe=self.undo_unsubscribe(),
            archive_search=ArchiveSearch(self.context()),
            draft_approval=DraftApproval(self.context(), builder_at(self.site)),
        )
        around = Surroundings(
            site=self.site,
            database=self.database,
            tokens=lambda: self.tokens,
            settings=self.settings,
            clock=self.clock,
            count_request=lambda method, route, status: self.counted.append((method, route, status)),
            admin=admin,
        )
        monitoring = MonitoringPages(readiness=readiness, metrics_page=metrics_page)
        return build_app(around, cases, monitoring, mailbox=self.mailbox, arrived=self.arrived)

    def client(self, *, peer: str = "127.0.0.1") -> httpx.AsyncClient:
        """A browser whose requests are carried out as soon as it has its response."""
        transport = httpx.ASGITransport(app=self.app(), client=(peer, 1234))
        hooks = {"response": [self._carry_out]}
        return httpx.AsyncClient(transport=transport, base_url=self.site.base_url, event_hooks=hooks)

    async def _carry_out(self, _response: httpx.Response) -> None:
        await self.web_requests.carry_out()

    # ------------------------------------------------------------------ lists, readers and editions

    async def add_list(self, name: str = "news", **changes: object) -> int:
        settings: dict[str, object] = {
            "description": "What happens on the water, once a week.",
            "postal_address": "1 Quay Street",
        }
        return await self.database.write(_add_list, name, {**settings, **changes})

    async def dress_list(self, name: str = "news", *, colour: str | None = None, logo: Logo | None = None) -> None:
        await self.database.write(_dress, name, colour, logo)

    async def close_list(self, name: str = "news") -> None:
        await self.database.write(_close, name)

    async def add_reader(self, list_id: int, address: str = "ada@reader.example", state: str = "active") -> int:
        return await self.database.write(_add_reader, self.keys, list_id, address, state)

    async def add_edition(self, list_id: int, slug: str = "first", **changes: Any) -> int:
        return await self.database.write(_add_edition, list_id, slug, changes)

    async def hold_edition(
        self, list_id: int, number: int, findings: Sequence[PlainFinding], expires_at: int, editor: str = EDITOR
    ) -> None:
        """Make an edition a draft that an editor of the list sent by mail."""
        await self.database.write(_hold_edition, list_id, number, findings, expires_at, parse_address(editor))

    async def suppress(self, address: str, reason: str) -> None:
        digests, now = digests_of(self.keys, parse_address(address)), int(NOW)
        await self.database.write(suppress, [NewSuppression(digests, SuppressionReason(reason), address, now)], now)

    async def subscription(self, number: int) -> Subscription:
        subscription = await self.database.read(subscriptions.find_subscription_by_id, number)
        assert subscription is not None
        return subscription

    async def consent(self, address: str = "ada@reader.example") -> list[dict[str, object]]:
        person = await self.database.read(subscribers.find_subscriber, parse_address(address))
        assert person is not None
        return await self.database.read(consent.consent_of, person.id)

    async def write(self, sql: str) -> None:
        """Put something into the database that no use case would."""
        await execute(self.database, sql)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return await select(self.database, sql)

    async def notices(self) -> list[tuple[str, str, dict[str, Any]]]:
        rows = await self.rows("select kind, address, payload from notice order by id")
        return [(kind, address, json.loads(payload)) for kind, address, payload in rows]

    async def everything(self) -> list[object]:
        """What is stored about people, to compare before and after."""
        tables = ("subscriber", "subscription", "confirmation", "consent", "suppression", "notice", "delivery")
        return [await self.rows(f"select * from {table}") for table in tables]

    def unsubscribe_path(self, subscription: int, edition: int = 0) -> str:
        return f"/unsubscribe/{self.tokens.make(WebPurpose.UNSUBSCRIBE, subscription, edition)}"

    def preferences_path(self, subscriber: int, epoch: int = 0, expires_at: int = 0) -> str:
        return f"/preferences/{self.tokens.make(WebPurpose.PREFERENCES, subscriber, epoch, expires_at)}"

    def confirm_path(self, confirmation: int) -> str:
        return f"/confirm/{self.tokens.make(WebPurpose.CONFIRM, confirmation, int(NOW) + 86400)}"

    async def last_confirmation(self) -> int:
        return int((await self.rows("select max(id) from confirmation"))[0][0])


@asynccontextmanager
async def open_web(root: Path, *, base_url: str = BASE, **changes: Any) -> AsyncIterator[WebHarness]:
    data, keys = new_data_dir(root / "data")
    database = await TwiceDatabase.open(data.database)
    try:
        yield WebHarness(
            database=database,
            data=data,
            keys=keys,
            site=Site(base_url=base_url, mail_domain="news.example.org"),
            clock=ManualClock(),
            limits=changes.pop("limits", LimitSettings(sign_ups_per_ip=Rate(1000, 3600.0))),
            settings=changes.pop("settings", HttpSettings()),
            **changes,
        )
    finally:
        await database.close()


def words_of(page: str) -> str:
    """The visible text of a page on one line."""
    text = re.sub(r"<(style|title)>.*?</\1>", " ", page.replace("<wbr>", ""), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("&#39;", "'").split())


def _close(tx: Transaction, name: str) -> None:
    execute_in(tx, "update list set closed_at = ? where name = ?", int(NOW), name)


def _add_list(tx: Transaction, name: str, settings: Mapping[str, object]) -> int:
    title = "The Harbour Letter"
    sender = f'"{title}" <{name}@news.example.org>'
    stored = lists.insert_list(tx, name=name, title=title, from_address=sender, now=int(NOW))
    lists.update_list(tx, stored, replace(stored, **settings))
    return stored.id


def _dress(tx: Transaction, name: str, colour: str | None, logo: Logo | None) -> None:
    target = lists.find_list(tx, name)
    assert target is not None
    if logo is not None:
        lists.put_logo(tx, target.id, logo)
    lists.update_list(tx, target, replace(target, colour=colour, logo=None if logo is None else logo.digest))


def _add_reader(tx: Transaction, keys: KeyRing, list_id: int, typed: str, state: str) -> int:
    assert lists.hold_list(tx, list_id) is not None
    address = parse_address(typed)
    person = subscribers.find_subscriber(tx, address)
    number = (
        person.id
        if person is not None
        else subscribers.insert_subscriber(tx, address, digests=digests_of(keys, address), now=int(NOW)).id
    )
    return tx.insert(
        "subscriptions.insert", list_id=list_id, subscriber_id=number, state=state, source="operator", now=int(NOW)
    )


def _hold_edition(
    tx: Transaction, list_id: int, number: int, findings: Sequence[PlainFinding], expires_at: int, editor: Address
) -> None:
    editors.add_editor(tx, list_id, editor, int(NOW))
    version = drafts.DraftVersion(written_at=int(NOW), mail_id=number, is_proven=False)
    drafts.insert_draft(tx, number, findings, expires_at, version)
    drafts.add_editor(tx, number, list_id, editor.key)


def _add_edition(tx: Transaction, list_id: int, slug: str, changes: dict[str, Any]) -> int:
    started_at = changes.get("started_at", int(NOW))
    canary_copies = changes.get("canary_copies")
    values: dict[str, Any] = {
        "title": "Boats are back",
        "subject": "Boats are back",
        "text": "The first boats came back on Monday.",
        "html": "<p>The first boats came back on <b>Monday</b>.</p>",
        **{name: value for name, value in changes.items() if name not in ("started_at", "canary_copies")},
    }
    values["state"] = EditionState(values.get("state", "finished"))
    assert lists.hold_list(tx, list_id) is not None
    number = editions.insert_edition(tx, new_edition(list_id, slug, **values), int(NOW))
    sql = "update edition set started_at = ?, first_claim_at = ?, canary_copies = ? where id = ?"
    execute_in(tx, sql, started_at, started_at, canary_copies, number)
    return number
