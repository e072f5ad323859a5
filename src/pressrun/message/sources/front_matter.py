"""The keys at the head of an edition file: YAML between two `---` lines, each error with its line.

Only text and lists of text are accepted: no tags, anchors or nested values, so that YAML stays harmless.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from itertools import count

import yaml
from msgspec import Struct

from pressrun.core.errors import EditionError, MalformedAddress
from pressrun.core.text.controls import without_controls
from pressrun.core.timestamps import seconds_of
from pressrun.message.sources.slug import LONGEST_SLUG, is_slug
from pressrun.message.wire.headers import clean_value
from pressrun.message.wire.mailbox import Mailbox, parse_mailbox
from pressrun.message.words import is_language_tag

KEYS = (
    "subject", "title", "preheader", "from", "reply_to", "slug", "date", "language", "issue", "attachments", "text",
)  # fmt: skip

FENCE = "---"

_LARGEST = 64 * 1024
_LONGEST_VALUE = 2000
# A backslash before it, which makes it text, is no escape of YAML's.
FIELD = re.compile(r"(?:(?<!\\)\\)?\{\{[^{}\n]{0,300}\}\}")
_MARK = "q0keyfield"
_STRING = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_TIME = "tag:yaml.org,2002:timestamp"
# Keys whose values are sentences, where `#` and `&` may be meant as they stand.
_SENTENCES = frozenset({"subject", "title", "preheader"})
# How PyYAML says it, and how a person would.
_REASONS = {
    "mapping values": "a value that contains ': ' must be in quotes",
    "'\\t'": "a tab is not allowed there. Write spaces",
    "found '<scalar>'": "a value is followed by more text. Put all of it in quotes, and write ' twice inside '…'",
    "end of stream": "a quotation mark is not closed",
    **dict.fromkeys(
        (
            "cannot start any",
            "alphabetic or numeric",
            "entries are not",
            "keys are not",
            "node content",
            "a line break",
        ),
        "a value that begins with a punctuation mark must be in quotes",
    ),
}
_ISSUE = re.compile(r"\w[\w.-]{0,59}")
# The word for an issue may be `87` or `2026-11`, whatever type YAML gives it.
_PLAIN = {"date": {_TIME}, "issue": {_TIME, "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}}


class Value(Struct, frozen=True):
    """A text of the front matter and its line."""

    text: str
    line: int


class FrontMatter(Struct, frozen=True, kw_only=True):
    """The keys; a missing or empty one is None. `date` is in UTC seconds."""

    subject: Value | None = None
    title: str | None = None
    preheader: Value | None = None
    from_: Mailbox | None = None
    reply_to: Mailbox | None = None
    slug: str | None = None
    date: int | None = None
    language: Value | None = None
    issue: Value | None = None
    attachments: tuple[Value, ...] = ()
    text: Value | None = None


def find_fences(lines: Sequence[str]) -> tuple[int, int] | None:
    """Where the lines are that enclose the keys; None without keys. Raises EditionError if they are not closed."""
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines[first].rstrip() != FENCE:
        return None
    for number, line in enumerate(lines[first + 1 :], first + 1):
        if line.rstrip() == FENCE:
            return first, number
    raise EditionError("the keys are not closed. End them with a line ---", line=first + 1)


def parse_front_matter(source: str, *, first_line: int) -> FrontMatter:
    """Parse the lines between the `---` lines. Raises EditionError with the line in the edition file."""
    if len(source) > _LARGEST:
        raise EditionError(f"the keys are longer than {_LARGEST // 1024} KiB", line=first_line)
    fields = FIELD.findall(source)
    plain = _without_fields(source)
    entries = _entries(plain, first_line)
    for key in _SENTENCES & entries.keys():
        _require_whole(key, entries[key], plain, first_line)
    texts = {key: _one_text(key, node, first_line) for key, node in entries.items() if key != "attachments"}
    texts = {key: _with_fields(value, fields) for key, value in texts.items()}
    return FrontMatter(
        subject=texts.get("subject"),
        title=_title(texts.get("title")),
        preheader=texts.get("preheader"),
        from_=_mailbox("from", texts.get("from")),
        reply_to=_mailbox("reply_to", texts.get("reply_to")),
        slug=_slug(texts.get("slug")),
        date=_date(texts.get("date")),
        language=_language(texts.get("language")),
        issue=_issue(texts.get("issue")),
        attachments=_texts(entries["attachments"], first_line) if "attachments" in entries else (),
        text=texts.get("text"),
    )


def wrong_values(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is wrong with the values of keys, given one by one: each key and the reason."""
    wrong = []
    for key in _CHECKS.keys() & {key for key, text in texts.items() if text.strip()}:
        try:
            _CHECKS[key](Value(texts[key].strip(), 1))
        except EditionError as problem:
            wrong.append((key, problem.reason.removeprefix(f"{key}: ")))
    return sorted(wrong)


def _without_fields(source: str) -> str:
    """Merge fields replaced by words, because their braces and colons mean something in YAML."""
    numbers = count()
    return FIELD.sub(lambda _found: f"{_MARK}{next(numbers)}q", source)


def _with_fields(value: Value | None, fields: list[str]) -> Value | None:
    if value is None:
        return None
    text = re.sub(_MARK + r"(\d{1,5})q", lambda match: _nth(fields, int(match[1]), match[0]), value.text)
    return Value(text, value.line)


def _nth(fields: list[str], number: int, otherwise: str) -> str:
    return fields[number] if number < len(fields) else otherwise


def _entries(source: str, first_line: int) -> dict[str, yaml.Node]:
    try:
        root = yaml.compose(source, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = first_line + (mark.line if mark is not None else 0)
        said = problem.problem or problem.context or "unreadable"
        reason = next((reason for words, reason in _REASONS.items() if words in said), said)
        raise EditionError(f"the keys are not YAML: {reason}", line=line) from None
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        reason = str(problem).partition("\n")[0] or "nested too deeply"
        raise EditionError(f"the keys are not YAML: {reason}", line=first_line) from None
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        line = first_line + root.start_mark.line
        raise EditionError("write one `key: value` per line between the --- lines", line=line)
    entries: dict[str, yaml.Node] = {}
    for key_node, node in root.value:
        line = first_line + key_node.start_mark.line
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
        if key not in KEYS:
            raise EditionError(f"unknown key {key!r}{_suggestion(key)}", line=line)
        if key in entries:
            raise EditionError(f"duplicate key {key!r}", line=line)
        entries[key] = node
    return entries


def _suggestion(key: str) -> str:
    close = get_close_matches(key.lower().replace("-", "_"), KEYS, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known keys: {', '.join(KEYS)}"


def _one_text(key: str, node: yaml.Node, first_line: int) -> Value | None:
    line = first_line + node.start_mark.line
    if isinstance(node, yaml.ScalarNode):
        if node.tag == _NULL or (node.tag == _STRING and not node.value.strip()):
            return None
        if node.tag == _STRING or node.tag in _PLAIN.get(key, ()):
            if len(node.value) > _LONGEST_VALUE:
                raise EditionError(f"{key} is longer than {_LONGEST_VALUE} characters", line=line)
            text = _whole(key, node.value, line).strip()
            if key in _SENTENCES:  # escapes may be control characters, and a block has several lines
                text = clean_value(without_controls(text))
            return Value(text, line) if text else None
        raise EditionError(f"{key} must be text, found {node.value}. Put it in quotes", line=line)
    kind = "a list" if isinstance(node, yaml.SequenceNode) else "nested keys"
    raise EditionError(f"{key} must be text, found {kind}", line=line)


def _require_whole(key: str, node: yaml.Node, source: str, first_line: int) -> None:
    """Refuse a sentence without quotes of which YAML would leave out a part: `Issue #5`, `&friends`."""
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return
    written, after = source[node.start_mark.index : node.end_mark.index], source[node.end_mark.index :]
    if re.match(r"[^\S\n]*#\S", after):
        reason = "what follows # would be left out. Put the whole value in quotes"
    elif written.startswith(("&", "!")):
        reason = "a value that begins with a punctuation mark must be in quotes"
    else:
        return
    raise EditionError(f"{key}: {reason}", line=first_line + node.end_mark.line)


def _whole(key: str, text: str, line: int) -> str:
    """The text with each pair of surrogates as the character that JSON writes as two escapes."""
    if "\0" in text:
        raise EditionError(f"{key}: an escape is a NUL character, which no email may contain. Remove it", line=line)
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        reason = r"an escape of \ud800 to \udfff is half a character. Write the character itself"
        raise EditionError(f"{key}: {reason}", line=line) from None


def _texts(node: yaml.Node, first_line: int) -> tuple[Value, ...]:
    if not isinstance(node, yaml.SequenceNode):
        value = _one_text("attachments", node, first_line)
        return (value,) if value else ()
    return tuple(value for item in node.value if (value := _one_text("attachments", item, first_line)))


def _mailbox(key: str, value: Value | None) -> Mailbox | None:
    if value is None:
        return None
    try:
        mailbox = parse_mailbox(value.text)
    except MalformedAddress as problem:
        raise EditionError(f"{key}: {problem.reason}", line=value.line) from None
    if mailbox.address.needs_smtputf8:
        reason = "the part before the @ must be ASCII, because many mail servers accept nothing else"
        raise EditionError(f"{key}: {reason}", line=value.line)
    return mailbox


def _title(value: Value | None) -> str | None:
    if value is None:
        return None
    if re.search(r"(?<!\\)\{\{", value.text):
        raise EditionError(
            "title cannot contain fields. It is for the web, where nobody is greeted by name. Write plain text",
            line=value.line,
        )
    return " ".join(value.text.replace("\\{{", "{{").split())


def _slug(value: Value | None) -> str | None:
    if value is None:
        return None
    if not is_slug(value.text):
        raise EditionError(
            f"slug {value.text!r}: write small letters and digits in words joined by '-', without accents, at most "
            f"{LONGEST_SLUG} characters, or 30 of a script that is not Latin",
            line=value.line,
        )
    return value.text


def _language(value: Value | None) -> Value | None:
    if value is not None and not is_language_tag(value.text):
        raise EditionError(f"invalid language {value.text!r}. Write a tag like en or pt-BR", line=value.line)
    return value


def _issue(value: Value | None) -> Value | None:
    """A word in lower case, so that it is the same in the files of all languages."""
    if value is None:
        return None
    word = unicodedata.normalize("NFC", value.text).lower()
    if _ISSUE.fullmatch(word) is None:
        raise EditionError(
            f"issue {value.text!r} must be one word of letters, digits and . _ - with at most 60 characters, such as "
            "2026-11 or spring. Write the same one in the files of all languages",
            line=value.line,
        )
    return Value(word, value.line)


def _date(value: Value | None) -> int | None:
    if value is None:
        return None
    try:
        return seconds_of(datetime.fromisoformat(value.text))
    except (ValueError, OverflowError):
        raise EditionError(
            f"invalid date {value.text!r}. Write 2026-05-01, or 2026-05-01 12:00 for a time in UTC", line=value.line
        ) from None


_CHECKS: Mapping[str, Callable[[Value], object]] = {
    "title": _title,
    "from": partial(_mailbox, "from"),
    "reply_to": partial(_mailbox, "reply_to"),
    "slug": _slug,
    "date": _date,
    "language": _language,
    "issue": _issue,
}
"""The keys whose values have a form of their own; all others accept any text."""
