"""From an edition file to what is sent and shown: the skeleton of its copies, its archive page, and its findings.

An edition is always built, even with errors, so that it can be previewed; the caller reads from the findings whether it
may be sent. `archive_html` is a fragment: its images have the relative addresses `asset/NAME` of `archive_assets`, and
`with_asset_prefix` gives them the address where the caller serves them.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.lifecycles.edition import at_defaults
from pressrun.core.site import Site
from pressrun.message.content.flowed import flow
from pressrun.message.content.html import CleanHtml, rewrite_images, with_links
from pressrun.message.content.merge import FieldTable
from pressrun.message.editions.edition_headers import edition_header
from pressrun.message.editions.enclosures import (
    ARCHIVE_PREFIX,
    ArchiveFile,
    Images,
    attached_files,
    attachments,
    own_text_part,
)
from pressrun.message.editions.parts import mark_parts
from pressrun.message.finding import Finding, Severity, about, error, in_order
from pressrun.message.layouts.footer import Footer, footer_text
from pressrun.message.layouts.own_layout import OwnLayout
from pressrun.message.layouts.page import Cover, page
from pressrun.message.preflight.checked_edition import CheckedEdition
from pressrun.message.preflight.rules import check
from pressrun.message.profile import ArchiveMode, ListProfile
from pressrun.message.sources.edition_file import line_of
from pressrun.message.sources.edition_source import EditionFile, EditionFormat
from pressrun.message.sources.slug import make_slug
from pressrun.message.wire.headers import clean_value
from pressrun.message.wire.mime import Enclosure, Stream, boundary_seed, image_size, message_body, with_crlf
from pressrun.message.wire.skeleton import DAY, Skeleton
from pressrun.message.wire.slots import Piece, render
from pressrun.message.words import ENGLISH, Words, direction_of

_FLOWED = "; format=flowed; delsp=no"
# What surrounds a name in a greeting, and alone where there is no name.
_BESIDE_NAME = " ,;:–—-،؛、，："


class BuiltEdition(Struct, frozen=True, kw_only=True):
    """An edition ready to be copied.

    `subject_template` is as written, `title` what the archive calls it. `subject`, `text` and `html` show the fields'
    defaults, and the list's page for personal links. So do the `archive_` parts, which leave out frame and footer.
    `html` is None for a text edition, and so is `text_skeleton`, for readers who want the text part alone.
    `size_bytes` is that of a copy without its reader's values.
    """

    skeleton: Skeleton
    text_skeleton: Skeleton | None
    subject_template: str
    subject: str
    title: str
    slug: str
    language: str
    text: str
    html: str | None
    archive_html: str
    archive_text: str
    archive_assets: tuple[ArchiveFile, ...]
    findings: tuple[Finding, ...]
    size_bytes: int


def suggested_slug(file: EditionFile) -> str:
    """The slug that the file names, or one made from its subject; the caller adds `-2` where it exists already."""
    if file.keys.slug is not None:
        return file.keys.slug
    subject = file.keys.subject.text if file.keys.subject else ""
    return make_slug(at_defaults(subject))


def with_asset_prefix(built: BuiltEdition, prefix: str) -> str:
    """`archive_html` with its images served below `prefix`, such as `"/news/archive/SLUG/"`."""
    page_html = built.archive_html
    for asset in built.archive_assets:
        own = f'src="{ARCHIVE_PREFIX}{html.escape(asset.name)}"'
        page_html = page_html.replace(own, f'src="{html.escape(prefix)}{html.escape(asset.name)}"')
    return page_html


def build_edition(
    file: EditionFile,
    assets: Mapping[str, bytes],
    profile: ListProfile,
    site: Site,
    *,
    slug: str,
    edition_id: str,
    known_columns: Collection[str] = frozenset(),
    words: Words = ENGLISH,
) -> BuiltEdition:
    """Build an edition. `assets` holds the referenced files by path; Feedback-ID calls the edition `edition_id`.

    An edition without a slug has no page of its own. Raises EditionError only for paths that `referenced_paths` refuses
    too.
    """
    builder = _EditionBuilder(file, assets, profile, site, slug, known_columns)
    finished = builder.finish(words)
    enclosures = builder.enclosures()
    header = edition_header(
        profile,
        site,
        from_=file.keys.from_ or profile.from_,
        reply_to=file.keys.reply_to,
        slug=slug,
        edition_id=edition_id,
    )
    skeletons = _skeletons(header, finished, enclosures)
    return builder.built(finished, enclosures, skeletons)


class _FinishedParts(Struct, frozen=True, kw_only=True):
    """The parts that go out. `flowed` is the text with soft line ends, None if it needs none."""

    subject: list[Piece]
    text: list[Piece]
    flowed: list[Piece] | None
    html: list[Piece] | None


def _skeletons(
    header: Stream, finished: _FinishedParts, enclosures: Sequence[Enclosure]
) -> tuple[Skeleton, Skeleton | None]:
    """The skeleton of the whole edition, and that of its text part alone where there is HTML beside it."""
    seed = boundary_seed((finished.text, finished.html), enclosures)
    text, parameters = (finished.text, "") if finished.flowed is None else (finished.flowed, _FLOWED)

    def skeleton(html_part: list[Piece] | None) -> Skeleton:
        body = message_body(text, html_part, enclosures, seed=seed, text_parameters=parameters)
        return Skeleton.from_stream(header + body, finished.subject)

    return skeleton(finished.html), None if finished.html is None else skeleton(None)


class _EditionBuilder:
    """Builds one edition: marks its fields, makes its parts, and gathers the findings."""

    def __init__(
        self,
        file: EditionFile,
        assets: Mapping[str, bytes],
        profile: ListProfile,
        site: Site,
        slug: str,
        known_columns: Collection[str],
    ) -> None:
        self.file, self.assets, self.profile, self.site, self.slug = file, assets, profile, site, slug
        own_text, self._findings = own_text_part(file, assets)
        self._findings += [about(Severity.WARNING, remark) for remark in file.notes]
        self.table = self._field_table(own_text, known_columns)
        self.images = Images(file, assets, self.table, site.mail_domain)
        self.marked = mark_parts(file, self.table, own_text=own_text, list_language=profile.language)
        self._findings += self.marked.findings
        own_language = self.marked.html.language if self.marked.html is not None else ""
        named = file.keys.language
        self.language = named.text if named is not None else own_language or profile.language
        self.own_layout = self._own_layout()

    def _field_table(self, own_text: str | None, known_columns: Collection[str]) -> FieldTable:
        file, profile = self.file, self.profile
        web_url = profile.edition_url(self.site, self.slug)
        constants = {"list.title": profile.title}
        if profile.archive is not ArchiveMode.MEMBERS:  # there the links are the reader's own
            constants |= {"archive_url": web_url, "latest_url": profile.latest_url(self.site)}
        values = [value.text for value in (file.keys.subject, file.keys.preheader) if value is not None]
        rendered = profile.design.rendered
        made = [rendered.made] if rendered is not None else []
        sources = [file.body, file.html or "", own_text or "", *values, *made, profile.title, web_url]
        return FieldTable(sources, known_columns, constants)

    def _own_layout(self) -> OwnLayout | None:
        rendered = self.profile.design.rendered
        if rendered is None or self.marked.html is None:
            return None
        layout = OwnLayout.read(rendered, self.table, has_address=bool(self.profile.postal_address.strip()))
        self._findings += layout.findings
        return layout

    def finish(self, words: Words) -> _FinishedParts:
        """The parts with layout and footer."""
        footer = self._footer()
        text = _joined(self.marked.text, footer_text(footer, words))
        flowed = flow(text)
        return _FinishedParts(
            subject=self.table.split_subject(clean_value(self.marked.subject)),
            text=self.table.split_text(with_crlf(text)),
            flowed=None if flowed is None else self.table.split_text(with_crlf(flowed)),
            html=self._html_pieces(footer, words),
        )

    def built(
        self,
        finished: _FinishedParts,
        enclosures: Sequence[Enclosure],
        skeletons: tuple[Skeleton, Skeleton | None],
    ) -> BuiltEdition:
        keys, values = self.file.keys, self._impersonal()
        archive_html, archive_text = self._archive()
        subject = clean_value(render(finished.subject, values))
        size_bytes = skeletons[0].size_bytes
        return BuiltEdition(
            skeleton=skeletons[0],
            text_skeleton=skeletons[1],
            subject_template=keys.subject.text if keys.subject else "",
            subject=subject,
            title=clean_value(keys.title or "") or self._title_from(subject),
            slug=self.slug,
            language=self.language,
            text=render(finished.text, values).replace("\r\n", "\n"),
            html=render(finished.html, values) if finished.html is not None else None,
            archive_html=archive_html,
            archive_text=archive_text,
            archive_assets=(*self.images.archive_files(), *attached_files(enclosures)),
            findings=self._all_findings(finished, enclosures, size_bytes, subject),
            size_bytes=size_bytes,
        )

    def _title_from(self, subject: str) -> str:
        """A name for the web of a subject that greets a reader: without what is left of that, and never empty."""
        if not self.table.fields_in(self.marked.subject):
            return subject
        return subject.lstrip(_BESIDE_NAME + ".!?؟。！？").rstrip(_BESIDE_NAME) or self.profile.title

    def _html_pieces(self, footer: Footer, words: Words) -> list[Piece] | None:
        """The HTML part in its layout, or None."""
        content = self.marked.html
        if content is None:
            return None
        body = rewrite_images(content.body, self.images.for_mail)
        content = replace(content, body=_in_direction(body, self.language, content))
        whole = page(content, footer, words, self.profile.design, self._cover(), self.own_layout)
        pieces, misplaced = self.table.split_html(whole)
        # A field inside a style cannot be escaped, so it stops the send.
        self._findings += [error("field-in-style", field.line, field=str(field)) for field in misplaced]
        return pieces

    def _footer(self) -> Footer:
        """The footer with placeholders for its links."""
        profile = self.profile
        has_page = self.slug != "" and profile.archive is not ArchiveMode.OFF
        return Footer(
            list_title=profile.title,
            unsubscribe_url=self.table.placeholder("unsubscribe_url"),
            preferences_url=self.table.placeholder("preferences_url"),
            web_url=self.table.placeholder("archive_url") if has_page else None,
            postal_address=profile.postal_address,
            note=profile.footer,
        )

    def _cover(self) -> Cover:
        """What the mail's page says beside the content."""
        logo = self._shown_logo()
        sizes = {f"cid:{image.content_id}": image_size(image.content) for image in self.images.enclosures()}
        return Cover(
            title=self.profile.title,
            language=self.language,
            subject=self.marked.subject,
            description=self.profile.description.partition("\n")[0],
            preheader=self.marked.preheader,
            logo_source=None if logo is None else f"cid:{logo.content_id}",
            day=self.table.placeholder(DAY),
            pictures={source: size[0] for source, size in sizes.items() if size is not None},
        )

    def _shown_logo(self) -> Enclosure | None:
        """The logo of the list where a layout shows it; an author's own document has none."""
        logo, content = self.profile.design.logo, self.marked.html
        return None if logo is None or content is None or content.is_document else logo.enclosure(self.site.mail_domain)

    def _archive(self) -> tuple[str, str]:
        """The archive's fragment and text: fields at their defaults, without frame and footer."""
        web, values = self.marked.web, self._impersonal()
        if web.html is None:
            fragment = _text_as_html(web.text)
        else:
            fragment = rewrite_images(web.html.body, self.images.for_archive)
            fragment = _in_direction(fragment, self.language, web.html)
            if web.html.styles:
                fragment = f"<style>\n{web.html.styles}\n</style>\n{fragment}"
            if web.html.body_style:
                fragment = f'<div style="{html.escape(web.html.body_style)}">\n{fragment}\n</div>'
        pieces, _ = self.table.split_html(fragment)
        return render(pieces, values), render(self.table.split_text(web.text), values)

    def _impersonal(self) -> dict[str, str]:
        """Values for nobody in particular: personal links lead to the list's page, the rest takes its default."""
        links = ("unsubscribe_url", "preferences_url", "archive_url", "latest_url")
        return dict.fromkeys(links, self.profile.page_url(self.site))

    def enclosures(self) -> list[Enclosure]:
        """Images shown inside, the logo last, then attachments."""
        attached, findings = attachments(self.file, self.assets, self.images)
        self._findings += findings
        logo = self._shown_logo()
        return [*self.images.enclosures(), *([] if logo is None else [logo]), *attached]

    def _all_findings(
        self, finished: _FinishedParts, enclosures: Sequence[Enclosure], size_bytes: int, subject: str
    ) -> tuple[Finding, ...]:
        file, table, marked = self.file, self.table, self.marked
        is_mime = file.format is EditionFormat.MIME
        edition = CheckedEdition(
            format=file.format,
            subject=marked.subject,
            subject_line=file.keys.subject.line if file.keys.subject else None,
            bare_subject=subject,
            preheader=marked.preheader,
            preheader_line=file.keys.preheader.line if file.keys.preheader else None,
            body_line=None if is_mime else file.body_line,
            source=file.body,
            text=marked.text,
            is_own_text=file.keys.text is not None or (is_mime and bool(file.body.strip())),
            html=marked.html,
            language=self.language,
            finished_text=finished.text,
            finished_html=finished.html,
            enclosed={
                f"cid:{enclosure.content_id}": enclosure.name for enclosure in file.enclosed if enclosure.content_id
            },
            pictures=[(file.name, len(file.content)) for file in enclosures if file.media_type.startswith("image/")],
            size_bytes=size_bytes,
            profile=self.profile,
            site=self.site,
            show=table.show,
            line_of=lambda needle: line_of(file, table.show(needle)),
            is_field=lambda text: bool(table.fields_in(text)),
        )
        return in_order([*self._findings, *table.findings, *self.images.findings, *check(edition)])


def _joined(text: str, footer: str) -> str:
    text = text.rstrip("\n")
    return f"{text}\n\n{footer}" if text else footer


def _in_direction(body: str, language: str, page_html: CleanHtml) -> str:
    """An author's document with language and direction inside it, because Gmail and the archive drop its frame."""
    direction = page_html.direction or direction_of(language)
    if not page_html.is_document or direction == "ltr":
        return body
    return f'<div lang="{html.escape(language)}" dir="rtl">\n{body}\n</div>'


def _text_as_html(text: str) -> str:
    """Plain text as a fragment that keeps its lines; web addresses become links."""
    return f'<div dir="auto" style="white-space: pre-wrap">{with_links(text)}</div>'
