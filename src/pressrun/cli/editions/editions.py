"""`edition ls` and `edition show`; the verbs that change an edition are in edition_changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pressrun.cli.shared.invocation import Invocation, reading, reading_if_any
from pressrun.cli.shared.output import cell, plain, print_fields, print_json, print_rows
from pressrun.cli.shared.verb import edition_argument, list_argument, verb
from pressrun.core.errors import no_such_list
from pressrun.core.lifecycles.edition import EditionState, at_defaults
from pressrun.runtime.clock import utc_now
from pressrun.services.reports import edition_descriptions

_COLUMNS = ("id", "list", "state", "subject", "audience", "queued", "deferred", "delivered", "failed", "created_at")
_ALWAYS_SHOWN = ("id", "audience", "delivered")  # even when 0; other fields without a value only by --json


@verb("edition ls")
@list_argument(required=False)
def list_editions(invocation: Invocation, *, list_name: str | None) -> None:
    with reading_if_any(invocation) as tx:
        if tx is None and list_name is not None:
            raise no_such_list(list_name)
        rows = [] if tx is None else plain(edition_descriptions.list_editions(tx, list_name, int(utc_now())))
    print_rows(rows, _COLUMNS, empty="no editions yet", as_json=invocation.as_json, shown=_with_subject)


@verb("edition show")
@edition_argument
def show(invocation: Invocation, *, edition_id: int) -> None:
    print_edition(invocation, edition_id)


def _with_subject(edition: Mapping[str, Any]) -> dict[str, Any]:
    """The edition with the merge fields of its subject at their defaults; --json prints the subject as written."""
    return {**edition, "subject": at_defaults(edition["subject"])}


def print_edition(invocation: Invocation, edition_id: int) -> EditionState:
    """Print one edition, for `edition show` and the verbs that change an edition; returns its state."""
    with reading(invocation) as tx:
        edition = plain(edition_descriptions.show_edition(tx, edition_id, int(utc_now())))
    if invocation.as_json:
        print_json(edition)
    else:
        shown = _with_subject(edition)
        print_fields({name: cell(value) for name, value in shown.items() if value or name in _ALWAYS_SHOWN})
    return EditionState(edition["state"])
