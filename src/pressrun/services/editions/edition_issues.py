"""Issues: the same edition in the languages of a family, by the key `issue` of their files or linked by a person.

An issue has one edition in each list. Readers who switch to another language get each issue once (the view
`had_issue`), and the pages of an issue link to each other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count

from pressrun.core.errors import BadInput
from pressrun.core.lifecycles.edition import EditionState
from pressrun.message.finding import Finding, error, note
from pressrun.message.sources.front_matter import Value
from pressrun.services.editions.lifecycle import require_edition
from pressrun.store.editions import issues
from pressrun.store.editions.issues import IssueEdition
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.transaction import Transaction


def find_issue_edition(
    tx: Transaction, target: MailingList, issue: Value | None, *, but: Collection[int] = (), with_drafts: bool = True
) -> IssueEdition | None:
    """The edition of a list that already has this issue, except those in `but`."""
    if issue is None:
        return None
    for holder in issues.find_issue_editions(tx, target.id, issue.text):
        if holder.id not in but and (with_drafts or holder.state is not EditionState.DRAFT):
            return holder
    return None


def check_issue(target: MailingList, issue: Value | None, holder: IssueEdition | None) -> list[Finding]:
    """Findings about the issue of a new edition."""
    if issue is None:
        return []
    if holder is not None:
        return [error("issue-taken", issue.line, issue=issue.text, edition=holder.id)]
    return [] if target.family is not None else [note("issue-alone", issue.line, issue=issue.text)]


def link_editions(tx: Transaction, ids: Sequence[int]) -> str:
    """Make editions of different lists of a family one issue; returns its name. Raises NotFound, BadInput.

    When some already belong to an issue, the others join it.
    """
    editions = {number: require_edition(tx, number) for number in ids}
    if len(editions) < 2:
        raise BadInput("name at least two editions, each in another language of the family")
    for number, edition in editions.items():
        if edition.is_welcome:
            raise BadInput(
                f"edition {number} is the welcome email of {edition.list_name}, which cannot be part of an issue"
            )
    families = {number: _family(tx, number, edition.list_id) for number, edition in editions.items()}
    if len(set(families.values())) > 1:
        raise BadInput("these editions are not of one family. See `pressrun list ls`")
    family = next(iter(families.values()))
    words = sorted({edition.issue for edition in editions.values() if edition.issue is not None})
    if len(words) > 1:
        raise BadInput(f"these editions are different issues already: {', '.join(words)}. Unlink some of them first")
    issue = words[0] if words else _new_word(tx, family, min(editions))
    others = [row for row in issues.find_in_family(tx, family, issue) if row["id"] not in editions]
    taken = {edition.list_id for edition in editions.values()} | {row["list_id"] for row in others}
    if len(taken) < len(editions) + len(others):
        raise BadInput(
            "an issue has one edition in each language, and two of these are of the same list. Leave one out"
        )
    issues.name_issue(tx, sorted(editions), issue)
    return issue


def unlink_edition(tx: Transaction, edition_id: int) -> None:
    """Remove an edition from its issue. Raises NotFound."""
    issues.name_issue(tx, [require_edition(tx, edition_id).id], None)


def _family(tx: Transaction, edition_id: int, list_id: int) -> str:
    target = lists.find_list_by_id(tx, list_id)
    assert target is not None  # the edition is locked, and goes with its list
    if target.family is None:
        raise BadInput(
            f"edition {edition_id} is of {target.name}, which is in no family. "
            f"Put its lists into one with `pressrun list set {target.name} family=NAME` first"
        )
    return target.family


def _new_word(tx: Transaction, family: str, number: int) -> str:
    """A name that no issue of the family has yet."""
    words = (f"edition-{number}" if again == 1 else f"edition-{number}-{again}" for again in count(1))
    return next(word for word in words if not issues.find_in_family(tx, family, word))
