"""What every notice is: one mail to one person that is not an edition, and what it says around one link."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial

from msgspec import Struct

from pressrun.core.site import Site
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words

_LATE_SECONDS = 59  # how long after its link was made a mail may be queued
_HOUR, _DAY = 60, 1440  # minutes
_FEW = 2  # fewer are told in the smaller unit, except exactly one


class NoticeText(Struct, frozen=True, kw_only=True):
    """A subject, paragraphs, a code to type or one link that is a button in HTML, and paragraphs after it.

    `preheader` is what an inbox shows beside the subject; without one it is the first paragraph.
    """

    subject: str
    before: tuple[str, ...]
    code: str = ""
    link: str | None = None
    link_words: str = ""
    after: tuple[str, ...] = ()
    preheader: str = ""


class Notice(Struct, frozen=True):
    """A notice holds what its sentences need; `text` says it in one language, for one list.

    Type checkers reject a notice without `text`. Structs cannot enforce it at run time: their metaclass is not ABCMeta.
    """

    @abstractmethod
    def text(self, words: Words, site: Site, profile: ListProfile) -> NoticeText:
        """What the notice says."""


class AboutEdition(Notice, frozen=True, kw_only=True):
    """A notice about one edition, with its number and its subject as people see it."""

    edition: int
    edition_subject: str

    def wording(self, words: Words, profile: ListProfile) -> partial[str]:
        """Returns a function that words sentences with `{subject}`, `{number}` and the `{title}` of the list."""
        return partial(words, subject=self.edition_subject, number=str(self.edition), title=profile.title)


def works_for(words: Words, seconds: float) -> str:
    """How long a link works, in days, hours or minutes, rounded down, ignoring the moment until its mail was queued."""
    minutes = max(1, int(seconds + _LATE_SECONDS) // 60)
    hours, days = minutes // _HOUR, minutes // _DAY
    if days >= _FEW or minutes == _DAY:
        return words.counted("This link works for {number} day.", "This link works for {number} days.", days)
    if hours >= _FEW or minutes == _HOUR:
        return words.counted("This link works for {number} hour.", "This link works for {number} hours.", hours)
    return words.counted("This link works for {number} minute.", "This link works for {number} minutes.", minutes)


def ignore_this(words: Words) -> str:
    """For somebody who did not ask for the mail."""
    return words("If it wasn't you, you can ignore this email.")
