"""Checks the language of an edition: whether its tag is known, and whether Pressrun is translated into it."""

from __future__ import annotations

from pressrun.locales.catalogues import words_in
from pressrun.locales.known import is_known
from pressrun.locales.languages import LANGUAGES, find_language
from pressrun.message.finding import Finding, error, warning
from pressrun.message.sources.front_matter import Value

_OURS = ", ".join(LANGUAGES)


def check_language(named: Value | None, built: str, of_list: str) -> list[Finding]:
    """Findings about the language `built` of an edition, which its keys, its HTML or its list name.

    There are none about the language of the list, which its operator chose.
    """
    if built.lower() == of_list.lower():
        return []
    line = None if named is None else named.line
    if is_known(built):
        return [_unspoken(built, of_list, line)] if find_language(built) is None else []
    if named is None:
        return [warning("language-unknown-document", tag=built)]
    return [error("language-unknown", line, tag=built, tags=_OURS)]


def _unspoken(tag: str, of_list: str, line: int | None) -> Finding:
    return warning("language-not-spoken", line, tag=tag, tags=_OURS, language=words_in(of_list).language)
