"""The language of the request at hand.

It is the reader's own, else the one that the request names (`?language=` or the form's field), else the list's, else
the first of Accept-Language that we have, else that of another of the reader's lists. Only a handler knows reader and
list, but some pages are rendered without a handler, for requests that the guard refuses. So the choice is in a context
variable: each request is a task with its own context.
"""

from __future__ import annotations

from contextvars import ContextVar

from msgspec import Struct
from starlette.datastructures import QueryParams
from starlette.types import Scope

from pressrun.locales.catalogues import words_in
from pressrun.locales.languages import ENGLISH_TAG, find_language
from pressrun.message.words import ENGLISH, Words

MAX_ACCEPTED = 20  # languages considered in one Accept-Language; browsers send up to ten


class _Preferences(Struct, frozen=True):
    """The language that a request names, and those that its browser prefers."""

    named: str
    accepted: tuple[str, ...]


_NO_REQUEST = _Preferences("", ())
_NONE = _Preferences("", ())  # a request without preferences, as mail programs send it
_preferences: ContextVar[_Preferences] = ContextVar("preferences", default=_NO_REQUEST)
_words: ContextVar[Words] = ContextVar("words", default=ENGLISH)
_is_readers: ContextVar[bool] = ContextVar("is_readers", default=False)


def read_preferences(scope: Scope) -> None:
    """Read the preferences of a request, before its reader and list are known."""
    query = scope.get("query_string", b"")
    preferred = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    if not query and not preferred:
        _set(_NONE)
        return
    named = QueryParams(query).get("language", "") if query else ""
    _set(_Preferences(named, accepted(preferred.decode("latin-1")) if preferred else ()))


def use_form(named: str) -> None:
    """Set the language that a form names; `""` keeps that of the address."""
    if named:
        _set(_Preferences(named, _preferences.get().accepted))


def choose(reader: str, target: str, fallback: str = "") -> Words:
    """Choose the reader's language, else the one named, else that of the list, the browser, `fallback`."""
    preferences = _preferences.get()
    _is_readers.set(find_language(reader) is not None)
    _words.set(words_in(reader, preferences.named, target, *preferences.accepted, fallback))
    return _words.get()


def words_of_request() -> Words:
    return _words.get()


def is_browsers(target: str) -> bool:
    """Whether the browser decided: the request names no language, and we do not have the list's."""
    return not find_language(target) and not named() and words_of_request().language != ENGLISH_TAG


def can_change() -> bool:
    """Whether `?language=` would have an effect: not if the reader has chosen, nor in a file."""
    return _preferences.get() is not _NO_REQUEST and not _is_readers.get()


def named() -> str:
    """The supported language that this request names, for its links and forms to keep; `""` if it names none."""
    return find_language(_preferences.get().named, words_of_request().language) or ""


def accepted_languages() -> tuple[str, ...]:
    """The languages that the browser prefers, in order."""
    return _preferences.get().accepted


def accepted(header: str) -> tuple[str, ...]:
    """The tags of an Accept-Language, in order of preference (RFC 9110 §12.5.4)."""
    weighed = []
    for item in header.split(",")[:MAX_ACCEPTED]:
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


def _set(preferences: _Preferences) -> None:
    _preferences.set(preferences)
    _is_readers.set(False)
    _words.set(words_in() if preferences is _NONE else words_in(preferences.named, *preferences.accepted))
