"""Editions by mail: an editor's mail becomes a draft that waits for its editor, or goes out at once if it is proven.

The From field alone proves nothing, so the edition is held, and only somebody who reads the editor's mailbox can
release it. A list with `post_by_mail=direct` skips that for a mail whose From domain a trusted server has verified.
In any case the editor hears about it at the address in our own table, never at one from the mail. Draft, notices and
the record that the mail is done are one transaction, so a kill repeats nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.addresses.address import Address
from pressrun.core.addresses.mail_routes import Route
from pressrun.core.errors import EditionError, NotFound, Refused, TimedOutMail, UnreadableMail
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.signing.tokens import digests_of, suppression_digest
from pressrun.message.editions.posted import Posted, read_post_header
from pressrun.message.finding import Finding, Severity, about, error, errors_of, in_order, refusal_of, warning
from pressrun.message.incoming.header_scan import find_written_at, scan_header, sole_author
from pressrun.message.sources.edition_source import EditionFile, EditionFormat
from pressrun.observe.log import event
from pressrun.services.drafts import draft_versions
from pressrun.services.editions import lifecycle, releases
from pressrun.services.editions.edition_build import Manuscript, get_open_list
from pressrun.services.editions.edition_storage import (
    STORE_ATTEMPTS,
    ChangedSinceBuild,
    PreparedEdition,
    check_stored_issue,
    queue_test_copies,
    require_same_context,
    store_edition,
)
from pressrun.services.editions.releases import DraftStatus, draft_status, needs_second_person
from pressrun.services.editions.workshop import Workshop
from pressrun.services.incoming.posting_rules import (
    POST,
    RELEASE,
    find_editor,
    is_automatic,
    is_meant,
    is_proven_by_server,
    is_reply_to_copy,
    record_post,
)
from pressrun.services.mail_results import (
    MailMustWait,
    MailResult,
    claim,
    done,
    kept,
    needing_helper,
    record_result,
)
from pressrun.services.mails.list_profile import profile_of
from pressrun.services.ports import MailParser
from pressrun.services.suppression import find_reason
from pressrun.store import limits
from pressrun.store.editions import drafts, editions
from pressrun.store.lists import lists
from pressrun.store.people import people
from pressrun.store.queue import notices
from pressrun.store.queue.inbound import InboundMail, InboundState
from pressrun.store.readers import enrolment, subscribers
from pressrun.store.transaction import Transaction

log = logging.getLogger("pressrun.editions")

NOT_AN_EDITOR = "its author is no editor any more"
LIMITED = "limited"
_OVER = frozenset({DraftStatus.CANCELLED, DraftStatus.REPLACED})  # the same content may come again


class _Post(Struct, frozen=True, kw_only=True):
    """A mail of an editor: its list, its editor (the address in our own table), and what the answer refers to."""

    mail: InboundMail
    list_name: str
    editor: Address
    version: drafts.DraftVersion
    subject: str = ""
    message_id: str | None = None
    is_proven: bool = False
    may_go_at_once: bool = False  # if the list allows it


class MailedEditions:
    """Makes editions of mails."""

    def __init__(self, workshop: Workshop, *, parser: MailParser) -> None:
        self._workshop = workshop
        self._context = workshop.context
        self._database = workshop.context.database
        self._parser = parser
        self._site = workshop.context.site

    async def process(self, mail: InboundMail, route: Route) -> MailResult | None:
        """Make an edition of a mail to the list, notify its editor, and record that.

        Returns None, and records nothing, for a reply to one of our copies. Raises Unavailable.
        """
        header = scan_header(mail.content)
        if is_reply_to_copy(header, self._site):
            return None
        author = sole_author(header.all("from"))
        editor = None if author is None else await self._database.read(find_editor, route.list_name, author)
        if author is None or editor is None:
            return await self._record(mail, kept(NOT_AN_EDITOR))
        is_proven = is_proven_by_server(mail, author, self._context.settings.value)
        if not is_proven and await self._database.read(self._is_over_limit, editor):
            return await self._record(mail, kept(LIMITED))
        version = draft_versions.version_of(
            find_written_at(mail.content), received_at=mail.received_at, mail_id=mail.id, is_proven=is_proven
        )
        post = _Post(mail=mail, list_name=route.list_name, editor=editor, version=version, is_proven=is_proven)
        try:
            with needing_helper():
                posted = await self._parser.read_edition(mail.content)
        except UnreadableMail as problem:
            post_header = read_post_header(mail.content)
            if is_automatic(post_header.automatic):
                return await self._record(mail, kept(f"not an edition: {post_header.automatic}"))
            post = replace(post, subject=post_header.subject, message_id=post_header.message_id)
            state = InboundState.FAILED if isinstance(problem, TimedOutMail) else InboundState.DONE
            return await self._decline(post, [refusal_of(problem)], state)
        if is_automatic(posted.automatic):
            return await self._record(mail, kept(f"not an edition: {posted.automatic}"))
        may_go_at_once = is_proven and is_meant(posted, route.list_name, self._site)
        post = replace(post, subject=posted.subject, message_id=posted.message_id, may_go_at_once=may_go_at_once)
        return await self._accept(post, posted)

    # ------------------------------------------------------------------ outside of any transaction

    async def _accept(self, post: _Post, posted: Posted) -> MailResult:
        manuscript = Manuscript(source=posted.source, source_name=posted.source_name, assets=posted.assets)
        try:
            with needing_helper():
                read = await self._workshop.builder.read(post.list_name, manuscript)
            file, unused = read.file, _unused(posted, read.paths)
            for _ in range(STORE_ATTEMPTS):
                prepared = await self._build(post, manuscript, file)
                of_sender = await self._workshop.sender_check.check(prepared.context.list, file.keys.from_)
                notes = [about(Severity.WARNING, note) for note in posted.notes]
                findings = in_order([*prepared.built.findings, *of_sender, *notes, *unused])
                errors = errors_of(findings)
                if errors:
                    return await self._decline(post, _lines(errors, file))
                try:
                    result, edition = await self._database.write(self._store, post, prepared, findings)
                except ChangedSinceBuild:
                    continue
                if edition is not None:
                    event(log, "edition.accepted", edition=edition.id, list=post.list_name, state=edition.state)
                return result
        except EditionError as problem:
            return await self._decline(post, [refusal_of(problem)])
        except (NotFound, Refused):
            return await self._decline(post, [error("list-closed")])
        raise MailMustWait("other editions came in at the same moment")

    async def _build(self, post: _Post, manuscript: Manuscript, file: EditionFile) -> PreparedEdition:
        """Build the edition; raises MailMustWait when that cannot be done now."""
        subject = file.keys.subject.text if file.keys.subject else ""
        relation = await self._database.read(self._find_relation, post, subject, None)
        with needing_helper():
            return await self._workshop.prepare(
                post.list_name, manuscript, file, with_drafts=False, replaced=relation.replaced
            )

    async def _decline(
        self, post: _Post, problems: Sequence[Finding], state: InboundState = InboundState.DONE
    ) -> MailResult:
        """Make no edition of a mail, and tell its editor why."""
        return await self._database.write(self._record_refusal, post, problems, state)

    async def _record(self, mail: InboundMail, result: MailResult) -> MailResult:
        return await self._database.record(self._record_alone, mail, result)

    # ------------------------------------------------------------------ within one transaction

    def _store(
        self, tx: Transaction, post: _Post, prepared: PreparedEdition, findings: Sequence[Finding]
    ) -> tuple[MailResult, editions.Edition | None]:
        """Store one edition for one content, or find it. Raises ChangedSinceBuild, NotFound, Refused.

        The rights of the editor and the list are checked again, because they may have ended since the mail came.
        """
        claim(tx, post.mail, self._context.now)
        result, edition = self._find_or_store(tx, post, prepared, findings)
        if edition is not None:
            record_post(tx, self._context, POST, post.editor, post.list_name, edition.id)
        return record_result(tx, post.mail, result), edition

    def _find_or_store(
        self, tx: Transaction, post: _Post, prepared: PreparedEdition, findings: Sequence[Finding]
    ) -> tuple[MailResult, editions.Edition | None]:
        target = get_open_list(tx, post.list_name)
        if target.post_by_mail == "off":
            return self._store_refusal(tx, post, [error("posting-off")], InboundState.DONE), None
        before = drafts.find_same_content(tx, target.id, prepared.manuscript.digest)
        edition = None if before is None else lifecycle.require_edition(tx, before)
        over = None
        if edition is not None and draft_status(tx, edition, target) in _OVER:
            over, edition = edition, None
        relation = self._find_relation(tx, post, prepared.built.subject_template, edition)
        if edition is None:
            require_same_context(tx, prepared, replaced=relation.replaced)
        is_known = edition is not None and edition.state is not EditionState.DRAFT
        problems = [] if is_known or relation.newer is None else [draft_versions.newer_draft_finding(relation.newer)]
        if edition is None:
            problems += _lines(errors_of(check_stored_issue(tx, prepared, replaced=relation.replaced)), prepared.file)
        if problems:
            return self._store_refusal(tx, post, problems, InboundState.DONE), None
        silence = self._silence(tx, post)
        if silence is not None:
            return kept(silence), None
        if edition is not None and is_known:
            return self._answer_known(tx, post, edition), edition
        lines = [
            finding.plain() for finding in _lines([*draft_versions.warnings_of(relation), *findings], prepared.file)
        ]
        if over is not None and over.state is EditionState.DRAFT:  # nobody can release it any more
            lifecycle.cancel(tx, over.id, self._context.now)
        return self._store_draft(tx, post, prepared, edition, relation, lines)

    def _find_relation(
        self, tx: Transaction, post: _Post, subject: str, own: editions.Edition | None
    ) -> draft_versions.DraftRelation:
        target, now = get_open_list(tx, post.list_name), self._context.now
        number = None if own is None else own.id
        return draft_versions.relation_to_sent(tx, target, post.editor, subject, post.version, now=now, own=number)

    def _store_draft(
        self,
        tx: Transaction,
        post: _Post,
        prepared: PreparedEdition,
        edition: editions.Edition | None,
        relation: draft_versions.DraftRelation,
        lines: Sequence[drafts.PlainFinding],
    ) -> tuple[MailResult, editions.Edition]:
        """Hold an edition or release it; `edition` is an earlier draft with the same content."""
        target, now = prepared.context.list, self._context.now
        expires_at = now + int(self._context.tokens.approve_lifetime_seconds)
        is_new = edition is None
        draft_versions.cancel_drafts(tx, relation.replaced, now)
        if edition is None:
            secret = self._context.entropy(16)
            edition = store_edition(
                tx, prepared, state=EditionState.DRAFT, message_secret=secret, now=now, replaced=relation.replaced
            )
            draft_versions.begin(tx, edition.id, prepared.manuscript, post.editor, now, is_proven=post.is_proven)
        if drafts.find_draft(tx, edition.id) is None:  # also one of the same content that came another way
            drafts.insert_draft(tx, edition.id, lines, expires_at, post.version)
        drafts.add_editor(tx, edition.id, target.id, post.editor.key)
        draft_versions.replace_drafts(tx, relation.replaced, edition.id)
        about: dict[str, object] = {
            "edition": edition.id,
            "edition_subject": edition.title,
            "findings": list(lines),
            "replaces": bool(relation.replaced),
        }
        if post.may_go_at_once and target.post_by_mail == "direct" and not needs_second_person(target):
            edition = releases.release(tx, edition.id, now)
            record_post(tx, self._context, RELEASE, post.editor, post.list_name, edition.id)
            is_public = target.archive == "public"
            url = profile_of(target, self._site).edition_url(self._site, edition.slug) if is_public else None
            about |= {"audience": edition.audience, "edition_url": url}
            self._notify(tx, post, "edition_released", about)
            return done("released"), edition
        draft = drafts.find_draft(tx, edition.id)
        version = post.version if draft is None else draft_versions.last_of(draft.version, post.version)
        drafts.extend_draft(tx, edition.id, expires_at, version)
        audience = enrolment.count_audience(tx, target.id)
        about |= {"audience": audience, "expires_at": expires_at, "again": not is_new}
        kind = "edition_needs_approval" if needs_second_person(target) else "edition_held"
        self._notify(tx, post, kind, about)
        if is_new:
            queue_test_copies(tx, self._context, prepared, [post.editor])
        return done("held" if is_new else "held already"), edition

    def _store_refusal(
        self, tx: Transaction, post: _Post, problems: Sequence[Finding], state: InboundState
    ) -> MailResult:
        silence = self._silence(tx, post)
        if silence is not None:
            return kept(silence)
        about = {"mail_subject": post.subject, "findings": [problem.plain() for problem in problems]}
        record_post(tx, self._context, POST, post.editor, post.list_name)
        if not self._notify(tx, post, "edition_not_taken", about):
            return kept("list is gone")
        outcome = "not taken" if state is InboundState.DONE else f"not taken: {'; '.join(map(str, problems))}"
        counted_as = "failed" if state is InboundState.FAILED else ""
        return MailResult(state, outcome, counted_as)

    def _answer_known(self, tx: Transaction, post: _Post, edition: editions.Edition) -> MailResult:
        about = {"edition": edition.id, "edition_subject": edition.title, "state": edition.state.value}
        self._notify(tx, post, "edition_known", about)
        return done("came before")

    def _silence(self, tx: Transaction, post: _Post) -> str | None:
        """Why this editor's mail is neither accepted nor answered now; otherwise counts it against their limit.

        The mail of an editor who is removed while it waits counts as a stranger's. Proven mail is not limited, so that
        others who write in an editor's name cannot lock that editor out.
        """
        target = lists.find_list(tx, post.list_name)
        if target is not None and people.find_editor(tx, target.id, post.editor.key) is None:
            return NOT_AN_EDITOR
        if find_reason(tx, digests_of(self._context.keys, post.editor)) is not None:
            return "not answered: suppressed"
        if post.is_proven:
            return None
        fold = suppression_digest(self._context.keys, post.editor.fold)
        rate = self._context.limits.posts_per_editor
        return None if limits.spend(tx, "posts_per_editor", fold, rate, self._context.clock()) else LIMITED

    def _is_over_limit(self, tx: Transaction, editor: Address) -> bool:
        """Whether an editor's mail need not even be read, which may take seconds for a forged From."""
        fold, rate = suppression_digest(self._context.keys, editor.fold), self._context.limits.posts_per_editor
        return limits.opens_at(tx, "posts_per_editor", fold, rate, self._context.clock()) is not None

    def _notify(self, tx: Transaction, post: _Post, kind: str, about: Mapping[str, object]) -> bool:
        """Queue an answer to the editor; False when the list is gone."""
        target = lists.find_list(tx, post.list_name)
        if target is None:
            return False
        notice = notices.NewNotice(
            kind=kind,
            address=post.editor,
            message_secret=self._context.entropy(16),
            list_id=target.id,
            language=subscribers.language_of(tx, post.editor, target.language),
            payload={"about": about, "answers": "mail", "in_reply_to": post.message_id},
        )
        notices.insert_notice(tx, notice, self._context.now)
        return True

    def _record_refusal(
        self, tx: Transaction, post: _Post, problems: Sequence[Finding], state: InboundState
    ) -> MailResult:
        claim(tx, post.mail, self._context.now)
        return record_result(tx, post.mail, self._store_refusal(tx, post, problems, state))

    def _record_alone(self, tx: Transaction, mail: InboundMail, result: MailResult) -> MailResult:
        claim(tx, mail, self._context.now)
        return record_result(tx, mail, result)


def _unused(posted: Posted, named: frozenset[str]) -> list[Finding]:
    """Warnings about attachments that an attached edition file does not name."""
    return [warning("file-unused", name=name) for name in sorted(posted.assets) if name not in named]


def _lines(findings: Sequence[Finding], file: EditionFile) -> list[Finding]:
    """The findings for the editor: without lines, which the author of a mail could not count."""
    return [replace(finding, line=None) if file.format is EditionFormat.MIME else finding for finding in findings]
