"""An operator's layout: what its template made, cleaned, and the checks that it must pass before anything is sent."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from pressrun.message.content.html import CleanHtml, clean_html, losses
from pressrun.message.content.merge import FieldTable
from pressrun.message.content.stylesheets import inline_styles
from pressrun.message.content.tree import Node, parse_tree
from pressrun.message.finding import Finding, Severity, about, error
from pressrun.message.layouts.built_in import shared_pieces
from pressrun.message.layouts.design import Marks, RenderedLayout

_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|max-height|opacity)\s*:\s*0(?![.\d]*[1-9])|mso-hide",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^>]*>")
_TURNS_DARK = re.compile(r'class="[^"]*\bpr-(?:page|card)\b')


class OwnLayout(Struct, frozen=True, kw_only=True):
    """An operator's layout in one edition: cleaned, with placeholders for merge fields, its marks still in place."""

    name: str
    clean: CleanHtml
    marks: Marks
    findings: tuple[Finding, ...]

    @classmethod
    def read(cls, rendered: RenderedLayout, table: FieldTable, *, has_address: bool) -> Self:
        """Clean what a template made, and find everything that is wrong with it."""
        name, marks = rendered.name, rendered.marks
        clean, obstacles = inline_styles(clean_html(table.mark(rendered.made, first_line=None, is_markup=True)))
        problems = _problems(clean, marks, table, has_address=has_address)
        lost = losses(rendered.made, _no_line, is_markdown=False)
        removed = (about(Severity.WARNING, loss.remark) for loss in clean.losses)
        findings = tuple(replace(each, layout=name) for each in (*problems, *lost, *obstacles, *removed))
        return cls(name=name, clean=clean, marks=marks, findings=findings)

    @property
    def turns_dark(self) -> bool:
        """Whether it names its grounds, so that our sheet can turn them and their texts dark together."""
        return _TURNS_DARK.search(self.clean.body) is not None

    def filled(self, *, headline: str, content: str, footer: str, postal_address: str) -> CleanHtml:
        """The layout with these parts in place, which are finished HTML."""
        parts = {
            self.marks.headline: headline,
            self.marks.content: content,
            self.marks.footer: footer,
            self.marks.postal_address: postal_address,
            self.marks.column_start: shared_pieces().column_start,
            self.marks.column_end: shared_pieces().column_end,
        }
        mark = re.compile("|".join(map(re.escape, parts)))
        return replace(self.clean, body=mark.sub(lambda match: parts[match[0]], self.clean.body))


def _no_line(_needle: str) -> None:
    """A layout has no lines in the edition's file."""


def _problems(clean: CleanHtml, marks: Marks, table: FieldTable, *, has_address: bool) -> Iterator[Finding]:
    tree = parse_tree(clean.body)
    shown = "".join(_visible_text(tree))
    texts = _TAG.sub("", clean.body)
    if shown.count(marks.content) != 1:
        yield error("layout-content-repeated" if marks.content in shown else "layout-content-missing")
    if any(clean.body.count(mark) != texts.count(mark) for mark in _each(marks)):
        yield error("layout-part-in-tag")
    has_footer = marks.footer in shown
    links = [html.unescape(link.attributes.get("href", "")) for link in _visible_links(tree)]
    if not has_footer and not any(_is_unsubscribe(link, table) for link in links):
        yield error("layout-no-unsubscribe")
    if has_address and not has_footer and marks.postal_address not in shown:
        yield error("layout-no-address")
    for image in tree.find_all("img"):
        source = image.attributes.get("src", "")
        if not source.startswith("cid:"):
            yield error("layout-picture", source=source or "<img>")
        if not image.attributes.get("alt", "").strip():
            yield error("layout-no-alt")


def _each(marks: Marks) -> tuple[str, ...]:
    return (marks.headline, marks.content, marks.footer, marks.postal_address, marks.column_start, marks.column_end)


def _is_unsubscribe(link: str, table: FieldTable) -> bool:
    return [field.name for field in table.fields_in(link)] == ["unsubscribe_url"]


def _is_hidden(node: Node) -> bool:
    return _HIDDEN.search(node.attributes.get("style", "")) is not None


def _visible_text(node: Node) -> Iterator[str]:
    for child in node.children:
        if isinstance(child, str):
            yield child
        elif not _is_hidden(child):
            yield from _visible_text(child)


def _visible_links(node: Node) -> Iterator[Node]:
    for child in node.children:
        if isinstance(child, Node) and not _is_hidden(child):
            if child.tag == "a" and "".join(_visible_text(child)).strip():
                yield child
            yield from _visible_links(child)
