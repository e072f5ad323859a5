"""Whether a machine wrote a mail."""

from __future__ import annotations

import pytest

from pressrun.core.addresses.address import parse_address
from pressrun.message.incoming.autoreply import (
    FOR_SOMEBODY,
    answering_words,
    machine_made,
    silent_sender,
    vacation_words,
)


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Re: News", "Out of Office: x", "Auto-Reply: x", "Automatische Antwort: x",
        "Abwesenheitsnotiz", "Réponse automatique : x", "Respuesta automática: x", "Risposta automatica: x",
        "Resposta automática: x", "Automatisch antwoord: x", "Automatiskt svar: x", "Automaattinen vastaus: x",
        "Odpowiedź automatyczna: x", "Автоответ: x", "自动答复: x", "自動応答: x", "자동 회신: x",
    ],
)  # fmt: skip
def test_vacation_notices_without_a_mark_are_known_by_their_subjects(subject: str) -> None:
    """In the languages of the large mail systems."""
    assert machine_made([("subject", subject)]) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", "Re: Please confirm your subscription to News"),
        ("subject", "Antwort: Bitte bestätigen"),
        ("auto-submitted", "no"),
        ("auto-submitted", " NO (really)"),
        ("precedence", "first-class"),
        ("x-auto-response-suppress", "None"),
        ("content-type", "multipart/alternative; boundary=report"),
        ("from", "Ada <ada@reader.example>"),
        ("return-path", "<ada@reader.example>"),
        ("x-autoreply", "no"),
    ],
)
def test_what_a_person_sends(name: str, value: str) -> None:
    """Ordinary mail is not taken for a machine's."""
    assert machine_made([(name, value)]) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto-submitted", ""),
        ("auto-submitted", "auto-replied;x=no"),
        ("auto-submitted", "auto-notified"),
        ("precedence", " LIST "),
        ("precedence", "bulk (a newsletter)"),
        ("content-type", 'Multipart/Report; report-type="delivery-status"'),
        ("content-type", "message/feedback-report"),
        ("content-type", "multipart/report (a notification); boundary=x"),
        ("subject", "Automatic\treply:  Re: News"),
        ("from", "Mail Delivery Subsystem <MAILER-DAEMON>"),
        ("from", "<>"),
        ("return-path", "<>"),
        ("list-post", "NO"),
        ("x-failed-recipients", "ada@reader.example"),
    ],
)
def test_marks_of_machines(name: str, value: str) -> None:
    """Any one of them is enough."""
    assert machine_made([("subject", "hello"), (name, value)]) is not None


@pytest.mark.parametrize(
    ("marks", "is_for_somebody"),
    [
        ([("auto-submitted", "auto-replied"), ("x-apple-unsubscribe", "true")], True),
        ([("x-auto-response-suppress", "OOF")], True),
        ([("auto-submitted", "auto-replied")], False),
        ([("auto-submitted", "auto-generated"), ("x-auto-response-suppress", "All")], False),
    ],
)
def test_what_a_program_writes_because_a_person_wants_it(marks: list[tuple[str, str]], is_for_somebody: bool) -> None:
    """A mail program's unsubscribe button, and a mail that asks for no answer, are not vacation notices."""
    assert is_for_somebody == (machine_made(marks) in FOR_SOMEBODY)


@pytest.mark.parametrize(
    ("sender", "is_silent"),
    [
        ("ada@reader.example", False),
        ("bounces@reader.example", False),
        ("ada@ours.example", True),
        ("Mailer-Daemon@reader.example", True),
        ("owner-x@reader.example", True),
        ("x-request@reader.example", True),
        ("x-bounces+123@reader.example", True),
        ("bounce-123@reader.example", True),
    ],
)
def test_senders_that_get_no_answer(sender: str, is_silent: bool) -> None:
    """Daemons, lists and ourselves; the null sender most of all."""
    assert is_silent == (silent_sender(parse_address(sender), ("ours.example",)) is not None)
    assert silent_sender(None, ()) is not None


@pytest.mark.parametrize(
    "text",
    [
        "I'm out of the office until Monday.",
        "Guten Tag,\n\nich bin bis Freitag im Urlaub.",
        "Je suis en congé jusqu'au 12.",
        "Estaré de vacaciones hasta el lunes.",
        "Sono in ferie fino al 9.",
        "Estou de férias.",
        "Ik ben deze week afwezig.",
        "Jag är på semester.",
        "Przebywam na urlopie.",
        "Я в отпуске до 10 мая.",
        "5月10日まで出張のため不在にしております。",
        "我正在休假。",
    ],
)
def test_vacation_notices_without_mark_and_subject_are_known_by_their_words(text: str) -> None:
    """In their first lines."""
    assert vacation_words(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Ich bin bis zum 3. Dezember nicht im Buero.",
        "Je suis actuellement en conges",
        "Jag ar pa semester till 3 december",
    ],
)
def test_vacation_notices_in_ascii_are_known_as_well(text: str) -> None:
    """Many programs that answer know nothing else."""
    assert vacation_words(text) is not None


@pytest.mark.parametrize(
    "text",
    ["Yes, it was me.", "Thanks for your mail!\n\n> I am out of the office.", "x " * 400 + "I am out of the office"],
)
def test_words_that_are_quoted_or_far_down_say_nothing(text: str) -> None:
    """They are somebody else's."""
    assert vacation_words(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Yes please!\n\nFrom: News\nWe have received your request. Please confirm your e-mail address.",
        "Ja.\n\nVon: News\nWir haben Ihre Anfrage erhalten. Bitte bestätigen Sie Ihre E-Mail-Adresse.",
        "Oui.\n\nDe : News\nNous avons bien reçu votre demande. Confirmez votre adresse.",
        "Simply reply to this message to confirm.",
    ],
)
def test_an_answer_that_repeats_a_question_of_ours_unmarked_is_a_persons(text: str) -> None:
    """A confirmation counts; at a bounce address, where nobody confirms, the same words are a program's."""
    assert vacation_words(text) is None
    assert answering_words(text) is not None
