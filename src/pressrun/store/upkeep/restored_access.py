"""Who may do what after a restore: never more than the backup says, nor than the former data did.

Otherwise a backup would let in everybody who has since been removed, and bring back revoked tokens, passwords that were
changed because they leaked, and used codes. A password and its app are one way to log in, which comes back whole or not
at all. If the app was set up or replaced since, the password alone would otherwise be enough. Sessions and links to log
in end in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pressrun.core.access.rights import ReaderAccess, Role
from pressrun.core.signing.chain import NO_ROWS
from pressrun.store.people import audit, credentials, people
from pressrun.store.programs import api_tokens
from pressrun.store.transaction import Row, Transaction

_ROLES, _READERS = list(Role), list(ReaderAccess)


def end_visits(tx: Transaction) -> None:
    """End all sessions, and the links and codes that would begin one."""
    for statement in ("restores.end_visits", "restores.end_links_to_enter", "restores.end_login_codes"):
        tx.run(statement)


def keep_common_access(tx: Transaction, former: Transaction) -> int:
    """Take away what the former data had taken away; returns how much. Nothing if their histories diverged."""
    if not _is_continued(tx, former):
        return 0
    taken = _keep_people(tx, former) + _keep_permissions(tx, former)
    for statement, forget in _CREDENTIALS.items():
        there = {tuple(map(_plain, row)) for row in former.rows(statement)}
        for row in tx.rows(statement):
            if tuple(map(_plain, row)) not in there:
                forget(tx, row)
                taken += 1
    _keep_uses(tx, former)
    return taken + _drop_lone_passwords(tx, former)


def _is_continued(tx: Transaction, former: Transaction) -> bool:
    """Whether the former data came of these, by the audit log, which begins with the first start."""
    head = audit.read_head(tx)
    return head != NO_ROWS and find_link(former, head.number) == head.chain


def find_link(tx: Transaction, number: int) -> bytes | None:
    """The link of one row of the audit log; None if it is not there, perhaps no longer."""
    row = tx.row("audit.page", after=number - 1, limit=1)
    return bytes(row["chain"]) if row is not None and row["number"] == number else None


def _keep_uses(tx: Transaction, former: Transaction) -> None:
    """Take over which codes of apps were used, and the counts of passkeys."""
    tx.run_many("credentials.use_step", map(dict, former.each("restores.steps")))
    tx.run_many("restores.keep_signatures", map(dict, former.each("restores.signatures")))


def _drop_lone_passwords(tx: Transaction, former: Transaction) -> int:
    """Remove the passwords of operators whose passkeys were all made since; returns how many.

    With only the password, somebody else could add another passkey.
    """
    guarded = {row["person_id"] for row in former.rows("restores.passkeys")}
    lone = [row["id"] for row in tx.rows("restores.lone_passwords") if row["id"] in guarded]
    return sum(credentials.remove_password(tx, person_id) for person_id in lone)


def _keep_people(tx: Transaction, former: Transaction) -> int:
    there = {(row["id"], row["created_at"]): row for row in former.rows("restores.people")}
    taken = 0
    for row in tx.rows("restores.people"):
        then = there.get((row["id"], row["created_at"]))
        if then is None:
            people.delete_person(tx, row["id"])
        elif row["is_operator"] > then["is_operator"] or row["is_enrolled"] > then["is_enrolled"]:
            values = {"is_operator": int(then["is_operator"]), "is_enrolled": int(then["is_enrolled"])}
            tx.run("restores.disable_person", id=row["id"], **values)
        else:
            continue
        taken += 1
    return taken


def _keep_permissions(tx: Transaction, former: Transaction) -> int:
    there = {(row["list_id"], row["person_id"]): row for row in former.rows("restores.permissions")}
    taken = 0
    for row in tx.rows("restores.permissions"):
        here, then = (row["list_id"], row["person_id"]), there.get((row["list_id"], row["person_id"]))
        if then is None:
            people.remove_permission(tx, *here)
            taken += 1
        elif _is_less(then, row):
            role = min(Role(row["role"]), Role(then["role"]), key=_ROLES.index)
            readers = min(ReaderAccess(row["readers"]), ReaderAccess(then["readers"]), key=_READERS.index)
            people.put_permission(tx, *here, role, readers)
            taken += 1
    return taken


def _is_less(then: Row, now: Row) -> bool:
    order = (_ROLES.index(Role(then["role"])), _READERS.index(ReaderAccess(then["readers"])))
    present = (_ROLES.index(Role(now["role"])), _READERS.index(ReaderAccess(now["readers"])))
    return any(earlier < later for earlier, later in zip(order, present, strict=True))


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _remove_password_and_app(tx: Transaction, person_id: int) -> None:
    credentials.remove_password(tx, person_id)
    credentials.remove_app(tx, person_id)


_CREDENTIALS: Mapping[str, Callable[[Transaction, Row], object]] = {
    "restores.passwords": lambda tx, row: _remove_password_and_app(tx, row["person_id"]),
    "restores.apps": lambda tx, row: credentials.remove_app(tx, row["person_id"]),
    "restores.recovery_codes": lambda tx, row: tx.run("credentials.use_recovery_code", **dict(row)),
    "restores.passkeys": lambda tx, row: tx.run("restores.forget_passkey", credential_id=row["credential_id"]),
    "address_places.identity": lambda tx, row: tx.run(
        "address_places.forget_identity", issuer=row["issuer"], subject=row["subject"]
    ),
    "restores.tokens": lambda tx, row: api_tokens.delete_token(tx, row["id"]),
}
