"""From the source of an edition's body to its text and its HTML, without layout and footer."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.message.content.html import CleanHtml, clean_html
from pressrun.message.content.markdown import render_markdown
from pressrun.message.content.merge import FieldTable
from pressrun.message.content.plaintext import text_from_html
from pressrun.message.content.stylesheets import inline_styles
from pressrun.message.finding import Finding
from pressrun.message.sources.edition_source import EditionFormat
from pressrun.message.words import direction_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body as text and as HTML, which was made of `source`; `findings` are about its style sheet."""

    text: str
    html: CleanHtml | None
    source: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class BodyBuilder:
    """Makes the bodies of one edition; `named` is the language that its file names, "" for none."""

    format: EditionFormat
    table: FieldTable
    named: str
    of_list: str

    def body(self, body: str, page_source: str, own_text: str | None) -> Body:
        """From sources whose fields are marked: the file's body, the HTML of a message, and a text part by hand."""
        source: str | None = None
        match self.format:
            case EditionFormat.MARKDOWN:
                source = render_markdown(self.table.autolinks(body), direction=self._direction(None))
            case EditionFormat.HTML:
                source = body
            case EditionFormat.MIME if page_source:
                source = page_source
            case _:
                pass
        if source is None:
            return Body(text=body if own_text is None else own_text, html=None)
        cleaned, findings = inline_styles(clean_html(source))
        text = body
        if own_text is not None:
            text = own_text
        elif not (self.format is EditionFormat.MIME and body.strip()):
            text = text_from_html(cleaned.body, is_rtl=self._direction(cleaned) == "rtl")
        return Body(text=text, html=cleaned, source=source, findings=tuple(findings))

    def _direction(self, cleaned: CleanHtml | None) -> str:
        """The direction of the edition, as far as it is known while its parts are made."""
        if cleaned is not None and cleaned.direction:
            return cleaned.direction
        own = cleaned.language if cleaned is not None else ""
        return direction_of(self.named or own or self.of_list)
