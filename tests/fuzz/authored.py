"""Targets for what authors and operators write: HTML, as another parser reads what is left of it, and config.toml."""

from __future__ import annotations

import html as escaping
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib
from tests.hostile.hostile import hostile_html

from pressrun.config.generated import example_config
from pressrun.config.loader import examine
from pressrun.message.content.html import clean_html
from pressrun.message.content.web_fragment import inline_fragment

# Written once more here, and not taken from the cleaner: what it lets through by mistake is found.
_FORBIDDEN = frozenset(
    "script template noscript iframe frame frameset object embed applet svg math form input button select option"
    " textarea link meta base video audio source picture portal dialog slot xmp plaintext noembed noframes".split()
)
_ATTRIBUTES = frozenset(
    "align alt aria-label bgcolor border cellpadding cellspacing class color colspan datetime dir face headers height"
    " href hspace id lang name noshade nowrap open reversed role rowspan scope size span src start style summary"
    " tabindex title type valign value vspace width".split()
)
_SCHEMES = frozenset(("", "http", "https", "mailto", "tel", "cid"))
_folders: list[Path] = []
_TAIL = '</div><p class="after"><a class="ours" href="/">ours</a></p></main>'


def html(data: bytes) -> None:
    """What is left of HTML runs and fetches nothing, and ends where it ends."""
    clean = clean_html(data.decode("utf-8", "replace"))
    sheet = f"<style>\n{clean.styles}\n</style>\n" if clean.styles else ""
    fragment = f'<div style="{escaping.escape(clean.body_style)}">{sheet}{clean.body}</div>'
    _require_harmless(fragment)
    inline = inline_fragment(clean.body, table_name='"Table" <1>')
    if inline is not None:
        _require_harmless(inline, may_be_styled=False)


def _require_harmless(fragment: str, *, may_be_styled: bool = True) -> None:
    """Another parser finds nothing in a page around it that should not be there, and our own part in its place."""
    page = html5lib.parse(f"<main><div>{fragment}{_TAIL}", namespaceHTMLElements=False)
    (main,) = page.find("body")
    box, after = main
    (ours,) = after
    assert (box.tag, after.get("class"), ours.get("class")) == ("div", "after", "ours"), "something leaves its place"
    for element in _elements(box):
        assert element.tag not in _FORBIDDEN, element.tag
        assert element.attrib.keys() <= _ATTRIBUTES, element.attrib
        assert may_be_styled or "style" not in element.attrib
        for name in element.attrib.keys() & {"href", "src"}:
            assert element.tag == {"href": "a", "src": "img"}[name]
            assert _scheme(element.attrib[name]) in _SCHEMES, element.attrib


def _elements(box: Element) -> Iterator[Element]:
    for element in box.iter():
        assert isinstance(element.tag, str), "a comment"
        yield element


def _scheme(url: str) -> str:
    """As a browser finds it: without what it leaves out (URL Standard §4.1)."""
    bare = "".join(sign for sign in url if sign not in "\t\r\n").lstrip("".join(map(chr, range(0x21))))
    try:
        return urlsplit(bare).scheme
    except ValueError:  # of a bracket in the host: it has one of the schemes all the same
        return bare.partition(":")[0].lower()


def html_seeds() -> list[bytes]:
    """A page against us, whole and by its lines, and what parsers read in different ways."""
    page = hostile_html("canary.example")
    return [page.encode(), *(line.encode() for line in page.splitlines() if line.startswith("<")), *_MUTATING]


_MUTATING = [
    b"<a href=x><table><a href=y><td></a><b><p>x</table></b></a>z",
    b"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x&gt;'>",
    b"<svg><desc><style><a title='</style><img src onerror=x>'></desc></svg></div></main>",
    b"<p><font><font><font><table><font><td></div><li><ul></p><form><a><p></a></form>",
    b"<noscript><p title='</noscript><img src=x onerror=x>'></noscript><select><style></select><x>",
    b"<style media='screen) {} body{x:y} @media (x'>p{content:'</style><img>'}</style>{{ name | default: <b> }}",
]


def config(data: bytes) -> None:
    """A file that is changed anywhere is a configuration, or has errors that name their keys."""
    (folder,) = _folders
    path = folder / "config.toml"
    path.write_bytes(data)
    for error in examine(path, {"CREDENTIALS_DIRECTORY": str(folder)}):
        assert str(error)


def config_seeds() -> list[bytes]:
    """The example, as it is and with every key set, and what keys may mean."""
    example = example_config()
    lines = [line.removeprefix("# ") if " = " in line or "[" in line else line for line in example.splitlines()]
    places = ("[2001:db8::1],two.example:5433/news", "me:pw@one.example/news", "[/")
    servers = [f'database = "postgresql://{place}"\npassword_file = "{"x" * 300}"\n' for place in places]
    return [example.encode(), "\n".join(lines).encode(), *(f"{server}{example}".encode() for server in servers)]


@contextmanager
def config_folder() -> Iterator[None]:
    """Where configurations are, for as long as inputs are tried."""
    with tempfile.TemporaryDirectory(prefix="pressrun-config-") as folder:
        _folders.append(Path(folder))
        try:
            yield
        finally:
            _folders.clear()
