"""Stores mailed editions: held as a draft of their editor, released, or recognised as stored before.

Each function runs in the transaction that also records the result of the mail, so a kill repeats nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from msgspec.structs import replace

from pressrun.core.lifecycles.edition import EditionState
from pressrun.message.finding import Finding, error, errors_of
from pressrun.message.sources.edition_source import EditionFile, EditionFormat
from pressrun.observe.log import event
from pressrun.services.context import ServiceContext
from pressrun.services.drafts import draft_versions
from pressrun.services.drafts.draft_versions import DraftRelation
from pressrun.services.editions import edition_storage, lifecycle, releases
from pressrun.services.editions.edition_storage import PreparedEdition
from pressrun.services.editions.releases import DraftStatus, draft_status
from pressrun.services.incoming.post_answers import Post, PostAnswers
from pressrun.services.incoming.posting_rules import POST, RELEASE, record_post
from pressrun.services.mail_results import MailResult, done, kept
from pressrun.services.mails.list_profile import profile_of
from pressrun.store.editions import drafts
from pressrun.store.editions.editions import Edition
from pressrun.store.lists import lists
from pressrun.store.readers import enrolment
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.editions")

_OVER = frozenset({DraftStatus.CANCELLED, DraftStatus.REPLACED})  # the same content may come again


class PostedDrafts:
    """Stores the editions that editors mail, and has them answered."""

    def __init__(self, context: ServiceContext, answers: PostAnswers) -> None:
        self._context = context
        self._answers = answers

    def relation_of(self, tx: Transaction, post: Post, subject: str, own: Edition | None = None) -> DraftRelation:
        """How a mail relates to others of its editor; `own` is a draft with the same content."""
        target, number = lists.get_open_list(tx, post.list_name), None if own is None else own.id
        sent = drafts.sent_by(tx, target.id, post.editor.key, self._context.now)
        return draft_versions.decide_relation(sent, subject, post.version, number)

    def store(self, tx: Transaction, post: Post, prepared: PreparedEdition, findings: Sequence[Finding]) -> MailResult:
        """Store one edition for one content, or find it. Raises ChangedSinceBuild, NotFound, Refused.

        The rights of the editor and the list are checked again, because they may have ended since the mail came.
        """
        target = lists.get_open_list(tx, post.list_name)
        if target.post_by_mail == "off":
            return self._answers.decline(tx, post, [error("posting-off")])
        number = drafts.find_same_content(tx, target.id, prepared.manuscript.digest)
        before = None if number is None else lifecycle.require_edition(tx, number)
        own = None if before is None or draft_status(tx, before, target) in _OVER else before
        if own is not None and own.state is not EditionState.DRAFT:
            return self._answer_known(tx, post, own)
        relation = self.relation_of(tx, post, prepared.built.subject_template, own)
        problems = [] if relation.newer is None else [error("draft-newer", edition=relation.newer)]
        if own is None:
            edition_storage.require_same_context(tx, prepared, replaced=relation.replaced)
            of_issue = errors_of(edition_storage.check_stored_issue(tx, prepared, replaced=relation.replaced))
            problems += without_lines(of_issue, prepared.file)
        if problems:
            return self._answers.decline(tx, post, problems)
        silence = self._answers.why_silent(tx, post)
        if silence is not None:
            return kept(silence)
        if before is not None and own is None and before.state is EditionState.DRAFT:
            lifecycle.cancel(tx, before.id, self._context.now)  # nobody can release it now
        warnings = without_lines([*draft_versions.warnings_of(relation), *findings], prepared.file)
        lines = [finding.plain() for finding in warnings]
        edition = self._keep_draft(tx, post, prepared, own, relation, lines)
        about = {
            "edition": edition.id,
            "edition_subject": edition.title,
            "findings": lines,
            "replaces": bool(relation.replaced),
        }
        goes_at_once = post.may_go_at_once and target.post_by_mail == "direct" and not target.needs_second_person
        # What must not start waits for somebody who can mend that: the page of its link says why.
        has_room = self._context.database.growth.is_allowed
        if goes_at_once and has_room and lifecycle.why_nobody_may_get(tx, edition.id) is None:
            return self._release(tx, post, prepared, edition, about)
        return self._hold(tx, post, prepared, edition, about, again=own is not None)

    def _answer_known(self, tx: Transaction, post: Post, edition: Edition) -> MailResult:
        silence = self._answers.why_silent(tx, post)
        if silence is not None:
            return kept(silence)
        self._answers.notify(
            tx, post, "edition_known", edition=edition.id, edition_subject=edition.title, state=edition.state.value
        )
        return self._taken(tx, post, edition, "came before")

    def _keep_draft(
        self,
        tx: Transaction,
        post: Post,
        prepared: PreparedEdition,
        own: Edition | None,
        relation: DraftRelation,
        lines: Sequence[drafts.PlainFinding],
    ) -> Edition:
        """Store the draft of this content unless it exists, and cancel the drafts that it replaces; returns it."""
        target, now = prepared.context.list, self._context.now
        for replaced in relation.replaced:  # their links no longer send anything, and their slugs are free
            lifecycle.cancel(tx, replaced, now)
        edition = own
        if edition is None:
            content = edition_storage.content_of(
                prepared, state=EditionState.DRAFT, message_secret=self._context.entropy(16)
            )
            edition = edition_storage.store_edition(tx, prepared, content, now, replaced=relation.replaced)
            draft_versions.begin(tx, edition.id, prepared.manuscript, post.editor, now, is_proven=post.is_proven)
        if drafts.find_draft(tx, edition.id) is None:  # also one of the same content that came another way
            drafts.insert_draft(tx, edition.id, lines, self._expires_at, post.version)
        drafts.add_editor(tx, edition.id, target.id, post.editor.key)
        for replaced in relation.replaced:
            drafts.replace_draft(tx, replaced, edition.id)
        return edition

    def _release(
        self, tx: Transaction, post: Post, prepared: PreparedEdition, draft: Edition, about: dict[str, object]
    ) -> MailResult:
        target, site = prepared.context.list, self._context.site
        edition = releases.release(tx, draft.id, self._context.now)
        record_post(tx, self._context, RELEASE, post.editor, post.list_name, edition.id)
        url = profile_of(target, site).edition_url(site, edition.slug) if target.archive == "public" else None
        self._answers.notify(tx, post, "edition_released", **about, audience=edition.audience, edition_url=url)
        return self._taken(tx, post, edition, "released")

    def _hold(
        self,
        tx: Transaction,
        post: Post,
        prepared: PreparedEdition,
        edition: Edition,
        about: dict[str, object],
        *,
        again: bool,
    ) -> MailResult:
        draft = drafts.find_draft(tx, edition.id)
        version = post.version if draft is None else draft_versions.last_of(draft.version, post.version)
        drafts.extend_draft(tx, edition.id, self._expires_at, version)
        audience, expires_at = enrolment.count_audience(tx, edition.list_id), self._expires_at
        kind = "edition_needs_approval" if prepared.context.list.needs_second_person else "edition_held"
        self._answers.notify(tx, post, kind, **about, audience=audience, expires_at=expires_at, again=again)
        if not again:
            edition_storage.queue_test_copies(tx, self._context, prepared, [post.editor])
        return self._taken(tx, post, edition, "held already" if again else "held")

    def _taken(self, tx: Transaction, post: Post, edition: Edition, outcome: str) -> MailResult:
        record_post(tx, self._context, POST, post.editor, post.list_name, edition.id)
        tx.after_commit(_log_accepted, post, edition)
        return done(outcome)

    @property
    def _expires_at(self) -> int:
        return self._context.now + int(self._context.tokens.approve_lifetime_seconds)


def _log_accepted(post: Post, edition: Edition) -> None:
    event(log, "edition.accepted", edition=edition.id, list=post.list_name, state=edition.state)


def without_lines(findings: Sequence[Finding], file: EditionFile) -> list[Finding]:
    """The findings for the editor: without lines, which the author of a mail could not count."""
    return [replace(finding, line=None) if file.format is EditionFormat.MIME else finding for finding in findings]
