"""The spellings of addresses: whether a text names one, whatever case, form or escapes it uses.

SQL's lower() handles only ASCII, and an address is compared by more than its case: accents may be one character or two
(Unicode NFC and NFD), a domain may be written in letters or as its A-label (RFC 5890), and mail, pages and programs
each have escapes of their own. So texts that may name a person are compared here, and nowhere else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from unicodedata import normalize
from urllib.parse import unquote

from pressrun.core.addresses.address import Address

# A JSON text inside another one doubles the backslashes.
_JSON_ESCAPE = re.compile(r"(?:\\{1,4}u[0-9a-fA-F]{4})+")
_SHORT_ESCAPE = re.compile(r"\\{1,4}[bfnrt/\"\\]")
_ESCAPES = re.compile(rb"%[0-9A-Fa-f]{2}|&#|\\u")
_PIECE, _OVERLAP = 1 << 20, 1 << 10  # characters
# A text without one of these names no address, whatever its spelling: what `plain` makes an @ of, or one of the signs
# that stand in its place in a return path, and what begins an escape. As SQL's `glob` takes it.
SIGNS = "*[@＠﹫=＝﹦⁼₌⩴⩵⩶%％﹪&\\]*"
_DOTS = str.maketrans({"。": ".", "｡": ".", "．": ".", "ς": "σ"})  # the sigma is that of the end of a word


class Spellings:
    """All ways to write somebody's addresses; `Spellings(address).name(text)` finds them."""

    def __init__(self, *addresses: Address) -> None:
        self._domains = sorted({address.domain for address in addresses})
        self._named = re.compile("|".join(map(_pattern, addresses)))

    @property
    def hint(self) -> str:
        """What any spelling holds that escapes no letter of the domain, in lower case: a filter for much text."""
        if len(self._domains) > 1:
            return ""
        (domain,) = self._domains
        top = domain.rpartition(".")[2]
        return domain if "xn--" not in domain else "" if top.startswith("xn--") else top

    def may_be_in(self, octets: bytes) -> bool:
        """Whether a closer look is worthwhile. In binary data only the form that programs write is found."""
        lowered = octets.lower()
        if b"\0" in octets:
            forms = {form for domain in self._domains for form in (domain, _in_letters(domain))}
            return any(form.encode() in lowered for form in forms)
        return self.hint.encode() in lowered or _ESCAPES.search(octets) is not None

    def name(self, text: str) -> bool:
        """Whether a text names one of the addresses."""
        return any(self._named.search(plain(piece)) for meaning in unescaped(text) for piece in _pieces(meaning))


def _pattern(address: Address) -> str:
    locals_ = {plain(address.local), plain(address.typed.rpartition("@")[0])}
    domains = {plain(address.domain), plain(_in_letters(address.domain)), plain(address.typed.rpartition("@")[2])}
    local, domain = (f"(?:{'|'.join(map(re.escape, sorted(some)))})" for some in (locals_, domains))
    ends = r"(?![\w-]|\.\w)"  # else it is a longer domain
    # A longer local part is somebody else's. A return path (VERP) may have an address after a name of its own, with
    # another character in place of the @.
    return rf"(?<![\w.+-])(?:{local}|\"{local}\")@{domain}{ends}|(?<![\w.]){local}[=%]{domain}{ends}"


def _pieces(text: str) -> Iterator[str]:
    """A long text in pieces that overlap by more than an address: in its plain form it may be much longer."""
    yield from (text[start : start + _PIECE + _OVERLAP] for start in range(0, max(1, len(text)), _PIECE))


def plain(text: str) -> str:
    """A text in the case and form in which spellings are compared."""
    if text.isascii():
        return text.lower()
    return normalize("NFKC", normalize("NFKC", text).lower()).translate(_DOTS)


def unescaped(text: str) -> Iterator[str]:
    """The text, and its meanings as percent-encoded text, HTML and JSON."""
    yield text
    for mark, decode in (("%", unquote), ("&", html.unescape), ("\\", _from_json)):
        if mark in text:
            text, before = decode(text), text
            if text != before:
                yield text


def _from_json(text: str) -> str:
    text = _JSON_ESCAPE.sub(_from_units, text)
    return _SHORT_ESCAPE.sub(" ", text)


def _from_units(match: re.Match[str]) -> str:
    units = bytes.fromhex(match[0].replace("\\", "").replace("u", ""))
    return units.decode("utf-16-be", "replace")


def _in_letters(domain: str) -> str:
    """A domain with its A-labels decoded (punycode)."""
    return ".".join(_label_in_letters(label) for label in domain.split("."))


def _label_in_letters(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
