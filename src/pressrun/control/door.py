"""The one door of all verbs that write: who may call which, and the row of the audit log for each of them.

The daemon calls it for what comes in by its socket, and the command line while no daemon runs. A verb is recorded
unless it is named here, so a new one is recorded without further ado.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from pressrun.control.arguments import AuditNote, checked
from pressrun.control.calls import Call, ReportProgress, VerbHandler
from pressrun.control.protocol import MOVING, NOTE, READING
from pressrun.core.address import parse_address
from pressrun.core.errors import MalformedAddress, NotPermitted, Refused
from pressrun.core.keys import KeyRing
from pressrun.core.tokens import suppression_digest
from pressrun.services.operating.audit_log import AuditLog
from pressrun.store.audit import Entry, Person

IN_FILES = frozenset({"key.rotate"})
"""Verbs that change files below data_dir. No transaction can cover those, so a row says first that they begin."""

FOR_OWNERS = frozenset({NOTE, "key.retire"}) | IN_FILES | MOVING
"""What a member of the group may not do by the socket, beside what concerns files."""

_OBJECTS = {"edition": "edition", "inbound": "mail", "held": "sign-up", "key": "key"}
_LIST = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)  # what might be no list, such as an address, is left out
_FIELD = re.compile(r"[a-z_]{1,40}", re.ASCII)


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    """What the arguments of any verb say about the object; the rest of them is skipped."""

    list: str | None = None
    address: str | None = None
    id: int | None = None
    ids: tuple[int, ...] = ()
    number: int | None = None
    settings: dict[str, msgspec.Raw] = {}


class VerbDoor:
    """Carries out verbs; `verbs` may grow later."""

    def __init__(self, verbs: Mapping[str, VerbHandler], log: AuditLog, keys: KeyRing) -> None:
        self._verbs = verbs
        self._log = log
        self._keys = keys

    async def call(self, call: Call, progress: ReportProgress) -> Any:
        """Carry out a verb, and record it; raises what the verb raises, NotPermitted, and Refused if it is unknown."""
        await self._require_permitted(call)
        if call.verb == NOTE:
            await self._note(call)
            return None
        handler = self._verbs.get(call.verb)
        if handler is None:
            raise Refused(f"the running daemon does not know {call.verb}: it is of another version")
        if call.verb in READING or call.verb in MOVING:
            return await handler(call.arguments, progress)
        return await self._recorded(handler, call, progress)

    async def _require_permitted(self, call: Call) -> None:
        """Raise NotPermitted for what a member may not do, with a row whatever the verb is."""
        if call.verb in FOR_OWNERS and not call.caller.is_owner:
            refusal = NotPermitted(f"{call.verb} is for root and the owner of the data. Run pressrun with sudo")
            await self._log.give_up(self._describe(call), refusal)
            raise refusal

    async def _note(self, call: Call) -> None:
        """Record what the command line has done by itself."""
        note = checked(call.arguments, AuditNote)
        entry = self._log.entry(call.caller.actor, note.action)
        await self._log.append(replace(entry, outcome=note.outcome, code=note.code, object=note.object))

    async def _recorded(self, handler: VerbHandler, call: Call, progress: ReportProgress) -> Any:
        entry = self._describe(call)
        try:
            if call.verb in IN_FILES:
                await self._log.begin(entry)
            with self._log.acting(entry) as act:
                value = await handler(call.arguments, progress)
        except Exception as problem:
            await self._log.give_up(entry, problem)
            raise
        await self._log.finish(act, _object_of_result(call.verb, value))
        return value

    def _describe(self, call: Call) -> Entry:
        named = _named(call.arguments)
        entry = self._log.entry(call.caller.actor, call.verb)
        return replace(
            entry,
            list=named.list if named.list is not None and _LIST.fullmatch(named.list) else None,
            object=_object(call.verb, named),
            fields=tuple(sorted(filter(_FIELD.fullmatch, named.settings))),
            person=None if call.verb == "subscriber.erase" else self._person(named.address),
        )

    def _person(self, text: str | None) -> Person | None:
        try:
            address = None if text is None else parse_address(text)
        except MalformedAddress:
            return None
        if address is None:
            return None
        return Person(address_key=address.key, digest=suppression_digest(self._keys, address.key))


def _named(arguments: msgspec.Raw) -> _Named:
    try:
        return msgspec.msgpack.decode(arguments, type=_Named)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _Named()  # the verb refuses them


def _object(verb: str, named: _Named) -> str | None:
    numbers = [one for one in (named.id, named.number, *named.ids) if one is not None]
    kind = _OBJECTS.get(verb.partition(".")[0])
    return f"{kind} {', '.join(map(str, numbers[:20]))}" if kind and numbers else None


def _object_of_result(verb: str, value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    plain = {name: value[name] for name in ("id", "number") if isinstance(value.get(name), int)}
    return _object(verb, _Named(**plain))
