"""What operators do with lists: create, set, close and remove them, and say who may post by mail.

Each use case is one transaction and answers with the list as `list show` prints it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pressrun.core.address import Address, parse_address
from pressrun.core.current import Current
from pressrun.core.edition import EditionState
from pressrun.core.errors import BadInput, NotFound, PressrunError, Refused
from pressrun.core.mail_routes import own_route
from pressrun.core.names import parse_list_name
from pressrun.core.site import Site
from pressrun.message.layouts.built_in import LAYOUT_NAMES
from pressrun.message.layouts.design import Logo, read_logo
from pressrun.message.wire.mailbox import Mailbox
from pressrun.observe.log import event
from pressrun.services.editions import lifecycle
from pressrun.services.editions.edition_build import Manuscript
from pressrun.services.editions.edition_storage import STORE_ATTEMPTS, ChangedSinceBuild
from pressrun.services.editions.own_layouts import try_layout
from pressrun.services.editions.welcome_edition import (
    BuiltWelcome,
    WelcomePlan,
    build_welcome,
    end_welcome,
    hold_welcome,
    plan_welcome,
    require_same_welcome,
    store_welcome,
)
from pressrun.services.mails.forwards import FORWARD
from pressrun.services.operating.families import check_family
from pressrun.services.operating.list_settings import Value, read_settings
from pressrun.services.ports import Clock, Entropy, LayoutPress, Waker
from pressrun.services.reports.ledger_reports import Answer, describe_list, require_list
from pressrun.services.settings import ServiceSettings
from pressrun.store import editions, language_switch, lists, logos, notices, welcomes
from pressrun.store.database import Database
from pressrun.store.lists import MailingList, NewList
from pressrun.store.transaction import Transaction

log = logging.getLogger(__name__)

NO_FILES: Mapping[str, bytes] = MappingProxyType({})
_ENDED_BY_CLOSING = frozenset({EditionState.SCHEDULED, EditionState.SENDING, EditionState.PAUSED})


class ListAdmin:
    """The use cases around lists and their editors, over one database."""

    def __init__(
        self,
        *,
        database: Database,
        site: Site,
        settings: Current[ServiceSettings],
        layouts: LayoutPress,
        clock: Clock,
        entropy: Entropy,
        wake: Waker,
    ) -> None:
        self._database = database
        self._site = site
        self._layouts = layouts
        self._settings = settings
        self._clock = clock
        self._entropy = entropy
        self._wake = wake

    async def create_list(
        self, name: str, settings: Mapping[str, str], files: Mapping[str, bytes] = NO_FILES
    ) -> Answer:
        """A new list; `title` must be among the settings. Raises BadInput, UsageError, and Refused for a taken name."""
        await self._try_layout(settings)
        answer = await self._database.write(self._create, name, settings, files)
        event(log, "list.created", list=name)
        return answer

    async def set_list(
        self,
        name: str,
        settings: Mapping[str, str],
        files: Mapping[str, bytes] = NO_FILES,
        assets: Mapping[str, bytes] = NO_FILES,
    ) -> Answer:
        """Change settings, all or none; `closed` closes and reopens. Raises NotFound, BadInput, UsageError.

        `files` has by its key the content of each file that a setting names, `assets` what the welcome mail takes
        along, by path. That mail is made with the settings, and anew whenever they change: raises EditionError and
        PreflightFailed where it could not be sent. What else was found in a new one stands in the answer.
        """
        await self._try_layout(settings)
        for _ in range(STORE_ATTEMPTS):
            order = await self._database.read(self._plan_welcome, name, settings, files, assets)
            welcome = None
            if order is not None:
                welcome = await asyncio.to_thread(build_welcome, order, self._site, self._layouts)
            try:
                answer = await self._database.write(self._set, name, settings, files, welcome)
            except ChangedSinceBuild:
                continue
            if settings:
                event(log, "list.changed", list=name, settings=sorted(settings))
            self._wake()
            return answer
        raise Refused(f"{name} was changed by others at the same moment: set it again")

    async def renew_welcomes(self) -> None:
        """Make every welcome mail anew as this site, these layouts and this version would; those alike stay."""
        for name in await self._database.read(welcomes.lists_with_welcome):
            try:
                await self.set_list(name, {})
            except PressrunError as problem:  # the one that is there still serves
                event(log, "list.welcome_not_renewed", level=logging.WARNING, list=name, problem=str(problem))
            except Exception:  # nothing else that the daemon does may end by this
                log.exception("list.welcome_not_renewed", extra={"fields": {"list": name}})

    async def close_list(self, name: str) -> Answer:
        """No sign-ups and no editions from now on; what waits ends. Closing twice is as good as once."""
        answer = await self._database.write(self._close_by_name, name)
        event(log, "list.closed", list=name)
        self._wake()
        return answer

    async def remove_list(self, name: str) -> None:
        """Remove a closed list with its subscriptions, editions and archive; raises NotFound, Refused.

        Mail to its owner that is on its way still arrives, and links of readers who changed from it to another language
        still unsubscribe them there.
        """
        await self._database.write(self._remove, name)
        event(log, "list.removed", list=name)

    async def add_editor(self, name: str, address: Address) -> None:
        """Let an address post by mail; doing it twice is as good as once."""
        await self._database.write(lambda tx: lists.add_editor(tx, require_list(tx, name).id, address))
        event(log, "editor.changed", list=name)

    async def remove_editor(self, name: str, address: Address) -> Answer:
        """Take that right away, and cancel the held editions that they sent; raises NotFound for no editor.

        What they released before goes on: `edition pause` and `edition cancel` stop it.
        """
        cancelled = await self._database.write(self._remove_editor, name, address, int(self._clock()))
        event(log, "editor.changed", list=name, cancelled=cancelled)
        return {"list": name, "address": str(address), "cancelled": cancelled}

    async def _try_layout(self, settings: Mapping[str, str]) -> None:
        """Print a specimen in a layout of the operator's, so that whoever chooses it hears what is wrong with it."""
        name = read_settings(settings).get("layout")
        if isinstance(name, str) and name not in LAYOUT_NAMES:
            await asyncio.to_thread(try_layout, name, self._site, self._layouts)

    def _create(self, tx: Transaction, name: str, settings: Mapping[str, str], files: Mapping[str, bytes]) -> Answer:
        name = parse_list_name(name)
        values = read_settings(settings)
        if "title" not in values:
            raise BadInput("a list needs a title")
        if lists.find_list(tx, name) is not None:
            raise Refused(f"the list {name} already exists. Change it with `pressrun list set {name} …`")
        self._check_people(tx, name)
        now = int(self._clock())
        title = str(values["title"])
        values.setdefault("from_address", self._default_from(name, title))
        new = NewList(name=name, title=title, from_address=str(values["from_address"]))
        number = lists.insert_list(tx, new, now)
        created = lists.get_list(tx, number)
        assert created is not None
        if "welcome" in values:
            raise BadInput("welcome: create the list first, then set its welcome email with `pressrun list set`")
        return describe_list(tx, self._changed(tx, created, values, files, now))

    def _set(
        self,
        tx: Transaction,
        name: str,
        settings: Mapping[str, str],
        files: Mapping[str, bytes],
        welcome: BuiltWelcome | None,
    ) -> Answer:
        target, now = require_list(tx, name), int(self._clock())
        values = self._values_for(target, settings)
        changed = self._changed(tx, target, values, files, now)
        if "welcome" in values and values["welcome"] is None:
            end_welcome(tx, target.id, now)
        else:
            require_same_welcome(tx, changed, welcome)
        if welcome is not None:
            store_welcome(tx, welcome, message_secret=self._entropy(16), now=now)
        answer = describe_list(tx, changed)
        if welcome is not None and "welcome" in values:
            answer["findings"] = [found.plain() for found in welcome.built.findings]
        return answer

    def _values_for(self, target: MailingList, settings: Mapping[str, str]) -> dict[str, Value]:
        values = read_settings(settings)
        # A From that nobody ever set follows the title.
        if "title" in values and target.from_address == self._default_from(target.name, target.title):
            values.setdefault("from_address", self._default_from(target.name, str(values["title"])))
        return values

    def _plan_welcome(
        self,
        tx: Transaction,
        name: str,
        settings: Mapping[str, str],
        files: Mapping[str, bytes],
        assets: Mapping[str, bytes],
    ) -> WelcomePlan | None:
        """The welcome mail that these settings ask for: a new one, or what the list has, made with them."""
        target = require_list(tx, name)
        values = self._values_for(target, settings)
        changed = _with_values(target, values, files)
        manuscript = None
        if (file_name := values.get("welcome")) is not None:
            if "welcome" not in files:
                raise BadInput(f"welcome: the content of {file_name} was not included. Give the file itself")
            manuscript = Manuscript(source=files["welcome"], source_name=str(file_name), assets=assets)
        elif "welcome" in values or changed.closed_at is not None or values.get("closed") is True:
            return None
        logo = _read_logo(values["logo"], files) if "logo" in values else logos.find_logo(tx, target.id)
        return plan_welcome(tx, changed, logo, manuscript)

    def _changed(
        self, tx: Transaction, target: MailingList, values: dict[str, Value], files: Mapping[str, bytes], now: int
    ) -> MailingList:
        relay = values.get("relay")
        if relay is not None and relay not in self._settings.value.relays:
            raise BadInput(
                f"relay: {relay!r} is not a relay. Available: {', '.join(sorted(self._settings.value.relays))}"
            )
        if values.get("owner"):
            self._check_owner(tx, parse_address(str(values["owner"])))
        changed = _with_values(target, values, files)
        if "logo" in values:
            _put_logo(tx, target, _read_logo(values["logo"], files))
        check_family(tx, changed)
        lists.update_list(tx, changed)
        return _close(tx, changed, now) if values.get("closed") is True else changed

    def _check_owner(self, tx: Transaction, owner: Address) -> None:
        """Raise BadInput for an owner to whom nothing can be forwarded, or whom no envelope can name."""
        if self._is_of_a_list(tx, owner):
            raise BadInput(
                f"owner: {owner} is an address of a list here, so its mail would loop. Give a person's address"
            )
        if owner.needs_smtputf8 and not self._site.receives_mail:
            raise BadInput(
                f"owner: {str(owner)!r}: without [smtp], it is the envelope sender of every copy, and many mail "
                "servers only accept ASCII before the @. Give another address, or receive mail"
            )

    def _is_of_a_list(self, tx: Transaction, address: Address) -> bool:
        """Whether mail to an address comes to a list of ours; a mailbox at mail_domain may have any other name."""
        route = own_route(address, self._site.mail_domain)
        return route is not None and bool(route.list_name) and lists.find_list(tx, route.list_name) is not None

    def _check_people(self, tx: Transaction, name: str) -> None:
        """Raise Refused for the name of a list whose address is a person's to whom mail is forwarded."""
        people = {"the operator": self._site.operator} | {
            f"the owner of {found.name}": found.owner for found in lists.all_lists(tx)
        }
        for who, typed in people.items():
            route = own_route(parse_address(typed), self._site.mail_domain) if typed else None
            if route is not None and route.list_name == name:
                raise Refused(f"{typed} is {who}, whose mail would go to the list. Choose another name")

    def _default_from(self, name: str, title: str) -> str:
        return str(Mailbox(title, parse_address(self._site.list_address(name))))

    def _close_by_name(self, tx: Transaction, name: str) -> Answer:
        return describe_list(tx, _close(tx, require_list(tx, name), int(self._clock())))

    @staticmethod
    def _remove(tx: Transaction, name: str) -> None:
        target = require_list(tx, name)
        if target.closed_at is None:
            raise Refused(f"the list {name} is still open. Close it first with `pressrun list close {name}`")
        notices.outlive_list(tx, target.id, FORWARD)  # they were accepted from others
        language_switch.keep_trails(tx, target.id)
        lists.delete_list(tx, target.id)

    @staticmethod
    def _remove_editor(tx: Transaction, name: str, address: Address, now: int) -> int:
        if not lists.remove_editor(tx, require_list(tx, name).id, address):
            raise NotFound(f"{address} is not an editor of {name} (see `pressrun editor ls {name}`)")
        return lifecycle.cancel_withdrawn_drafts(tx, now)


def _with_values(target: MailingList, values: Mapping[str, Value], files: Mapping[str, bytes]) -> MailingList:
    """The list as these settings make it; closing it is another matter."""
    columns = {name: value for name, value in values.items() if name not in ("closed", "logo", "welcome")}
    if "logo" in values:
        logo = _read_logo(values["logo"], files)
        columns["logo"] = None if logo is None else logo.digest
    changed = replace(target, **columns)  # type: ignore[arg-type]  # read_settings gives each column its type
    return replace(changed, closed_at=None) if values.get("closed") is False else changed


def _read_logo(name: Value, files: Mapping[str, bytes]) -> Logo | None:
    """The logo that a setting names, None for none; raises BadInput."""
    if name is None:
        return None
    if "logo" not in files:
        raise BadInput(f"logo: the content of {name} was not included. Give the file itself")
    try:
        return read_logo(str(name), files["logo"])
    except BadInput as problem:
        raise BadInput(f"logo: {problem}") from None


def _put_logo(tx: Transaction, target: MailingList, logo: Logo | None) -> None:
    """Store the logo, or forget the one that is there."""
    if logo is None:
        logos.remove_logo(tx, target.id)
    else:
        logos.put_logo(tx, target.id, logo)


def _close(tx: Transaction, target: MailingList, now: int) -> MailingList:
    """End the requests that wait and the editions that are not over; the archive and its links stay."""
    if target.closed_at is not None:
        return target
    closed = replace(target, closed_at=now)
    lists.update_list(tx, closed)
    lists.end_requests(tx, target.id, now)
    for edition in editions.all_editions(tx, target.id):
        if edition.state in _ENDED_BY_CLOSING:
            lifecycle.cancel(tx, edition.id, now)
    hold_welcome(tx, target.id, now)
    return closed
