"""The keys that sign links: a new one that signs from now on, and old ones that end."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from pressrun.core.errors import NotFound, Refused
from pressrun.core.signing.keys import KeyRing
from pressrun.observe.log import event
from pressrun.services.answers import Answer
from pressrun.services.context import ServiceContext
from pressrun.store.transaction import Transaction
from pressrun.store.upkeep import keyring
from pressrun.store.upkeep.keyring import LinkKey

log = logging.getLogger("pressrun.keys")


class LinkKeys:
    """Rotates and retires the keys of one ring; `make_key` adds a key file, and returns the ring with it."""

    def __init__(
        self, context: ServiceContext, *, make_key: Callable[[], Awaitable[KeyRing]], on_new_key: Callable[[], None]
    ) -> None:
        self._database = context.database
        self._keys = context.keys
        self._clock = context.clock
        self._make_key = make_key
        self._on_new_key = on_new_key

    async def rotate(self) -> Answer:
        """Sign new links with a new key."""
        self._keys.adopt(await self._make_key())
        self._on_new_key()
        return {"number": self._keys.newest}

    async def retire(self, number: int, after_seconds: float) -> Answer:
        """Have a key retire after that time. Raises NotFound, and Refused for the newest and for one that is retired.

        Until it retires the time may still be changed.
        """
        now = self._clock()
        at = int(now + after_seconds)
        await self._database.write(_retire, number, self._keys.newest, at, int(now))
        self._keys.retire(number, at)
        self._keys.retire_due(now)
        event(log, "key.retires", key=number, at=at)
        return {"number": number, "retires_at": at}


def _retire(tx: Transaction, number: int, newest: int, at: int, now: int) -> None:
    key = keyring.find_link_key(tx, number)
    if key is None:
        raise NotFound(f"no link key {number}", see="key ls")
    if number == newest:
        raise Refused(f"key {number} signs new links. Run `pressrun key rotate` first, then retire it")
    if key.retires_at is not None and key.retires_at <= now:
        raise Refused(f"key {number} is retired already, for good")
    keyring.retire(tx, number, at)


def list_link_keys(tx: Transaction, now: float) -> list[Answer]:
    """`key ls`: every link key, the oldest first: what it is for, and when it retires."""
    keys = keyring.link_keys(tx)
    newest = max((key.number for key in keys), default=0)
    return [{"number": key.number, "state": _state_of(key, newest, now), "retires_at": key.retires_at} for key in keys]


def _state_of(key: LinkKey, newest: int, now: float) -> str:
    if key.number == newest:
        return "signs"
    if key.retires_at is None:
        return "honoured"
    return "retired" if key.retires_at <= now else "retires"
