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

This page is written from the code by `make docs`; a test fails when it is stale. It is for looking things up.
[People and programs](how-to/people.md) says how to give and take away roles and tokens.

Every action needs one right. People hold rights by their role on a list and by their access to its readers, which is
granted apart from the role; programs by the scope of their token. A token that somebody made for themselves does only
what its scope and that person both may, at the moment of each request. At the shell, root and the owner of the data may
do everything, and members of the group in `[control]` what operators may.

Rights are checked again when something goes out. An approval, or the time that somebody set for an edition, counts only
while whoever gave it may still do so: the person, their role and their token must still be there. Otherwise a draft is
not sent, and a scheduled edition waits for a person. What was decided at the shell, or with a token that has merely
expired, still counts.

A list on which somebody holds nothing is answered like one that does not exist. What is refused is in the
[audit log](how-to/audit.md), and so is every change.
"""
PEOPLE = """
## People
Each role does what the ones before it can, and so does each access to readers.

"""
PROGRAMS = """
## Programs
`write` with `--list` does not operate; without it, it does everything that operators do.

"""
ACTIONS = """
## Every action
The audit log names actions as they stand here, below the right that each needs; *on* says where it must be held.
On a page, *fresh* ones need a log-in of the last 15 minutes.
"""
MEANINGS: Mapping[Right, str] = {
    Right.SELF: "look after one's own log-in, sessions and tokens",
    Right.STATS: "see lists with their settings, counts, reports and events, without addresses",
    Right.DRAFTS: "write, check, preview and submit drafts",
    Right.RELEASE: "approve, return, send, schedule, pause, resume and cancel editions",
    Right.SETTINGS: "change a list, and make tokens for it",
    Right.SIGN_UP: "ask people to confirm a subscription, and learn nothing about them",
    Right.SEE_READERS: "see readers, one by one and page by page",
    Right.MANAGE_READERS: "add, change and remove readers, also from files",
    Right.EXPORT_READERS: "take away all readers of a list at once",
    Right.RETURNS: "hand in bounces and complaints",
    Right.OPERATE: "people, everybody's tokens, new and closed lists, suppressions, the queue, erasing, the audit log",
    Right.MACHINE: "what changes files of the machine, such as keys",
}
NO_ACTIONS = (
    "| | Whatever shows readers asks for this right as well when a program wants all of them at once. | the list |\n"
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
