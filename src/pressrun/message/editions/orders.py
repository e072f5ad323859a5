"""What helper processes do with editions: parse a source, and build the result. Values in and out."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.errors import EditionError
from pressrun.core.site import Site
from pressrun.message.content.web_fragment import inline_fragment
from pressrun.message.editions.compose import BuiltEdition, build_edition
from pressrun.message.finding import note
from pressrun.message.profile import ListProfile
from pressrun.message.sources.edition_file import Reference, parse_edition, referenced_paths
from pressrun.message.sources.edition_source import EditionFile
from pressrun.message.words import Words

# Characters of the fragment on an edition's page, which is placed anew for each visitor: a hundredth of a second each.
LONGEST_FRAGMENT = 4 * 1024 * 1024


class ReadSource(Struct, frozen=True, kw_only=True):
    """A parsed source, and the files beside it that it needs."""

    file: EditionFile
    references: tuple[Reference, ...]

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(reference.path for reference in self.references)


class BuildOrder(Struct, frozen=True, kw_only=True):
    """An edition to build, with all that its list adds to it.

    Our words in it are in the first of the `languages` that we speak. With `is_inlined` its list shows whole editions
    on a page of its own.
    """

    file: EditionFile
    assets: Mapping[str, bytes]
    profile: ListProfile
    site: Site
    slug: str
    edition_id: str
    known_columns: frozenset[str] = frozenset()
    languages: tuple[str, ...] = ()
    is_inlined: bool = False


def read_source(source: bytes, suffix: str, *, longest_text: int | None = None) -> ReadSource:
    """Parse the source of an edition, whose text may have at most `longest_text` characters. Raises EditionError."""
    file = parse_edition(source, suffix)
    if longest_text is not None and len(file.body) > longest_text:  # messages have their own limit, which is the same
        raise EditionError(f"the text is longer than {longest_text // 1024:,} KiB. Send pictures as separate files")
    return ReadSource(file=file, references=referenced_paths(file))


def carry_out(order: BuildOrder, words: Words) -> BuiltEdition:
    """Build the edition, with the footer in these words. Raises EditionError."""
    built = build_edition(
        order.file,
        order.assets,
        order.profile,
        order.site,
        slug=order.slug,
        edition_id=order.edition_id,
        known_columns=order.known_columns,
        words=words,
    )
    if len(built.archive_html) > LONGEST_FRAGMENT:
        raise EditionError(f"its HTML would be longer than {LONGEST_FRAGMENT >> 20} MiB. Make the edition shorter")
    if order.is_inlined and inline_fragment(built.archive_html, table_name="", below=1) is None:
        return replace(built, findings=(*built.findings, note("front-teaser")))
    return built
