"""What is to be built as an edition of a list, in the same way for previews, test copies and sending."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.errors import PreflightFailed
from pressrun.core.site import Site
from pressrun.locales.all_languages import is_known
from pressrun.locales.catalogues import words_in
from pressrun.locales.languages import LANGUAGES, find_language
from pressrun.message.editions.compose import BuiltEdition, suggested_slug
from pressrun.message.editions.orders import BuildOrder, carry_out
from pressrun.message.finding import Finding, error, errors_of, in_order, warning
from pressrun.message.layouts.design import Logo
from pressrun.message.sources.edition_file import parse_edition, referenced_paths
from pressrun.message.sources.edition_source import EditionFile
from pressrun.message.sources.front_matter import Value
from pressrun.services.editions.edition_issues import check_issue, find_issue_edition
from pressrun.services.editions.own_layouts import render_own
from pressrun.services.mails.list_profile import profile_of
from pressrun.services.ports import LayoutRenderer
from pressrun.store.editions import editions
from pressrun.store.editions.issues import IssueEdition
from pressrun.store.lists import lists
from pressrun.store.lists.lists import MailingList
from pressrun.store.readers import subscribers
from pressrun.store.transaction import Transaction

_AVAILABLE_LANGUAGES = ", ".join(LANGUAGES)


class Manuscript(Struct, frozen=True, kw_only=True):
    """The source of an edition: the content and name of its file, and the files that it refers to, by path."""

    source: bytes
    source_name: str
    assets: Mapping[str, bytes]

    @property
    def digest(self) -> bytes:
        """Identifies the content: every octet of the source and of the files that it refers to."""
        digest = hashlib.sha256(hashlib.sha256(self.source).digest())
        digest.update(PurePosixPath(self.source_name).suffix.lower().encode())
        for path in sorted(self.assets):
            digest.update(path.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(self.assets[path]).digest())
        return digest.digest()

    def parse(self) -> EditionFile:
        """Parse the source; raises EditionError with the line."""
        return parse_edition(self.source, PurePosixPath(self.source_name).suffix)


class BuildContext(Struct, frozen=True, kw_only=True):
    """What the database contributes to an edition of a list. Without a slug the edition has no page."""

    list: MailingList
    logo: Logo | None
    columns: frozenset[str]
    slug: str
    edition_id: int
    issue_edition: IssueEdition | None = None  # another edition of the same issue

    @property
    def label(self) -> str:
        """Its name in Feedback-ID; all welcome mails of a list have the same."""
        return str(self.edition_id) if self.slug else "welcome"


def gather_references(source: bytes, source_name: str) -> tuple[str, ...]:
    """The relative paths of the files that an edition refers to; raises EditionError."""
    file = parse_edition(source, PurePosixPath(source_name).suffix)
    return tuple(reference.path for reference in referenced_paths(file))


def load_build_context(
    tx: Transaction, list_name: str, file: EditionFile, *, with_drafts: bool = True, replaced: Collection[int] = ()
) -> BuildContext:
    """Load what building needs. Raises NotFound, Refused.

    Without `with_drafts` a draft of the same issue does not count. Drafts that are `replaced` give up slug and issue.
    """
    target = lists.get_open_list(tx, list_name)
    return BuildContext(
        list=target,
        logo=lists.find_logo(tx, target.id) if target.logo is not None else None,
        columns=subscribers.known_columns(tx, target.id),
        slug=free_slug(tx, target.id, suggested_slug(file), but=replaced),
        edition_id=editions.next_id(tx),
        issue_edition=find_issue_edition(tx, target, file.keys.issue, but=replaced, with_drafts=with_drafts),
    )


def free_slug(tx: Transaction, list_id: int, slug: str, *, but: Collection[int] = ()) -> str:
    """`slug`, or `slug-2`, `slug-3`, … when editions other than those in `but` have it."""
    taken = editions.used_slugs(tx, list_id, slug, but=but)
    number, candidate = 1, slug
    while candidate in taken:
        number += 1
        candidate = f"{slug}-{number}"
    return candidate


def build(
    manuscript: Manuscript, file: EditionFile, context: BuildContext, site: Site, layouts: LayoutRenderer
) -> BuiltEdition:
    """Build an operator's edition in this process; services.editions.edition_builder does it elsewhere, for everybody.

    Raises EditionError, LayoutError for a layout that cannot be used, and Unavailable when it could not be rendered.
    """
    order = order_for(manuscript, file, context, site, layouts)
    return with_findings_of_list(carry_out(order, words_in(*order.languages)), manuscript, file, context)


def order_for(
    manuscript: Manuscript, file: EditionFile, context: BuildContext, site: Site, layouts: LayoutRenderer
) -> BuildOrder:
    """What is to be built. Rendering the operator's own layout waits for a process. Raises as `build` does."""
    target, named = context.list, file.keys.language
    return BuildOrder(
        file=file,
        assets=dict(manuscript.assets),
        profile=render_own(profile_of(target, site, context.logo), file, site, layouts),
        site=site,
        slug=context.slug,
        edition_id=context.label,
        known_columns=context.columns,
        languages=("" if named is None else named.text, target.language),
        is_inlined=bool(context.slug) and target.front == "full" and target.archive == "public",
    )


def with_findings_of_list(
    built: BuiltEdition, manuscript: Manuscript, file: EditionFile, context: BuildContext
) -> BuiltEdition:
    # The caller reports that.
    is_same = context.issue_edition is not None and context.issue_edition.source_digest == manuscript.digest
    findings = (
        *check_issue(context.list, file.keys.issue, None if is_same else context.issue_edition),
        *check_language(file.keys.language, built.language, context.list.language),
    )
    return replace(built, findings=in_order((*built.findings, *findings)))


def check_language(named: Value | None, built: str, of_list: str) -> list[Finding]:
    """Findings about the language `built` of an edition, which its keys, its HTML or its list name.

    There are none about the language of the list, which its operator chose.
    """
    if built.lower() == of_list.lower():
        return []
    line = None if named is None else named.line
    if is_known(built):
        return [_untranslated(built, of_list, line)] if find_language(built) is None else []
    if named is None:
        return [warning("language-unknown-document", tag=built)]
    return [error("language-unknown", line, tag=built, tags=_AVAILABLE_LANGUAGES)]


def _untranslated(tag: str, of_list: str, line: int | None) -> Finding:
    return warning("language-not-spoken", line, tag=tag, tags=_AVAILABLE_LANGUAGES, language=words_in(of_list).language)


def require_no_errors(findings: Iterable[Finding]) -> None:
    """Raise PreflightFailed with every finding that prevents sending."""
    errors = errors_of(findings)
    if errors:
        raise PreflightFailed("the edition was not sent:\n" + "\n".join(f"  {finding}" for finding in errors))
