"""Actions that write drafts: hand in, change texts and files, read them, throw away."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from pressrun.acts.act import OF_EDITION, OF_LIST, ActList, Doing, Http
from pressrun.acts.arguments import EditionId
from pressrun.acts.editions.draft_arguments import (
    BODIES,
    KEYS,
    ONE_BODY,
    DraftFile,
    DraftFileChange,
    DraftFileRemoval,
    DraftFiles,
    DraftKeys,
    DraftText,
    KnownDraft,
    NewDraft,
    RevisionNumber,
    keys_of,
    require_values,
)
from pressrun.acts.editions.edition_answers import (
    DraftAnswer,
    DraftFileAnswer,
    FindingAnswer,
    RevisionAnswer,
)
from pressrun.acts.editions.editions import show_edition
from pressrun.acts.http import JSON, MULTIPART, Content, Page
from pressrun.core.access.rights import Right
from pressrun.core.errors import BadInput
from pressrun.core.lifecycles.edition import EditionState
from pressrun.core.timestamps import rfc3339
from pressrun.message.finding import Finding
from pressrun.message.sources.edition_source import FORMATS, EditionFormat
from pressrun.services.authors import Author, name_of_author
from pressrun.services.drafts.draft_editing import (
    Change,
    DraftOrder,
    DraftResult,
    FileChange,
    OpenDraft,
    TextChange,
    clean_path,
)
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.store.editions import manuscripts
from pressrun.store.editions.manuscripts import Text
from pressrun.store.programs import api_tokens
from pressrun.store.programs.idempotency import KeptOutcome

_SUFFIXES = {"text/markdown": ".md", "text/html": ".html", "text/plain": ".txt", "message/rfc822": ".eml"}
_TEXTS = tuple(_SUFFIXES)
_MEDIA_TYPES = {
    EditionFormat.MARKDOWN: "text/markdown; charset=utf-8",
    EditionFormat.HTML: "text/html; charset=utf-8",
    EditionFormat.TEXT: "text/plain; charset=utf-8",
    EditionFormat.MIME: "message/rfc822",
}
_LONGEST_NAME = 100
_UNFIT = re.compile(r"[^\w.-]+")
IF_MATCH = {"revision": "If-Match"}
_OF_TEXT = {"source_name": "X-File", "media_type": "Content-Type"}


async def author_of(doing: Doing) -> Author:
    """Who acts, as drafts know their authors."""
    caller, token_id = doing.caller, doing.caller.token_id
    if token_id is not None and caller.person_id is None:
        token_id = await doing.cases.database.read(api_tokens.origin_of, token_id)
    return Author(person_id=caller.person_id, token_id=token_id, uid=caller.actor.uid)


def text_of(source: bytes, source_name: str, media_type: str, otherwise: str = "") -> Text:
    """A text by the name of its file, or else by its media type; `otherwise` is the name that it had."""
    name = _UNFIT.sub("-", re.split(r"[/\\]", source_name)[-1])[-_LONGEST_NAME:].lstrip(".")
    suffix = _SUFFIXES.get(media_type.partition(";")[0].strip().lower())
    kind = FORMATS.get(PurePosixPath(name).suffix.lower())
    if suffix is not None and kind is not FORMATS[suffix]:
        name = f"{name or PurePosixPath(otherwise).stem or 'edition'}{suffix}"
    return Text(source=source, source_name=name or otherwise)


async def _hand_in_again(doing: Doing, _: DraftFiles, kept: KeptOutcome) -> DraftAnswer:
    """The draft as it is now."""
    number = int(kept.object_name)
    shown = await show_edition(doing, number)
    is_draft = shown.state == EditionState.DRAFT
    findings = (await doing.cases.draft_editing.check(number)).findings if is_draft else ()
    return DraftAnswer(
        id=number,
        state=shown.state,
        revision=shown.revision or 0,
        findings=plain_findings(findings),
        created=kept.has_created,
        submitted=shown.submitted_at is not None,
    )


def _answer(made: DraftResult, *, state: str = EditionState.DRAFT.value, submitted: bool = False) -> DraftAnswer:
    return DraftAnswer(
        id=made.id,
        state=state,
        revision=made.number,
        findings=plain_findings(made.findings),
        created=made.created,
        submitted=submitted,
    )


def plain_findings(findings: tuple[Finding, ...]) -> list[FindingAnswer]:
    """Findings as programs get them."""
    return [FindingAnswer(**finding.plain()) for finding in findings]


async def _change(doing: Doing, args: DraftText | DraftKeys | DraftFileRemoval, change: Change) -> DraftAnswer:
    """Make a change to the version that the caller has seen."""
    return _answer(await doing.cases.draft_editing.change(args.id, change, await author_of(doing), args.revision))


DRAFT_ACTS = ActList()


@DRAFT_ACTS.add(
    "edition.draft",
    "Create a draft, or find it when the same file is sent again",
    Right.DRAFTS,
    OF_LIST,
    again=_hand_in_again,
    grows=True,
    http=Http(
        method="POST",
        path="lists/{list}/editions",
        headers=_OF_TEXT,
        members=NewDraft,
        together=ONE_BODY,
        body="source",
        files="files",
        media_types=(*_TEXTS, MULTIPART, JSON),
        status=201,
        otherwise={200: lambda made: not made.created},
        made="editions/{id}",
        etag="revision",
    ),
)
async def _hand_in(doing: Doing, args: DraftFiles) -> DraftAnswer:
    text = text_of(args.source, args.source_name, args.media_type, "edition.md")
    order = DraftOrder(
        list_name=args.list,
        text=text,
        files=args.files,
        author=await author_of(doing),
        source_url=args.source_url,
        submit=args.submit,
    )
    made = await doing.cases.draft_editing.hand_in(order)
    shown = await show_edition(doing, made.id)
    return _answer(made, state=shown.state, submitted=shown.submitted_at is not None)


@DRAFT_ACTS.add(
    "edition.text",
    "Read the text of a draft",
    Right.DRAFTS,
    OF_EDITION,
    http=Http(method="GET", path="editions/{id}/source", etag="revision"),
)
async def _source(doing: Doing, args: EditionId) -> Content:
    draft = await doing.cases.draft_editing.open(args.id)
    kind = FORMATS[PurePosixPath(draft.text.source_name).suffix.lower()]
    return Content(octets=draft.text.source, media_type=_MEDIA_TYPES[kind], revision=draft.manuscript.text_number)


@DRAFT_ACTS.add(
    "edition.rewrite",
    "Replace the text of a draft",
    Right.DRAFTS,
    OF_EDITION,
    grows=True,
    http=Http(
        method="PUT",
        path="editions/{id}/source",
        headers={**IF_MATCH, **_OF_TEXT},
        body="source",
        media_types=_TEXTS,
        etag="revision",
    ),
)
async def _change_text(doing: Doing, args: DraftText) -> DraftAnswer:
    async def rewrite(before: OpenDraft, _: EditionBuilder) -> Text:
        return text_of(args.source, args.source_name, args.media_type, before.text.source_name)

    return await _change(doing, args, TextChange(rewrite))


@DRAFT_ACTS.add(
    "edition.change",
    "Change some keys of a draft, or its body",
    Right.DRAFTS,
    OF_EDITION,
    grows=True,
    http=Http(method="PATCH", path="editions/{id}", headers=IF_MATCH, etag="revision"),
)
async def _change_keys(doing: Doing, args: DraftKeys) -> DraftAnswer:
    keys, body = keys_of(args, (*KEYS, "attachments")), args.body()
    require_values(keys)

    async def rewrite(before: OpenDraft, builder: EditionBuilder) -> Text:
        suffix = PurePosixPath(before.text.source_name).suffix.lower()
        if FORMATS[suffix] is EditionFormat.MIME:
            raise BadInput("this draft is a complete message. Replace it with another one (PUT …/source)")
        if body is not None and FORMATS[BODIES[body[1]]] is not FORMATS[suffix]:
            raise BadInput(f"this draft ends in {suffix}, so it has no {body[1]}")
        changed = None if body is None else body[0]
        source = await builder.change_keys(before.edition.list_name, before.text.source, keys, changed)
        return Text(source=source, source_name=before.text.source_name)

    return await _change(doing, args, TextChange(rewrite))


@DRAFT_ACTS.add(
    "edition.discard",
    "Delete a draft for good",
    Right.DRAFTS,
    OF_EDITION,
    http=Http(method="DELETE", path="editions/{id}", headers=IF_MATCH, status=204),
)
async def _discard(doing: Doing, args: KnownDraft) -> None:
    await doing.cases.draft_editing.remove(args.id, args.revision)


@DRAFT_ACTS.add(
    "edition.files",
    "List the files of a draft",
    Right.DRAFTS,
    OF_EDITION,
    http=Http(method="GET", path="editions/{id}/assets"),
)
async def _list_files(doing: Doing, args: EditionId) -> Page[DraftFileAnswer]:
    files = await doing.cases.database.read(manuscripts.list_files, args.id)
    return Page(items=[DraftFileAnswer(path=file.path, size=file.size, revision=file.number) for file in files])


@DRAFT_ACTS.add(
    "edition.file",
    "Read a file of a draft",
    Right.DRAFTS,
    OF_EDITION,
    http=Http(method="GET", path="editions/{id}/assets/{path}", etag="revision"),
)
async def _read_file(doing: Doing, args: DraftFile) -> Content:
    file = await doing.cases.draft_editing.file(args.id, args.path)
    return Content(octets=file.content, media_type="application/octet-stream", revision=file.number)


@DRAFT_ACTS.add(
    "edition.put_file",
    "Add a file to a draft, or replace it",
    Right.DRAFTS,
    OF_EDITION,
    grows=True,
    http=Http(
        method="PUT",
        path="editions/{id}/assets/{path}",
        headers=IF_MATCH,
        body="content",
        media_types=(
            "application/octet-stream",
            "image/png",
            "image/jpeg",
            "image/gif",
            "image/webp",
            "application/pdf",
        ),
        etag="revision",
    ),
)
async def _put_file(doing: Doing, args: DraftFileChange) -> DraftAnswer:
    return await _change(doing, args, FileChange(clean_path(args.path), args.content))


@DRAFT_ACTS.add(
    "edition.remove_file",
    "Remove a file from a draft",
    Right.DRAFTS,
    OF_EDITION,
    http=Http(method="DELETE", path="editions/{id}/assets/{path}", headers=IF_MATCH, etag="revision"),
)
async def _remove_file(doing: Doing, args: DraftFileRemoval) -> DraftAnswer:
    return await _change(doing, args, FileChange(clean_path(args.path), None))


@DRAFT_ACTS.add(
    "edition.revisions",
    "List the changes of a draft, newest first",
    Right.DRAFTS,
    OF_EDITION,
    http=Http(method="GET", path="editions/{id}/revisions"),
)
async def _list_revisions(doing: Doing, args: EditionId) -> Page[RevisionAnswer]:
    revisions = await doing.cases.database.read(manuscripts.list_revisions, args.id)
    authors = {revision.author for revision in revisions}
    names = await doing.cases.database.read(lambda tx: {key: name_of_author(tx, key) for key in authors})
    return Page(
        items=[
            RevisionAnswer(
                revision=revision.number,
                author=names[revision.author],
                began_at=rfc3339(revision.began_at),
                at=rfc3339(revision.at),
                path=revision.path,
                has_text=revision.has_text,
            )
            for revision in revisions
        ]
    )


@DRAFT_ACTS.add(
    "edition.revision",
    "Read an earlier text of a draft",
    Right.DRAFTS,
    OF_EDITION,
    http=Http(method="GET", path="editions/{id}/revisions/{revision}"),
)
async def _read_revision(doing: Doing, args: RevisionNumber) -> Content:
    text = await doing.cases.draft_editing.revision(args.id, args.revision)
    kind = FORMATS[PurePosixPath(text.source_name).suffix.lower()]
    return Content(octets=text.source, media_type=_MEDIA_TYPES[kind])
