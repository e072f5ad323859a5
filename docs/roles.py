"""Writes docs/roles.md to stdout: who may do what, from the rights of roles and scopes, and from the actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pressrun.acts.act import NO_LIST, SOME_LIST, Act
from pressrun.acts.table import ACTS
from pressrun.core.access.rights import (
    OPERATOR,
    OWNER,
    ReaderAccess,
    Right,
    Rights,
    Role,
    TokenScope,
    rights_of_role,
    rights_of_scope,
)

HEAD = """\
# Who may do what

This page is written from the code by `make docs`; a test fails when it is stale. It is a reference;
[People and programs](how-to/people.md) says how to give and take away roles and tokens.

Every action needs one right. People get rights from their role on a list and from their access to its readers, which
is granted separately. Programs get rights from the scope of their token. A token that somebody made for themselves can
do only what both its scope and that person may do at the time of each request. At the shell, root and the owner of the
data may do everything, and members of the group in `[control]` may do what operators may.

Rights are checked again when something goes out. An approval or a schedule counts only while whoever gave it may still
do so: the person, their role and their token must still exist. Otherwise a draft is not sent, and a scheduled edition
waits for a person. Decisions made at the shell, or with a token that has merely expired, still count.

To somebody who has no rights on a list, it looks like one that does not exist. The [audit log](how-to/audit.md) records
every change and every refusal.
"""
PEOPLE = """
## People
Each role includes the ones before it, and so does each kind of access to readers.

"""
PROGRAMS = """
## Programs
`write` with `--list` does not include `operate`; without `--list`, it can do everything that operators can.

"""
ACTIONS = """
## Every action
The audit log uses these names of actions. Each is listed below the right that it needs; *on* says on what that right
is needed. On a page, *fresh* actions need a login within the last 15 minutes.
"""
MEANINGS: Mapping[Right, str] = {
    Right.SELF: "manage one's own login, sessions and tokens",
    Right.STATS: "see lists with their settings, counts, reports and events, without addresses",
    Right.DRAFTS: "write, check, preview and submit drafts",
    Right.RELEASE: "approve, return, send, schedule, pause, resume and cancel editions",
    Right.SETTINGS: "change a list, and make tokens for it",
    Right.SIGN_UP: "ask people to confirm a subscription, and learn nothing about them",
    Right.SEE_READERS: "see readers, one by one and page by page",
    Right.MANAGE_READERS: "add, change and remove readers, also from files",
    Right.EXPORT_READERS: "export all readers of a list at once",
    Right.RETURNS: "submit bounces and complaints",
    Right.OPERATE: "manage people, tokens, new and closed lists, suppressions and the queue; erase; read the audit log",
    Right.MACHINE: "change files of the machine, such as keys",
}
NO_ACTIONS = (
    "| | Actions that show readers also need this right when a program requests all of them at once. | the list |\n"
)
YES = "yes"


def reference() -> str:
    """The page."""
    return "".join((HEAD, PEOPLE, *_table(_holders()), PROGRAMS, *_table(_scopes()), ACTIONS, *_actions()))


def _holders() -> dict[str, Rights]:
    viewer = rights_of_role(Role.VIEWER, ReaderAccess.NONE)
    return {
        **{role.value: rights_of_role(role, ReaderAccess.NONE) for role in Role},
        **{
            f"readers {access}": rights_of_role(Role.VIEWER, access) - viewer
            for access in ReaderAccess
            if access is not ReaderAccess.NONE
        },
        "operator": OPERATOR.everywhere,
        "root, owner": OWNER.everywhere,
    }


def _scopes() -> dict[str, Rights]:
    return {
        **{f"`{scope}`": rights_of_scope(scope, is_everywhere=False) for scope in TokenScope},
        "`write`, all lists": rights_of_scope(TokenScope.WRITE, is_everywhere=True),
    }


def _table(holders: Mapping[str, Rights]) -> Iterator[str]:
    """One row for each right that anybody holds, and a column for each holder."""
    yield f"| right | to | {' | '.join(holders)} |\n|---|---|{'---|' * len(holders)}\n"
    for right, meaning in MEANINGS.items():
        marks = [YES if right is Right.SELF or right in rights else "" for rights in holders.values()]
        if any(marks):
            yield f"| `{right}` | {meaning} | {' | '.join(marks)} |\n"


def _actions() -> Iterator[str]:
    for right, meaning in MEANINGS.items():
        rows = [*map(_row, _acts_for(right))] or [NO_ACTIONS]
        yield f"\n### `{right}`: {meaning}\n\n| action | does | on |\n|---|---|---|\n{''.join(rows)}"


def _acts_for(right: Right) -> Sequence[Act[Any]]:
    return sorted((act for act in ACTS.values() if act.right is right), key=lambda act: act.id)


def _row(act: Act[Any]) -> str:
    fresh = ", *fresh*" if act.is_fresh else ""
    return f"| `{act.id}` | {act.summary}. | {_where(act)}{fresh} |\n"


def _where(act: Act[Any]) -> str:
    if act.right is Right.SELF:
        return "oneself"
    if act.lists is NO_LIST:
        return "every list"
    return "any list, for those alone" if act.lists is SOME_LIST else "the list"


if __name__ == "__main__":
    print(reference(), end="")
