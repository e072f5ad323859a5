"""From an edition file to what is sent and shown: the skeleton of its copies, its archive page, and its findings.

An edition is always built, also with errors, so that it can be previewed; whether it may be sent is for the caller to
read from the findings. `archive_html` is a fragment: its images have the relative addresses `asset/NAME` of
`archive_assets`, and `with_asset_prefix` gives them the address where the caller serves them.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from pressrun.core.site import Site
from pressrun.message.content.flowed import flow
from pressrun.message.content.html import CleanHtml, losses, rewrite_images
from pressrun.message.content.mail_only import MailAndWeb, split_mail_only
from pressrun.message.content.markdown import footnote_faults
from pressrun.message.content.merge import Field, FieldTable
from pressrun.message.editions.body import Body, BodyBuilder
from pressrun.message.editions.edition_headers import edition_header
from pressrun.message.editions.enclosures import (
    ARCHIVE_PREFIX,
    ArchiveFile,
    Images,
    attached_assets,
    attachments,
    own_text_part,
)
from pressrun.message.finding import Finding, Severity, about, error, errors_of, in_order, warning
from pressrun.message.layouts.footer import Footer, footer_text
from pressrun.message.layouts.own_layout import OwnLayout
from pressrun.message.layouts.page import Cover, page
from pressrun.message.preflight.checked_edition import CheckedEdition
from pressrun.message.preflight.rules import check
from pressrun.message.profile import ArchiveMode, ListProfile
from pressrun.message.sources.edition_file import line_of
from pressrun.message.sources.edition_source import EditionFile, EditionFormat
from pressrun.message.sources.front_matter import Value
from pressrun.message.sources.slug import make_slug
from pressrun.message.wire.headers import clean_value
from pressrun.message.wire.mime import Enclosure, image_size, message_body, with_crlf
from pressrun.message.wire.skeleton import DAY, Skeleton
from pressrun.message.wire.slots import Piece, render
from pressrun.message.words import ENGLISH, Words, direction_of

_FLOWED = "; format=flowed; delsp=no"
_URL = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltEdition:
    """An edition ready to be copied.

    `subject_template` is as written, `title` what the archive calls it. `subject`, `text` and `html` show the fields'
    defaults and the list's page for personal links, as the `archive_` parts do, which leave frame and footer out.
    `html` is None for a text edition; so is `text_skeleton`, which is for readers who want the text part alone.
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

    @property
    def has_errors(self) -> bool:
        """Whether a finding stops the send."""
        return bool(errors_of(self.findings))


def suggested_slug(file: EditionFile) -> str:
    """The slug that the file asks for, or one made from its subject; the caller adds `-2` where it is taken."""
    if file.keys.slug is not None:
        return file.keys.slug
    subject = file.keys.subject.text if file.keys.subject else ""
    return make_slug(re.sub(r"\{\{[^|}]*(?:\|\s*default\s*:([^}]*))?\}\}", lambda found: found[1] or " ", subject))


def with_asset_prefix(built: BuiltEdition, prefix: str) -> str:
    """`archive_html` with its images served below `prefix`, as `"/news/archive/SLUG/"`."""
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
    """Build an edition. `assets` hold the referenced files by path; `edition_id` is what Feedback-ID calls it.

    One without a slug has no page of its own.

    Raises EditionError only for paths that `referenced_paths` refuses too.
    """
    builder = _EditionBuilder(file, assets, profile, site, slug, known_columns)
    footer = builder.footer()
    text = _joined(builder.marked.text, footer_text(footer, words))
    flowed = flow(text)
    text_pieces = builder.table.split_text(with_crlf(text))
    sent_pieces = text_pieces if flowed is None else builder.table.split_text(with_crlf(flowed))
    html_pieces = builder.html_pieces(footer, words)
    subject_pieces = builder.table.split_subject(clean_value(builder.marked.subject))
    archive_html, archive_text = builder.archive()
    enclosures = builder.enclosures()
    header = edition_header(
        profile,
        site,
        from_=file.keys.from_ or profile.from_,
        reply_to=file.keys.reply_to,
        slug=slug,
        edition_id=edition_id,
    )
    seed, parameters = _seed(text_pieces, html_pieces, enclosures), "" if flowed is None else _FLOWED
    content = message_body(sent_pieces, html_pieces, enclosures, seed=seed, text_parameters=parameters)
    skeleton = Skeleton.from_stream(header + content, subject_pieces)
    text_skeleton = None
    if html_pieces is not None:
        content = message_body(sent_pieces, None, enclosures, seed=seed, text_parameters=parameters)
        text_skeleton = Skeleton.from_stream(header + content, subject_pieces)
    shown = builder.impersonal()
    subject = clean_value(render(subject_pieces, shown))
    html_text = render(html_pieces, shown) if html_pieces is not None else None
    return BuiltEdition(
        skeleton=skeleton,
        text_skeleton=text_skeleton,
        subject_template=file.keys.subject.text if file.keys.subject else "",
        subject=subject,
        title=clean_value(file.keys.title or "") or subject,
        slug=slug,
        language=builder.language,
        text=render(text_pieces, shown).replace("\r\n", "\n"),
        html=html_text,
        archive_html=archive_html,
        archive_text=archive_text,
        archive_assets=(*builder.images.assets(), *attached_assets(enclosures)),
        findings=builder.findings(text_pieces, html_pieces, skeleton.size_bytes),
        size_bytes=skeleton.size_bytes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marked:
    """The parts of an edition with placeholders for its fields; `text`, `html` and those of the web without footer."""

    subject: str
    preheader: str
    text: str
    html: CleanHtml | None
    web: Body


class _EditionBuilder:
    """One edition on its way: marks the fields, cleans the parts, and gathers what is found."""

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
        self._findings += [about(Severity.WARNING, note) for note in file.notes]
        web_url = profile.edition_url(site, slug)
        constants = {"list.title": profile.title, "latest_url": profile.latest_url(site)}
        if profile.archive is not ArchiveMode.MEMBERS:  # there the link is the reader's own
            constants["archive_url"] = web_url
        sources = [file.body, file.html or "", own_text or "", *(value.text for value in self._headline())]
        rendered = profile.design.rendered
        sources += [rendered.made] if rendered is not None else []
        self.table = FieldTable([*sources, profile.title, web_url], known_columns, constants)
        self.images = Images(file, assets, self.table, site.mail_domain)
        self.marked = self._mark(own_text)
        own_language = self.marked.html.language if self.marked.html is not None else ""
        named = file.keys.language
        self.language = named.text if named is not None else own_language or profile.language
        self.own_layout: OwnLayout | None = None
        if rendered is not None and self.marked.html is not None:
            has_address = bool(profile.postal_address.strip())
            self.own_layout = OwnLayout.read(rendered, self.table, has_address=has_address)
            self._findings += self.own_layout.findings

    def _headline(self) -> list[Value]:
        return [value for value in (self.file.keys.subject, self.file.keys.preheader) if value is not None]

    def _mark(self, own_text: str | None) -> _Marked:
        file, table = self.file, self.table
        subject, preheader = file.keys.subject, file.keys.preheader
        line = None if file.format is EditionFormat.MIME else file.body_line
        body = self._parted(file.body, line, is_markup=file.format is EditionFormat.HTML)
        page_source = self._parted(file.html or "", None, is_markup=True)
        own = self._parted(own_text or "", None)
        has_own = own_text is not None
        make = BodyBuilder(
            file.format, table, file.keys.language.text if file.keys.language else "", self.profile.language
        )
        mail = web = make.body(body.mail, page_source.mail, own.mail if has_own else None)
        if any(part.mail != part.web for part in (body, page_source, own)):
            web = make.body(body.web, page_source.web, own.web if has_own else None)
        self._note_losses(mail)
        return _Marked(
            subject=table.mark(subject.text, first_line=subject.line) if subject else "",
            preheader=table.mark(preheader.text, first_line=preheader.line) if preheader else "",
            text=mail.text,
            html=mail.html,
            web=web,
        )

    def _parted(self, source: str, first_line: int | None, *, is_markup: bool = False) -> MailAndWeb:
        """A source with its fields marked, for the mail and for the web."""
        found = split_mail_only(
            self.table.mark(source, first_line=first_line, is_markup=is_markup), first_line=first_line
        )
        self._findings += found.findings
        return found

    def _note_losses(self, body: Body) -> None:
        """What cleaning took out of the HTML, and what its style sheet lost on the way into the elements."""
        file, cleaned = self.file, body.html
        if cleaned is None:
            return
        is_markdown = file.format is EditionFormat.MARKDOWN
        self._findings += losses(body.source, lambda needle: line_of(file, needle), is_markdown=is_markdown)
        self._findings += [about(Severity.WARNING, loss.remark, line_of(file, loss.where)) for loss in cleaned.losses]
        self._findings += body.findings
        if is_markdown:
            self._note_footnotes()
        self._note_lost(self.table.lost_from(body.source, [cleaned.body, cleaned.styles, cleaned.body_style]))

    def _note_footnotes(self) -> None:
        faults = footnote_faults(self.file.body)
        for label in faults.unused:
            self._findings.append(warning("note-unused", line_of(self.file, f"[^{label}]:"), label=f"[^{label}]"))
        for label in faults.missing:
            self._findings.append(
                warning("note-missing", line_of(self.file, f"[^{label}]"), label=f"[^{label}]", mark=f"[^{label}]:")
            )

    def _note_lost(self, fields: list[Field]) -> None:
        for field in fields:
            self._findings.append(warning("field-lost", field.line, field=str(field)))

    def html_pieces(self, footer: Footer, words: Words) -> list[Piece] | None:
        """The HTML part with its layout, None where there is none."""
        content = self.marked.html
        if content is None:
            return None
        body = rewrite_images(content.body, self.images.for_mail)
        content = replace(content, body=_in_direction(body, self.language, content))
        whole = page(content, footer, words, self.profile.design, self.cover(), self.own_layout)
        pieces, misplaced = self.table.split_html(whole)
        self._note_misplaced(misplaced)
        return pieces

    def _note_misplaced(self, fields: list[Field]) -> None:
        """A field inside a style cannot be escaped: it stops the send."""
        for field in fields:
            self._findings.append(error("field-in-style", field.line, field=str(field)))

    def footer(self) -> Footer:
        """The footer with links as placeholders."""
        return Footer(
            list_title=self.profile.title,
            unsubscribe_url=self.table.placeholder("unsubscribe_url"),
            preferences_url=self.table.placeholder("preferences_url"),
            web_url=self.table.placeholder("archive_url") if self._has_page() else None,
            postal_address=self.profile.postal_address,
            note=self.profile.footer,
        )

    def _has_page(self) -> bool:
        return self.slug != "" and self.profile.archive is not ArchiveMode.OFF

    def cover(self) -> Cover:
        """What the mail's page says beside the content."""
        return Cover(
            title=self.profile.title,
            language=self.language,
            subject=self.marked.subject,
            description=self.profile.description.partition("\n")[0],
            preheader=self.marked.preheader,
            logo_source=self._logo_source(),
            day=self.table.placeholder(DAY),
            pictures=self._widths(),
        )

    def _widths(self) -> dict[str, int]:
        """How wide the pictures are that are taken along, by the address that they have in the mail."""
        sizes = {f"cid:{one.content_id}": image_size(one.content) for one in self.images.enclosures()}
        return {source: size[0] for source, size in sizes.items() if size is not None}

    def _logo_source(self) -> str | None:
        logo, shown = self.profile.design.logo, self.marked.html
        if logo is None or shown is None or shown.is_document:
            return None
        return f"cid:{logo.enclosure(self.site.mail_domain).content_id}"

    def archive(self) -> tuple[str, str]:
        """The archive's fragment and text: fields at their defaults, no frame, no footer."""
        web = self.marked.web
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
        return render(pieces, self.impersonal()), render(self.table.split_text(web.text), self.impersonal())

    def impersonal(self) -> dict[str, str]:
        """Values for whoever is no reader: personal links lead to the list's page, the rest takes its default."""
        list_page = self.profile.page_url(self.site)
        return {"unsubscribe_url": list_page, "preferences_url": list_page, "archive_url": list_page}

    def enclosures(self) -> list[Enclosure]:
        """Images shown inside, the logo last, then attachments."""
        attached, findings = attachments(self.file, self.assets, self.images)
        self._findings += findings
        logo = self.profile.design.logo if self._logo_source() else None
        shown = [] if logo is None else [logo.enclosure(self.site.mail_domain)]
        return [*self.images.enclosures(), *shown, *attached]

    def findings(
        self, finished_text: list[Piece], finished_html: list[Piece] | None, size_bytes: int
    ) -> tuple[Finding, ...]:
        """All findings, once everything is built."""
        file, table, marked = self.file, self.table, self.marked
        is_mime = file.format is EditionFormat.MIME
        draft = CheckedEdition(
            format=file.format,
            subject=marked.subject,
            subject_line=file.keys.subject.line if file.keys.subject else None,
            preheader=marked.preheader,
            preheader_line=file.keys.preheader.line if file.keys.preheader else None,
            body_line=None if is_mime else file.body_line,
            source=file.body,
            text=marked.text,
            is_own_text=file.keys.text is not None or (is_mime and bool(file.body.strip())),
            html=marked.html,
            language=self.language,
            finished_text=finished_text,
            finished_html=finished_html,
            size_bytes=size_bytes,
            profile=self.profile,
            site=self.site,
            show=table.show,
            line_of=lambda needle: line_of(file, table.show(needle)),
            is_field=lambda text: bool(table.fields_in(text)),
        )
        return in_order([*self._findings, *table.findings, *self.images.findings, *check(draft)])


def _joined(text: str, footer: str) -> str:
    text = text.rstrip("\n")
    return f"{text}\n\n{footer}" if text else footer


def _in_direction(body: str, language: str, page_html: CleanHtml) -> str:
    """An author's document with its language and direction inside of the body: Gmail and the archive drop its frame."""
    direction = page_html.direction or direction_of(language)
    if not page_html.is_document or direction == "ltr":
        return body
    return f'<div lang="{html.escape(language)}" dir="rtl">\n{body}\n</div>'


def _text_as_html(text: str) -> str:
    """Plain text as a fragment that keeps its lines; web addresses become links."""
    done, position = [], 0
    for found in _URL.finditer(text):
        done.append(html.escape(text[position : found.start()], quote=False))
        url = html.escape(found[0])
        done.append(f'<a href="{url}">{url}</a>')
        position = found.end()
    done.append(html.escape(text[position:], quote=False))
    return f'<div dir="auto" style="white-space: pre-wrap">{"".join(done)}</div>'


def _seed(text: list[Piece], page_pieces: list[Piece] | None, enclosures: list[Enclosure]) -> str:
    digest = hashlib.sha256(repr((text, page_pieces)).encode("utf-8", "replace"))
    for enclosure in enclosures:
        digest.update(hashlib.sha256(enclosure.content).digest())
    return digest.hexdigest()
