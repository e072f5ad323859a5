"""Placeholders that were never replaced, and merge fields of other programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from pressrun.message.finding import Finding, warning
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule

_ANYWHERE = re.compile(
    r"\b(?:FIXME|TKTK|XXXX+)\b|\bTODO(?=\s*:)"
    r"|(?<![\w*] )\bTBD\b"  # not “Speaker TBD”, as in the programme of an event
    r"|\[(?:link|url|image|text|name|date|todo|tbd|insert [^\]]{1,40}|your [^\]]{1,40})\]"
    r"|(?i:lorem\s+ipsum)",
    re.ASCII,
)
# Words in other languages: `todo` is Spanish for all, and XXX is thirty in Roman numerals.
_TODO = re.compile(r"\b(?:TODO(?!\s*:)|XXX)\b", re.ASCII)
_TODO_LANGUAGES = frozenset("en de nl da sv nb nn no fi is af fy lb".split())
_NAMES = (
    r"unsub(?:scri(?:be|ption))?_?(?:url|link|text)?|first_?name|last_?name|fname|lname|web_?(?:version|view)(?:_?url)?"
    r"|(?:read|view)_?online|online_?version|(?:manage_?)?preferences_?url|forward_?url"
)
# Elements by which Campaign Monitor and Sendy mark their links; elsewhere they do nothing.
_OTHER_LINKS = re.compile(r"<(?:unsubscribe|webversion|preferences|forwardtoafriend)\b[^<>\n]{0,200}>", re.IGNORECASE)
OTHER_FIELDS = re.compile(
    r"\*\|[A-Z][\w:.=| -]{0,60}\|\*"  # *|FNAME|*
    r"|%%[A-Z_][\w.]{0,40}(?: [\w.]{1,20}){0,3}%%"  # %%First Name%%
    r"|%\(\w{1,40}\)s"  # %(user_address)s
    r"|%(?:[A-Z_]{0,20}NAME|[A-Z_]{0,20}EMAIL[A-Z_]{0,20}|UNSUB[A-Z_]{0,20})%"  # %FIRSTNAME%
    r"|(?<!\{)\{%[^{}\n]{1,100}%\}"  # {% if name %}
    r"|<%[^<>\n]{1,100}%>"  # <%= name %>
    r"|\[%[^\[\]\n]{1,100}%\]"  # [% user.email %]
    r"|\$\{[A-Z_][\w.]{0,60}\}"  # ${name}
    r"|\{\$[A-Z_][\w.]{0,60}\}"  # {$name}
    r"|(?<!\{)\{!?(?:contact|subscriber|recipient|action|domain|subtag)[.:]\w[\w.:|-]{0,60}\}"  # {contact.first_name}
    r"|(?<!\{)\{(?:contactfield=[\w|]{1,60}|!\w{1,40})\}"  # {!firstname}
    rf"|(?<!\{{)\{{/?(?:name|vorname|nachname|(?:email|profile)_url|{_NAMES})(?:\s*[,|][^{{}}\n]{{0,60}})?\}}"
    r"|\[(?:\w{1,20}:)?webversion\]"
    rf"|\[(?:name(?=,|%%)|usertrack|vorname|nachname|{_NAMES})(?:(?:,\s*fallback=|%%|\s?\|)[^\]\n]{{0,60}})?\]"
    r"|\[\[(?:data|var):[^\]\n]{1,60}\]\]"  # [[data:name]]
    r"|\[(?:subscriber|newsletter|user|link):[^\]\n]{1,60}\]"
    r"|%%\{\w{1,40}\}%%"  # %%{unsubscribe_url}%%
    r"|\$\[[A-Z]{2,20}[:|][^\]\n]{1,60}\]\$"  # $[UN:UNSUBSCRIBE]$
    r"|#(?:recipient:\w{1,40}|unsubscribeLink)#"
    r"|@TrackLink\b",
    re.ASCII | re.IGNORECASE,
)
_LEFT = "placeholder"
_FOREIGN = "foreign-field"


def placeholders(edition: CheckedEdition) -> Iterator[Finding]:
    is_word = edition.language.lower().partition("-")[0] not in _TODO_LANGUAGES
    yield from _in_prose(edition, _ANYWHERE, _LEFT)
    if not is_word:
        yield from _in_prose(edition, _TODO, _LEFT)


def fields_of_other_programs(edition: CheckedEdition) -> Iterator[Finding]:
    for link in edition.tree.find_all("a"):
        url = link.attributes.get("href", "")
        if (field := OTHER_FIELDS.search(unquote(url))) is not None:
            yield warning(_FOREIGN, edition.line_of(url), text=field[0])
    for element in _OTHER_LINKS.finditer(edition.source):
        yield warning(_FOREIGN, edition.line_of(element[0]), text=element[0])
    for stressed in edition.tree.find_all("em"):  # Markdown reads the asterisks of *|FNAME|* as its own
        text = f"*{stressed.text()}*"
        if OTHER_FIELDS.fullmatch(text):
            yield warning(_FOREIGN, edition.line_of(text), text=text)
    yield from _in_prose(edition, OTHER_FIELDS, _FOREIGN)


def _in_prose(edition: CheckedEdition, pattern: re.Pattern[str], code: str) -> Iterator[Finding]:
    for text, line in ((edition.subject, edition.subject_line), (edition.preheader, edition.preheader_line)):
        for match in pattern.finditer(text):
            yield warning(code, line, text=match[0])
    prose = edition.prose()
    for match in pattern.finditer(prose):
        yield warning(code, _line_of(edition, prose, match), text=match[0])


def _line_of(edition: CheckedEdition, prose: str, match: re.Match[str]) -> int | None:
    """The line of this match. Its neighbours on the line tell it from an equal text further up."""
    before = prose[max(0, match.start() - 12) : match.start()].rpartition("\n")[2]
    after = prose[match.end() : match.end() + 12].partition("\n")[0]
    for needle in (before + match[0] + after, before + match[0], match[0] + after, match[0]):
        if (line := edition.line_of(needle)) is not None:
            return line
    return None


RULES: tuple[Rule, ...] = (placeholders, fields_of_other_programs)
