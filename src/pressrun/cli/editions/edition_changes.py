"""`edition pause`, `resume`, `move`, `cancel`, `resend`, `link` and `unlink`."""

from __future__ import annotations

import click

from pressrun.acts.arguments import EditionId, EditionIds, EditionMove, EditionResume
from pressrun.cli.editions.editions import print_edition
from pressrun.cli.shared.invocation import Invocation, reading
from pressrun.cli.shared.output import confirm, print_answer, print_info
from pressrun.cli.shared.verb import WHEN_HELP, edition_argument, several_editions_argument, verb, yes_option
from pressrun.cli.shared.when import parse_when
from pressrun.cli.shared.write_verbs import execute
from pressrun.core.lifecycles.edition import at_defaults
from pressrun.runtime.clock import utc_now
from pressrun.services.editions.lifecycle import count_doubtful, doubt_in_words, require_edition
from pressrun.store.queue.copy_counts import count_copies


@verb("edition pause")
@edition_argument
def pause(invocation: Invocation, *, edition_id: int) -> None:
    execute(invocation, "edition.pause", EditionId(id=edition_id))
    print_edition(invocation, edition_id)


@verb("edition resume")
@edition_argument
@yes_option
def resume(invocation: Invocation, *, edition_id: int, is_agreed: bool) -> None:
    """If the database went back to an earlier moment, this says how many copies may already have gone out, and asks."""
    with reading(invocation) as tx:
        doubtful = count_doubtful(require_edition(tx, edition_id), count_copies(tx, edition_id))
    if doubtful is not None:
        print_info(f"edition {edition_id} is as it was at an earlier moment, and {doubt_in_words(doubtful)}")
        repeats = ", even if some readers get a second copy" if doubtful else ""
        confirm(f"Resume it{repeats}?", is_agreed=is_agreed)
    execute(invocation, "edition.resume", EditionResume(id=edition_id, accepts_repeats=doubtful is not None))
    print_edition(invocation, edition_id)


@verb("edition cancel")
@edition_argument
@yes_option
def cancel(invocation: Invocation, *, edition_id: int, is_agreed: bool) -> None:
    confirm(lambda: _cancel_question(invocation, edition_id), is_agreed=is_agreed)
    execute(invocation, "edition.cancel", EditionId(id=edition_id))
    print_edition(invocation, edition_id)


@verb("edition move")
@edition_argument
@click.option("--at", "when", metavar="WHEN", required=True, help=WHEN_HELP)
def move(invocation: Invocation, *, edition_id: int, when: str) -> None:
    execute(invocation, "edition.move", EditionMove(id=edition_id, scheduled_at=parse_when(when, utc_now())))
    print_edition(invocation, edition_id)


@verb("edition resend")
@edition_argument
@click.option("--failed", is_flag=True, required=True, help="Resend the failed copies.")
def resend(invocation: Invocation, *, edition_id: int, failed: bool) -> None:
    if not failed:
        raise click.UsageError("say what to resend with --failed")
    resent = execute(invocation, "edition.resend", EditionId(id=edition_id))
    waits = " once the edition is resumed" if resent["state"] == "paused" and resent["resent"] else ""
    why = " (no longer active, or suppressed)" if resent["left_out"] else ""
    words = f"copies to resend{waits}: {resent['resent']}; left out: {resent['left_out']}{why}"
    print_answer(resent, words, as_json=invocation.as_json)


@verb("edition link")
@several_editions_argument
def link(invocation: Invocation, *, edition_ids: tuple[int, ...]) -> None:
    """Their pages then name each other, and subscribers who change the language get the issue once. The key `issue` in
    edition files does the same.
    """
    issue = execute(invocation, "edition.link", EditionIds(ids=edition_ids))
    editions = sorted(set(edition_ids))
    words = f"one issue, {issue}: editions {', '.join(map(str, editions))}"
    print_answer({"issue": issue, "editions": editions}, words, as_json=invocation.as_json)


@verb("edition unlink")
@edition_argument
def unlink(invocation: Invocation, *, edition_id: int) -> None:
    execute(invocation, "edition.unlink", EditionId(id=edition_id))
    print_edition(invocation, edition_id)


def _cancel_question(invocation: Invocation, edition_id: int) -> str:
    """The question, with the number of readers who would not get the edition."""
    with reading(invocation) as tx:
        edition, counts = require_edition(tx, edition_id), count_copies(tx, edition_id)
    waiting = counts["queued"] + counts["deferred"]
    readers = "1 reader has" if waiting == 1 else f"{waiting:,} readers have"
    return f"Cancel “{at_defaults(edition.subject)}” for good? {readers} not received it."
