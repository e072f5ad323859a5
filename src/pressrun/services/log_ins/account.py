"""What people change about their own log-in: password, app, recovery codes, passkeys, sessions.

A change of how somebody logs in ends all their other sessions, since the reason may be that somebody else has got in.
An operator who has a passkey cannot change anything here with only a password, because anybody who knows it could then
add a passkey.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from pressrun.core.access import login_codes
from pressrun.core.access.passwords import require_strong
from pressrun.core.access.totp import accepted_step
from pressrun.core.errors import BadInput, NotFound, NotPermitted, Refused
from pressrun.services.context import ServiceContext
from pressrun.services.log_ins.ceremonies import Ceremonies
from pressrun.services.log_ins.context import lasting_sessions
from pressrun.services.log_ins.passwords import PasswordHashes
from pressrun.services.log_ins.sessions import is_still_open
from pressrun.store.people import credentials, log_ins
from pressrun.store.people.credentials import ListedPasskey, NewPasskey, PersonCredentials
from pressrun.store.people.log_ins import ListedSession
from pressrun.store.transaction import Transaction

_RECOVERY_BYTES = 32
_NOT_SHOWN = "this is not the code that the app shows at the moment"
_IS_ON = "this app is on already"
_MOST_PASSKEYS = 20  # nobody has more devices; the browser gets a list of all


class AccountOverview(Struct, frozen=True, kw_only=True):
    """What a person's own page shows."""

    credentials: PersonCredentials
    passkeys: tuple[ListedPasskey, ...]
    sessions: tuple[ListedSession, ...]


class AppSetup(Struct, frozen=True):
    """An app that somebody is about to add: the salt of its secret, and the setup that their form carries."""

    salt: bytes
    sealed: bytes
    secret: bytes


class AppIsOn(Refused):
    """The app of a setup is on already: its form was posted before."""


class Account:
    """The log-in of one person at a time, by their id; `session_id` is the session in which they change it."""

    def __init__(self, context: ServiceContext, hashes: PasswordHashes, ceremonies: Ceremonies) -> None:
        self._context = context
        self._hashes = hashes
        self._ceremonies = ceremonies

    async def overview(self, person_id: int) -> AccountOverview:
        """What there is now."""
        return await self._context.database.read(self._read, person_id)

    async def set_password(self, person_id: int, session_id: int, password: str) -> None:
        """Set a password; raises WeakPassword."""
        overview = await self.overview(person_id)
        require_strong(password, names_of(overview.credentials.name, overview.credentials.address))
        hashed = await self._hashes.make(password)
        await self._change(
            person_id, session_id, lambda tx: credentials.set_password(tx, person_id, hashed, self._context.now)
        )

    async def hash_of_new(self, password: str, *names: str | None) -> str:
        """The hash of the first password of somebody with these names; raises WeakPassword."""
        require_strong(password, [name for name in names if name is not None])
        return await self._hashes.make(password)

    async def remove_password(self, person_id: int, session_id: int) -> None:
        await self._change(person_id, session_id, lambda tx: credentials.remove_password(tx, person_id))

    def begin_app(self, person_id: int) -> AppSetup:
        """A new app for a person to set up; nothing is stored yet."""
        return self._setup_of(person_id, self._context.entropy(login_codes.SALT_BYTES))

    def find_setup(self, person_id: int, sealed: bytes) -> AppSetup | None:
        """The setup that a form carries; None unless it was begun for this person.

        Otherwise anybody with a copy of the database could make us show the secret of anybody's app.
        """
        setup = self._setup_of(person_id, sealed[: login_codes.SALT_BYTES])
        return setup if hmac.compare_digest(setup.sealed, sealed) else None

    async def add_app(self, person_id: int, session_id: int, sealed: bytes, typed: str) -> list[str]:
        """Add an app that shows this code now, replacing a former one; returns new recovery codes, to be shown once.

        Raises BadInput for a code that is not the app's, and AppIsOn, whatever the code, where it is on already.
        """
        setup = self.find_setup(person_id, sealed)
        if setup is None:
            raise BadInput(_NOT_SHOWN)
        step = accepted_step(setup.secret, login_codes.typed_code(typed), self._context.clock(), last_step=0)
        codes = self._draw_codes()

        def add(tx: Transaction) -> None:
            if credentials.has_app(tx, person_id, setup.salt):
                raise AppIsOn(_IS_ON)
            if step is None:
                raise BadInput(_NOT_SHOWN)
            if not credentials.add_app(tx, person_id, setup.salt, step, self._context.now):
                raise AppIsOn(_IS_ON)
            credentials.replace_recovery_codes(tx, person_id, map(login_codes.code_digest, codes))

        await self._change(person_id, session_id, add)
        return [login_codes.in_groups(code) for code in codes]

    async def remove_app(self, person_id: int, session_id: int) -> None:
        """Remove the app and the recovery codes."""
        await self._change(person_id, session_id, lambda tx: credentials.remove_app(tx, person_id))

    async def renew_recovery_codes(self, person_id: int, session_id: int) -> list[str]:
        """New recovery codes in place of the former, to be shown once; raises Refused without an app."""
        codes = self._draw_codes()

        def renew(tx: Transaction) -> None:
            stored = credentials.read(tx, person_id)
            if stored is None or stored.app_added_at is None:
                raise Refused("recovery codes replace the code of an app. Set up an app first")
            credentials.replace_recovery_codes(tx, person_id, map(login_codes.code_digest, codes))

        await self._change(person_id, session_id, renew)
        return [login_codes.in_groups(code) for code in codes]

    async def passkey_options(self, person_id: int) -> dict[str, Any]:
        """What the browser needs to make a passkey."""
        overview = await self.overview(person_id)
        return self._ceremonies.creation_options(person_id, overview.credentials.name, overview.passkeys)

    async def add_passkey(self, person_id: int, session_id: int, answer: Mapping[str, Any], agent: str) -> None:
        """Add the passkey that a browser has made; raises BadPasskey, and Refused for too many."""
        new = self._ceremonies.check_created(answer, person_id, agent)
        await self._change(person_id, session_id, lambda tx: self._add_passkey(tx, person_id, new))

    def _add_passkey(self, tx: Transaction, person_id: int, new: NewPasskey) -> None:
        if len(credentials.passkeys_of(tx, person_id)) >= _MOST_PASSKEYS:
            raise Refused(f"a person has at most {_MOST_PASSKEYS} passkeys. Remove one first")
        if not credentials.add_passkey(tx, person_id, new, self._context.now):
            raise Refused("this passkey is known already")

    async def remove_passkey(self, person_id: int, session_id: int, passkey_id: int) -> None:
        """Remove a passkey; raises NotFound."""

        def remove(tx: Transaction) -> None:
            if not credentials.remove_passkey(tx, person_id, passkey_id):
                raise NotFound(f"there is no passkey {passkey_id}")

        await self._change(person_id, session_id, remove)

    async def end_session(self, person_id: int, session_id: int) -> None:
        """End one of the person's sessions; raises NotFound."""

        def end(tx: Transaction) -> None:
            if not log_ins.end_one(tx, person_id, session_id):
                raise NotFound(f"there is no session {session_id}")

        await self._context.database.write(end)

    async def end_other_sessions(self, person_id: int, session_id: int) -> None:
        await self._change(person_id, session_id, lambda _: None)

    async def _change(self, person_id: int, session_id: int, work: Callable[[Transaction], object]) -> None:
        def change(tx: Transaction) -> None:
            if not is_still_open(tx, person_id, session_id):
                raise NotPermitted("your session has ended")
            if log_ins.is_weak(tx, session_id):
                raise NotPermitted("you have a passkey: log in with it to change how you log in")
            work(tx)
            log_ins.end_others(tx, person_id, session_id)

        await self._context.database.write(change)

    def _read(self, tx: Transaction, person_id: int) -> AccountOverview:
        stored = credentials.read(tx, person_id)
        if stored is None:
            raise NotFound(f"there is no person {person_id}")
        return AccountOverview(
            credentials=stored,
            passkeys=tuple(credentials.passkeys_of(tx, person_id)),
            sessions=tuple(log_ins.sessions_of(tx, person_id, lasting_sessions(self._context))),
        )

    def _setup_of(self, person_id: int, salt: bytes) -> AppSetup:
        keys = self._context.keys
        return AppSetup(salt, salt + login_codes.setup_seal(keys, person_id, salt), login_codes.app_secret(keys, salt))

    def _draw_codes(self) -> list[str]:
        return [
            login_codes.recovery_code(self._context.entropy(_RECOVERY_BYTES)) for _ in range(login_codes.RECOVERY_CODES)
        ]


def names_of(name: str, address: str | None) -> list[str]:
    """The words that an attacker of this person tries first as their password."""
    local, _, domain = (address or "").partition("@")
    return [name, address or "", local, domain.rpartition(".")[0]]
