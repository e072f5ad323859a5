"""Who is logged in, and the codes that browsers have asked for. Digests in, never a secret."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import asdict

from pressrun.store.people.people import end_sessions
from pressrun.store.transaction import Transaction, in_json

MOST_TRIES = 5  # wrong codes until a mailed one is void


class Method(StrEnum):
    """How somebody has logged in."""

    PASSKEY = "passkey"
    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - a word, not a secret
    PASSWORD_AND_APP = "password-app"  # noqa: S105 - as before; also with a recovery code
    LINK = "link"
    OIDC = "oidc"
    PROXY = "proxy"  # of requests with the header of [admin] auth_header; it is never stored


class SessionWindow(Struct, frozen=True, kw_only=True):
    """Sessions that began after `started_after` and were used after `seen_after` have not ended (UTC seconds)."""

    started_after: int
    seen_after: int


class NewSession(Struct, frozen=True, kw_only=True):
    """A session to begin; `digest` is that of its cookie. `agent` names browser and system in a few fixed words.

    `epoch` is the person's at the time of the check: anything that has ended their sessions since ends this one, too.
    `started_at` is when they proved who they are.
    """

    digest: bytes
    person_id: int
    epoch: int
    method: Method
    client: str | None
    agent: str
    started_at: int


class LoginSession(Struct, frozen=True, kw_only=True):
    """A session with its person. Times in UTC seconds; `started_at` is when they logged in."""

    id: int
    method: Method
    started_at: int
    seen_at: int
    person_id: int
    name: str
    address: str | None
    is_operator: bool


class ListedSession(Struct, frozen=True, kw_only=True):
    """A session as its person sees it."""

    id: int
    method: Method
    client: str | None
    agent: str
    started_at: int
    seen_at: int


class Candidate(Struct, frozen=True, kw_only=True):
    """Who may log in under a name: with a password if there is a `hash`, and an app if there is a `salt`."""

    id: int
    name: str
    address: str | None
    is_operator: bool
    epoch: int
    hash: str | None
    salt: bytes | None
    last_step: int | None


class PasskeyOwner(Struct, frozen=True, kw_only=True):
    """A passkey, and whose it is."""

    id: int
    person_id: int
    credential: bytes
    sign_count: int
    name: str
    epoch: int


class CodeRequest(Struct, frozen=True, kw_only=True):
    """A browser that asks for a code to be mailed."""

    id: int
    asker: bytes
    address: str
    language: str
    expires_at: int


class RequestedCode(Struct, frozen=True, kw_only=True):
    """What the browser with a code has asked for."""

    id: int
    address: str
    expires_at: int


def begin(tx: Transaction, new: NewSession, now: int) -> int:
    """Begin a session; returns its id."""
    return tx.insert("log_ins.begin", **asdict(new), now=now)


def find(tx: Transaction, digest: bytes, window: SessionWindow) -> LoginSession | None:
    """The session of a cookie, unless it has ended."""
    return tx.parsed(LoginSession, "log_ins.find", digest=digest, **_of(window))


def see(tx: Transaction, session_id: int, now: int) -> None:
    """Note that a session was used."""
    tx.run("log_ins.see", id=session_id, now=now)


def sessions_of(tx: Transaction, person_id: int, window: SessionWindow) -> list[ListedSession]:
    """The sessions of a person that have not ended, the latest first."""
    return tx.parsed_rows(ListedSession, "log_ins.of_person", person_id=person_id, **_of(window))


def end(tx: Transaction, digest: bytes) -> bool:
    """End the session of a cookie; False if there was none."""
    return tx.run("log_ins.end", digest=digest) > 0


def end_one(tx: Transaction, person_id: int, session_id: int) -> bool:
    """End a session of a person; False if they have none of that id."""
    return tx.run("log_ins.end_one", id=session_id, person_id=person_id) > 0


def is_weak(tx: Transaction, session_id: int) -> bool:
    """Whether an operator who has a passkey began this session with only a password."""
    return tx.value("log_ins.is_weak", id=session_id) is not None


def is_open(tx: Transaction, person_id: int, session_id: int) -> bool:
    """Whether a session of a person, who is locked, has not been ended."""
    return tx.value("log_ins.is_open", id=session_id, person_id=person_id) is not None


def end_others(tx: Transaction, person_id: int, except_id: int) -> None:
    """End all sessions of a person but one, also those that begin at this moment by what was right until now."""
    end_sessions(tx, person_id)
    tx.run("log_ins.keep", id=except_id, person_id=person_id)


def sweep(tx: Transaction, window: SessionWindow) -> int:
    """Delete a batch of sessions that have ended; returns how many."""
    return tx.run("log_ins.sweep", **_of(window))


def find_by_name(tx: Transaction, name: str, address_key: str) -> Candidate | None:
    """Who may log in under a name or an address."""
    return tx.parsed(Candidate, "log_ins.find_by_name", name=name, address_key=address_key)


def is_anybody_enrolled(tx: Transaction) -> bool:
    """Whether there is somebody who may log in."""
    return tx.value("log_ins.anybody") is not None


def find_by_passkey(tx: Transaction, credential_id: bytes) -> PasskeyOwner | None:
    """A passkey, and whose it is."""
    return tx.parsed(PasskeyOwner, "log_ins.find_by_passkey", credential_id=credential_id)


def request_code(tx: Transaction, asker: bytes, address: str, language: str, expires_at: int) -> None:
    """Note that a browser asks for a code, which has still to be mailed."""
    tx.run("log_ins.request", asker=asker, address=address, language=language, expires_at=expires_at)


def waiting_codes(tx: Transaction) -> list[CodeRequest]:
    """The oldest requests for codes that nobody has looked at."""
    return tx.parsed_rows(CodeRequest, "log_ins.waiting")


def claim_codes(tx: Transaction, ids: Sequence[int]) -> set[int]:
    """Claim requests for codes; returns the ids of those that nobody else has claimed."""
    return {row["id"] for row in tx.rows("log_ins.looked_at", ids=in_json(list(ids)))}


def find_code(tx: Transaction, asker: bytes, now: int) -> RequestedCode | None:
    """What a browser has asked for, while its code is valid; held until the commit."""
    return tx.parsed(RequestedCode, "log_ins.asked", asker=asker, now=now, most=MOST_TRIES)


def count_try(tx: Transaction, code_id: int) -> None:
    """Count a wrong code."""
    tx.run("log_ins.try", id=code_id)


def forget_code(tx: Transaction, code_id: int) -> None:
    """Forget a request for a code, which is used up."""
    tx.run("log_ins.forget_code", id=code_id)


def forget_codes_of(tx: Transaction, address_key: str, now: int) -> None:
    """Void all codes that were mailed to an address."""
    tx.run("log_ins.forget_codes_of", address_key=address_key, now=now)


def sweep_codes(tx: Transaction, now: int) -> int:
    """Delete a batch of requests whose code is too old; returns how many."""
    return tx.run("log_ins.sweep_codes", now=now)


def _of(window: SessionWindow) -> dict[str, int]:
    return {"started_after": window.started_after, "seen_after": window.seen_after}
