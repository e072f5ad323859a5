"""Logging in by a password, a mailed code or a passkey.

A failed log-in does not reveal whether there is such an account: an unknown name costs the same hash, an unknown
address is stored like a known one and checked later, and the answer is the same. Every attempt is counted before it is
checked, by the account as typed and by the client. The count is taken back if the attempt succeeds or cannot be
checked. So simultaneous attempts are limited as strictly as attempts one after the other.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from msgspec import Struct

from pressrun.core.access import login_codes
from pressrun.core.access.totp import accepted_step
from pressrun.core.addresses.address import Address, parse_address
from pressrun.core.errors import NotPermitted, Unavailable
from pressrun.core.quantities import RateExceeded
from pressrun.services.context import ServiceContext
from pressrun.services.log_ins.ceremonies import BadPasskey, Ceremonies
from pressrun.services.log_ins.context import Attempt, Visitor, client_meter, login_meter, new_secret, typed_address_key
from pressrun.services.log_ins.failures import FailedLogIns
from pressrun.services.log_ins.passwords import PasswordHashes
from pressrun.services.log_ins.sessions import Entered, Entrant, Sessions
from pressrun.services.ports import Waker
from pressrun.store.limits import Meter
from pressrun.store.people import credentials, log_ins
from pressrun.store.people.log_ins import Candidate, Method, PasskeyOwner
from pressrun.store.transaction import Transaction

CODE_SECONDS = 10 * 60
_LONGEST_NAME = 254


class CodeRequested(Struct, frozen=True):
    """A code is on its way, if the address has an account; `secret` is the cookie that it belongs to."""

    secret: str


Outcome = Entered | RateExceeded | None
"""None: refused, for a reason that nobody outside may know."""


class LogIns:
    """Logs people in."""

    def __init__(
        self,
        context: ServiceContext,
        sessions: Sessions,
        hashes: PasswordHashes,
        ceremonies: Ceremonies,
        failures: FailedLogIns,
        mail_codes: Waker,
    ) -> None:
        self._context = context
        self._failures = failures
        self._mail_codes = mail_codes
        self._sessions = sessions
        self._hashes = hashes
        self._ceremonies = ceremonies

    # ------------------------------------------------------------------ a password

    async def by_password(self, name: str, password: str, one_time_code: str, visitor: Visitor) -> Outcome:
        """Log in by a name or address and a password; with an app, its code or a recovery code is needed as well.

        Raises NotPermitted where passwords are switched off, and Unavailable while very many log in.
        """
        self._require("password")
        name = name.strip().lower()[:_LONGEST_NAME]
        attempt = Attempt([self._account_meter(name), client_meter(self._context, visitor)], self._context.clock())
        candidate = await self._context.database.record(self._admit, name, attempt)
        if isinstance(candidate, RateExceeded):
            return candidate
        try:
            is_right = await self._hashes.verify(None if candidate is None else candidate.hash, password)
        except Unavailable:  # the password was not checked
            await self._context.database.record(attempt.refund)
            raise
        if not is_right or candidate is None or candidate.hash is None:
            self._failures.record("password", visitor, person="" if candidate is None else candidate.name)
            return None
        outcome = await self._context.database.write(
            self._enter_by_password, name, candidate, one_time_code, attempt, visitor
        )
        if outcome is None:
            self._failures.record("password", visitor, person=candidate.name)
        elif self._hashes.is_outdated(candidate.hash):
            with suppress(Unavailable):  # keep the former hash while very many people log in
                new = await self._hashes.make(password)
                await self._context.database.record(credentials.rehash, candidate.id, candidate.hash, new)
        return outcome

    def _admit(self, tx: Transaction, name: str, attempt: Attempt) -> Candidate | RateExceeded | None:
        return attempt.spend(tx) or log_ins.find_by_name(tx, name, typed_address_key(name))

    def _enter_by_password(
        self, tx: Transaction, name: str, checked: Candidate, one_time_code: str, attempt: Attempt, visitor: Visitor
    ) -> Entered | None:
        current = log_ins.find_by_name(tx, name, typed_address_key(name))
        if current is None or (current.id, current.hash) != (checked.id, checked.hash):
            return None  # changed while it was checked
        if current.salt is not None and not self._uses_up(tx, current, one_time_code):
            return None
        method = Method.PASSWORD if current.salt is None else Method.PASSWORD_AND_APP
        attempt.refund(tx)
        return self._sessions.begin(tx, Entrant(current.id, current.name, current.epoch), method, visitor)

    def _uses_up(self, tx: Transaction, person: Candidate, typed: str) -> bool:
        """Whether this is the code of their app, or one of their recovery codes, which now is used up."""
        assert person.salt is not None
        assert person.last_step is not None
        secret = login_codes.app_secret(self._context.keys, person.salt)
        step = accepted_step(secret, login_codes.typed_code(typed), self._context.clock(), person.last_step)
        if step is not None:
            return credentials.use_step(tx, person.id, person.salt, step)
        return credentials.use_recovery_code(tx, person.id, login_codes.code_digest(typed))

    # ------------------------------------------------------------------ a mailed code

    async def request_code(self, address: Address, visitor: Visitor) -> CodeRequested | RateExceeded:
        """Ask for a code to be mailed to an address, for the browser that gets the cookie, no matter whose it is.

        Raises NotPermitted where codes are switched off.
        """
        self._require("code")
        secret = new_secret(self._context)
        attempt = Attempt([self._account_meter(address.key), client_meter(self._context, visitor)], self._context.now)
        exceeded = await self._context.database.record(
            self._request_code, address.key, login_codes.secret_digest(secret), attempt, visitor.language
        )
        if exceeded is not None:
            return exceeded
        self._mail_codes()
        return CodeRequested(secret)

    def _request_code(
        self, tx: Transaction, address: str, asker: bytes, attempt: Attempt, language: str
    ) -> RateExceeded | None:
        exceeded = attempt.spend(tx)
        if exceeded is None:
            log_ins.request_code(tx, asker, address, language, int(attempt.counted_at) + CODE_SECONDS)
        return exceeded

    async def by_code(self, asked: str, typed: str, visitor: Visitor) -> Entered | None:
        """Log in by a mailed code, in the browser that asked for it and has that cookie.

        Raises NotPermitted where codes are switched off.
        """
        self._require("code")
        outcome = await self._context.database.write(
            self._enter_by_code, login_codes.secret_digest(asked), typed, visitor
        )
        if isinstance(outcome, Entered):
            return outcome
        self._failures.record("code", visitor, person=outcome)
        return None

    def _enter_by_code(self, tx: Transaction, asker: bytes, typed: str, visitor: Visitor) -> Entered | str:
        """Logged in; or refused, with the name of the person whose code it would have been, if any."""
        asked = log_ins.find_code(tx, asker, self._context.now)
        if asked is None:
            return ""
        person = person_for_code(tx, parse_address(asked.address))
        if not login_codes.is_same_code(login_codes.mailed_code(self._context.keys, asker), typed):
            log_ins.count_try(tx, asked.id)
            return "" if person is None else person.name
        log_ins.forget_code(tx, asked.id)
        if person is None:
            return ""
        counted = [self._account_meter(asked.address), client_meter(self._context, visitor)]
        Attempt([*counted, code_meter(self._context, asked.address)], requested_at(asked.expires_at)).refund(tx)
        return self._sessions.begin(tx, Entrant(person.id, person.name, person.epoch), Method.CODE, visitor)

    # ------------------------------------------------------------------ a passkey

    async def by_passkey(self, answer: Mapping[str, Any], visitor: Visitor) -> Outcome:
        """Log in by what a browser answered to `Ceremonies.login_options`.

        Raises NotPermitted where passkeys are switched off.
        """
        self._require("passkey")
        attempt = Attempt([client_meter(self._context, visitor)], self._context.clock())
        exceeded = await self._context.database.record(attempt.spend)
        if exceeded is not None:
            return exceeded
        owner = None
        try:
            number = self._ceremonies.credential_id(answer)
            owner = await self._context.database.read(log_ins.find_by_passkey, number)
            count = None if owner is None else self._ceremonies.check_log_in(answer, owner)
        except BadPasskey as problem:
            self._failures.record("passkey", visitor, str(problem), person="" if owner is None else owner.name)
            return None
        if owner is None or count is None:
            self._failures.record("passkey", visitor, "the passkey is unknown")
            return None
        outcome = await self._context.database.write(self._enter_by_passkey, owner, count, attempt, visitor)
        if outcome is None:
            self._failures.record("passkey", visitor, "the passkey was just used or removed", person=owner.name)
        return outcome

    def _enter_by_passkey(
        self, tx: Transaction, owner: PasskeyOwner, count: int, attempt: Attempt, visitor: Visitor
    ) -> Entered | None:
        if not credentials.use_passkey(tx, owner.id, owner.sign_count, count, self._context.now):
            return None  # used or removed while it was checked
        attempt.refund(tx)
        entrant = Entrant(owner.person_id, owner.name, owner.epoch)
        return self._sessions.begin(tx, entrant, Method.PASSKEY, visitor)

    # ------------------------------------------------------------------ what all have in common

    def _require(self, way: str) -> None:
        if way not in self._context.login.sign_in:
            raise NotPermitted(f"logging in by {way} is switched off")

    def _account_meter(self, name: str) -> Meter:
        """Counts against an account as it is typed, existing or not: by a keyed digest, since it may be an address.

        An address counts as one in all its spellings.
        """
        key, account = self._context.keys.suppression_key, typed_address_key(name) or name
        digest = hmac.digest(key, b"pressrun.account\0" + account.encode("utf-8", "replace"), "sha256")
        return login_meter(self._context, digest)


def requested_at(expires_at: int) -> int:
    """When a code that expires at this time was requested. Limits count the request at that moment."""
    return expires_at - CODE_SECONDS


def code_meter(context: ServiceContext, address: str) -> Meter:
    """The limit on unused codes that are mailed to an address."""
    return context.meter_of("login_codes_per_address", parse_address(address))


def person_for_code(tx: Transaction, address: Address) -> Candidate | None:
    """Who may log in by a code that is mailed to this address: never an operator."""
    person = log_ins.find_by_name(tx, "", address.key)
    return None if person is None or person.is_operator else person
