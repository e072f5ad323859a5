"""`audit` and `consent`: who did what, and whether anybody has tampered with that log or the evidence of consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from pressrun.cli.shared.invocation import Invocation, read_rows, reading
from pressrun.cli.shared.output import echo, print_error, print_fields, print_json, print_rows
from pressrun.cli.shared.verb import verb
from pressrun.cli.shared.when import parse_since
from pressrun.core.errors import PressrunError
from pressrun.core.signing.chain import Audit, parse_head
from pressrun.runtime.clock import utc_now
from pressrun.services import evidence
from pressrun.services.reports.audit_rows import list_audit_rows
from pressrun.store.paging import AFTER_ALL
from pressrun.store.people import audit
from pressrun.store.readers import consent
from pressrun.store.upkeep.key_files import load_head

MOST_ROWS = 100  # what fits on a few screens; --limit asks for more

_head_option = click.option(
    "--head",
    "heads",
    metavar="NUMBER:CHAIN",
    multiple=True,
    help="A head printed earlier by this command or the log. It must still be in the chain.",
)


@verb("audit ls")
@click.option("--who", metavar="NAME", help="Only actions of this user (name or number), as themselves or with sudo.")
@click.option("--list", "list_name", metavar="LIST", help="Only actions on this list.")
@click.option("--since", metavar="WHEN", help="Only actions since then: 7d, 2026-05-01, or RFC 3339.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=MOST_ROWS, show_default=True)
@click.option("--after", type=click.IntRange(1), default=AFTER_ALL, help="Continue after the row with this number.")
def list_rows(
    invocation: Invocation, *, who: str | None, list_name: str | None, since: str | None, limit: int, after: int
) -> None:
    """Subscribers are shown by their id, other people by a keyed digest. A name in brackets is SUDO_USER, which the
    caller's process could have forged.
    """
    invocation.require_permission()
    earliest = 0 if since is None else parse_since(since, utc_now())
    rows = read_rows(
        invocation,
        lambda tx: list_audit_rows(tx, before=after, limit=limit, who=who, list_name=list_name, since=earliest),
    )
    columns = ("number", "at", "who", "way", "action", "list", "object", "fields", "outcome")
    print_rows(rows, columns, empty="the audit log has no such rows", as_json=invocation.as_json, shown=_for_people)


def _for_people(row: Mapping[str, Any]) -> dict[str, Any]:
    who = row["who"] or "pressrun"
    person = next(
        (f"{what} {row[what]}" for what in ("subscriber", "address", "editor") if row[what] is not None), None
    )
    return {
        **row,
        "who": f"{who} ({row['sudo_user']})" if row["sudo_user"] else who,
        "way": row["way"] or "-",
        "object": ", ".join(filter(None, (row["object"], person))) or None,
        "fields": ", ".join(row["fields"]) or None,
        "outcome": row["outcome"] if row["code"] is None else f"{row['outcome']} ({row['code']})",
    }


@verb("audit verify")
@_head_option
def verify(invocation: Invocation, *, heads: tuple[str, ...]) -> int:
    """Keep the printed head on another machine. Somebody who can write the database and the keys can forge a new
    chain, and only a head out of their reach reveals it.
    """
    verified = _verify(invocation, "audit", heads, audit)
    return _print_audit(verified, "the audit log", as_json=invocation.as_json)


@verb("consent verify")
@_head_option
def verify_consent(invocation: Invocation, *, heads: tuple[str, ...]) -> int:
    """Erased rows and expired network addresses are counted and are not errors. Keep the printed head
    somewhere else: anyone who can write the database and the keys can forge a new chain, and only a head out of their
    reach reveals it.
    """
    verified = _verify(invocation, "consent", heads, consent)
    return _print_audit(verified, "consent evidence", as_json=invocation.as_json, aged=verified.aged)


def _verify(invocation: Invocation, name: str, heads: tuple[str, ...], chain: evidence.Chained) -> Audit:
    """Verify a chain against these heads, and against that in the file of its name."""
    witnesses = [("in --head", parse_head(text)) for text in heads]
    with reading(invocation) as tx:
        # Read before the first row: a running daemon goes on writing both, rows first.
        witnesses.append((f"in {invocation.data.head_of(name)}", load_head(invocation.data, name)))
        return evidence.verify(tx, witnesses, chain)


def _print_audit(audit: Audit, subject: str, *, as_json: bool, **counts: int) -> int:
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
