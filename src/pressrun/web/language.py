"""The language of the request at hand.

It is the reader's own, else the one that the request names (`?language=` or the form's field), else the list's, else
the first of Accept-Language that we have, else that of another list of the reader's. Only a handler knows reader and
list; pages are also made where there is no handler, for what the frame refuses, so the choice stands in a context
variable: each request is a task with a context of its own.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.types import Scope

from pressrun.locales.catalogues import words_in
from pressrun.locales.languages import ENGLISH_TAG, find_language
from pressrun.message.words import ENGLISH, Words

MOST_ACCEPTED = 20  # languages that are looked at in one Accept-Language; browsers send up to ten


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request says itself: the language that it names, and those that its browser prefers."""

    named: str
    accepted: tuple[str, ...]


_NOTHING = _Asked("", ())  # there is no request
_SILENT = _Asked("", ())  # a request that asks for nothing, as those of mail programs do
_asked: ContextVar[_Asked] = ContextVar("asked", default=_NOTHING)
_words: ContextVar[Words] = ContextVar("words", default=ENGLISH)
_is_readers: ContextVar[bool] = ContextVar("is_readers", default=False)


def listen(scope: Scope) -> None:
    """Take note of what a request asks for, before anything is known about whom it concerns."""
    query = scope.get("query_string", b"")
    preferred = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    if not query and not preferred:
        _ask(_SILENT)
        return
    named = QueryParams(query).get("language", "") if query else ""
    _ask(_Asked(named, accepted(preferred.decode("latin-1")) if preferred else ()))


def listen_to_form(named: str) -> None:
    """Take note of the language that a form names; `""` leaves what the address said."""
    if named:
        _ask(_Asked(named, _asked.get().accepted))


def speak(reader: str, target: str, fallback: str = "") -> Words:
    """Answer in the language of the reader, else as the request names, else the list, the browser, `fallback`."""
    asked = _asked.get()
    _is_readers.set(find_language(reader) is not None)
    _words.set(words_in(reader, asked.named, target, *asked.accepted, fallback))
    return _words.get()


def spoken() -> Words:
    """The words of this request."""
    return _words.get()


def is_browsers(target: str) -> bool:
    """Whether it was the browser that chose: nothing was named, and we lack the list's language."""
    return not find_language(target) and not named() and spoken().language != ENGLISH_TAG


def can_change() -> bool:
    """Whether `?language=` would change anything: not where the reader has chosen already, nor in a file."""
    return _asked.get() is not _NOTHING and not _is_readers.get()


def named() -> str:
    """The language of ours that this request names, for links and forms to take along; `""` where it names none."""
    return find_language(_asked.get().named, spoken().language) or ""


def accepted_languages() -> tuple[str, ...]:
    """The languages that the browser prefers, the first one most."""
    return _asked.get().accepted


def accepted(header: str) -> tuple[str, ...]:
    """The tags of an Accept-Language, the preferred ones first (RFC 9110 §12.5.4)."""
    weighed = []
    for item in header.split(",")[:MOST_ACCEPTED]:
        tag, _, parameter = item.partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighed.append((weight, tag.strip()))
    return tuple(tag for _, tag in sorted(weighed, key=lambda pair: -pair[0]))


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _ask(asked: _Asked) -> None:
    _asked.set(asked)
    _is_readers.set(False)
    _words.set(words_in() if asked is _SILENT else words_in(asked.named, *asked.accepted))
