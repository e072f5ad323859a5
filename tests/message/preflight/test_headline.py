"""What is said about the subject and the preheader."""

from __future__ import annotations

import pytest
from tests.message.builders import edition
from tests.message.preflight.findings import findings_of, the_only


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("x" * 79, "79 characters"),
        ("BUY THIS NOW", "capitals"),
        ("КУПИТЕ СЕЙЧАС", "capitals"),
        ("'{{ name | default: You }}, BUY THIS NOW'", "capitals"),
        ("Boats are back!!", "exclamation marks"),
        ("Boats are back! !", "exclamation marks"),
        ("'Re: hello'", "reply"),
        ("'FWD: hello'", "reply"),
        ("'AW: Hallo'", "reply"),
        ("'Re[2]: hello'", "reply"),
        ("回复:你好", "reply"),
    ],
)
def test_a_subject_that_keeps_readers_from_opening(subject: str, words: str) -> None:
    """Too long, shouting, or like an answer that nobody asked for."""
    severity, line, message = the_only(findings_of(edition("Hello", subject=subject)))
    assert ("warning", 2) == (severity, line)
    assert words in message


@pytest.mark.parametrize(
    "subject",
    [
        "x" * 78,
        "NATO and UN",
        "NASA",
        "Boats are back!",
        "'Regatta: the results'",
        "'Reading list: ten books'",
        "'Answers: what you asked'",
        "'Trains: the new timetable'",
        "新しい本が届きました",
        "أخبار الميناء",
        "'{{ name | default: Friends }}: good news'",
        "'Good news for {{ name }}'",
        "Bonjour {{ name }} !",
        "'…and what else, {{ name | default: Jo }}?'",
    ],
)
def test_a_subject_that_is_fine(subject: str) -> None:
    """Abbreviations, scripts without capitals, and words that only begin like an answer."""
    assert [] == findings_of(edition("Hello", subject=subject))


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("'{{ name }}: good news'", ": good news"),
        ("'{{ name }}, how are you?'", ", how are you?"),
        ("'Good news, {{ name }}'", "Good news,"),
        ("'Dear {{ name }}, good news'", "Dear , good news"),
        ("'{{ name }}'", ""),
        ("'{{ name }}، أخبار'", "، أخبار"),
        ("'{{ name }}、お知らせ'", "、お知らせ"),
    ],
)
def test_a_subject_that_has_a_hole_for_readers_without_a_name(subject: str, bare: str) -> None:
    """It is shown as they would get it."""
    severity, line, message = the_only(findings_of(edition("Hello", subject=subject)))
    assert ("warning", 2) == (severity, line)
    assert f"the subject is “{bare}”. Write a default" in message


@pytest.mark.parametrize("preheader", ["Harbour news", "harbour News.", "news"])
def test_a_preheader_that_says_what_the_subject_says(preheader: str) -> None:
    """It is shown beside it."""
    severity, line, message = the_only(findings_of(edition("Hello", f"preheader: {preheader}")))
    assert ("warning", 3) == (severity, line)
    assert "repeats the subject" in message


def test_a_preheader_that_says_more() -> None:
    """Also when it shares words with the subject."""
    assert [] == findings_of(edition("Hello", "preheader: Harbour news of June and July"))


@pytest.mark.parametrize("body", ["[View it online](https://x.example/1)", "www.x.example\n\nHello"])
def test_without_a_preheader_the_first_words_stand_in(body: str) -> None:
    """They serve in most editions; an address at the top says nothing."""
    findings = findings_of(edition(body))
    expected = [] if body.startswith("[") else [("note", 2)]
    assert expected == [finding[:2] for finding in findings]
    assert [] == findings_of(edition(body, "preheader: What is new"))
