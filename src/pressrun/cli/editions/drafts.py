"""`edition draft`, `submit`, `approve`, `return`, `test` and `send`: drafts that are worked on before they go."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pressrun.acts.editions.draft_arguments import DraftFiles, DraftReturn, DraftSend, DraftTest, KnownDraft
from pressrun.cli.editions.editions import print_edition
from pressrun.cli.editions.send import format_option, read_manuscript, sending_question
from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.output import confirm, echo, print_info, print_json, print_warning
from pressrun.cli.shared.verb import WHEN_HELP, edition_argument, list_argument, verb, yes_option
from pressrun.cli.shared.when import parse_when
from pressrun.cli.shared.write_verbs import execute
from pressrun.core.lifecycles.edition import at_defaults
from pressrun.message.finding import read_finding
from pressrun.runtime.clock import utc_now
from pressrun.services.editions.lifecycle import require_edition
from pressrun.store.readers.enrolment import count_audience


@verb("edition draft")
@list_argument()
@click.argument("file", type=click.Path(path_type=Path))
@format_option
def draft(invocation: Invocation, *, list_name: str, file: Path, file_format: str) -> None:
    """The same file again is the same draft."""
    manuscript = read_manuscript(file, file_format)
    arguments = DraftFiles(
        list=list_name, source=manuscript.source, source_name=manuscript.source_name, files=dict(manuscript.assets)
    )
    made = execute(invocation, "edition.draft", arguments)
    if invocation.as_json:
        print_json(made)
        return
    for finding in map(read_finding, made["findings"]):
        print_warning(str(finding))
    number = made["id"]
    if made["created"]:
        echo(f"edition {number} is a draft. `pressrun edition send {number}` sends it")
    else:
        echo(f"this file is edition {number} already ({made['state']})")


@verb("edition submit")
@edition_argument
def submit(invocation: Invocation, *, edition_id: int) -> None:
    execute(invocation, "edition.submit", KnownDraft(id=edition_id))
    print_edition(invocation, edition_id)


@verb("edition approve")
@edition_argument
def approve(invocation: Invocation, *, edition_id: int) -> None:
    """This sends nothing; `edition send` does. You cannot approve a draft that you have changed since it was last
    approved (77), and any further change ends the approval.
    """
    execute(invocation, "edition.approve", KnownDraft(id=edition_id))
    print_edition(invocation, edition_id)


@verb("edition return")
@edition_argument
@click.option("--words", default="", help="The reason, for its authors.")
def give_back(invocation: Invocation, *, edition_id: int, words: str) -> None:
    execute(invocation, "edition.return", DraftReturn(id=edition_id, words=words))
    print_edition(invocation, edition_id)


@verb("edition test")
@edition_argument
@click.argument("addresses", metavar="ADDRESS…", nargs=-1, required=True)
def send_test(invocation: Invocation, *, edition_id: int, addresses: tuple[str, ...]) -> None:
    queued: dict[str, Any] = execute(invocation, "edition.proof", DraftTest(id=edition_id, to=addresses))
    if invocation.as_json:
        print_json(queued)
    else:
        print_info(f"test copies queued for {', '.join(queued['test'])}")


@verb("edition send")
@edition_argument
@click.option("--at", "when", metavar="WHEN", help=f"Send at this time: {WHEN_HELP}")
@yes_option
def send(invocation: Invocation, *, edition_id: int, when: str | None, is_agreed: bool) -> None:
    """A list with approval=second-person sends only what somebody else has approved."""
    at = None if when is None else parse_when(when, utc_now())
    confirm(lambda: _question(invocation, edition_id, at), is_agreed=is_agreed)
    moment = None if at is None else datetime.fromtimestamp(at, UTC)
    execute(invocation, "edition.release", DraftSend(id=edition_id, at=moment))
    print_edition(invocation, edition_id)


def _question(invocation: Invocation, edition_id: int, at: int | None) -> str:
    """The question, with the number of readers who would get the edition."""
    with reading(invocation) as tx:
        edition = require_edition(tx, edition_id)
        audience = count_audience(tx, edition.list_id)
    return sending_question(at_defaults(edition.subject), audience, edition.list_name, at)
