"""Language tags (RFC 5646): their form, and what they say about how a text is written."""

from __future__ import annotations

import re

LONGEST_TAG = 35  # RFC 5646 §4.4.1
# RFC 5646 §2.1, but for tags that are for private use alone, and those that were kept from before it.
_TAG = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
    r"(?:-[a-z]{4})?"  # script
    r"(?:-(?:[a-z]{2}|[0-9]{3}))?"  # region
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"  # variants
    r"(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*"  # extensions
    r"(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)

# By their usual script; a tag may name another, as az-Arab or ku-Arab.
_RIGHT_TO_LEFT = frozenset(
    "aeb ajp apc ar arc ary arz azb bal bqi ckb dv fa glk he iw khw ks lrc mzn nqo pnb prs ps sd skr syr ug ur"
    " yi".split()
)
_SCRIPTS = frozenset("adlm arab aran hebr mand mend nkoo rohg samr syrc thaa yezi".split())


def is_language_tag(text: str) -> bool:
    """Whether `text` is a well-formed tag, as `en` or `pt-BR`; whether there is such a language is not looked at."""
    return len(text) <= LONGEST_TAG and _TAG.fullmatch(text) is not None


def direction_of(language: str) -> str:
    """`rtl` or `ltr`: by the script that the tag names, else by that which its language is usually written in."""
    primary, *rest = language.lower().split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    is_rtl = script in _SCRIPTS if script is not None else primary in _RIGHT_TO_LEFT
    return "rtl" if is_rtl else "ltr"
