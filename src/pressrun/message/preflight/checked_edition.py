"""An edition as the rules see it: what was written, the parts made of it, and the line of a text in the source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pressrun.core.site import Site
from pressrun.message.content.html import CleanHtml, with_links
from pressrun.message.content.tree import Node, parse_tree
from pressrun.message.finding import Finding
from pressrun.message.profile import ListProfile
from pressrun.message.sources.edition_source import EditionFormat
from pressrun.message.wire.slots import Piece, Slot, SlotKind

_CODE = frozenset({"code", "pre", "kbd", "samp", "tt"})  # these show examples
_INLINE = frozenset("a abbr b bdi bdo cite em font i img ins mark q s small span strong sub sup time u wbr".split())
_LINK_KINDS = frozenset({SlotKind.URL, SlotKind.URL_PART})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedEdition:
    """An edition before it goes out. Merge fields are placeholders, except in `source` and the finished parts.

    `bare_subject` is the subject of a reader without values. `text` is the text part without its footer, and
    `is_own_text` says whether its author wrote it by hand. `finished_text` and `finished_html` are the parts that go
    out, with slots for fields. `enclosed` has the names of the files in a message by their address (`cid:…`), and
    `pictures` the names and octets of the images that go out, shown or attached. `show`
    restores the fields of a text as they were written, `line_of` finds a text in the source, and `is_field` says
    whether a text holds a field. `tree` has the elements of the page, or, for a text without a page, its addresses as
    links, because mail programs turn them into links.
    """

    format: EditionFormat
    subject: str
    subject_line: int | None
    bare_subject: str
    preheader: str
    preheader_line: int | None
    body_line: int | None
    source: str
    text: str
    is_own_text: bool
    html: CleanHtml | None
    language: str
    finished_text: Sequence[Piece]
    finished_html: Sequence[Piece] | None
    enclosed: Mapping[str, str]
    pictures: Sequence[tuple[str, int]]
    size_bytes: int
    profile: ListProfile
    site: Site
    show: Callable[[str], str]
    line_of: Callable[[str], int | None]
    is_field: Callable[[str], bool]
    tree: Node = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tree", parse_tree(with_links(self.text) if self.html is None else self.html.body))

    def prose(self) -> str:
        """The text of the body without code, where things that look wrong are examples."""
        return _without_code(self.tree) if self.html is not None else self.text

    def parts(self) -> Iterator[tuple[str, Sequence[Piece]]]:
        """The finished parts, each with its name in the codes of findings."""
        yield "text", self.finished_text
        if self.finished_html is not None:
            yield "html", self.finished_html


Rule = Callable[[CheckedEdition], Iterable[Finding]]


def links_to_unsubscribe(pieces: Sequence[Piece], *, is_html: bool) -> bool:
    """Whether a finished part has the link to unsubscribe: as an address in HTML, anywhere in text."""
    return any(
        isinstance(piece, Slot) and piece.field == "unsubscribe_url" and (not is_html or piece.kind in _LINK_KINDS)
        for piece in pieces
    )


def bare_words(text: str) -> str:
    """The words of a text, to compare it with another: without punctuation, and in one case."""
    return re.sub(r"\W+", " ", text).strip().casefold()


def fixed_text(pieces: Sequence[Piece]) -> str:
    """A finished part without values of readers."""
    return "".join(piece for piece in pieces if isinstance(piece, str))


def _without_code(node: Node) -> str:
    if node.tag in _CODE:
        return " "
    inner = "".join(child if isinstance(child, str) else _without_code(child) for child in node.children)
    return inner if node.tag in _INLINE else f"\n{inner}\n"
