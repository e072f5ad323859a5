"""Text in the charsets of assets/charsets.toml, an allow-list, so that a sender never chooses how a codec behaves.

Text in any other charset is read as windows-1252.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from functools import cache

from pressrun.assets import AssetError, convert_asset, read_asset

_FILE = "charsets"
_LONGEST_LABEL = 40

_PUNCTUATION = re.compile(r"[^a-z0-9]+")
FALLBACK = "cp1252"


@cache
def charset_labels() -> Mapping[str, str]:
    """The codec of each label. Raises AssetError."""
    by_codec = convert_asset(_FILE, "", read_asset(_FILE), dict[str, str])
    return {label: codec for codec, labels in by_codec.items() for label in labels.split()}


def check_charsets() -> None:
    """Find every codec. Raises AssetError for the first that Python does not have."""
    for codec in charset_labels().values():
        try:
            codecs.lookup(codec)
        except LookupError as problem:
            raise AssetError(_FILE, codec, problem) from None


def find_codec(charset: str) -> str | None:
    """The codec for a charset as a mail names it; None for what is not on the list. "" is UTF-8, as mail without a word
    about it mostly is.
    """
    if len(charset) > _LONGEST_LABEL:
        return None
    label = _PUNCTUATION.sub("", charset.lower())
    return charset_labels().get(label) if label else ("utf-8" if not charset.strip() else None)


def decode_text(data: bytes, charset: str) -> str:
    """The text of `data` in a charset that a mail names; what cannot be decoded becomes U+FFFD. Never raises."""
    return storable(codecs.decode(data, find_codec(charset) or FALLBACK, "replace"))


def decode_unnamed(data: bytes) -> str:
    """The text of a header field that names no charset: UTF-8 (RFC 6532 §3.2), or what old programs write."""
    text = decode_exactly(data, "utf-8")
    return decode_text(data, FALLBACK) if text is None else text


def decode_exactly(data: bytes, charset: str) -> str | None:
    """The same, but None if the charset is not on the list, or the data are not in it."""
    codec = find_codec(charset)
    if codec is None:
        return None
    try:
        return storable(codecs.decode(data, codec))
    except ValueError:
        return None


def storable(text: str) -> str:
    """Text that every encoder accepts: `?` for halves of characters, which codecs, JSON and pickles let through."""
    return text.encode("utf-8", "replace").decode("utf-8")
