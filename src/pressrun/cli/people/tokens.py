"""`token`: the tokens by which programs use the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from pressrun.acts.people.people_arguments import TokenCreate, TokenId
from pressrun.cli.shared.invocation import Invocation, read_rows
from pressrun.cli.shared.output import echo, print_fields, print_info, print_json, print_rows, print_warning
from pressrun.cli.shared.verb import RowId, complete_lists, verb
from pressrun.cli.shared.write_verbs import execute
from pressrun.core.access.rights import TokenScope
from pressrun.services.people.token_lookups import list_tokens

_LISTED = ("id", "name", "scope", "lists", "networks", "person", "expires_at", "last_used")
_TOKEN_ID = RowId("no such token: {} (see `pressrun token ls`)")


@verb("token create")
@click.option("--name", required=True, help="What uses it, as in the audit log.")
@click.option(
    "--list", "lists", metavar="LIST", multiple=True, shell_complete=complete_lists, help="For this list; repeatable."
)
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in TokenScope]),
    default="read",
    show_default=True,
    help="What it may do.",
)
@click.option("--expires", metavar="D", help="When it expires: a duration such as 90d, or a time.")
@click.option("--from", "networks", metavar="NET", multiple=True, help="Only from this network; repeatable.")
def create(
    invocation: Invocation,
    *,
    name: str,
    lists: tuple[str, ...],
    scope: str,
    expires: str | None,
    networks: tuple[str, ...],
) -> None:
    """The token is shown once. Without --list, it is valid for all lists; with the scope write, it can then do
    everything that operators can.

    Scopes: sign-up asks people to confirm a subscription and learns nothing about them, draft writes editions but
    cannot send them, stats reads counts and reports without addresses, returns submits bounces, read reads everything
    on its lists, including readers, and write also changes it.
    """
    request = TokenCreate(name=name, scope=TokenScope(scope), lists=lists, expires=expires, networks=networks)
    made = execute(invocation, "token.create", request)
    if invocation.as_json:
        print_json(made)
    else:
        echo(made["token"])
        print_info(f"this is token {made['id']}. It is not shown again")


@verb("token ls")
def list_all(invocation: Invocation) -> None:
    rows = read_rows(invocation, list_tokens)
    print_rows(rows, _LISTED, empty="there are no tokens", as_json=invocation.as_json, shown=_row)


@verb("token revoke")
@click.argument("token_id", metavar="ID", type=_TOKEN_ID)
def revoke(invocation: Invocation, *, token_id: int) -> None:
    """Tokens that were made with it stay valid; the command lists them."""
    revoked = execute(invocation, "token.revoke", TokenId(id=token_id))
    if invocation.as_json:
        print_json(revoked)
        return
    print_fields({"id": revoked["id"], "name": revoked["name"]})
    for token in revoked["made"]:
        print_warning(
            f"{token['name']} was made with this token and is still valid. "
            f"To revoke it, run `pressrun token revoke {token['id']}`"
        )


def _row(token: Mapping[str, Any]) -> dict[str, Any]:
    lists = "all" if token["lists"] is None else ", ".join(token["lists"]) or "none"
    return {**token, "lists": lists, "networks": ", ".join(token["networks"])}
