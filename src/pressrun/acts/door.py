"""The one door of all actions: who may do which, and the row of the audit log for each of them.

Shell, pages and programs come through it, in the daemon and while none runs. An action is recorded unless its entry
says that it only reads, so a new one is recorded without further ado. Whatever is refused is recorded, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import msgspec
from msgspec.structs import replace

from pressrun.acts.act import SOME_LIST, Act, Doing, Work, lacking, unreachable
from pressrun.acts.arguments import Arguments, checked, require_text
from pressrun.acts.call import Call, Caller, ReportProgress, ignore_progress
from pressrun.acts.cases import Cases
from pressrun.acts.keyed import RunningRequests, keyed_request
from pressrun.acts.table import ACTS
from pressrun.core.access.rights import Right
from pressrun.core.addresses.address import find_address
from pressrun.core.errors import NotFound, NotPermitted, Refused, no_such_edition
from pressrun.core.signing.keys import KeyRing
from pressrun.core.signing.tokens import suppression_digest
from pressrun.services.holdings import holdings_now
from pressrun.services.jobs.bulk_jobs import no_such_job
from pressrun.services.people.tokens import Tokens
from pressrun.store.people.audit import Entry, Person, program_by_api
from pressrun.store.transaction import Transaction

_OBJECTS = {
    "edition": "edition",
    "job": "job",
    "inbound": "mail",
    "held": "sign-up",
    "key": "key",
    "token": "token",
}
_UNKNOWN = {"edition": no_such_edition, "job": no_such_job}
_LIST = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)  # what might be no list, such as an address, is left out
_PERSON = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)  # never an address, which could not be erased
_FIELD = re.compile(r"[a-z_]{1,40}", re.ASCII)


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    """What the arguments of any action say about the object; the rest of them is skipped."""

    list: str | None = None
    address: str | None = None
    id: int | None = None
    ids: tuple[int, ...] = ()
    number: int | None = None
    person: str | None = None
    settings: dict[str, msgspec.Raw] = {}


class Door:
    """Has actions carried out."""

    def __init__(self, cases: Cases, acts: Mapping[str, Act[Any]] = ACTS) -> None:
        self._cases = cases
        self.acts = acts
        self._bound: dict[str, Work] = {}
        self._running = RunningRequests(cases.database)

    def bind(self, works: Mapping[str, Work]) -> None:
        """Add what carries out actions that only this process can do, by their ids."""
        self._bound.update(works)

    async def carry_out(self, call: Call, progress: ReportProgress = ignore_progress) -> Any:
        """Carry out an action, and record it.

        Raises what its work raises, NotPermitted, BadInput for arguments of another shape, and Refused for an action
        that is unknown or that this process cannot do.
        """
        act = self.acts.get(call.act)
        work = None if act is None else act.work or self._bound.get(call.act)
        if act is None or work is None:
            raise Refused(f"the running daemon is of another version and does not know {call.act}. Restart the service")
        entry = self._describe(act, call)
        doing = Doing(cases=self._cases, caller=call.caller, progress=progress)
        log = self._cases.audit_log
        try:
            arguments = await self._admit(act, call)
            if not act.writes:
                return await work(doing, arguments)
        except Exception as problem:
            if act.writes or isinstance(problem, NotPermitted):
                await log.give_up(entry, problem)
            raise
        if call.key is None or act.repeats_by_nature:
            return await self._recorded(act, work, doing, arguments, entry)
        return await self._once(act, work, doing, arguments, entry, call.key)

    async def refuse(self, act_id: str, caller: Caller, problem: Exception, list_name: str | None = None) -> None:
        """Record that an action was refused before it came here, because its request could not even be read."""
        entry = self._cases.audit_log.entry(caller.actor, act_id)
        known = list_name is not None and _LIST.fullmatch(list_name)
        await self._cases.audit_log.give_up(replace(entry, list=list_name if known else None), problem)

    async def _once(self, act: Act[Any], work: Work, doing: Doing, arguments: Arguments, entry: Entry, key: str) -> Any:
        """Carry out what comes with a key, or answer a repeat of it."""
        try:
            keyed = keyed_request(self._cases.keys, doing.caller, key, act, arguments)
            kept = await self._running.begin(keyed, entry.at)
        except Exception as problem:
            await self._cases.audit_log.give_up(entry, problem)
            raise
        try:
            if kept is not None and act.again is not None:
                return await act.again(doing, arguments, kept)
            return await self._recorded(act, work, doing, arguments, replace(entry, keyed=keyed))
        finally:
            self._running.end(keyed)

    async def _admit(self, act: Act[Any], call: Call) -> Arguments:
        """The checked arguments of somebody who may do this with them, now that there is room for it."""
        holdings = call.caller.holdings
        if act.right is Right.MACHINE or (holdings.everywhere and not holdings.has_somewhere(act.right)):
            self._require(act, call, None)  # before anything is looked at, which the words could tell
        arguments = _read(act, call.arguments)
        try:
            names = await act.lists(self._cases, arguments)
        except NotFound:
            if not call.caller.holdings.everywhere:
                raise  # in the words for one that is out of reach
            names = ()
        for place, name in enumerate(names):
            problem = unreachable(name, call.caller.holdings)
            if problem is not None and hasattr(arguments, "ids"):
                raise no_such_edition(arguments.ids[place])
            if problem is not None:
                raise _unknown(act.id, arguments) or problem
            self._require(act, call, name)
        if act.lists is SOME_LIST and call.caller.holdings.has_somewhere(act.right):
            return arguments
        if not names:
            self._require(act, call, None)
        if act.grows:
            self._cases.database.growth.require()
        return arguments

    def _require(self, act: Act[Any], call: Call, list_name: str | None) -> None:
        if not call.caller.holdings.has(act.right, list_name):
            raise NotPermitted(f"{act.id}: {lacking(act.right, list_name)}")

    async def _recorded(self, act: Act[Any], work: Work, doing: Doing, arguments: Arguments, entry: Entry) -> Any:
        log = self._cases.audit_log
        try:
            if act.in_files:
                await log.begin(entry)
            with log.acting(entry, partial(_require_still, doing.caller)) as action:
                value = await work(doing, arguments)
        except Exception as problem:
            await log.give_up(entry, problem)
            raise
        await log.finish(action, _object_of_result(act.id, value))
        return value

    def _describe(self, act: Act[Any], call: Call) -> Entry:
        named = _named(call.arguments)
        return self._cases.audit_log.entry(
            call.caller.actor,
            act.id,
            list=named.list if named.list is not None and _LIST.fullmatch(named.list) else None,
            object=_object(act.id, named) or _object_of_person(named.person),
            fields=tuple(sorted(filter(_FIELD.fullmatch, named.settings))) if named.settings else (),
            person=None if act.id == "subscriber.erase" else _person(self._cases.keys, named.address or named.person),
        )


def _require_still(caller: Caller, tx: Transaction) -> None:
    """Raise NotPermitted if the caller has lost a right since it was checked, for example while a draft was built."""
    held = holdings_now(tx, caller.person_id, caller.token_id)
    if held is not None and held.limited_to(caller.holdings) != caller.holdings.limited_to(caller.holdings):
        raise NotPermitted("your rights changed while this was in progress, so nothing was done")


def _unknown(act_id: str, arguments: Any) -> NotFound | None:
    """The error for an object that does not exist, in whose words one out of reach is refused; None: it is a list."""
    if not hasattr(arguments, "id"):
        return None
    words = _UNKNOWN.get(act_id.partition(".")[0], no_such_edition)
    return words(arguments.id)


def _read(act: Act[Any], arguments: Arguments | msgspec.Raw) -> Arguments:
    if isinstance(arguments, msgspec.Raw):
        decoded: Arguments = checked(arguments, act.arguments)
        return decoded
    require_text(arguments)
    return arguments


def _person(keys: KeyRing, text: str | None) -> Person | None:
    address = find_address(text)
    if address is None:
        return None
    return Person(address_key=address.key, digest=suppression_digest(keys, address.key))


def _named(arguments: Arguments | msgspec.Raw) -> _Named:
    if not isinstance(arguments, msgspec.Raw):
        said = {name: getattr(arguments, name) for name in _names_in(type(arguments))}
        return _Named(**{name: value for name, value in said.items() if value is not None})
    try:
        return msgspec.msgpack.decode(arguments, type=_Named)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _Named()  # the action refuses them


@cache
def _names_in(kind: type[Arguments]) -> tuple[str, ...]:
    return tuple(name for name in _Named.__struct_fields__ if name in kind.__struct_fields__)


def _object(act_id: str, named: _Named) -> str | None:
    numbers = [number for number in (named.id, named.number, *named.ids) if number is not None]
    kind = _OBJECTS.get(act_id.partition(".")[0])
    return f"{kind} {', '.join(map(str, numbers[:20]))}" if kind and numbers else None


def _object_of_person(name: str | None) -> str | None:
    return f"person {name.lower()}" if name is not None and _PERSON.fullmatch(name.lower()) else None


def _object_of_result(act_id: str, value: Any) -> str | None:
    if act_id.partition(".")[0] not in _OBJECTS:
        return None
    said = value if isinstance(value, dict) else {name: getattr(value, name, None) for name in ("id", "number")}
    plain: dict[str, Any] = {name: said[name] for name in ("id", "number") if isinstance(said.get(name), int)}
    return _object(act_id, _Named(**plain))


async def caller_of_token(tokens: Tokens, text: str, client: str | None) -> Caller | None:
    """Who shows a token from a network address, with the rights of this moment; None where it is not valid there."""
    program = await tokens.recognise(text, client)
    if program is None:
        return None
    token = program.token
    return Caller(
        actor=program_by_api(token.name),
        holdings=program.holdings,
        person_id=token.person_id,
        token_id=token.id,
        client=client,
    )
