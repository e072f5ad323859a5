"""The subject and the preheader: what a reader sees of an edition before opening it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pressrun.message.finding import Finding, error, note, warning
from pressrun.message.preflight.checked_edition import CheckedEdition, Rule, bare_words
from pressrun.message.sources.edition_source import EditionFormat

LONGEST_SUBJECT = 78  # RFC 5322 §2.1.1 for a line, and more than any inbox shows
_SHORTEST_SHOUT = 8  # letters; below, it may be an abbreviation

# What mail programs put before the subject of a reply or a forwarded mail, in many languages.
_ANSWER = re.compile(
    r"(?:re|fwd?|aw|wg|sv|vs|vb|antw|tr|rif|res|enc|odp|pd|doorst|ynt|atb|отв|ответ|пересл|回复|答复|转发|返信|転送)"
    r"(?:\s*\[\d{1,3}\])?\s*[::]",
    re.IGNORECASE,
)
# Marks that belong to a word which is not there.
_LEFT_BEHIND = re.compile(r"^\s*[,;:.!?)،؛؟、。，：！？–—-]|\s[,.)،、。]|[,(،、，–—-]\s*$")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


def missing(edition: CheckedEdition) -> Iterator[Finding]:
    if not edition.show(edition.subject).strip():
        is_mail = edition.format is EditionFormat.MIME
        yield error("mail-no-subject" if is_mail else "subject-missing", edition.subject_line or 1)


def without_values(edition: CheckedEdition) -> Iterator[Finding]:
    """A field without a default leaves a comma behind, or nothing, for readers of whom no value is known."""
    is_whole = bool(edition.bare_subject) and not _LEFT_BEHIND.search(edition.bare_subject)
    if edition.is_field(edition.subject) and not is_whole:
        yield warning("subject-bare", edition.subject_line, text=edition.bare_subject)


def too_long(edition: CheckedEdition) -> Iterator[Finding]:
    length = len(edition.show(edition.subject).strip())
    if length > LONGEST_SUBJECT:
        yield warning("subject-long", edition.subject_line, length=length, most=LONGEST_SUBJECT)


def shouting(edition: CheckedEdition) -> Iterator[Finding]:
    subject = re.sub(r"\{\{[^}]*\}\}", "", edition.show(edition.subject))
    letters = [character for character in subject if character.isalpha()]
    if len(letters) >= _SHORTEST_SHOUT and all(character.isupper() for character in letters):
        yield warning("subject-capitals", edition.subject_line)
    if re.search(r"[!!]\s*[!!]", subject):
        yield warning("subject-exclamation", edition.subject_line)


def like_an_answer(edition: CheckedEdition) -> Iterator[Finding]:
    if _ANSWER.match(edition.show(edition.subject).strip()):
        yield warning("subject-answer", edition.subject_line)


def repeated_preheader(edition: CheckedEdition) -> Iterator[Finding]:
    preheader, subject = bare_words(edition.show(edition.preheader)), bare_words(edition.show(edition.subject))
    if preheader and f" {preheader} " in f" {subject} ":
        yield warning("preheader-repeats", edition.preheader_line)


def no_preheader(edition: CheckedEdition) -> Iterator[Finding]:
    """Without a preheader inboxes show the first words, which matters only if those say nothing."""
    if edition.html is None or edition.preheader.strip():
        return
    lines = [line.strip() for line in edition.text.splitlines() if line.strip()]
    if len(lines) > 1 and _ADDRESS.match(lines[0]):
        yield note("preheader-missing", edition.subject_line, text=edition.show(lines[0])[:40])


RULES: tuple[Rule, ...] = (
    missing,
    without_values,
    too_long,
    shouting,
    like_an_answer,
    repeated_preheader,
    no_preheader,
)
