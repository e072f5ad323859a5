"""Whether a raw mail mentions an address, in any encoding that mail uses, in linear time.

This finds a person in stored mail, so it reads too much rather than too little. Every run of base64, the whole as
quoted-printable (RFC 2045 §6.7, §6.8) and every encoded-word (RFC 2047) is decoded wherever it is, also inside enclosed
mails. It uses no parser that a hostile mail could mislead.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp
from collections.abc import Iterator

from pressrun.core.addresses.spellings import Spellings
from pressrun.core.text.charsets import decode_text, find_codec

_DEEPEST = 3  # a mail in base64 in a mail in base64
_FEW = 4  # of the charsets that a mail names are tried
_WORD = re.compile(rb"=\?([A-Za-z0-9_.:-]{1,40})(?:\*[A-Za-z0-9-]{1,20})?\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN_WORDS = re.compile(rb"(?<=\?=)[ \t]*(?:\r?\n[ \t]+)?(?==\?)")
_BASE64_LINES = re.compile(rb"(?:^[A-Za-z0-9+/]{4,}={0,2}[ \t]*\r?\n?)+", re.MULTILINE)
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}")
_CHARSET = re.compile(rb"charset[ \t]*=[ \t]*\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_QUOTED = re.compile(rb"=(?:[0-9A-Fa-f]{2}|\r?\n)")
_WIDE = ("utf-16", "iso2022")  # codecs that do not encode ASCII as itself
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def mentions(content: bytes, spellings: Spellings) -> bool:
    """Whether a raw mail holds an address, in any spelling and any encoding."""
    return any(spellings.name(text) for text in _readings(content, spellings))


def _readings(content: bytes, spellings: Spellings) -> Iterator[str]:
    """The texts that the octets may stand for, as far as they could hold the address."""
    seen = {name.decode("ascii").lower() for name in _CHARSET.findall(content)}
    known = dict.fromkeys(find_codec(name) for name in sorted(seen))
    codecs = [codec for codec in known if codec is not None and codec != "utf-8"][:_FEW]
    for layer in _layers(content, _DEEPEST):
        yield from _texts(layer, codecs, spellings)
    if b"=?" in content:
        yield _with_words_decoded(content)


def _layers(content: bytes, depth: int) -> Iterator[bytes]:
    yield content
    if depth == 0 or b"\0" in content:  # a picture or a program, which holds no mail
        return
    if _QUOTED.search(content):
        yield a2b_qp(content)
    for match in _BASE64_LINES.finditer(content):
        yield from _layers(_from_base64(match[0].translate(None, b" \t\r\n")), depth - 1)
    rest = _BASE64_LINES.sub(b"\n", content)
    yield b"\n".join(_from_base64(match[0]) for match in _BASE64_RUN.finditer(rest))


def _from_base64(run: bytes) -> bytes:
    run = run.rstrip(b"=").translate(_URL_SAFE)
    run = run[: len(run) - (len(run) % 4 == 1)]
    try:
        return a2b_base64(run + b"=" * (-len(run) % 4))
    except Error:
        return b""


def _texts(octets: bytes, codecs: list[str], spellings: Spellings) -> Iterator[str]:
    wide = [codec for codec in codecs if codec.startswith(_WIDE)]
    if spellings.may_be_in(octets):
        try:
            yield octets.decode("utf-8")
        except UnicodeDecodeError:
            yield octets.decode("utf-8", "replace")
            yield octets.decode("latin-1")
            yield from (decode_text(octets, codec) for codec in codecs if codec not in wide)
    yield from (decode_text(octets, codec) for codec in wide)


def _with_words_decoded(content: bytes) -> str:
    def decode(match: re.Match[bytes]) -> bytes:
        words = _from_base64(match[3]) if match[2] in b"bB" else a2b_qp(match[3], header=True)
        charset = match[1].decode("ascii")
        return words if find_codec(charset) is None else decode_text(words, charset).encode()

    joined = _BETWEEN_WORDS.sub(b"", content)
    octets = _WORD.sub(decode, joined)
    return octets.decode("utf-8", "replace")
