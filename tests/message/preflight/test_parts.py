"""Text and HTML that say different things."""

from __future__ import annotations

from tests.message.builders import edition
from tests.message.preflight.findings import PlainFinding, findings_of, the_only

STORY = (
    "On the first of the month the harbour office switched the quay lamps back on, twenty-three of them, and most "
    "readers can find the steps again without listening for the sound of the boats that lie below the wall."
)
OTHER = (
    "Your program shows no pages. Please update to something newer, ask a friend with a bigger screen, visit our "
    "branch between nine and five, or simply give up; nobody here minds, we only sell umbrellas and wool anyway."
)
JAPANESE = (
    "港の事務所は月の初めに岸壁の灯りを再びつけました。"
    "二十三の灯りが並び、読者は船の音を聞かなくても階段を見つけられます。"
)


def with_text(html: str, text: str, language: str = "en") -> list[PlainFinding]:
    return findings_of(
        edition(html, "text: own.txt", f"language: {language}"), ".html", assets={"own.txt": text.encode()}
    )


def test_parts_that_say_the_same() -> None:
    """Wrapped, marked and punctuated in another way."""
    assert [] == with_text(f"<h1>Lamps</h1><p>{STORY}</p>", f"LAMPS\n=====\n\n{STORY.replace(' ', chr(10))}\n")


def test_a_text_part_that_tells_something_else() -> None:
    """The usual one: your program cannot show this."""
    severity, line, message = the_only(with_text(f"<p>{STORY}</p>", OTHER))
    assert ("warning", None) == (severity, line)
    assert "The text part has less than half" in message


def test_html_that_leaves_most_out() -> None:
    """An image with all the words in it."""
    assert "The HTML has less than half" in the_only(with_text("<h1>Lamps</h1>", STORY))[2]


def test_scripts_without_blanks_are_compared_by_letter() -> None:
    """Two sentences of one language share few words and most letters."""
    assert [] == with_text(f"<p lang='ja'>{JAPANESE}</p>", JAPANESE.replace("。", "。\n"), "ja")


def test_links_that_the_text_lacks() -> None:
    """A note: the words may be enough."""
    page = f"<p>{STORY} <a href='https://x.example/map'>The map</a> <a href='https://x.example/list/'>the list</a></p>"
    severity, _, message = the_only(with_text(page, f"{STORY} The map, the list: https://x.example/list."))
    assert "note" == severity
    assert "https://x.example/map" in message
    assert "https://x.example/list" not in message


def test_a_text_part_that_was_made_is_not_compared() -> None:
    """It says what the HTML says."""
    assert [] == findings_of(edition(f"{STORY} [The map](https://x.example/map)"))


def test_both_parts_of_a_message() -> None:
    """As a mail program wrote them."""
    message = (
        "Subject: a\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{OTHER}\n--b\nContent-Type: text/html\n\n<p>{STORY}</p>\n--b--\n"
    )
    assert "warning" == the_only(findings_of(message, ".eml"))[0]
