"""An edition as its archive shows it: without anything about a reader, merge fields at their defaults."""

from __future__ import annotations

import html
import re

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.text.searching import prose
from pressrun.message.content.html import rewrite_images
from pressrun.message.content.merge import NAMED_FIELD, FieldTable
from pressrun.message.editions.enclosures import ARCHIVE_PREFIX, asset_path
from pressrun.message.wire.slots import render
from pressrun.store.editions import editions, issues
from pressrun.store.editions.editions import EditionContent, ListedFile, Neighbour
from pressrun.store.editions.issues import Translation
from pressrun.store.editions.search import ShownEdition
from pressrun.store.lists.lists import MailingList
from pressrun.store.transaction import Transaction

FEED_SIZE = 20
_LONGEST_TEASER = 220
_READ_FOR_TEASER = 20 * _LONGEST_TEASER  # characters of an edition, which may be as long as a book
_HEADING = re.compile(r"^#{1,6} .*$|^.+\n[=-]{3,}[ \t]*$", re.MULTILINE)
# The words of pictures as the text made of HTML has them, and the numbers of their links. There is one way to read each
# line: with several, many brackets before another word would be read in all of them.
_PICTURES = re.compile(r"^(?:\[[^\[\]]{1,400}\][ ]{0,3}){1,40}$", re.MULTILINE)
_SHOWN_ASSET = re.compile(rf'src="[^"]*/{re.escape(ARCHIVE_PREFIX)}([^"/]+)"')


class Summary(Struct, frozen=True, kw_only=True):
    """One edition in an index; `picture` is the name of a small picture, "" for none."""

    slug: str
    title: str
    preheader: str
    language: str
    published_at: int
    picture: str = ""


class ArchivedEdition(Struct, frozen=True, kw_only=True):
    """One edition with its content. `html` is a sanitised fragment, None for plain text; `asset_path` holds its images.

    `translations` are the public editions of its issue including this one; empty when there is no other.
    """

    id: int
    summary: Summary
    text: str
    html: str | None
    asset_path: str
    attachments: tuple[ListedFile, ...] = ()
    newer: Neighbour | None = None
    older: Neighbour | None = None
    translations: tuple[Translation, ...] = ()

    @property
    def teaser(self) -> str:
        """The text below the title on a list page: the preheader, or the beginning of the text."""
        if self.summary.preheader:
            return self.summary.preheader
        beginning = _HEADING.sub("", self.text[:_READ_FOR_TEASER])
        if self.html is not None:
            beginning = _PICTURES.sub("", beginning)
        joined = prose(beginning).removeprefix(self.summary.title).strip()
        return joined if len(joined) <= _LONGEST_TEASER else joined[:_LONGEST_TEASER].rsplit(" ", 1)[0] + " …"

    @property
    def picture(self) -> str | None:
        """The name of the first image of its own."""
        match = re.search(rf'src="{re.escape(self.asset_path)}([^"/]+)"', self.html or "")
        return None if match is None else html.unescape(match[1])

    def html_with_images(self, base: str) -> str | None:
        """`html` with its own images below `base`, which ends in a slash or is empty."""
        if self.html is None:
            return None

        def placed(source: str) -> str:
            return base + source.removeprefix(self.asset_path) if source.startswith(self.asset_path) else source

        return rewrite_images(self.html, placed)


class ArchiveFeed(Struct, frozen=True, kw_only=True):
    """The newest editions of a list, newest first."""

    list: MailingList
    editions: tuple[ArchivedEdition, ...]


def summary_of(edition: ShownEdition, target: MailingList, *, picture: str | None = None) -> Summary:
    """An edition as an index shows it."""
    return Summary(
        slug=edition.slug,
        title=edition.title,
        preheader=_impersonal(edition.preheader, target),
        language=edition.language,
        published_at=edition.published_at,
        picture=picture or "",
    )


def _edition_of(tx: Transaction, edition: EditionContent, target: MailingList) -> ArchivedEdition:
    """An edition of the archive with its content and translations, but without files and neighbours."""
    return ArchivedEdition(
        id=edition.id,
        summary=summary_of(edition, target),
        text=edition.text,
        html=edition.html,
        asset_path=asset_path(target.name, edition.slug),
        translations=translations_of(tx, target, edition.id),
    )


def read_feed(tx: Transaction, target: MailingList) -> ArchiveFeed:
    """The newest editions of an archive, without an access check."""
    newest = editions.recent_archived(tx, target.id, limit=FEED_SIZE)
    return ArchiveFeed(list=target, editions=tuple(_edition_of(tx, latest, target) for latest in newest))


def read_edition(tx: Transaction, target: MailingList, slug: str) -> ArchivedEdition | None:
    """One edition of an archive with its files and neighbours, without an access check."""
    edition = editions.find_archived(tx, target.id, slug)
    if edition is None:
        return None
    shown = {html.unescape(name) for name in _SHOWN_ASSET.findall(edition.html or "")}
    attached = tuple(asset for asset in editions.asset_names(tx, edition.id) if asset.name not in shown)
    return replace(
        _edition_of(tx, edition, target),
        attachments=attached,
        newer=editions.newer_archived(tx, target.id, edition.id, edition.published_at),
        older=editions.older_archived(tx, target.id, edition.id, edition.published_at),
    )


def translations_of(tx: Transaction, target: MailingList, edition_id: int) -> tuple[Translation, ...]:
    """The same issue in all languages, this edition included; empty when there is no other."""
    if target.family is None:
        return ()
    translations = tuple(issues.translations_of(tx, edition_id))
    return translations if len(translations) > 1 else ()


def _impersonal(text: str, target: MailingList) -> str:
    """A line with its merge fields at their defaults."""
    if "{{" not in text:
        return text
    table = FieldTable([text, target.title], NAMED_FIELD.findall(text), {"list.title": target.title})
    return " ".join(render(table.split_subject(table.mark(text, first_line=None)), {}).split())
