"""The parsers that an author's text reaches, each replaced by one that fails outside of a helper process.

What a helper process does is done in the process of the test here, so that nothing needs to be started: while it
answers, parsing is allowed. `Watch.caught` names what parsed otherwise, and on whose behalf.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from email.feedparser import FeedParser
from html.parser import HTMLParser
from traceback import walk_stack
from typing import Any

import nh3
import pytest
import yaml
from markdown_it import MarkdownIt
from tests.editions import inline_builder
from tests.inbound import mailroom

# Every other way into these packages leads through one of them: `render` to `parse`, `message_from_bytes` to `feed`.
_PARSERS: tuple[tuple[object, str], ...] = (
    (HTMLParser, "feed"),
    (nh3, "clean"),
    (FeedParser, "feed"),
    (yaml, "compose"),
    (yaml, "compose_all"),
    (yaml, "load"),
    (yaml, "load_all"),
    (yaml, "parse"),
    (yaml, "scan"),
    (MarkdownIt, "parse"),
)
# What a helper process does with what it is sent.
_HELPERS: tuple[tuple[object, str], ...] = (
    (inline_builder, "frame_of"),
    (mailroom, "read_mail"),
    (mailroom, "read_report"),
    (mailroom, "read_posted"),
)


# The functions on whose behalf the daemon itself may parse, and why that is safe.
ALLOWED = {
    "pressrun.locales.catalogues._translations": "the heads of catalogues, which come with the program",
    "pressrun.services.editions.own_layouts.specimen_in": "the specimen of layouts, which comes with the program",
    "pressrun.web.editors.demo.mail": "the mailbox of the demo, which its visitor runs for themselves",
    "pressrun.web.editors.demo.mail_html": "the same",
}


class ParsedHere(AssertionError):
    """A parser was called in the daemon's process."""


@dataclass(slots=True)
class Watch:
    """What was parsed in the daemon's process, and how often a helper parsed something."""

    caught: list[str] = field(default_factory=list)
    helped: int = 0


@contextmanager
def watched_parsers() -> Iterator[Watch]:
    """Parsers that fail in the daemon's process while the block runs."""
    watch, is_helper = Watch(), ContextVar("is_helper", default=False)

    def guarded(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def parse(*args: Any, **kwargs: Any) -> Any:
            callers = _callers()
            watch.helped += is_helper.get()
            if is_helper.get() or not ALLOWED.keys().isdisjoint(callers):
                return real(*args, **kwargs)
            watch.caught.append(f"{name} for {callers[0]}")
            raise ParsedHere(watch.caught[-1])

        return parse

    def helping(real: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*args: Any) -> Any:
            reset = is_helper.set(True)
            try:
                return real(*args)
            finally:
                is_helper.reset(reset)

        return answer

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in _PARSERS:
            patch.setattr(owner, name, guarded(name, getattr(owner, name)))
        for owner, name in _HELPERS:
            patch.setattr(owner, name, helping(getattr(owner, name)))
        yield watch


def _callers() -> list[str]:
    """The functions of ours that led to a parser, the nearest first."""
    frames = (frame for frame, _ in walk_stack(sys._getframe(2)))
    names = (f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}" for frame in frames)
    return [name for name in names if name.startswith("pressrun.")]
