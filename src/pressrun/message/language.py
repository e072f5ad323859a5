"""What a language tag says about how its text is written (RFC 5646)."""

from __future__ import annotations

import re

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
LONGEST_TAG = 35

# By their usual script; a tag may name another, as az-Arab or ku-Arab.
_RIGHT_TO_LEFT = frozenset(
    "aeb ajp apc ar arc ary arz azb bal bqi ckb dv fa glk he iw khw ks lrc mzn nqo pnb prs ps sd skr syr ug ur"
    " yi".split()
)
_SCRIPTS = frozenset("adlm arab aran hebr mand mend nkoo rohg samr syrc thaa yezi".split())


def is_language_tag(text: str) -> bool:
    """Whether `text` has the form of a tag, as `en` or `pt-BR`."""
    return len(text) <= LONGEST_TAG and LANGUAGE_TAG.fullmatch(text) is not None


def direction_of(language: str) -> str:
    """`rtl` or `ltr`: by the script that the tag names, else by that which its language is usually written in."""
    primary, *rest = language.lower().split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    is_rtl = script in _SCRIPTS if script is not None else primary in _RIGHT_TO_LEFT
    return "rtl" if is_rtl else "ltr"
