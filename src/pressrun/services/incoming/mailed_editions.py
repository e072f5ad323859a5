"""Editions by mail: an editor's mail becomes a draft that waits for its editor, or goes out at once if it is proven.

The From field alone proves nothing, so the edition is held, and only somebody who reads the editor's mailbox can
release it. A list with `post_by_mail=direct` skips that for a mail whose From domain a trusted server has verified.

This module reads a mail and builds its edition in helper processes, which may take seconds. The decision about it
(posted_drafts), the answer to its editor (post_answers) and its result are recorded in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pressrun.core.addresses.mail_routes import Route
from pressrun.core.errors import EditionError, NotFound, Refused, TimedOutMail, UnreadableMail
from pressrun.message.editions.posted import Posted, read_post_header
from pressrun.message.finding import Finding, Severity, about, error, errors_of, in_order, refusal_of, warning
from pressrun.message.incoming.header_scan import find_written_at, scan_header, sole_author
from pressrun.message.sources.edition_source import EditionFile
from pressrun.services.drafts import draft_versions
from pressrun.services.editions.build_orders import Manuscript
from pressrun.services.editions.edition_preparer import EditionPreparer
from pressrun.services.editions.edition_storage import PreparedEdition, again_if_changed
from pressrun.services.incoming import posting_rules
from pressrun.services.incoming.post_answers import LIMITED, NOT_AN_EDITOR, Post, PostAnswers
from pressrun.services.incoming.posted_drafts import PostedDrafts, without_lines
from pressrun.services.mail_results import MailMustWait, MailResult, kept, needing_helper, record_work
from pressrun.services.ports import MailParser
from pressrun.store.queue.inbound import InboundMail, InboundState


class MailedEditions:
    """Makes editions of mails."""

    def __init__(self, preparer: EditionPreparer, *, parser: MailParser) -> None:
        self._preparer = preparer
        self._context = preparer.context
        self._database = preparer.context.database
        self._parser = parser
        self._site = preparer.context.site
        self._answers = PostAnswers(preparer.context)
        self._drafts = PostedDrafts(preparer.context, self._answers)

    async def process(self, mail: InboundMail, route: Route) -> MailResult | None:
        """Make an edition of a mail to the list, notify its editor, and record that.

        Returns None, and records nothing, for a reply to one of our copies. Raises Unavailable.
        """
        header = scan_header(mail.content)
        if posting_rules.is_reply_to_copy(header, self._site):
            return None
        author = sole_author(header.all("from"))
        editor = (
            None if author is None else await self._database.read(posting_rules.find_editor, route.list_name, author)
        )
        if author is None or editor is None:
            return await self._keep(mail, NOT_AN_EDITOR)
        is_proven = posting_rules.is_proven_by_server(mail, author, self._context.settings.value)
        if not is_proven and await self._database.read(self._answers.is_over_limit, editor):
            return await self._keep(mail, LIMITED)
        version = draft_versions.version_of(
            find_written_at(mail.content), received_at=mail.received_at, mail_id=mail.id, is_proven=is_proven
        )
        post = Post(mail=mail, list_name=route.list_name, editor=editor, version=version, is_proven=is_proven)
        try:
            with needing_helper():
                posted = await self._parser.read_edition(mail.content)
        except UnreadableMail as problem:
            return await self._refuse_unreadable(post, problem)
        if posting_rules.is_automatic(posted.automatic):
            return await self._keep(mail, f"not an edition: {posted.automatic}")
        may_go_at_once = is_proven and posting_rules.is_meant(posted, route.list_name, self._site)
        post = replace(post, subject=posted.subject, message_id=posted.message_id, may_go_at_once=may_go_at_once)
        return await self._accept(post, posted)

    async def _refuse_unreadable(self, post: Post, problem: UnreadableMail) -> MailResult:
        header = read_post_header(post.mail.content)
        if posting_rules.is_automatic(header.automatic):
            return await self._keep(post.mail, f"not an edition: {header.automatic}")
        post = replace(post, subject=header.subject, message_id=header.message_id)
        state = InboundState.FAILED if isinstance(problem, TimedOutMail) else InboundState.DONE
        return await self._decline(post, [refusal_of(problem)], state)

    @again_if_changed("other editions came in at the same moment", MailMustWait)
    async def _accept(self, post: Post, posted: Posted) -> MailResult:
        manuscript = Manuscript(source=posted.source, source_name=posted.source_name, assets=posted.assets)
        try:
            with needing_helper():
                read = await self._preparer.builder.read(post.list_name, manuscript)
            file = read.file
            unused = [warning("file-unused", name=name) for name in sorted(posted.assets.keys() - read.paths)]
            async with self._preparer.turn(post.list_name):
                prepared = await self._build(post, manuscript, file)
                of_sender = await self._preparer.sender_check.check(prepared.context.list, file.keys.from_)
                notes = [about(Severity.WARNING, note) for note in posted.notes]
                findings = in_order([*prepared.built.findings, *of_sender, *notes, *unused])
                errors = errors_of(findings)
                if errors:
                    return await self._decline(post, without_lines(errors, file))
                return await self._database.write(
                    record_work, post.mail, self._context.now, self._drafts.store, post, prepared, findings
                )
        except EditionError as problem:
            return await self._decline(post, [refusal_of(problem)])
        except (NotFound, Refused):
            return await self._decline(post, [error("list-closed")])

    async def _build(self, post: Post, manuscript: Manuscript, file: EditionFile) -> PreparedEdition:
        """Build the edition; raises MailMustWait when that cannot be done now."""
        subject = file.keys.subject.text if file.keys.subject else ""
        relation = await self._database.read(self._drafts.relation_of, post, subject)
        with needing_helper():
            return await self._preparer.prepare(
                post.list_name, manuscript, file, with_drafts=False, replaced=relation.replaced
            )

    async def _decline(
        self, post: Post, problems: Sequence[Finding], state: InboundState = InboundState.DONE
    ) -> MailResult:
        """Make no edition of a mail, and tell its editor why."""
        return await self._database.write(
            record_work, post.mail, self._context.now, self._answers.decline, post, problems, state
        )

    async def _keep(self, mail: InboundMail, why: str) -> MailResult:
        """Keep a mail without making an edition of it or answering it."""
        return await self._database.record(record_work, mail, self._context.now, lambda _: kept(why))
