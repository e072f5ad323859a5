"""Writing drafts: hand one in, change its text and files, read it, and throw it away.

Each change names the version that its author has seen, by the number of a change, and is refused if somebody has
changed the same thing since. A draft may have errors, which only stop its release; a text that cannot be read at all is
refused. It is built outside of the transaction that stores it, and again if something else happened in the meantime.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.errors import BadInput, ChangedMeanwhile, NotFound, Refused
from pressrun.core.lifecycles.edition import EditionState
from pressrun.message.finding import Finding, errors_of
from pressrun.message.sources.edition_file import relative_path
from pressrun.services.authors import Author
from pressrun.services.drafts.submissions import Submissions
from pressrun.services.editions import edition_storage, lifecycle
from pressrun.services.editions.build_orders import require_no_errors
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.services.editions.edition_preparer import BuiltDraft, EditionPreparer
from pressrun.services.editions.edition_storage import ChangedSinceBuild, PreparedEdition
from pressrun.store.editions import drafts, editions, manuscripts
from pressrun.store.editions.editions import Edition
from pressrun.store.editions.manuscripts import FileContent, NewManuscript, StoredManuscript, Text
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.people import audit
from pressrun.store.transaction import Transaction

MOST_FILES = 100  # of one draft: each is a part of every copy, or waits to be named by the text
LARGEST_DRAFT = 32 * 1024 * 1024  # octets of its text and files: mailboxes take no mail that is larger
LARGEST_DRAFTS = 512 * 1024 * 1024  # of one list together: on a full disk no other list could send anything either

Seen = Sequence[int] | None
"""The versions that a change may be based on. None allows any."""


class Change(Protocol):
    """A change of a draft."""

    def changed_at(self, tx: Transaction, manuscript: StoredManuscript) -> int:
        """The number of the last change of the same thing, 0 where it is new; raises NotFound for nothing to remove."""

    async def applied(self, draft: OpenDraft, builder: EditionBuilder) -> OpenDraft:
        """The draft after the change; raises NotFound, BadInput, Unavailable."""

    def record(self, tx: Transaction, before: StoredManuscript, text: Text, author: str, now: int) -> int:
        """Store that it was made; returns its number."""


class TextChange(Struct, frozen=True):
    """Another text, which may be made of the one that is there."""

    rewrite: Callable[[OpenDraft, EditionBuilder], Awaitable[Text]]

    def changed_at(self, _: Transaction, manuscript: StoredManuscript) -> int:
        """The last change of the text, whatever happened to the files."""
        return manuscript.text_number

    async def applied(self, draft: OpenDraft, builder: EditionBuilder) -> OpenDraft:
        """The new text with the same files."""
        return replace(draft, text=await self.rewrite(draft, builder))

    def record(self, tx: Transaction, before: StoredManuscript, text: Text, author: str, now: int) -> int:
        return manuscripts.change_text(tx, before, text, author, now)


class FileChange(Struct, frozen=True):
    """A file that is added or replaced, or with None removed, by the plain spelling of its path."""

    path: str
    content: bytes | None

    def changed_at(self, tx: Transaction, manuscript: StoredManuscript) -> int:
        """The last change of this file."""
        file = manuscripts.find_file(tx, manuscript.edition_id, self.path)
        if file is None and self.content is None:
            raise NotFound(f"this draft has no file {self.path!r}")
        return 0 if file is None else file.number

    async def applied(self, draft: OpenDraft, _: EditionBuilder) -> OpenDraft:
        """The same text with the other files."""
        rest = {path: content for path, content in draft.files.items() if path != self.path}
        return replace(draft, files=rest if self.content is None else {**rest, self.path: self.content})

    def record(self, tx: Transaction, before: StoredManuscript, _: Text, author: str, now: int) -> int:
        return manuscripts.change_file(tx, before, self.path, self.content, author, now)


class OpenDraft(Struct, frozen=True, kw_only=True):
    """A draft with its text and its files by their paths."""

    edition: Edition
    manuscript: StoredManuscript
    text: Text
    files: Mapping[str, bytes]


class DraftOrder(Struct, frozen=True, kw_only=True):
    """A draft that is handed in: its text, its files by their paths, and who wrote it.

    `source_url` is the page that it was made of. With `submit` it is submitted, too, unless preflight finds errors or
    the same file came before and was changed since.
    """

    list_name: str
    text: Text
    files: Mapping[str, bytes]
    author: Author
    source_url: str | None = None
    submit: bool = False


class DraftResult(Struct, frozen=True, kw_only=True):
    """The id of a draft, the number of its last change, what preflight finds, and whether this call made it."""

    id: int
    number: int
    findings: tuple[Finding, ...] = ()
    created: bool = False


class DraftEditing:
    """The use cases of those who write drafts."""

    def __init__(self, preparer: EditionPreparer, submissions: Submissions) -> None:
        self._preparer = preparer
        self._submissions = submissions
        self._context = preparer.context
        self._database = preparer.context.database

    @property
    def builder(self) -> EditionBuilder:
        """Where drafts are built."""
        return self._preparer.builder

    @edition_storage.again_if_changed("other editions arrived at the same moment. Send it again")
    async def hand_in(self, order: DraftOrder) -> DraftResult:
        """Make a draft, or find the edition of this list that came as the same file. Raises EditionError, Refused."""
        order = replace(order, files=_checked_files(order.text, order.files))
        async with self._preparer.turn(order.list_name):
            built = await self._preparer.prepare_draft(order.list_name, order.text, order.files)
            return await self._database.write(self._store, built, order)

    async def open(self, edition_id: int) -> OpenDraft:
        """A draft with its text and files; raises NotFound, and Refused for an edition that is not a draft."""
        return await self._database.read(open_draft, edition_id)

    async def check(self, edition_id: int) -> BuiltDraft:
        """A draft as it would go out now, and what preflight finds."""
        return await self._build(await self.open(edition_id))

    @edition_storage.again_if_changed("the list or the draft was changed at the same moment. Send it again")
    async def change(self, edition_id: int, change: Change, author: Author, seen: Seen) -> DraftResult:
        """Make a change to a version that was seen, or with None to whatever there is.

        Raises ChangedMeanwhile, EditionError, NotFound, Refused.
        """
        edition = await self._database.read(lifecycle.require_edition, edition_id)
        async with self._preparer.turn(edition.list_name):
            return await self._change(edition_id, change, author, seen)

    async def _change(self, edition_id: int, change: Change, author: Author, seen: Seen) -> DraftResult:
        before = await self.open(edition_id)
        await self._database.read(_require_seen, before.manuscript, change, seen)
        changed = await change.applied(before, self._preparer.builder)
        after = replace(changed, files=_checked_files(changed.text, changed.files))
        built = await self._build(after)
        if after == before:
            return DraftResult(id=edition_id, number=before.manuscript.number, findings=built.findings)
        return await self._database.write(self._rewrite, before, after, built, change, author)

    async def remove(self, edition_id: int, seen: Seen) -> None:
        """Throw a draft away for good. Raises NotFound, Refused, and ChangedMeanwhile for a version that is old."""
        await self._database.write(_remove, edition_id, seen, self._context.now)

    async def file(self, edition_id: int, path: str) -> FileContent:
        """A file by its path; raises NotFound."""
        file = await self._database.read(manuscripts.find_file, edition_id, clean_path(path))
        if file is None:
            raise NotFound(f"edition {edition_id} has no file {path!r}")
        return file

    async def revision(self, edition_id: int, number: int) -> Text:
        """The text of a change; raises NotFound for a file, and for a text that is no longer kept."""
        text = await self._database.read(manuscripts.find_kept_text, edition_id, number)
        if text is None:
            raise NotFound(f"edition {edition_id} has no text {number}, or it is no longer kept")
        return text

    async def _build(self, draft: OpenDraft) -> BuiltDraft:
        return await self._preparer.prepare_draft(draft.edition.list_name, draft.text, draft.files, own=draft.edition)

    def _store(self, tx: Transaction, built: BuiltDraft, order: DraftOrder) -> DraftResult:
        stored = self._find_or_begin(tx, built.prepared, order)
        if order.submit:
            self._submit_unchanged(tx, stored.id, built, order.author)
        return replace(stored, findings=built.findings)

    def _find_or_begin(self, tx: Transaction, prepared: PreparedEdition, order: DraftOrder) -> DraftResult:
        target, digest = lists.get_open_list(tx, prepared.context.list.name), prepared.manuscript.digest
        known = manuscripts.find_same(tx, target.id, digest)
        if known is not None:
            audit.mention(tx, f"edition {known}")
            stored = manuscripts.find_manuscript(tx, known)
            return DraftResult(id=known, number=0 if stored is None else stored.number)
        edition_storage.require_same_context(tx, prepared)
        _require_room(tx, target, len(order.text.source) + _size_of(order.files))
        now, secret = self._context.now, self._context.entropy(16)
        content = edition_storage.content_of(prepared, state=EditionState.DRAFT, message_secret=secret)
        edition = edition_storage.store_edition(tx, prepared, content, now)
        new = NewManuscript(text=order.text, files=order.files, first_digest=digest, source_url=order.source_url)
        manuscripts.begin(tx, edition.id, new, order.author.key, now)
        return DraftResult(id=edition.id, number=1, created=True)

    def _submit_unchanged(self, tx: Transaction, edition_id: int, built: BuiltDraft, author: Author) -> None:
        """Submit a draft as it was handed in. One that is being changed is ready when its authors say so."""
        edition, manuscript = lifecycle.require_edition(tx, edition_id), manuscripts.find_manuscript(tx, edition_id)
        if manuscript is None or manuscript.number > 1 or edition.state is not EditionState.DRAFT:
            return
        if not errors_of(built.findings):
            self._submissions.submit(tx, edition, manuscript, author.key)

    def _rewrite(
        self, tx: Transaction, before: OpenDraft, after: OpenDraft, built: BuiltDraft, change: Change, author: Author
    ) -> DraftResult:
        edition = lifecycle.require_edition(tx, before.edition.id)
        manuscript = require_draft(tx, edition)
        if manuscript.number != before.manuscript.number:
            raise ChangedSinceBuild("the draft has changed")
        require_same_draft(tx, built.prepared, edition)
        _require_room(tx, built.prepared.context.list, _added(before, after))
        require_no_errors(edition_storage.check_stored_issue(tx, built.prepared, replaced=[edition.id]))
        rewrite(tx, edition, built.prepared)
        drafts.put_findings(tx, edition.id, [finding.plain() for finding in built.findings])
        number = change.record(tx, manuscript, after.text, author.key, self._context.now)
        return DraftResult(id=edition.id, number=number, findings=built.findings)


def open_draft(tx: Transaction, edition_id: int) -> OpenDraft:
    """A draft with its text and files; raises NotFound, Refused."""
    edition = lifecycle.require_edition(tx, edition_id)
    manuscript = require_draft(tx, edition)
    text, files = manuscripts.load_text(tx, edition_id), manuscripts.load_files(tx, edition_id)
    return OpenDraft(edition=edition, manuscript=manuscript, text=text, files=files)


def require_draft(tx: Transaction, edition: Edition) -> StoredManuscript:
    """The state of a draft; raises Refused for any other edition, and for one that an earlier version got by mail."""
    manuscript = manuscripts.find_manuscript(tx, edition.id)
    if edition.state is not EditionState.DRAFT:
        raise Refused(f"edition {edition.id} is {edition.state} and no longer a draft")
    if manuscript is None:
        raise Refused(f"edition {edition.id} came by email before the last upgrade. Email it again to work on it here")
    return manuscript


def require_same_draft(tx: Transaction, prepared: PreparedEdition, edition: Edition) -> None:
    """Raise ChangedSinceBuild when a draft would now be built differently; Refused for a content that is taken."""
    target = lists.get_open_list(tx, edition.list_name)
    if target != prepared.context.list:
        raise ChangedSinceBuild("the list has changed")
    if prepared.context.slug in editions.used_slugs(tx, target.id, prepared.context.slug, but=[edition.id]):
        raise ChangedSinceBuild("the slug is no longer free")
    other = drafts.find_same_content(tx, target.id, prepared.manuscript.digest)
    if other not in (None, edition.id) and lifecycle.require_edition(tx, other).state is not EditionState.CANCELLED:
        raise Refused(f"edition {other} of {target.name} has the same content already")


def require_current(manuscript: StoredManuscript, seen: Seen) -> None:
    """Raise ChangedMeanwhile unless one of the versions seen is the current one; None allows any."""
    if seen is not None:
        _require_among(seen, manuscript.number, manuscript.number)


def _require_among(seen: Sequence[int], changed: int, latest: int) -> None:
    """Raise ChangedMeanwhile unless one of these versions includes the latest change."""
    if not any(changed <= version <= latest for version in seen):
        raise ChangedMeanwhile(
            f"somebody has changed it since: its last change is {changed or latest}. Read it again, and send the ETag "
            "that comes with it in If-Match"
        )


def rewrite(tx: Transaction, edition: Edition, prepared: PreparedEdition) -> None:
    """Store a draft as it was built."""
    editions.rewrite_edition(
        tx, edition.id, edition_storage.content_of(prepared, state=edition.state, message_secret=edition.message_secret)
    )


def _require_room(tx: Transaction, target: MailingList, added: int) -> None:
    """Raise Refused if this many more octets would be too much for the drafts of a list."""
    if added > 0 and manuscripts.size_of_drafts(tx, target.id) + added > LARGEST_DRAFTS:
        raise Refused(
            f"the drafts of {target.name} may have {LARGEST_DRAFTS >> 20} MiB together, with earlier versions of their "
            "texts. Send or delete some"
        )


def _added(before: OpenDraft, after: OpenDraft) -> int:
    """How many octets a change adds: another text all of its own, as the one before is kept."""
    if after.text != before.text:
        return len(after.text.source)
    return _size_of(after.files) - _size_of(before.files)


def _size_of(files: Mapping[str, bytes]) -> int:
    return sum(map(len, files.values()))


def _require_seen(tx: Transaction, manuscript: StoredManuscript, change: Change, seen: Seen) -> None:
    changed = change.changed_at(tx, manuscript)
    if seen is not None:
        _require_among(seen, changed, manuscript.number)
    elif changed == 0:
        raise ChangedMeanwhile("there is no such file yet. To add it, send the ETag of the draft in If-Match")


def _remove(tx: Transaction, edition_id: int, seen: Seen, now: int) -> None:
    edition = lifecycle.require_edition(tx, edition_id)
    if edition.state is not EditionState.DRAFT:
        raise Refused(f"edition {edition_id} is {edition.state} and no longer a draft, so it stays")
    manuscript = manuscripts.find_manuscript(tx, edition_id)
    if manuscript is not None:
        require_current(manuscript, seen)
    lifecycle.cancel(tx, edition_id, now)
    editions.delete_cancelled(tx, edition_id)


def clean_path(path: str) -> str:
    """The path of a file in its plain spelling; raises EditionError."""
    return relative_path(path, None)


def _checked_files(text: Text, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files by the plain spellings of their paths; raises BadInput for too many, too much, or two in one place."""
    plain = {clean_path(path): content for path, content in files.items()}
    if len(plain) < len(files):
        raise BadInput("two files of this draft have the same path")
    if len(plain) > MOST_FILES:
        raise BadInput(f"a draft has at most {MOST_FILES} files, and this one would have {len(plain)}")
    size = len(text.source) + _size_of(plain)
    if size > LARGEST_DRAFT:
        raise BadInput(f"a draft has at most {LARGEST_DRAFT >> 20} MiB with its files, and this one {size >> 20} MiB")
    return plain
