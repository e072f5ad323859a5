"""The corpus of editions: each built, read back by parsers that are not ours, and compared with its source.

The golden files hold the text part and the page of the archive, without what the list's layout puts around them:
`PRESSRUN_UPDATE_GOLDEN=1 pytest tests/message/editions/test_editions.py` rewrites them, and the difference is reviewed.
"""

from __future__ import annotations

import os
import re
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from tests.editions import reading
from tests.editions.corpus import NAMES, Written
from tests.message.builders import values

from pressrun.message.content.flowed import unflow
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.finding import errors_of
from pressrun.message.words import direction_of

GOLDEN = Path(__file__).parents[2] / "golden" / "editions"
RIGHT_TO_LEFT = {"nashra.md", "yedion.html"}
# A table too wide for a line becomes records: each cell after the name of its column, so the head is told apart.
AS_RECORDS = {"wide-table.html": ["Stavba", "Popis", "Stav"]}


@cache
def built(name: str) -> BuiltEdition:
    return Written(name).build()


@cache
def copy(name: str) -> bytes:
    return built(name).skeleton.copy(values(name=""))


@cache
def message(name: str) -> EmailMessage:
    return reading.message_of(copy(name))


def shown_text(name: str) -> str:
    """The text part as a program shows it that knows format=flowed."""
    text = reading.text_of(message(name), "plain").replace("\r\n", "\n")
    body = message(name).get_body(("plain",))
    return unflow(text, delete_blank=False) if body is not None and body.get_param("format") == "flowed" else text


def source_words(name: str, subtype: str) -> list[str]:
    """What the author wrote for that part, word by word."""
    written = Written(name)
    if written.suffix == ".eml":
        return reading.words_of("\n".join(_bodies(reading.message_of(written.source), subtype)))
    if subtype == "plain" and written.file.keys.text is not None:
        return reading.words_of(reading.without_keys(written.assets[written.file.keys.text.text].decode()))
    source = written.source.decode()
    match written.suffix:
        case ".md":
            return reading.words_of_markdown(source)
        case ".html":
            page = reading.seen(reading.page_of(reading.without_keys(source)))
            return reading.words_of(page.replace("\no\xa0", "\n"))  # Word's mark of an item
        case _:
            return reading.words_of(reading.without_keys(source))


def _bodies(original: EmailMessage, subtype: str) -> list[str]:
    """The texts of a message that stand for one part: those of its own kind, else the pages as they are seen."""
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    for part in original.walk():
        if part.get_content_type() in texts:
            texts[part.get_content_type()].append(reading.without_keys(str(part.get_content())))
    pages = [reading.seen(reading.page_of(page)) for page in texts["text/html"]]
    return texts["text/plain"] or pages if subtype == "plain" else pages


@pytest.mark.parametrize("name", NAMES)
def test_the_edition_can_be_sent(name: str) -> None:
    """Nothing in it stops a send."""
    assert not errors_of(built(name).findings), built(name).findings


@pytest.mark.parametrize("name", NAMES)
def test_all_words_are_in_both_parts_in_order(name: str) -> None:
    """An independent parser finds in text and HTML what the author wrote, from the first word to the last."""
    wanted = [word for word in source_words(name, "plain") if word not in AS_RECORDS.get(name, [])]
    assert len(wanted) > 10
    assert reading.first_missing(wanted, reading.words_of(shown_text(name))) is None
    if built(name).html is not None:
        page = reading.page_of(reading.text_of(message(name), "html"))
        assert reading.first_missing(source_words(name, "html"), reading.words_of(reading.seen(page))) is None


@pytest.mark.parametrize("name", NAMES)
def test_all_links_are_in_both_parts(name: str) -> None:
    """Each address of the source is a link of the page, and stands in full in the text."""
    source = built(name).archive_html if name.endswith((".html", ".eml")) else Written(name).source.decode()
    without_code = re.sub(r"```.*?```|(?m:^ {4}.*$)", "", source, flags=re.DOTALL)
    wanted = {_spelled(url) for url in reading.links_of(without_code)}
    text = {_spelled(url) for url in reading.links_of(shown_text(name))}
    assert set() == wanted - text
    if built(name).html is not None:
        page = reading.page_of(reading.text_of(message(name), "html"))
        assert set() == wanted - {_spelled(url) for url in reading.hrefs_of(page)}


def _spelled(url: str) -> str:
    """An address in one of the spellings that mean the same, without what is the reader's own."""
    return quote(unquote(url.replace("&amp;", "&")).replace(values().to.typed, ""), safe=":/?#&=%@")


@pytest.mark.parametrize("name", NAMES)
def test_all_pictures_come_along_once(name: str) -> None:
    """Each `cid:` of the page is a part, each part is shown, and no bytes travel twice."""
    if built(name).html is None:
        return
    page = reading.page_of(reading.text_of(message(name), "html"))
    shown = {image.get("src", "").removeprefix("cid:") for image in page.iter("img")}
    pictures = [part for part in message(name).walk() if part.get_content_maintype() == "image"]
    assert shown == {str(part["Content-ID"])[1:-1] for part in pictures}
    contents = [part.get_payload(decode=True) for part in pictures]
    assert len(contents) == len(set(contents))
    assert set(Written(name).assets.values()) - {b"%PDF-1.4\n%%EOF\n"} <= {*contents, *_texts(name)}


def _texts(name: str) -> set[bytes]:
    value = Written(name).file.keys.text
    return set() if value is None else {Written(name).assets[value.text]}


@pytest.mark.parametrize("name", NAMES)
def test_the_message_is_safe_on_the_way(name: str) -> None:
    """Seven bits, CR and LF only together, no line beyond 76 but of a header, which has one of 998 at most."""
    content = copy(name)
    assert content.isascii()
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert b"\n" not in content.replace(b"\r\n", b"")
    header, _, body = content.partition(b"\r\n\r\n")
    assert max(map(len, header.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not [defect for part in message(name).walk() for defect in part.defects]


@pytest.mark.parametrize("name", NAMES)
def test_the_subject_comes_back(name: str) -> None:
    """Whatever its script, folded where it may be: at characters, never inside one."""
    assert built(name).subject == str(message(name)["Subject"])
    raw = copy(name).partition(b"\r\n\r\n")[0].decode("ascii")
    for word in re.findall(r"=\?utf-8\?[QB]\?[^?]*\?=", raw):
        assert len(word) <= 75
        assert "\ufffd" not in str(reading.message_of(f"Subject: {word}\r\n\r\n".encode())["Subject"])


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"plain.txt", "shichang.txt"}))
def test_the_page_says_its_language_and_direction(name: str) -> None:
    """For screen readers, and for every letter's place."""
    page = reading.page_of(reading.text_of(message(name), "html"))
    assert built(name).language == page.get("lang")
    assert ("rtl" if name in RIGHT_TO_LEFT else "ltr") == page.get("dir") == direction_of(built(name).language)


@pytest.mark.parametrize("name", NAMES)
def test_no_markup_is_in_the_text(name: str) -> None:
    """But what the author wrote as text about markup."""
    allowed = {"<b>", "</b>", "<script>"} if name == "release.md" else set()
    assert set(re.findall(r"</?[a-zA-Z][^<>\n]*>", shown_text(name))) <= allowed


@pytest.mark.parametrize("name", NAMES)
def test_text_and_page_are_what_they_were(name: str) -> None:
    """Not a letter changes by accident."""
    for suffix, content in {".txt": built(name).archive_text, ".html": built(name).archive_html}.items():
        path = GOLDEN / f"{name.rpartition('.')[0]}{suffix}"
        if os.environ.get("PRESSRUN_UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8", newline="\n")
        assert path.read_text(encoding="utf-8") == content.replace("\r\n", "\n")


def test_the_corpus_is_wide() -> None:
    """Twenty editions and more, in eight languages and four scripts and more, three megabytes of pictures in one."""
    languages = {built(name).language.partition("-")[0] for name in NAMES}
    assert len(NAMES) >= 20
    assert len(languages) >= 16
    assert {"ru", "ar", "he", "ja", "zh", "hi", "el", "ko"} <= languages
    assert 3_000_000 < sum(map(len, Written("pictures.md").assets.values())) < 3_500_000
