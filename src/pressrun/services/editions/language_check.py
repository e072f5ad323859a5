"""The language that an edition says it has: whether there is one of that tag, and whether we speak it, too."""

from __future__ import annotations

from pressrun.locales.catalogues import words_in
from pressrun.locales.known import is_known
from pressrun.locales.languages import LANGUAGES, find_language
from pressrun.message.finding import Finding, error, warning
from pressrun.message.sources.front_matter import Value

_OURS = ", ".join(LANGUAGES)


def check_language(named: Value | None, built: str, of_list: str) -> list[Finding]:
    """What is wrong with the language `built` of an edition: as its keys name it, else as its HTML or its list does.

    That of the list is its operator's choice, and nothing is said of it.
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
