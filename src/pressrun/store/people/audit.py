"""The audit log: who did what, when, by which route, on which list and object, and how it ended; never a value.

Its rows are chained like the evidence of consent (core.signing.chain) and appended like it: right before the commit,
so a change and its row are one transaction. A row is about a person by the id of the reader or by a keyed digest of an
address, and both can be erased: the chain covers only a salted digest of them.

`acting` says which action a task carries out. The first durable transaction of that task appends the row. If there was
none, or the action failed, its door appends a separate row (services.upkeep.audit_log).
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from operator import itemgetter
from typing import Any, Concatenate, ParamSpec, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.signing.chain import ERASED, NO_ROWS, ChainRow, Head, content_digest, link, mark_of_erased
from pressrun.observe.log import event
from pressrun.runtime.identity import claimed_user, process_user
from pressrun.store.paging import each_row
from pressrun.store.programs import idempotency
from pressrun.store.programs.events import acted_by
from pressrun.store.programs.idempotency import KeyedRequest
from pressrun.store.transaction import Row, Transaction, in_json, parse_row

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("pressrun.audit")

PAGE = 10_000  # rows that are read at once
RANK = 2  # after the evidence of consent: two transactions must not lock the two heads in different orders
BEGUN, DONE, REFUSED, FAILED = "begun", "done", "refused", "failed"  # the outcomes

_NOBODY = "{}"  # the content of a row that is about nobody, whose salt hides nothing
_NO_SALT = bytes(16)
_SHORT = 16  # digits of a keyed digest that tell people apart, and are useless in any other place
_SAID = ("who", "uid", "claimed", "way", "action", "list", "object", "fields", "outcome", "code")
_said = itemgetter(*_SAID)
_MARK_SAYS = ("", None, None, "", ERASED, None, None, "[]", DONE, None)
_stored = itemgetter("number", "at", *_SAID, "subscriber_id", "salt", "content", "content_digest", "chain")
_likeness = itemgetter(*(name for name in _SAID if name not in ("object", "fields")))


class Actor(Struct, frozen=True, kw_only=True):
    """Who acts: a user of the machine with their `uid` and SUDO_USER as they claim it, an editor, or the clock."""

    who: str
    way: str
    uid: int | None = None
    claimed: str | None = None


CLOCK = Actor(who="clock", way="clock")


def process_actor(way: str) -> Actor:
    """Who runs this process."""
    user = process_user()
    return Actor(who=user.name, uid=user.uid, claimed=claimed_user(os.environ), way=way)


def person_on_page(name: str) -> Actor:
    """Somebody who has logged in."""
    return Actor(who=f"person:{name}", way="page")


def program_by_api(name: str) -> Actor:
    """A program that shows a token of this name."""
    return Actor(who=f"token:{name}", way="api")


class Person(Struct, frozen=True, kw_only=True):
    """An address in a row: its compared form finds the reader, and its keyed digest stands for anybody else."""

    address_key: str
    digest: bytes


class Entry(Struct, frozen=True, kw_only=True):
    """What a row says. `object` is such as `edition 7`; `editor` is the keyed digest of an editor's address.

    `salt` is 16 random octets where the row is about somebody. `keyed` is the request, where it came with a key under
    which it may be repeated: what was done is kept with the row.
    """

    at: int
    actor: Actor
    action: str
    list: str | None = None
    object: str | None = None
    fields: tuple[str, ...] = ()
    outcome: str = DONE
    code: int | None = None
    person: Person | None = None
    editor: bytes | None = None
    salt: bytes = _NO_SALT
    keyed: KeyedRequest | None = None


class _Object(Struct, frozen=True):
    """What the rows of this transaction are about, where their door could not know it."""

    name: str


class _Mark(Struct, frozen=True, kw_only=True):
    """That rows were erased."""

    at: int
    numbers: tuple[int, ...]


def append(tx: Transaction, entry: Entry) -> None:
    """Append a row at the end of the transaction."""
    tx.before_commit(_append_queued, entry, rank=RANK)


def mention(tx: Transaction, name: str) -> None:
    """Say what this transaction is about, such as `edition 7`: for the rows whose door cannot know."""
    tx.before_commit(_append_queued, _Object(name), rank=RANK)


def append_by_clock(tx: Transaction, action: str, now: float, *, name: str | None = None) -> None:
    """Append a row about what the clock did, and to what."""
    append(tx, Entry(at=int(now), actor=CLOCK, action=action, object=name))


def append_once_by_clock(tx: Transaction, action: str, now: float, *, name: str) -> None:
    """The same for what the clock does in many transactions: the row comes with the first of them."""
    if tx.value("audit.has", action=action, object=name) is None:
        append_by_clock(tx, action, now, name=name)


def _append_queued(tx: Transaction, queued: Sequence[Entry | _Object | _Mark]) -> None:
    rows = _rows_of(tx, _with_names(queued))
    _append_after(tx, read_head(tx), [row for _, row in rows])
    for entry, row in rows:
        if isinstance(entry, Entry) and entry.keyed is not None and entry.outcome == DONE:
            idempotency.keep_outcome(
                tx, entry.keyed, name=row["object"], subscriber_id=row["subscriber_id"], at=int(row["at"])
            )
    for alike in _alike([row for _, row in rows]):
        tx.after_commit(_log, alike)


def _append_after(tx: Transaction, head: Head, rows: Sequence[dict[str, Any]]) -> None:
    """Give rows their numbers and links, and append them."""
    before = head.chain
    for number, row in enumerate(rows, head.number + 1):
        row["number"] = number
        row["chain"] = before = link(before, chain_row(row))
    tx.run_rows("audit.append", [_stored(row) for row in rows])


def _with_names(queued: Sequence[Entry | _Object | _Mark]) -> list[tuple[Entry | _Mark, list[str]]]:
    """The rows to be, each with the objects that were named since the row before.

    The only row has them all. Many actions may share a transaction, each of which names its own objects first.
    """
    rows: list[tuple[Entry | _Mark, list[str]]] = []
    names: list[str] = []
    for entry in queued:
        if isinstance(entry, _Object):
            names.append(entry.name)
        else:
            rows.append((entry, names))
            names = []
    if len(rows) == 1:
        rows[0][1].extend(names)
    return rows


def _rows_of(
    tx: Transaction, queued: Sequence[tuple[Entry | _Mark, Sequence[str]]]
) -> list[tuple[Entry | _Mark, dict[str, Any]]]:
    """The columns of each row, but its number and link."""
    keys = {entry.person.address_key for entry, _ in queued if isinstance(entry, Entry) and entry.person is not None}
    rows = tx.rows("audit.find_subscribers", address_keys=in_json([[key] for key in sorted(keys)])) if keys else ()
    readers = {row["address_key"]: row["id"] for row in rows}
    return [(entry, _row_of(tx, entry, names, readers)) for entry, names in queued]


def _row_of(tx: Transaction, entry: Entry | _Mark, names: Sequence[str], readers: Mapping[str, int]) -> dict[str, Any]:
    if isinstance(entry, _Mark):
        mark = Entry(at=entry.at, actor=Actor(who="", way=""), action=ERASED)
        return _columns(mark, None, mark_of_erased(entry.numbers))
    if entry.object is None and names:
        entry = replace(entry, object=", ".join(dict.fromkeys(names)))
    return _columns(_with_list(tx, entry), *_whom(tx, entry, readers))


def _columns(entry: Entry, subscriber_id: int | None, content: str) -> dict[str, Any]:
    return {
        "at": entry.at,
        "who": entry.actor.who,
        "uid": entry.actor.uid,
        "claimed": entry.actor.claimed,
        "way": entry.actor.way,
        "action": entry.action,
        "list": entry.list,
        "object": entry.object,
        "fields": in_json(entry.fields),
        "outcome": entry.outcome,
        "code": entry.code,
        "subscriber_id": subscriber_id,
        "salt": entry.salt,
        "content": content,
        "content_digest": content_digest(entry.salt, subscriber_id, content),
        "chain": b"",  # not known yet
    }


def _with_list(tx: Transaction, entry: Entry) -> Entry:
    kind, _, numbers = (entry.object or "").partition(" ")
    number = numbers.partition(",")[0]
    if entry.list is not None or kind != "edition" or not number.isdecimal():
        return entry
    return replace(entry, list=list_of_edition(tx, int(number)))


def list_of_edition(tx: Transaction, edition_id: int) -> str | None:
    """The name of an edition's list; None if there is no such edition."""
    name: str | None = tx.value("audit.list_of_edition", edition_id=edition_id)
    return name


def _whom(tx: Transaction, entry: Entry, readers: Mapping[str, int]) -> tuple[int | None, str]:
    """The reader that a row is about, and the digests of other people; nobody who was erased."""
    subscriber_id: int | None = None
    digests = {} if entry.editor is None else {"editor": _shortened(entry.editor)}
    if entry.person is not None:
        subscriber_id = readers.get(entry.person.address_key)
        if subscriber_id is None and not tx.value("audit.is_erased", digest=entry.person.digest):
            digests["address"] = _shortened(entry.person.digest)
    return subscriber_id, in_json(digests) if digests else _NOBODY


def _shortened(digest: bytes) -> str:
    return digest.hex()[:_SHORT]


def _alike(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The rows of a transaction by who did what to which list, since a program may do the same a thousand times."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["action"] != ERASED:
            groups.setdefault(_likeness(row), []).append(row)
    return list(groups.values())


def _log(alike: Sequence[Mapping[str, Any]]) -> None:
    """One event for rows that are alike: the first with the number of the last, and how many they are."""
    first, many = alike[0], {}
    if len(alike) > 1:
        many = {"through": alike[-1]["number"], "rows": len(alike), "object": None}
    said = {name: first[name] for name in ("number", *_SAID) if name != "fields"} | many
    event(log, "audit.recorded", **{name: value for name, value in said.items() if value is not None})


def erase_about(tx: Transaction, subscriber_ids: Collection[int], digests: Collection[bytes], now: int) -> None:
    """Erase whom rows are about, of those about these people, and record that; the chain stays valid."""
    rows = list(tx.rows("audit.numbers_about_readers", ids=in_json(sorted(subscriber_ids))))
    for digest in digests:
        rows += tx.rows("audit.numbers_about_digest", digest=f'%"{_shortened(digest)}"%')
    numbers = tuple(sorted({row["number"] for row in rows}))
    if numbers:
        tx.run("audit.erase", numbers=in_json(numbers))
        tx.before_commit(_append_queued, _Mark(at=now, numbers=numbers), rank=RANK)


def read_head(tx: Transaction) -> Head:
    """The number and link of the last row that was ever written, as the database notes it beside the rows."""
    last = tx.row("audit.head")
    return NO_ROWS if last is None else Head(last["number"], last["chain"])


def chain_rows(tx: Transaction, after: int = 0) -> Iterator[ChainRow]:
    """All rows with a higher number than `after`, in the order of their numbers, as the chain sees them."""
    rows = each_row(partial(tx.rows, "audit.page"), itemgetter("number"), after, PAGE)
    yield from (chain_row(dict(row)) for row in rows)


def chain_row(row: Mapping[str, Any]) -> ChainRow:
    """A row as the chain sees it: all that it says about what happened makes up the event."""
    said = _said(row)
    return ChainRow(
        row["number"],
        row["subscriber_id"],
        None,
        ERASED if said == _MARK_SAYS else in_json(said),
        row["at"],
        row["salt"],
        row["content"],
        row["content_digest"],
        None,
        None,
        None,
        row["chain"],
    )


def latest(
    tx: Transaction, *, before: int, limit: int, who: str | None = None, list_name: str | None = None, since: int = 0
) -> list[Row]:
    """The newest rows first, with lower numbers than `before`."""
    return tx.rows("audit.latest", before=before, limit=limit, who=who, list=list_name, since=since)


def last_object(tx: Transaction, action: str) -> str | None:
    """What the last row of this action that was done was about."""
    name: str | None = tx.value("audit.last_object", action=action)
    return name


class NamedActor(Struct, frozen=True, kw_only=True):
    """The actor in a row of the log, and when they acted."""

    who: str
    uid: int | None
    at: int


def last_sender(tx: Transaction, edition_id: int) -> NamedActor | None:
    """Who last sent, scheduled, rescheduled or resumed an edition."""
    return tx.parsed(NamedActor, "audit.last_sender", object=f"edition {edition_id}")


def changes_of_settings(tx: Transaction, list_name: str, since: int, names: Collection[str]) -> list[NamedActor]:
    """Who made each change to one of these settings of a list, or to its logo, from `since` on."""
    rows = tx.rows("audit.changes_of_settings", list=list_name, since=since)
    return [
        parse_row(row, NamedActor)
        for row in rows
        if row["action"] == "list.logo" or not set(json.loads(row["fields"])).isdisjoint(names)
    ]


class ActionInProgress:
    """An action whose row is written with its first durable transaction, which `require` may refuse."""

    def __init__(self, entry: Entry, require: Callable[[Transaction], None]) -> None:
        self.entry = entry
        self._require = require
        self.is_recorded = False
        self.is_over = False

    def recorded_with(self, work: Callable[Concatenate[Transaction, P], T]) -> Callable[Concatenate[Transaction, P], T]:
        """The unit of work, with the row of this action unless it is recorded."""

        def recorded(tx: Transaction, /, *args: P.args, **kwargs: P.kwargs) -> T:
            self.begin(tx)
            result = work(tx, *args, **kwargs)
            record_actions(tx, [(self, result)])
            return result

        return work if self.is_recorded or self.is_over else recorded

    def begin(self, tx: Transaction) -> None:
        """Check the rights of the actor and claim the key before the work, which may take a right from its own actor,
        or refuse what a request with this key has just done.

        Raises what `require` raises, and StillRunning if another request has used the key in the meantime.
        """
        self._require(tx)
        if self.entry.keyed is not None:
            idempotency.claim_key(tx, self.entry.keyed, at=self.entry.at)

    def end(self) -> None:
        """Record nothing more. Tasks that the action started continue without it."""
        self.is_over = True


def record_actions(tx: Transaction, done: Sequence[tuple[ActionInProgress, object]]) -> None:
    """Write the rows of actions in the transaction that did them, each with what it returned."""
    for action, result in done:
        entry, keyed = action.entry, action.entry.keyed
        if keyed is not None:
            entry = replace(entry, keyed=replace(keyed, has_created=getattr(result, "created", None) is True))
        append(tx, entry)
    if done:
        tx.after_commit(_mark_recorded, [action for action, _ in done])


def _mark_recorded(actions: Sequence[ActionInProgress]) -> None:
    for action in actions:
        action.is_recorded = True


_under_way: ContextVar[ActionInProgress | None] = ContextVar("act", default=None)


class acting:  # noqa: N801 - reads like a function, and is a class for the same reason as acted_by
    """Inside the block, the durable transactions of this task belong to an action; `require` may still refuse it.

    `name` is who acts in the journal of events.
    """

    __slots__ = ("_act", "_actor", "_token")

    def __init__(self, entry: Entry, require: Callable[[Transaction], None], name: str) -> None:
        self._act = ActionInProgress(entry, require)
        self._actor = acted_by(name)

    def __enter__(self) -> ActionInProgress:
        self._actor.__enter__()
        self._token = _under_way.set(self._act)
        return self._act

    def __exit__(self, *_exception: object) -> None:
        self._act.end()
        _under_way.reset(self._token)
        self._actor.__exit__()


def unrecorded_action() -> ActionInProgress | None:
    """The action that this task carries out, if no transaction has its row yet; otherwise None."""
    act = _under_way.get()
    return None if act is None or act.is_recorded or act.is_over else act


def recorded(work: Callable[Concatenate[Transaction, P], T]) -> Callable[Concatenate[Transaction, P], T]:
    """A unit of work with the row of the action that this task carries out, if it does."""
    act = _under_way.get()
    return work if act is None else act.recorded_with(work)
