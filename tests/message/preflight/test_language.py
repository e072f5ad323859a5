"""A language that does not go with the letters."""

from __future__ import annotations

import pytest
from tests.message.builders import edition
from tests.message.preflight.findings import findings_of, the_only

TEXTS = {
    "Cyrillic": "Первого числа портовая контора снова зажгла фонари на набережной, и ступени теперь видно издалека.",
    "Arabic": "في أول الشهر أضاء مكتب الميناء مصابيح الرصيف من جديد، وصار القراء يرون الدرج من بعيد في الليل.",
    "Chinese or Japanese": (
        "港の事務所は月の初めに岸壁の灯りを再びつけました。"
        "二十三の灯りが並び、読者は船の音を聞かなくても階段を見つけられます。"
    ),
    "Latin": "On the first of the month the harbour office switched the quay lamps back on, and the steps can be seen.",
}


@pytest.mark.parametrize(
    ("script", "language"), [("Cyrillic", "en"), ("Arabic", "en-GB"), ("Chinese or Japanese", "de"), ("Latin", "ru")]
)
def test_letters_of_another_language(script: str, language: str) -> None:
    """The edition's language, or else its list's."""
    severity, _, message = the_only(findings_of(edition(TEXTS[script], f"language: {language}")))
    assert "warning" == severity
    assert f"“{language}”, but its text is in another script" in message


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (TEXTS["Cyrillic"], "ru"),
        (TEXTS["Cyrillic"], "sr"),
        (TEXTS["Arabic"], "fa"),
        (TEXTS["Chinese or Japanese"], "ja"),
        (TEXTS["Latin"], "zh-Latn"),
        (TEXTS["Latin"], "ku"),
        (TEXTS["Cyrillic"][:40], "en"),
        (f"{TEXTS['Latin']} “{TEXTS['Cyrillic'][:30]}”", "en"),
        (f"{TEXTS['Latin']} {TEXTS['Cyrillic']}", "en"),
    ],
)
def test_letters_that_may_be_right(text: str, language: str) -> None:
    """Short texts, quotes, mixtures, and languages with several scripts."""
    assert [] == findings_of(edition(text, f"language: {language}"))
