"""Answers to editors who mail editions, always to the address in our own table, never to one from the mail."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pressrun.core.addresses.address import Address
from pressrun.core.signing.tokens import digests_of
from pressrun.message.finding import Finding
from pressrun.services.context import ServiceContext
from pressrun.services.incoming.posting_rules import POST, record_post
from pressrun.services.mail_results import MailResult, kept
from pressrun.services.mails.notices_to_people import mail_person
from pressrun.services.suppression import find_reason
from pressrun.store import limits
from pressrun.store.editions.drafts import DraftVersion
from pressrun.store.limits import Meter
from pressrun.store.lists import lists
from pressrun.store.people import people
from pressrun.store.queue.inbound import InboundMail, InboundState
from pressrun.store.transaction import Transaction

NOT_AN_EDITOR = "its author is no longer an editor"
LIMITED = "limited"


class Post(Struct, frozen=True, kw_only=True):
    """A mail of an editor: its list, its editor (the address in our own table), and what the answer refers to."""

    mail: InboundMail
    list_name: str
    editor: Address
    version: DraftVersion
    subject: str = ""
    message_id: str | None = None
    is_proven: bool = False
    may_go_at_once: bool = False  # if the list allows it


class PostAnswers:
    """Answers mails of editors within the transaction of the caller."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    def is_over_limit(self, tx: Transaction, editor: Address) -> bool:
        """Whether an editor's mail need not even be read, which may take seconds for a forged From."""
        return limits.opens_at(tx, [self._meter_of(editor)], self._context.clock()) is not None

    def why_silent(self, tx: Transaction, post: Post) -> str | None:
        """Why this editor's mail is neither accepted nor answered now; otherwise counts it against their limit.

        If an editor is removed while their mail waits, it is treated like a stranger's. Proven mail is not limited, so
        that nobody can lock editors out by writing in their name.
        """
        target = lists.find_list(tx, post.list_name)
        if target is not None and people.find_editor(tx, target.id, post.editor.key) is None:
            return NOT_AN_EDITOR
        if find_reason(tx, digests_of(self._context.keys, post.editor)) is not None:
            return "not answered: suppressed"
        if post.is_proven:
            return None
        return None if limits.spend(tx, [self._meter_of(post.editor)], self._context.clock()) else LIMITED

    def _meter_of(self, editor: Address) -> Meter:
        return self._context.meter_of("posts_per_editor", editor)

    def decline(
        self, tx: Transaction, post: Post, problems: Sequence[Finding], state: InboundState = InboundState.DONE
    ) -> MailResult:
        """Tell an editor why their mail does not become an edition."""
        silence = self.why_silent(tx, post)
        if silence is not None:
            return kept(silence)
        record_post(tx, self._context, POST, post.editor, post.list_name)
        findings = [problem.plain() for problem in problems]
        if not self.notify(tx, post, "edition_not_taken", mail_subject=post.subject, findings=findings):
            return kept("list is gone")
        outcome = "not taken" if state is InboundState.DONE else f"not taken: {'; '.join(map(str, problems))}"
        return MailResult(state, outcome, "failed" if state is InboundState.FAILED else "")

    def notify(self, tx: Transaction, post: Post, kind: str, /, **about: object) -> bool:
        """Queue an answer to the editor; False when the list is gone."""
        target = lists.find_list(tx, post.list_name)
        if target is None:
            return False
        payload = {"about": about, "answers": "mail", "in_reply_to": post.message_id}
        mail_person(tx, kind, post.editor, payload, self._context, list_id=target.id, language=target.language)
        return True
