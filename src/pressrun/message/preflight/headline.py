"""The subject and the preheader: what a reader sees of an edition before opening it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pressrun.message.finding import Finding, error, note, warning
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule

LONGEST_SUBJECT = 78  # RFC 5322 §2.1.1 for a line, and more than any inbox shows
_SHORTEST_SHOUT = 8  # letters; below, it may be an abbreviation

# What mail programs put before the subject of an answer or of a mail passed on, in the languages they speak.
_ANSWER = re.compile(
    r"(?:re|fwd?|aw|wg|sv|vs|vb|antw|tr|rif|res|enc|odp|pd|doorst|ynt|atb|отв|ответ|пересл|回复|答复|转发|返信|転送)"
    r"(?:\s*\[\d{1,3}\])?\s*[::]",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


def missing(draft: CheckedEdition) -> Iterator[Finding]:
    if not draft.show(draft.subject).strip():
        yield error("subject-missing", draft.subject_line or 1)


def too_long(draft: CheckedEdition) -> Iterator[Finding]:
    length = len(draft.show(draft.subject).strip())
    if length > LONGEST_SUBJECT:
        yield warning("subject-long", draft.subject_line, length=length, most=LONGEST_SUBJECT)


def shouting(draft: CheckedEdition) -> Iterator[Finding]:
    subject = _without_fields(draft.show(draft.subject))
    letters = [character for character in subject if character.isalpha()]
    if len(letters) >= _SHORTEST_SHOUT and all(character.isupper() for character in letters):
        yield warning("subject-capitals", draft.subject_line)
    if re.search(r"[!!]\s*[!!]", subject):
        yield warning("subject-exclamation", draft.subject_line)


def like_an_answer(draft: CheckedEdition) -> Iterator[Finding]:
    if _ANSWER.match(draft.show(draft.subject).strip()):
        yield warning("subject-answer", draft.subject_line)


def repeated_preheader(draft: CheckedEdition) -> Iterator[Finding]:
    preheader, subject = _plain(draft.show(draft.preheader)), _plain(draft.show(draft.subject))
    if preheader and f" {preheader} " in f" {subject} ":
        yield warning("preheader-repeats", draft.preheader_line)


def no_preheader(draft: CheckedEdition) -> Iterator[Finding]:
    """Without one, inboxes show the first words; only where those say nothing is that worth a word."""
    if draft.html is None or draft.preheader.strip():
        return
    lines = [line.strip() for line in draft.text.splitlines() if line.strip()]
    if len(lines) > 1 and _ADDRESS.match(lines[0]):
        yield note("preheader-missing", draft.subject_line, text=draft.show(lines[0])[:40])


def _without_fields(shown: str) -> str:
    return re.sub(r"\{\{[^}]*\}\}", "", shown)


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().casefold()


RULES: tuple[Rule, ...] = (missing, too_long, shouting, like_an_answer, repeated_preheader, no_preheader)
