"""Whether a decision to send still counts: approvals and schedules do only while whoever made them may still decide.

This is checked in the transaction that sends, and when a scheduled edition starts, so nothing has to be undone when
somebody loses a role or is removed, or a token is revoked. The audit log says who scheduled an edition; its row is
committed with the change. Editions from before there were such rows keep their schedule. An expired token is not a
reason, because nobody has decided anything against it. What was decided at the shell
always counts, and so does what a link in an email released, since nobody knows who used it.
"""

from __future__ import annotations

from pressrun.core.access.rights import Right
from pressrun.services.authors import Author, is_of_token, name_of_author, number_of, person_of
from pressrun.services.holdings import holdings_of_person, holdings_of_token
from pressrun.store.editions import editions, manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.editions.manuscripts import StoredManuscript
from pressrun.store.lists.lists import find_list_by_id
from pressrun.store.people import audit, people
from pressrun.store.people.audit import NamedActor
from pressrun.store.people.people import StoredPerson
from pressrun.store.programs import api_tokens
from pressrun.store.programs.api_tokens import ApiToken
from pressrun.store.transaction import Transaction


def counts(tx: Transaction, manuscript: StoredManuscript, list_name: str) -> bool:
    """Whether any version of a list's draft was approved by somebody who may still approve."""
    author = manuscript.approved_by
    if author is None:
        return False
    person_id = person_of(author)
    if person_id is not None:
        return holdings_of_person(tx, person_id).has(Right.RELEASE, list_name)
    if not is_of_token(author):
        return True
    family = api_tokens.find_family(tx, number_of(author))
    return any(holdings_of_token(tx, token).has(Right.RELEASE, list_name) for token in family)


def lost_approval(tx: Transaction, edition: Edition) -> str | None:
    """Says in a sentence whose approval of the edition as it is no longer counts; None if that does not stop it."""
    target = find_list_by_id(tx, edition.list_id)
    manuscript = manuscripts.find_manuscript(tx, edition.id)
    if target is None or not target.needs_second_person or manuscript is None or not manuscript.is_approved:
        return None
    if counts(tx, manuscript, target.name):
        return None
    name = name_of_author(tx, manuscript.approved_by) or ""
    approved = f"approved edition {edition.id}"  # people and tokens that are gone have no name
    who = f"{name}, who {approved}," if ":" in name else f"the {name} that {approved}"
    return f"{who} may no longer approve editions of {target.name}, so that approval does not count"


def lost_schedule(tx: Transaction, edition: Edition) -> str | None:
    """Says in a sentence who scheduled or resumed an edition and may no longer do so; None if nobody."""
    sender = audit.last_sender(tx, edition.id)
    if sender is None or may_still(tx, sender, Right.RELEASE, edition.list_name):
        return None
    return f"{sender.who}, who scheduled or resumed it, may no longer send editions of {edition.list_name}"


def editions_decided_by(tx: Transaction, person: StoredPerson) -> list[Edition]:
    """Drafts and scheduled editions that a person has approved, and editions that go out on their decision.

    Only decisions that still count. An edition that somebody else has resumed since, for example, is theirs.
    """
    decided = {
        edition.id: edition
        for manuscript in manuscripts.approved_by(tx, Author(person_id=person.id).key)
        if (edition := editions.find_edition(tx, manuscript.edition_id)) and counts(tx, manuscript, edition.list_name)
    }
    for edition in editions.live_editions(tx):
        sender = audit.last_sender(tx, edition.id)
        if sender is not None and sender.who == f"person:{person.name}":
            decided |= {edition.id: edition} if may_still(tx, sender, Right.RELEASE, edition.list_name) else {}
    return [decided[number] for number in sorted(decided)]


def may_be(tx: Transaction, actor: NamedActor, author: str) -> bool:
    """Whether a row of the audit log may name this author. A token that is gone may have been anybody's."""
    kind, _, name = actor.who.partition(":")
    if kind == "person":
        person = people.find_by_name(tx, name)
        return person is not None and person.created_at <= actor.at and author == Author(person_id=person.id).key
    if kind == "token":
        token = _token_of(tx, actor)
        if token is None:
            return True
        origin = api_tokens.origin_of(tx, token.id) if token.person_id is None else None
        return author == Author(person_id=token.person_id, token_id=origin).key
    return author == Author(uid=actor.uid).key


def is_lost_token(tx: Transaction, actor: NamedActor) -> bool:
    """Whether this is a token that no longer exists, so that nobody knows whose it was."""
    return actor.who.startswith("token:") and _token_of(tx, actor) is None


def may_still(tx: Transaction, actor: NamedActor, right: Right, list_name: str) -> bool:
    """Whether whoever had the name then has a right on a list now; a later owner of the name does not count."""
    kind, _, name = actor.who.partition(":")
    if kind == "person":
        person = people.find_by_name(tx, name)
        if person is None or person.created_at > actor.at:
            return False
        return holdings_of_person(tx, person.id).has(right, list_name)
    if kind == "token":
        token = _token_of(tx, actor)
        return token is not None and holdings_of_token(tx, token).has(right, list_name)
    return True


def _token_of(tx: Transaction, actor: NamedActor) -> ApiToken | None:
    """The token that had this name then; None if it is gone, even if another token has the name now."""
    token = api_tokens.find_token_by_name(tx, actor.who.partition(":")[2])
    return None if token is None or token.created_at > actor.at else token
