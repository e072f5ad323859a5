"""`user`: the people who may log in or post editions by email, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pressrun.acts.people.people_arguments import PersonAdd, PersonGrant, PersonInvite, PersonName
from pressrun.cli.shared.files import read_input
from pressrun.cli.shared.invocation import Invocation, read_rows
from pressrun.cli.shared.output import echo, print_answer, print_info, print_json, print_table, print_warning
from pressrun.cli.shared.verb import complete_lists, verb
from pressrun.cli.shared.write_verbs import execute
from pressrun.core.access.rights import ReaderAccess, Role
from pressrun.core.errors import BadInput
from pressrun.runtime.clock import utc_now
from pressrun.services.people.lookups import list_everybody

F = TypeVar("F", bound=Callable[..., object])

_LISTED = ("name", "address", "may_do", "may_log_in")
_ACCESS = [access.value for access in ReaderAccess if access is not ReaderAccess.NONE]

_person_argument = click.argument("person", metavar="NAME")
_readers_option = click.option("--readers", type=click.Choice(_ACCESS), help="Access to the readers' data.")
_operator_option = click.option("--operator", is_flag=True, help="The right to do everything, on every list.")


def _list_option(*, required: bool) -> Callable[[F], F]:
    return click.option(
        "--list", "list_name", metavar="LIST", required=required, shell_complete=complete_lists, help="On this list."
    )


def _role_option(*, required: bool) -> Callable[[F], F]:
    choice = click.Choice([role.value for role in Role])
    return click.option("--role", type=choice, required=required, help="Their role there.")


def _permission_options(function: F) -> F:
    """Whom a change is about, and what they may do."""
    options = (_person_argument, _list_option(required=False), _role_option(required=False))
    for option in reversed((*options, _readers_option, _operator_option)):
        function = option(function)
    return function


@verb("user add")
@click.argument("name")
@click.option(
    "--email", "address", metavar="ADDRESS", help="Gets their login codes. Editions by email must come from it."
)
@_operator_option
@click.option("--password-file", metavar="FILE", help="File with their password, or - for stdin; no link is printed.")
def add(invocation: Invocation, *, name: str, address: str | None, operator: bool, password_file: str | None) -> None:
    """NAME is what they log in with: a-z, 0-9, '.', '_' and '-'. The link works once, for 15 minutes, and lets them set
    up a passkey or a password. Without --operator they may do nothing until `user grant`.
    """
    password = None if password_file is None else _read_password(password_file)
    person = PersonAdd(name=name, address=address, operator=operator, password=password)
    added = execute(invocation, "user.add", person)
    _print_link(added, as_json=invocation.as_json)
    if not (operator or invocation.as_json):
        grant_one = f"pressrun user grant {added['name']} --list LIST --role editor"
        print_info(f"{added['name']} has no rights yet. Give some with `{grant_one}`")


@verb("user invite")
@click.argument("address")
@_list_option(required=True)
@_role_option(required=True)
@_readers_option
def invite(invocation: Invocation, *, address: str, list_name: str, role: str, readers: str | None) -> None:
    """A viewer sees reports, an editor also writes drafts, and a publisher also sends editions and changes settings.
    The emailed link works once, for 7 days. Somebody who can already log in gets no email.
    """
    invitation = PersonInvite(address=address, list=list_name, role=Role(role), readers=_access(readers))
    invited = execute(invocation, "user.invite", invitation)
    waits = f"is invited until {invited['invited_until']}"
    done = waits if invited["mailed"] else "can already log in, so no email was sent"
    print_answer(invited, f"{invited['name']} {done}", as_json=invocation.as_json)


@verb("user grant")
@_permission_options
def grant(invocation: Invocation, **permission: Any) -> None:
    """NAME is a name or an address. Rights that you do not name stay as they are. Each role includes the one before it,
    and so does each kind of access to readers. Changing rights ends the person's sessions.
    """
    _change(invocation, "user.grant", _grant_of(**permission))


@verb("user revoke")
@_permission_options
def revoke(invocation: Invocation, **permission: Any) -> None:
    """--list alone, or with the role that the person has there, takes away all rights on that list. --readers without
    --role takes away that access, and any that includes it. Changing rights ends the person's sessions. If the role
    goes, editions that they posted by email and that still await approval are cancelled.
    """
    _change(invocation, "user.revoke", _grant_of(**permission))


@verb("user link")
@_person_argument
def link(invocation: Invocation, *, person: str) -> None:
    """The link works once, for 15 minutes. Earlier links and invitations stop working."""
    _print_link(execute(invocation, "user.link", PersonName(person=person)), as_json=invocation.as_json)


@verb("user reset")
@_person_argument
def reset(invocation: Invocation, *, person: str) -> None:
    """For a lost device, or when an intruder may have logged in: password, passkeys, app, recovery codes and emailed
    codes stop working, and so do their tokens, since an intruder may have made them. Programs that used one need a
    new one (`token create`). Editions that they approved, scheduled or sent do not change; the command lists them.
    """
    answer = execute(invocation, "user.reset", PersonName(person=person))
    if not invocation.as_json:
        if answer["revoked"]:
            print_info(f"tokens revoked: {', '.join(answer['revoked'])}")
        for edition in answer["editions"]:
            print_warning(_decided(answer["name"], edition))
    _print_link(answer, as_json=invocation.as_json)


@verb("user rm")
@_person_argument
def remove(invocation: Invocation, *, person: str) -> None:
    """Drafts that they sent by email and that await approval are cancelled. Editions that are being sent continue."""
    removed = execute(invocation, "user.rm", PersonName(person=person))
    if invocation.as_json:
        print_json(removed)
        return
    if removed["cancelled"]:
        echo(f"held editions cancelled: {removed['cancelled']}")
    _warn_if_alone(removed)


@verb("user ls")
def list_people(invocation: Invocation) -> None:
    rows = read_rows(invocation, list_everybody, utc_now())
    if invocation.as_json:
        print_json(rows)
    else:
        print_table(
            map(_row, rows), _LISTED, empty="nobody may log in yet. Begin with `pressrun user add NAME --operator`"
        )
        for person in rows:
            if person["undelivered"]:
                print_warning(_told(person))


def _read_password(file: str) -> str:
    """The password in a file, without the end of its line."""
    try:
        return read_input(file).decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise BadInput(f"{file} is not UTF-8") from None


def _row(person: dict[str, Any]) -> dict[str, Any]:
    may_do = [f"{grant['list']}: {grant['role']}{_shown(grant['readers'])}" for grant in person["lists"]]
    invited = f"invited until {person['invited_until']}" if person["invited_until"] else "no"
    return {
        "name": person["name"],
        "address": person["address"],
        "may_do": ", ".join(["operator"] * person["operator"] + may_do),
        "may_log_in": "yes" if person["enrolled_at"] else invited,
    }


def _told(person: dict[str, Any]) -> str:
    undelivered = person["undelivered"]
    reply = undelivered["reply"] or "the mail server gave no reason"
    return f"the latest email to {person['name']} did not arrive ({undelivered['at']}): {reply}"


def _shown(readers: str) -> str:
    return "" if readers == ReaderAccess.NONE else f" ({readers} readers)"


def _access(readers: str | None) -> ReaderAccess | None:
    return None if readers is None else ReaderAccess(readers)


def _grant_of(
    *, person: str, list_name: str | None, role: str | None, readers: str | None, operator: bool
) -> PersonGrant:
    return PersonGrant(
        person=person,
        list=list_name,
        role=None if role is None else Role(role),
        readers=_access(readers),
        operator=operator,
    )


def _change(invocation: Invocation, act: str, grant: PersonGrant) -> None:
    changed = execute(invocation, act, grant)
    if invocation.as_json:
        print_json(changed)
        return
    row = _row(changed)
    echo(f"{row['name']}: {row['may_do'] or 'nothing'}")
    if changed["cancelled"]:
        echo(f"held editions cancelled: {changed['cancelled']}")
    _warn_if_alone(changed)


def _warn_if_alone(answer: dict[str, Any]) -> None:
    if answer.get("no_operator_left"):
        print_warning(
            "no operator can log in any more. `pressrun user grant NAME --operator` makes somebody an operator, and "
            "`pressrun user link NAME` lets them log in"
        )


_WHAT_STOPS_IT = {
    "draft": "is still approved by {name}. To end that, run `pressrun edition return {id}`",
    "scheduled": "is still scheduled or approved by {name}. To stop it, run `pressrun edition pause {id}`",
    "sending": "is being sent on {name}'s decision. To stop it, run `pressrun edition pause {id}`",
}


def _decided(name: str, edition: dict[str, Any]) -> str:
    """An edition that goes out on somebody's decision, and how to stop it."""
    words = _WHAT_STOPS_IT[edition["state"]].format(name=name, id=edition["id"])
    return f"edition {edition['id']} of {edition['list']} {words}"


def _print_link(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    elif "link" not in answer:
        print_info(f"{answer['name']} can log in with that password")
    else:
        echo(answer["link"])
        print_info(f"the link lets {answer['name']} log in. It works once, until {answer['expires_at']}")
