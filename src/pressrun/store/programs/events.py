"""The journal of events: each change of a state, written by the transaction that makes it, for programs that follow it.

An event has no address: the reader's address is read on request, so it is gone once the reader is erased. Ids ascend in
the order of the commits, so a client that has read up to one misses none of those before it.

The door that a request comes in by says who acts (`acted_by`), for everything that its task does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from msgspec import Struct

from pressrun.core.lifecycles.events import EventType, Standing, of_subscription
from pressrun.store.transaction import Row, Transaction, in_json

P = ParamSpec("P")
T = TypeVar("T")

READER, MAIL, SHELL, CLOCK = "reader", "mail", "shell", "clock"  # who acts, beside person:NAME and token:NAME
RANK = 3  # after the audit log: two transactions must not wait for each other
NO_EDITIONS: Mapping[int, int] = {}
_SWEPT = 1000  # rows in one transaction


def token(name: str) -> str:
    """A program, by the name of its token."""
    return f"token:{name}"


_actor: ContextVar[str] = ContextVar("actor", default=CLOCK)


class acted_by:  # noqa: N801 - reads like a function; contextlib would cost every request three times as much
    """What this task does inside the block is done by `actor`."""

    __slots__ = ("_name", "_token")

    def __init__(self, actor: str) -> None:
        self._name = actor

    def __enter__(self) -> None:
        self._token = _actor.set(self._name)

    def __exit__(self, *_exception: object) -> None:
        _actor.reset(self._token)


def current_actor() -> str:
    """Who acts in this task."""
    return _actor.get()


def as_current_actor(work: Callable[Concatenate[Transaction, P], T]) -> Callable[Concatenate[Transaction, P], T]:
    """A unit of work that the actor of this task carries out, on whichever thread it runs."""
    actor = current_actor()

    def by_actor(tx: Transaction, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with acted_by(actor):
            return work(tx, *args, **kwargs)

    return by_actor


class _NewEvent(NamedTuple):
    """A row of the journal without its id; the order is that of `events.append`."""

    subscriber_id: int | None
    type: EventType
    list_id: int | None
    edition_id: int | None
    actor: str
    how: str
    object: str | None


class _SubscriptionMove(Struct, frozen=True):
    """A change of one subscription; all that a transaction makes of one are one event."""

    subscription_id: int
    before: Standing | None
    after: Standing | None
    row: _NewEvent


def record_event(
    tx: Transaction,
    type_: EventType,
    *,
    list_id: int | None = None,
    subscriber_id: int | None = None,
    edition_id: int | None = None,
    how: str = "",
    name: str | None = None,
) -> None:
    """Write an event at the end of the transaction. `name` is for what has no id, such as `relay primary`."""
    row = _NewEvent(subscriber_id, type_, list_id, edition_id, current_actor(), how, name)
    _queue(tx, [row])


def record_for_readers(tx: Transaction, type_: EventType, readers: Iterable[tuple[int | None, int]], how: str) -> None:
    """The same event for many: pairs of a list and a reader."""
    actor = current_actor()
    rows = [_NewEvent(subscriber_id, type_, list_id, None, actor, how, None) for list_id, subscriber_id in readers]
    _queue(tx, rows)


def record_move(
    tx: Transaction,
    subscription_id: int,
    *,
    list_id: int,
    subscriber_id: int,
    before: Standing | None,
    after: Standing | None,
    how: str,
) -> None:
    """Write the event of a change to one subscription, unless nothing has changed in the end."""
    row = _NewEvent(subscriber_id, EventType.SUBSCRIPTION_ENDED, list_id, None, current_actor(), how, None)
    _queue(tx, [_SubscriptionMove(subscription_id, before, after, row)])


def record_ended(tx: Transaction, ended: Iterable[Row], how: str, editions: Mapping[int, int] = NO_EDITIONS) -> None:
    """Write that these subscriptions have ended: id, list_id, subscriber_id; `editions` are those whose link it was."""
    actor, type_ = current_actor(), EventType.SUBSCRIPTION_ENDED
    rows = [
        _NewEvent(row["subscriber_id"], type_, row["list_id"], editions.get(row["id"]), actor, how, None)
        for row in ended
    ]
    _queue(tx, rows)


def record_failed_copies(tx: Transaction, delivery_ids: Sequence[int]) -> None:
    """Write that copies have failed, each by the kind of its failure; mails to one person do not count."""
    rows = tx.rows("events.failed_copies", ids=in_json(delivery_ids)) if delivery_ids else []
    actor = current_actor()
    queued = [
        _NewEvent(
            row["subscriber_id"], EventType.COPY_FAILED, row["list_id"], row["edition_id"], actor, row["kind"], None
        )
        for row in rows
    ]
    _queue(tx, queued)


def _queue(tx: Transaction, batch: Sequence[_NewEvent | _SubscriptionMove]) -> None:
    """Have these written at the end of the transaction."""
    if batch:
        tx.before_commit(_append_queued, batch, rank=RANK)


def _append_queued(tx: Transaction, batches: Sequence[Sequence[_NewEvent | _SubscriptionMove]]) -> None:
    """Give events their ids and append them; the counter is locked until the commit, so ids follow its order."""
    rows = _joined([event for batch in batches for event in batch])
    if rows:
        last: int = tx.value("events.draw_ids", number=len(rows))
        tx.run_rows("events.append", [(number, *row) for number, row in enumerate(rows, last - len(rows) + 1)])


def _joined(queued: Sequence[_NewEvent | _SubscriptionMove]) -> list[_NewEvent]:
    """The events in order. All moves of one subscription are one event, in the place of the last."""
    first: dict[int, _SubscriptionMove] = {}
    last: dict[int, _SubscriptionMove] = {}
    for event in queued:
        if isinstance(event, _SubscriptionMove):
            first.setdefault(event.subscription_id, event)
            last[event.subscription_id] = event
    rows = []
    for event in queued:
        if not isinstance(event, _SubscriptionMove):
            rows.append(event)
        elif event is last[event.subscription_id]:
            type_ = of_subscription(first[event.subscription_id].before, event.after)
            rows += [] if type_ is None else [event.row._replace(type=type_)]
    return rows


# ---------------------------------------------------------------------- reading


def newest(tx: Transaction) -> int:
    """The id of the newest event that there ever was; 0 for none."""
    return int(tx.value("events.newest"))


def oldest(tx: Transaction) -> int | None:
    """The id of the oldest event that is kept."""
    oldest_id: int | None = tx.value("events.oldest")
    return oldest_id


class EventInfo(Struct, frozen=True, kw_only=True):
    """Something that happened at `at` (RFC 3339). `actor` is reader, mail, shell, clock, person:NAME or token:NAME.

    `email` is the present address; null for an erased reader, and for callers who may not see readers. `how` says how
    or why. `object` is the subject of an event about no reader or edition, such as `relay primary` or
    `job 31`.
    """

    id: int
    type: str
    at: str
    list: str | None
    email: str | None
    edition: int | None
    actor: str
    how: str | None
    object: str | None


def page(
    tx: Transaction,
    *,
    after: int,
    through: int,
    limit: int,
    types: Sequence[str],
    lists: Sequence[str] | None,
    reader_lists: Sequence[str] | None,
) -> list[EventInfo]:
    """The next events after the id `after` up to `through`.

    `types` are the wanted ones, none for all. With `lists`, only events of these, and those of no list about readers of
    `reader_lists`. The address of an erased reader is None.
    """
    return tx.parsed_rows(
        EventInfo,
        "events.page",
        after=after,
        through=through,
        limit=limit,
        types=in_json([(type_,) for type_ in types]),
        lists=None if lists is None else in_json([(list_name,) for list_name in lists]),
        reader_lists=in_json([(list_name,) for list_name in reader_lists or ()]),
    )


def sweep(tx: Transaction, before: int) -> int:
    """Delete a batch of events from before a time, the oldest first; returns how many."""
    return tx.run("events.sweep", before=before, limit=_SWEPT)


def forget_list(tx: Transaction, list_id: int) -> None:
    """Delete the events of a list that is removed."""
    tx.run("events.forget_list", list_id=list_id)
