"""`consent`: whether anybody has tampered with the evidence of what readers agreed to."""

from __future__ import annotations

import click

from pressrun.cli.shared.output import echo, print_error, print_fields, print_json
from pressrun.cli.shared.verb import Invocation, reading, verb
from pressrun.core.errors import PressrunError
from pressrun.core.signing.chain import Audit, Head, parse_head
from pressrun.services import evidence
from pressrun.store.upkeep.key_files import load_consent_head

head_option = click.option(
    "--head",
    "heads",
    metavar="NUMBER:CHAIN",
    multiple=True,
    help="A head printed earlier by this command or the log. It must still be in the chain.",
)


@verb("consent verify")
@head_option
def verify(invocation: Invocation, *, heads: tuple[str, ...]) -> int:
    """Erased rows and expired network addresses are counted and are not errors. Keep the printed head
    somewhere else: anyone who can write the database and the keys can forge a new chain, and only a head out of their
    reach reveals it.
    """
    witnesses: list[tuple[str, Head]] = [("in --head", parse_head(text)) for text in heads]
    with reading(invocation) as tx:
        # Read before the first row: a running daemon goes on writing both, rows first.
        witnesses.append((f"in {invocation.data.consent_head}", load_consent_head(invocation.data)))
        audit = evidence.verify(tx, witnesses)
    return print_audit(audit, "consent evidence", as_json=invocation.as_json, aged=audit.aged)


def print_audit(audit: Audit, subject: str, *, as_json: bool, **counts: int) -> int:
    """Print what became of the verification of a chain; returns the exit code."""
    summary: dict[str, object] = {
        "ok": not audit.problems,
        "rows": audit.rows,
        "erased": audit.erased,
        **counts,
        "head": str(audit.head) if audit.rows else None,
    }
    problem = f"{subject} has been tampered with: {audit.problem_count} problems" if audit.problems else None
    if as_json:
        print_json(summary | {"problems": audit.problems} | ({"error": problem} if problem else {}))
    else:
        print_fields(summary)
    if problem is None:
        return 0
    for line in audit.problems:
        echo(line, err=True)
    print_error(problem)
    return PressrunError.exit_code
