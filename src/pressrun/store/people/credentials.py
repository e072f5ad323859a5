"""What people use to prove who they are: passwords, apps with one-time codes, recovery codes, passkeys."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pressrun.store.transaction import Transaction


class PersonCredentials(Struct, frozen=True, kw_only=True):
    """How a person logs in; None for what they do not have. Times in UTC seconds."""

    id: int
    name: str
    address: str | None
    is_operator: bool
    password_changed_at: int | None
    app_added_at: int | None
    recovery_codes: int


class ListedPasskey(Struct, frozen=True, kw_only=True):
    """A passkey as its person sees it; `name` is the browser that it was made with."""

    id: int
    credential_id: bytes
    name: str
    created_at: int
    used_at: int | None


class NewPasskey(Struct, frozen=True, kw_only=True):
    """A passkey that a browser has made; `credential` is its attested credential data."""

    credential_id: bytes
    credential: bytes
    name: str
    sign_count: int


def read(tx: Transaction, person_id: int) -> PersonCredentials | None:
    """How a person logs in."""
    return tx.parsed(PersonCredentials, "credentials.person", person_id=person_id)


def set_password(tx: Transaction, person_id: int, hashed: str, now: int) -> None:
    """Give a person a password, by its hash, in place of a former one."""
    tx.run("credentials.set_password", person_id=person_id, hash=hashed, now=now)


def rehash(tx: Transaction, person_id: int, former: str, hashed: str) -> None:
    """Keep the same password by a stronger hash."""
    tx.run("credentials.rehash", person_id=person_id, former=former, hash=hashed)


def remove_password(tx: Transaction, person_id: int) -> bool:
    """Remove a password; False if there was none."""
    return tx.run("credentials.remove_password", person_id=person_id) > 0


def add_app(tx: Transaction, person_id: int, salt: bytes, step: int, now: int) -> bool:
    """Add the app of a person in place of a former one; its code of `step` counts as used.

    False if it is there already.
    """
    return tx.run("credentials.add_app", person_id=person_id, salt=salt, step=step, now=now) > 0


def has_app(tx: Transaction, person_id: int, salt: bytes) -> bool:
    """Whether the app of a person is the one with this salt."""
    return tx.value("credentials.has_app", person_id=person_id, salt=salt) is not None


def use_step(tx: Transaction, person_id: int, salt: bytes, step: int) -> bool:
    """Use up a step of the app of a person; False if it is used up or the app is another one now."""
    return tx.run("credentials.use_step", person_id=person_id, salt=salt, step=step) > 0


def remove_app(tx: Transaction, person_id: int) -> bool:
    """Remove the app of a person and their recovery codes; False if there was none."""
    tx.run("credentials.remove_recovery_codes", person_id=person_id)
    return tx.run("credentials.remove_app", person_id=person_id) > 0


def replace_recovery_codes(tx: Transaction, person_id: int, digests: Iterable[bytes]) -> None:
    """Give a person new recovery codes; the former ones are void."""
    tx.run("credentials.remove_recovery_codes", person_id=person_id)
    tx.run_many("credentials.add_recovery_code", [{"person_id": person_id, "digest": digest} for digest in digests])


def use_recovery_code(tx: Transaction, person_id: int, digest: bytes) -> bool:
    """Use up a recovery code; False if there is none such."""
    return tx.run("credentials.use_recovery_code", person_id=person_id, digest=digest) > 0


def passkeys_of(tx: Transaction, person_id: int) -> list[ListedPasskey]:
    return tx.parsed_rows(ListedPasskey, "credentials.passkeys", person_id=person_id)


def add_passkey(tx: Transaction, person_id: int, new: NewPasskey, now: int) -> bool:
    """Add a passkey; False if it is known."""
    added = tx.run(
        "credentials.add_passkey",
        person_id=person_id,
        credential_id=new.credential_id,
        credential=new.credential,
        name=new.name,
        sign_count=new.sign_count,
        now=now,
    )
    return added > 0


def use_passkey(tx: Transaction, passkey_id: int, former: int, sign_count: int, now: int) -> bool:
    """Note the use of a passkey; False if it was used or removed since its count was read as `former`."""
    return tx.run("credentials.use_passkey", id=passkey_id, former=former, sign_count=sign_count, now=now) > 0


def remove_passkey(tx: Transaction, person_id: int, passkey_id: int) -> bool:
    """Remove a passkey of a person; False if they have none of that id."""
    return tx.run("credentials.remove_passkey", id=passkey_id, person_id=person_id) > 0


def remove_second_factors(tx: Transaction, person_id: int) -> None:
    """Remove the app, the recovery codes and all passkeys of a person."""
    remove_app(tx, person_id)
    tx.run("credentials.remove_passkeys", person_id=person_id)
