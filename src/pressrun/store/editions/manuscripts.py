"""Drafts while they are written: each change of their text and files, and who submitted, approved or returned them.

A change gets the next number, which is the entity tag of what it changed. Everything here belongs to one edition, whose
row the caller has read, and so locked, before it changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from pressrun.store.transaction import Row, Transaction

KEPT_CHANGES = 200  # of a draft, whose texts can be read again
_EVERY = 1 << 60
FOLDED_SECONDS = 600  # how long the changes that one author makes to a text in a row count as one


class StoredManuscript(Struct, frozen=True, kw_only=True):
    """The state of a draft. Numbers are those of changes, and names are authors (services.authors).

    `first_digest` identifies the file that it began as, `approved_digest` the copies that were approved, and
    `source_url` is the page that it was made of.
    """

    edition_id: int
    number: int
    text_number: int
    first_digest: bytes
    source_url: str | None
    submitted_number: int | None
    submitted_by: str | None
    submitted_at: int | None
    approved_number: int | None
    approved_by: str | None
    approved_at: int | None
    returned_by: str | None
    returned_at: int | None
    words: str
    approved_digest: bytes | None

    @property
    def is_submitted(self) -> bool:
        """Whether it waits for somebody to release it, and has not been changed since it was submitted."""
        return self.submitted_number == self.number

    @property
    def is_approved(self) -> bool:
        """Whether somebody has approved it as it is now."""
        return self.approved_number == self.number


class ManuscriptFile(Struct, frozen=True, kw_only=True):
    """A file of a draft without its content; `number` is that of its last change, and `size` in octets."""

    path: str
    number: int
    size: int


class FileContent(Struct, frozen=True, kw_only=True):
    """The content of a file of a draft, and the number of its last change."""

    number: int
    content: bytes


class Revision(Struct, frozen=True, kw_only=True):
    """One change of a draft; several to the text by one author in a row are one, and `began_at` is of the first."""

    number: int
    author: str
    began_at: int
    at: int
    path: str | None  # of the file; None: the text
    has_text: bool  # that can be read again


class Text(Struct, frozen=True, kw_only=True):
    """The text of an edition as its author wrote it; the suffix of its name is the format."""

    source: bytes
    source_name: str


class NewManuscript(Struct, frozen=True, kw_only=True):
    """What a new draft begins as, with its files by their paths; the rest is as in StoredManuscript."""

    text: Text
    files: Mapping[str, bytes]
    first_digest: bytes
    source_url: str | None = None


def begin(tx: Transaction, edition_id: int, new: NewManuscript, author: str, now: int) -> None:
    """Store that an edition is a draft."""
    tx.run("manuscripts.insert", edition_id=edition_id, first_digest=new.first_digest, source_url=new.source_url)
    for path, content in new.files.items():
        tx.run("manuscripts.put_file", edition_id=edition_id, path=path, number=1, content=content)
    _add_revision(tx, edition_id, 1, author, now, text=new.text)


def find_manuscript(tx: Transaction, edition_id: int) -> StoredManuscript | None:
    """The state of a draft, or its state when it was released; None for any other edition."""
    return tx.parsed(StoredManuscript, "manuscripts.get", edition_id=edition_id)


def approved_by(tx: Transaction, author: str) -> list[StoredManuscript]:
    """The drafts and scheduled editions whose last approval is this author's."""
    return tx.parsed_rows(StoredManuscript, "manuscripts.approved_by", author=author)


def find_same(tx: Transaction, list_id: int, digest: bytes) -> int | None:
    """The newest edition of a list that is this content or was it when it came, without those that were cancelled."""
    edition_id: int | None = tx.value("manuscripts.find_same", list_id=list_id, digest=digest)
    return edition_id


def size_of_drafts(tx: Transaction, list_id: int) -> int:
    """How many octets the files of the drafts of a list have, and the texts so far."""
    return int(tx.value("manuscripts.size_of_drafts", list_id=list_id))


def load_text(tx: Transaction, edition_id: int) -> Text:
    """The text of an edition as it is now."""
    text = tx.parsed(Text, "manuscripts.source", edition_id=edition_id)
    assert text is not None  # every edition has its content
    return text


def change_text(tx: Transaction, before: StoredManuscript, text: Text, author: str, now: int) -> int:
    """Record another text; returns the number of the change.

    Consecutive changes of one author within FOLDED_SECONDS are one, unless it was submitted or approved in between.
    """
    number, last = before.number + 1, tx.row("manuscripts.last_revision", edition_id=before.edition_id)
    if last is not None and _is_folded(before, last, author, now):
        values = {"source_name": text.source_name, "source": text.source, "now": now}
        tx.run("manuscripts.fold_revision", edition_id=before.edition_id, folded=before.number, number=number, **values)
    else:
        _add_revision(tx, before.edition_id, number, author, now, text=text)
    tx.run("manuscripts.change", edition_id=before.edition_id, number=number, text_number=number)
    tx.run("manuscripts.forget_old_texts", edition_id=before.edition_id, number=number - KEPT_CHANGES)
    return number


def _is_folded(before: StoredManuscript, last: Row, author: str, now: int) -> bool:
    is_decided = before.number in (before.submitted_number, before.approved_number)
    is_own = last["author"] == author and last["path"] is None and last["number"] == before.number > 1
    return is_own and not is_decided and now - last["began_at"] < FOLDED_SECONDS


def _add_revision(
    tx: Transaction, edition_id: int, number: int, author: str, now: int, *, text: Text | None = None, path: str = ""
) -> None:
    tx.run(
        "manuscripts.add_revision",
        edition_id=edition_id,
        number=number,
        author=author,
        now=now,
        path=path or None,
        source_name=None if text is None else text.source_name,
        source=None if text is None else text.source,
    )


def change_file(
    tx: Transaction, before: StoredManuscript, path: str, content: bytes | None, author: str, now: int
) -> int:
    """Record another file at a path, or with None that it is gone; returns the number of the change."""
    number = before.number + 1
    if content is None:
        tx.run("manuscripts.remove_file", edition_id=before.edition_id, path=path)
    else:
        tx.run("manuscripts.put_file", edition_id=before.edition_id, path=path, number=number, content=content)
    _add_revision(tx, before.edition_id, number, author, now, path=path)
    tx.run("manuscripts.change", edition_id=before.edition_id, number=number, text_number=before.text_number)
    return number


def list_files(tx: Transaction, edition_id: int) -> list[ManuscriptFile]:
    """The files of a draft, by their paths."""
    return tx.parsed_rows(ManuscriptFile, "manuscripts.files", edition_id=edition_id)


def find_file(tx: Transaction, edition_id: int, path: str) -> FileContent | None:
    """A file by its path."""
    return tx.parsed(FileContent, "manuscripts.file", edition_id=edition_id, path=path)


def load_files(tx: Transaction, edition_id: int) -> dict[str, bytes]:
    """The files of a draft by their paths."""
    return {row["path"]: row["content"] for row in tx.rows("manuscripts.contents", edition_id=edition_id)}


def list_revisions(tx: Transaction, edition_id: int) -> list[Revision]:
    """The changes, the newest first."""
    return tx.parsed_rows(Revision, "manuscripts.revisions", edition_id=edition_id)


def find_kept_text(tx: Transaction, edition_id: int, number: int) -> Text | None:
    """The text of a change; None for a file, and where it is no longer kept."""
    return tx.parsed(Text, "manuscripts.revision", edition_id=edition_id, number=number)


def authors_since(tx: Transaction, edition_id: int, number: int) -> frozenset[str]:
    """Who has changed anything after a change, or with 0 since it began."""
    rows = tx.rows("manuscripts.authors_since", edition_id=edition_id, number=number)
    return frozenset(row["author"] for row in rows)


def submit(tx: Transaction, edition_id: int, author: str, now: int) -> None:
    """Record that a draft waits for somebody to release it as it is."""
    tx.run("manuscripts.submit", edition_id=edition_id, author=author, now=now)


def approve(tx: Transaction, edition_id: int, author: str, digest: bytes, now: int) -> None:
    """Record that somebody lets a draft go as it is, and which copies it makes."""
    tx.run("manuscripts.approve", edition_id=edition_id, author=author, digest=digest, now=now)


def give_back(tx: Transaction, edition_id: int, author: str, words: str, now: int) -> None:
    """Record that somebody returned a draft to its authors; an approval ends."""
    tx.run("manuscripts.return", edition_id=edition_id, author=author, words=words, now=now)


def end(tx: Transaction, edition_id: int) -> None:
    """Let go of what only a draft needs, once it is released: its files and former texts. Who made it is kept."""
    tx.run("manuscripts.forget_files", edition_id=edition_id)
    tx.run("manuscripts.forget_old_texts", edition_id=edition_id, number=_EVERY)
