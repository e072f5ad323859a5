"""`consent`: whether anybody touched the evidence of what readers agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, pass_invocation
from pressrun.cli.output import echo, print_fields, print_json, tell_error
from pressrun.core.errors import PressrunError

if TYPE_CHECKING:
    from pressrun.core.chain import Audit, Head


@click.group("consent", cls=VerbGroup)
def group() -> None:
    """Evidence of consent: verify."""


@group.command()
@click.option(
    "--head",
    "kept",
    metavar="NUMBER:CHAIN",
    multiple=True,
    help="A head printed earlier by `consent verify` or the log. It must still be in the chain.",
)
@json_option
@pass_invocation
def verify(invocation: Invocation, kept: tuple[str, ...], *, as_json: bool) -> int:
    """Verify the chain of consent evidence. Exits 1 if a row was changed, moved, inserted or deleted.

    Erased rows and expired network addresses are counted and are not errors. Keep the printed head
    somewhere else: anyone who can write the database and the keys can forge a new chain, and only a head out of their
    reach reveals it.
    """
    from pressrun.cli.looking import looking  # noqa: PLC0415
    from pressrun.core.chain import parse_head  # noqa: PLC0415
    from pressrun.services import evidence  # noqa: PLC0415
    from pressrun.store.datadir import load_consent_head  # noqa: PLC0415

    witnesses: list[tuple[str, Head]] = [("in --head", parse_head(text)) for text in kept]
    with looking(invocation) as tx:
        # Read before the first row is: a running daemon goes on writing both, the rows first.
        beside_keys = load_consent_head(invocation.data)
        witnesses.append((f"in {invocation.data.consent_head}", beside_keys))
        audit = evidence.verify(tx, witnesses)
    problem = f"consent evidence has been tampered with: {audit.problem_count} problems" if audit.problems else None
    if as_json:
        print_json(_answer(audit) | ({"error": problem} if problem else {}))
    else:
        print_fields({name: value for name, value in _answer(audit).items() if name != "problems"})
    if problem is None:
        return 0
    for line in audit.problems:
        echo(line, err=True)
    tell_error(problem)
    return PressrunError.exit_code


def _answer(audit: Audit) -> dict[str, object]:
    return {
        "ok": not audit.problems,
        "rows": audit.rows,
        "erased": audit.erased,
        "aged": audit.aged,
        "head": str(audit.head) if audit.rows else None,
        "problems": audit.problems,
    }
