"""What operators do with lists: create, set, close and remove them, and choose who may post by email.

Each use case is one transaction and returns the list as `list show` prints it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import asdict, replace

from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.addresses.old_links import Place
from pressrun.core.errors import BadInput, ChangedMeanwhile, NotFound, PressrunError, Refused, Unavailable
from pressrun.core.names import parse_list_name
from pressrun.message.layouts.built_in import LAYOUT_NAMES
from pressrun.message.layouts.design import Logo, read_logo
from pressrun.message.wire.mailbox import Mailbox
from pressrun.observe.log import event
from pressrun.services.answers import Answer
from pressrun.services.context import ServiceContext
from pressrun.services.editions import lifecycle, welcome_edition
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.services.editions.edition_storage import again_if_changed
from pressrun.services.editions.welcome_edition import BuiltWelcome, WelcomePlan
from pressrun.services.lists import list_end
from pressrun.services.lists.forwarding import captured_names, check_owner
from pressrun.services.lists.list_settings import read_settings
from pressrun.services.lists.setting_kinds import Value, read_field
from pressrun.services.people import editors
from pressrun.services.reports.list_descriptions import CheckedList, ListInfo, describe_list, settings_revision
from pressrun.store.lists import list_removals, lists, redirects
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import welcomes
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.lists")

NO_FILES: Mapping[str, bytes] = MappingProxyType({})


class _Change(Struct, frozen=True, kw_only=True):
    """Settings of a list, parsed: the values by column, and the logo and the welcome email where one is set."""

    values: Mapping[str, Value]
    logo: Logo | None = None
    welcome: Manuscript | None = None

    @property
    def closes(self) -> bool:
        return self.values.get("closed") is True


Permit = Callable[[Transaction, MailingList, MailingList], None]
"""Raises NotPermitted if the caller may not make a change, given the list before and after it."""


def permit_all(_: Transaction, __: MailingList, ___: MailingList) -> None:
    """Permit every change."""


class ListAdmin:
    """The use cases around lists and their editors, over one database."""

    def __init__(self, context: ServiceContext, builder: EditionBuilder) -> None:
        self._context = context
        self._database = context.database
        self._builder = builder

    async def create_list(
        self,
        name: str,
        settings: Mapping[str, str],
        files: Mapping[str, bytes] = NO_FILES,
        *,
        places: Sequence[Place] = (),
        editors: Sequence[Address] = (),
    ) -> ListInfo:
        """Create a list; the settings must have a `title`. Raises BadInput, UsageError; Refused for a used name.

        `places` are old links and addresses that lead to it from the first moment on, and `editors` may post to it.
        """
        change = _parse_change(settings, files, NO_FILES)
        await self._try_layout(change)
        answer = await self._database.write(self._create, name, change, places, editors)
        event(log, "list.created", list=name)
        if editors:
            event(log, "editor.changed", list=name)
        return answer

    @again_if_changed("somebody else changed this list at the same moment. Try again")
    async def set_list(
        self,
        name: str,
        settings: Mapping[str, str],
        files: Mapping[str, bytes] = NO_FILES,
        assets: Mapping[str, bytes] = NO_FILES,
        seen: Sequence[int] | None = None,
        permit: Permit = permit_all,
    ) -> ListInfo:
        """Change settings, all or none; `closed` closes and reopens. Raises NotFound, BadInput, UsageError.

        With `seen`, raises ChangedMeanwhile unless the settings have one of these revisions; and what `permit` raises
        in the same transaction.

        `files` has the content of each file that a setting names, by its key, and `assets` the files that the welcome
        email includes, by path. That email is built with the settings, and again whenever they change: raises
        EditionError, and PreflightFailed where it could not be sent. The answer has the other findings of a new one.
        """
        change = _parse_change(settings, files, assets)
        await self._try_layout(change)
        plan = await self._database.read(self._plan_welcome, name, change)
        welcome = None if plan is None else await welcome_edition.build_welcome(plan, self._builder)
        answer = await self._database.write(self._set, name, change, welcome, seen, permit)
        if change.closes:
            answer = replace(answer, **asdict(await self._complete_closing(name)))
        if settings:
            event(log, "list.changed", list=name, settings=sorted(settings))
        self._context.wake()
        return answer

    async def renew_welcomes(self) -> None:
        """Build every welcome email again with this site, these layouts and this version; the same ones stay."""
        try:
            names = await self._database.read(welcomes.lists_with_welcome)
        except Unavailable as problem:  # it comes back, and the stored ones are still good
            event(log, "list.welcome_not_renewed", level=logging.WARNING, list=None, problem=str(problem))
            return
        for name in names:
            try:
                await self.set_list(name, {})
            except PressrunError as problem:  # the stored one is still good
                event(log, "list.welcome_not_renewed", level=logging.WARNING, list=name, problem=str(problem))
            except Exception:  # nothing else in the daemon may stop because of it
                log.exception("list.welcome_not_renewed", extra={"fields": {"list": name}})

    async def close_list(self, name: str) -> ListInfo:
        """Stop sign-ups and editions, and end those that wait; closing a closed list changes nothing.

        Others may write in between, and once it has begun the list is closed.
        """
        await self._database.write(self._close_by_name, name)
        answer = await self._complete_closing(name)
        event(log, "list.closed", list=name)
        self._context.wake()
        return answer

    async def _complete_closing(self, name: str) -> ListInfo:
        target = await self._database.read(lists.get_list, name)
        await list_end.complete_closing(self._database, target.id, self._context.clock, self._context.entropy)
        return await self._database.read(describe_list, target)

    async def remove_list(self, name: str) -> None:
        """Remove a closed list with its subscriptions, editions and archive; raises NotFound, Refused.

        Others may write in between, and once it has begun the list stays closed and will be removed. Email to its owner
        that is in transit still arrives. Readers who changed from it to another language can still unsubscribe there by
        their old links.
        """
        list_id = await self._database.write(list_end.begin_removal, name, self._context.now)
        await list_end.complete_removal(self._database, list_id, self._context.clock)
        event(log, "list.removed", list=name)

    async def add_editor(self, name: str, address: Address) -> None:
        """Allow an address to post by email: it belongs to a person with the role of an editor from now on."""
        await self._database.write(self._add_editor, name, address, self._context.now)
        event(log, "editor.changed", list=name)

    async def remove_editor(self, name: str, address: Address) -> Answer:
        """Take all rights on a list from an editor, and cancel what they sent and awaits approval; raises NotFound.

        Editions that they have released continue until `edition pause` or `edition cancel`.
        """
        cancelled = await self._database.write(self._remove_editor, name, address, self._context.now)
        event(log, "editor.changed", list=name, cancelled=cancelled)
        return {"list": name, "address": str(address), "cancelled": cancelled}

    async def _try_layout(self, change: _Change) -> None:
        """Render a specimen in a layout of the operator's, so that the person who chooses it sees its errors."""
        name = change.values.get("layout")
        if isinstance(name, str) and name not in LAYOUT_NAMES:
            await self._builder.try_layout(name)

    def _create(
        self, tx: Transaction, name: str, change: _Change, places: Sequence[Place], addresses: Sequence[Address]
    ) -> ListInfo:
        name = parse_list_name(name)
        if "title" not in change.values:
            raise BadInput("a list needs a title")
        if "welcome" in change.values:
            raise BadInput("welcome: create the list first, then set its welcome email with `pressrun list set`")
        if lists.find_list(tx, name) is not None:
            raise Refused(f"the list {name} already exists", at_shell=f"Change it with `pressrun list set {name} …`")
        self._check_name(tx, name)
        title, now = str(change.values["title"]), self._context.now
        created = lists.insert_list(tx, name=name, title=title, from_address=self._default_from(name, title), now=now)
        redirects.put_places(tx, created.id, places)
        for address in addresses:
            editors.add_editor(tx, created.id, address, now)
        return describe_list(tx, self._apply(tx, created, change, now))

    def _set(
        self,
        tx: Transaction,
        name: str,
        change: _Change,
        welcome: BuiltWelcome | None,
        seen: Sequence[int] | None,
        permit: Permit,
    ) -> ListInfo:
        lists.lock_list(tx, name)
        target, now = lists.get_list(tx, name), self._context.now
        if seen is not None and settings_revision(target) not in seen:
            raise ChangedMeanwhile(
                f"somebody has changed {name} since. Read it again, and send the ETag that comes with it in If-Match"
            )
        permit(tx, target, self._changed(target, change))
        changed = self._apply(tx, target, change, now)
        if "welcome" in change.values and change.welcome is None:
            welcome_edition.end_welcome(tx, target.id, now)
        else:
            welcome_edition.require_same_welcome(tx, changed, welcome)
        if welcome is not None:
            welcome_edition.store_welcome(tx, welcome, message_secret=self._context.entropy(16), now=now)
        described = describe_list(tx, changed)
        if welcome is None or change.welcome is None:
            return described
        return CheckedList(
            **asdict(described), findings=[finding.plain() for finding in welcome.prepared.built.findings]
        )

    def _plan_welcome(self, tx: Transaction, name: str, change: _Change) -> WelcomePlan | None:
        """The welcome email to build with these settings: the new one, or the one that the list has."""
        target = lists.get_list(tx, name)
        changed = self._changed(target, change)
        if change.welcome is None and ("welcome" in change.values or change.closes or changed.closed_at is not None):
            return None
        logo = change.logo if "logo" in change.values else lists.find_logo(tx, target.id)
        return welcome_edition.plan_welcome(tx, changed, logo, change.welcome)

    def _apply(self, tx: Transaction, target: MailingList, change: _Change, now: int) -> MailingList:
        """Store a list with these settings; raises BadInput if they do not fit what else is there."""
        values, relays = change.values, self._context.settings.value.relays
        if values.get("relay") is not None and values["relay"] not in relays:
            raise BadInput(f"relay: {values['relay']!r} is not a relay. Available: {', '.join(sorted(relays))}")
        if values.get("owner"):
            owner = parse_address(str(values["owner"]))
            check_owner(owner, self._context.site, lambda name: lists.find_list(tx, name) is not None)
        if values.get("closed") is False and list_removals.is_going_on(tx, target.id):
            raise Refused(f"the list {target.name} is being removed")
        if values.get("closed") is False and list_end.is_closing(tx, target):
            raise Refused(f"the list {target.name} is still being closed. Try again in a moment")
        changed = self._changed(target, change)
        if change.logo is not None:
            lists.put_logo(tx, target.id, change.logo)
        elif "logo" in values:
            lists.remove_logo(tx, target.id)
        _check_family(tx, changed)
        lists.update_list(tx, target, changed)
        return list_end.begin_closing(tx, changed, now, self._context.entropy) if change.closes else changed

    def _changed(self, target: MailingList, change: _Change) -> MailingList:
        """The list with these settings, but for closing it. A From that nobody has set follows the title."""
        columns = {name: value for name, value in change.values.items() if name not in ("closed", "logo", "welcome")}
        if "logo" in change.values:
            columns["logo"] = None if change.logo is None else change.logo.digest
        if "title" in columns and target.from_address == self._default_from(target.name, target.title):
            columns.setdefault("from_address", self._default_from(target.name, str(columns["title"])))
        changed = replace(target, **columns)  # read_settings gives each column its type
        return replace(changed, closed_at=None) if change.values.get("closed") is False else changed

    def _check_name(self, tx: Transaction, name: str) -> None:
        """Raise Refused for a list name that would capture the email forwarded to the operator or to an owner."""
        owners = {other.name: other.owner for other in lists.all_lists(tx)}
        if (reason := captured_names(self._context.site, owners).get(name)) is not None:
            raise Refused(f"{reason}. Choose another name")

    def _default_from(self, name: str, title: str) -> str:
        return str(Mailbox(title, parse_address(self._context.site.list_address(name))))

    def _close_by_name(self, tx: Transaction, name: str) -> None:
        lists.lock_list(tx, name)
        list_end.begin_closing(tx, lists.get_list(tx, name), self._context.now, self._context.entropy)

    @staticmethod
    def _add_editor(tx: Transaction, name: str, address: Address, now: int) -> None:
        editors.add_editor(tx, lists.get_list(tx, name).id, address, now)

    @staticmethod
    def _remove_editor(tx: Transaction, name: str, address: Address, now: int) -> int:
        if not editors.remove_editor(tx, lists.get_list(tx, name).id, address):
            raise NotFound(f"{address} is not an editor of {name}", see=f"editor ls {name}")
        return lifecycle.cancel_withdrawn_drafts(tx, now)


def _parse_change(settings: Mapping[str, str], files: Mapping[str, bytes], assets: Mapping[str, bytes]) -> _Change:
    """Parse settings with the files that they name; raises BadInput, UsageError."""
    values = read_settings(settings)
    logo = manuscript = None
    if (name := values.get("logo")) is not None:
        logo = read_field("logo", lambda picture: read_logo(picture, _content(files, "logo", picture)), str(name))
    if (name := values.get("welcome")) is not None:
        source = read_field("welcome", partial(_content, files, "welcome"), str(name))
        manuscript = Manuscript(source=source, source_name=str(name), assets=assets)
    return _Change(values=values, logo=logo, welcome=manuscript)


def _content(files: Mapping[str, bytes], key: str, name: str) -> bytes:
    if key not in files:
        raise BadInput(f"the content of {name} was not included. Give the file itself")
    return files[key]


def _check_family(tx: Transaction, target: MailingList) -> None:
    """Raise BadInput where the name, family or language of a list collides with another list or family."""
    namesakes = lists.family_lists(tx, target.name)
    if namesakes:
        raise BadInput(
            f"name: {target.name!r} is the family of {', '.join(other.name for other in namesakes)}, and "
            f"/{target.name} leads to the list in the visitor's language. Choose another name"
        )
    if target.family is None:
        return
    if target.family == target.name or lists.find_list(tx, target.family) is not None:
        raise BadInput(f"family: there is a list {target.family!r}. Choose a name that no list has")
    for other in lists.family_lists(tx, target.family):
        if other.id != target.id and other.language.lower() == target.language.lower():
            raise BadInput(
                f"family: {other.name} already has the language {other.language!r} in the family {target.family!r}. "
                "Each list of a family needs a language of its own: set another language or another family"
            )
