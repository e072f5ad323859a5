"""The parts of an edition as its author wrote them, converted to text and HTML, without layout and footer.

Merge fields are placeholders in them. The parts for the web leave out what is for the mail only.
"""

from __future__ import annotations

from msgspec import Struct, field

from pressrun.message.content.html import CleanHtml, clean_html, losses
from pressrun.message.content.mail_only import MailAndWeb, split_mail_only
from pressrun.message.content.markdown import footnote_faults, render_markdown
from pressrun.message.content.merge import FieldTable
from pressrun.message.content.plaintext import text_from_html
from pressrun.message.content.stylesheets import inline_styles
from pressrun.message.finding import Finding, Severity, about, warning
from pressrun.message.sources.edition_file import line_of
from pressrun.message.sources.edition_source import EditionFile, EditionFormat
from pressrun.message.sources.front_matter import Value
from pressrun.message.words import direction_of


class Body(Struct, frozen=True, kw_only=True):
    """A body as text, and as the HTML that was made of `source`; `findings` are about its style sheet."""

    text: str
    html: CleanHtml | None
    source: str = ""
    findings: tuple[Finding, ...] = ()


class MarkedParts(Struct, frozen=True, kw_only=True):
    """The parts of one edition, and the findings on the way. `text` and `html` are for the mail."""

    subject: str
    preheader: str
    text: str
    html: CleanHtml | None
    web: Body
    findings: tuple[Finding, ...]


def mark_parts(file: EditionFile, table: FieldTable, *, own_text: str | None, list_language: str) -> MarkedParts:
    """Mark the fields of an edition with `table` and make its parts; `own_text` is a text part written by hand."""
    return _PartMaker(file, table, list_language).parts(own_text)


class _PartMaker(Struct):
    file: EditionFile
    table: FieldTable
    list_language: str
    findings: list[Finding] = field(default_factory=list)

    def parts(self, own_text: str | None) -> MarkedParts:
        file = self.file
        line = None if file.format is EditionFormat.MIME else file.body_line
        body = self._split(file.body, line, is_markup=file.format is EditionFormat.HTML)
        page = self._split(file.html or "", None, is_markup=True)
        own = None if own_text is None else self._split(own_text, None)
        mail = web = self._body(body.mail, page.mail, None if own is None else own.mail)
        if any(part.mail != part.web for part in (body, page, own) if part is not None):
            web = self._body(body.web, page.web, None if own is None else own.web)
        self._find_losses(mail)
        return MarkedParts(
            subject=self._marked(file.keys.subject),
            preheader=self._marked(file.keys.preheader),
            text=mail.text,
            html=mail.html,
            web=web,
            findings=tuple(self.findings),
        )

    def _marked(self, value: Value | None) -> str:
        return "" if value is None else self.table.mark(value.text, first_line=value.line)

    def _split(self, source: str, first_line: int | None, *, is_markup: bool = False) -> MailAndWeb:
        """A source with its fields marked, for the mail and for the web."""
        marked = self.table.mark(source, first_line=first_line, is_markup=is_markup)
        both = split_mail_only(marked, first_line=first_line)
        self.findings += both.findings
        return both

    def _body(self, body: str, page_source: str, own_text: str | None) -> Body:
        """A body made of marked sources: the file's body, the HTML of a message, and a text part by hand."""
        source: str | None = None
        match self.file.format:
            case EditionFormat.MARKDOWN:
                source = render_markdown(self.table.autolinks(body), direction=self._direction(None))
            case EditionFormat.HTML:
                source = body
            case EditionFormat.MIME if page_source:
                source = page_source
            case _:
                return Body(text=body if own_text is None else own_text, html=None)
        cleaned, findings = inline_styles(clean_html(source))
        text = body
        if own_text is not None:
            text = own_text
        elif not (self.file.format is EditionFormat.MIME and body.strip()):
            text = text_from_html(cleaned.body, is_rtl=self._direction(cleaned) == "rtl")
        return Body(text=text, html=cleaned, source=source, findings=tuple(findings))

    def _direction(self, cleaned: CleanHtml | None) -> str:
        """The direction of the edition, as far as it is known while its parts are made."""
        if cleaned is not None and cleaned.direction:
            return cleaned.direction
        named = self.file.keys.language
        own = cleaned.language if cleaned is not None else ""
        return direction_of(named.text if named else own or self.list_language)

    def _find_losses(self, body: Body) -> None:
        """Report what cleaning removed from the HTML, and what its style sheet lost on the way into the elements."""
        file, cleaned = self.file, body.html
        if cleaned is None:
            return
        is_markdown = file.format is EditionFormat.MARKDOWN
        self.findings += losses(body.source, lambda needle: line_of(file, needle), is_markdown=is_markdown)
        self.findings += [about(Severity.WARNING, loss.remark, line_of(file, loss.where)) for loss in cleaned.losses]
        self.findings += body.findings
        if is_markdown:
            self._find_footnote_faults()
        kept = [cleaned.body, cleaned.styles, cleaned.body_style]
        lost = self.table.lost_from(body.source, kept)
        self.findings += [warning("field-lost", merge_field.line, field=str(merge_field)) for merge_field in lost]

    def _find_footnote_faults(self) -> None:
        faults = footnote_faults(self.file.body)
        for label in faults.unused:
            self.findings.append(warning("note-unused", line_of(self.file, f"[^{label}]:"), label=f"[^{label}]"))
        for label in faults.missing:
            line = line_of(self.file, f"[^{label}]")
            self.findings.append(warning("note-missing", line, label=f"[^{label}]", mark=f"[^{label}]:"))
