"""The catalogues: every language loads, and what it says fits what the code says."""

from __future__ import annotations

import gettext
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from pressrun.locales.catalogues import words_in
from pressrun.locales.languages import LANGUAGES, find_language, first_language

_ROOT = Path(__file__).parent.parent.parent
# Words that are the same in both languages.
SAME = {
    ("de", "Link"),
    ("de", "Newsletter"),
    ("de", "Token"),
    ("es", "Token"),
    ("es", "Tokens"),
    ("it", "Link"),
    ("it", "Newsletter"),
    ("it", "Token"),
    ("nl", "Link"),
    ("nl", "Token"),
    ("nl", "Tokens"),
    ("pl", "Link"),
    ("pl", "Newsletter"),
    ("pl", "Token"),
    ("pt-BR", "Link"),
    ("pt-BR", "Token"),
    ("pt-BR", "Tokens"),
    ("pt-PT", "Token"),
    ("pt-PT", "Tokens"),
    ("de", "Domain"),
    ("de", "Code"),
    ("de", "Name"),
    ("de", "Passkeys"),
    ("fr", "Code"),
    ("it", "Password"),
    ("nl", "Code"),
    ("nl", "Passkeys"),
    ("es", "Error: %(title)s"),
    ("fr", "Contact"),
    ("fr", "Pages"),
    ("fr", "Source"),
    ("fr", ("{number} minute", "{number} minutes")),
    ("es", "Error: {finding}"),
    ("fr", "Format"),
    ("nl", "1 week"),
    ("nl", "Contact"),
    *((tag, f"{{number}} {unit}") for tag in ("ja", "zh-Hans") for unit in ("KB", "MB")),
    *((tag, "name@example.org") for tag in ("ar", "de", "ja", "zh-Hans")),
}
TRANSLATED = [tag for tag in LANGUAGES if tag != "en"]
_PLACES = re.compile(r"\{[a-z_]+\}|%\([a-z_]+\)s|%%|%s")


def catalogue(tag: str) -> Catalog:
    with resources.files("pressrun.locales").joinpath(f"{tag}.po").open("rb") as file:
        return read_po(file, locale=Locale.parse(tag, sep="-"), abort_invalid=True)


def forms(text: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_translation_has_the_places_of_its_sentence(tag: str) -> None:
    """No value is lost and none invented; a plural form for one number alone may leave it out."""
    wrong, read = [], catalogue(tag)
    uses = Counter(map(gettext.c2py(read.plural_expr), range(200)))
    for message in filter(lambda message: message.id, read):
        expected = set(_PLACES.findall(forms(message.id)[-1]))
        for form, text in enumerate(forms(message.string or "")):
            missing = expected ^ set(_PLACES.findall(text))
            if missing and not (message.pluralizable and uses[form] == 1 and missing <= {"{number}", "%(number)s"}):
                wrong.append((message.id, text))
    assert [] == wrong


def test_no_catalogue_lacks_a_sentence_or_holds_one_in_vain() -> None:
    """What pages and mails say to readers is what the catalogues hold: `make messages` brings them up to date."""
    program = [sys.executable, "-m", "docs.messages", "--check"]
    done = subprocess.run(program, check=False, cwd=_ROOT, text=True, stdout=subprocess.PIPE)
    assert ("", 0) == (done.stdout, done.returncode)


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_sentence_is_translated(tag: str) -> None:
    """In every plural form, by a person: none is empty, guessed by a tool, or left as it was."""
    left = [
        message.id
        for message in catalogue(tag)
        if message.id
        and (message.fuzzy or not all(forms(message.string or "")) or message.id == message.string)
        and (tag, message.id) not in SAME
    ]
    assert [] == left


@pytest.mark.parametrize("tag", TRANSLATED)
def test_dates_and_numbers_are_those_of_the_language(tag: str) -> None:
    """None is left in English."""
    words, english = words_in(tag), words_in("en")
    assert tag == words.language
    assert english.day(1_790_000_000) != words.day(1_790_000_000)
    assert "2026" in words.day(1_790_000_000)
    assert "12345" == re.sub(r"\D", "", words.number(12345))


def test_no_line_ends_between_a_day_and_its_month() -> None:
    days = [words_in(tag).day(1_790_000_000) for tag in ("fr", "es", "de", "ja")]
    assert ["21\xa0septembre 2026", "21\xa0de\xa0septiembre de 2026", "21.\xa0September 2026", "2026年9月21日"] == days
    assert "21\xa0sept. 2026" == words_in("fr").short_day(1_790_000_000)


def test_the_first_of_a_month_is_written_as_its_language_does() -> None:
    """Only the first: 11 November does not begin with it."""
    first, eleventh = 1_777_593_600, 1_794_355_200
    tags = ("fr", "it", "pt-BR", "es")
    assert ["1er\xa0mai 2026", "1º\xa0maggio 2026", "1º\xa0de\xa0maio de 2026", "1\xa0de\xa0mayo de 2026"] == [
        words_in(tag).day(first) for tag in tags
    ]
    assert "11\xa0novembre 2026" == words_in("fr").day(eleventh)
    assert words_in("fr").moment(datetime.fromtimestamp(first, UTC)).startswith("1er\xa0mai 2026")


def test_nothing_before_an_italian_date_loses_its_vowel() -> None:
    """Before 8 and 11 it would be "dall'" and "l'": a date follows no article, or "giorno"."""
    article = re.compile(r"\b(il|[ad]al|del|nel) (\{(date|day|at)\}|%\((date|day)\)s)")
    assert [] == [message.string for message in catalogue("it") if article.search(str(message.string))]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "999 1,204 12,040"),
        ("es", "999 1204 12.040"),
        ("pl", "999 1204 12\u00a0040"),
        ("pt-BR", "999 1.204 12.040"),
        ("pt-PT", "999 1204 12\u00a0040"),
    ],
)
def test_four_digits_are_grouped_where_the_language_groups_them(tag: str, expected: str) -> None:
    words = words_in(tag)
    assert expected == " ".join(words.number(number) for number in (999, 1204, 12_040))


@pytest.mark.parametrize("tag", TRANSLATED)
def test_no_line_ends_within_the_word_for_an_email(tag: str) -> None:
    """The hyphen that translators type is one that holds, in plural forms too."""
    words = words_in(tag)
    said = [
        words(message_id) if isinstance(message_id, str) else words.counted(*message_id, 2)
        for message_id in map(_id, catalogue(tag))
        if message_id
    ]
    assert len(said) > 200
    assert [] == [sentence for sentence in said if "e-mail" in sentence.lower()]


def _id(message: Message) -> str | tuple[str, str]:
    return message.id if isinstance(message.id, str) else (message.id[0], message.id[1])


def test_the_nearest_language_is_found() -> None:
    """A tag is cut shorter until one fits; Chinese goes by script, said or not."""
    served: dict[str | None, list[str]] = {
        "pt-BR": ["pt-BR"],
        "pt-PT": ["pt", "pt-AO"],
        "de": ["DE_at"],
        "zh-Hans": ["zh-CN", "zh", "zh-Hans-SG"],
        "ar": ["ar-EG"],
        None: ["zh-TW", "zh-Hant-HK", "sv", "", "-", "e"],
    }
    for language, tags in served.items():
        assert [language] * len(tags) == [find_language(tag) for tag in tags]


def test_the_first_language_that_we_have_is_spoken() -> None:
    """And English where we have none."""
    assert "fr" == first_language(["", "sv", "fr-CA", "de"])
    assert "en" == first_language(["sv"])


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["pt", "pt-BR"], "pt-BR"),
        (["PT", "sv", "fr", "pt_br"], "pt-BR"),
        (["pt", "fr", "pt-AO", "pt-BR"], "pt-PT"),
        (["pt", "pt", "fr"], "pt-PT"),
        (["pt-AO", "pt-BR"], "pt-PT"),
        (["fr", "pt-BR"], "fr"),
    ],
)
def test_portuguese_without_a_country_is_that_of_the_next_tag_that_names_one(tags: list[str], expected: str) -> None:
    """Of the list, for example, or of the browser; else that of Portugal."""
    assert expected == first_language(tags)


# Where a line must not break before a mark, and which marks a script writes otherwise.
_SPACED_AMISS = {
    "fr": r"(?<!\u202f)[?!;](?!\w)|(?<!\u00a0):(?!//)|«(?!\u00a0)|(?<!\u00a0)»|'",
    "ar": r"[?;,]|\s[؟؛،.:!]",
    "ja": r"[?!;,]|[:.](?=\s|$)|\s[。、？！：]",
    "zh-Hans": r"[?!;,]|[:.](?=\s|$)|\s[。，？！：；]",
}
# What is written in any language as it is here: code, fields, tags, files, and the places of values.
_TECHNICAL = re.compile(r"`[^`]*`|\{\{.*?\}\}|\{%.*?%\}|\{[a-z_]+\}|<\w+>|\.[a-z]+\b|---|}}|\S+@\S+")
_SPACED_AMISS_ELSEWHERE = r"\s[?!;:.,](?!\w)"


_CODE = re.compile(r"`[^`]*`|\{\{.*?\}\}|\{%.*?%\}")


@pytest.mark.parametrize("tag", TRANSLATED)
def test_code_is_the_same_in_every_language(tag: str) -> None:
    """It is copied as it is shown, into a file or a DNS record, where no mark may have a blank before it."""
    wrong, codes = [], 0
    for message in filter(lambda message: message.id, catalogue(tag)):
        expected = Counter(_CODE.findall(forms(message.id)[-1]))
        codes += expected.total()
        wrong += [text for text in forms(message.string or "") if expected != Counter(_CODE.findall(text))]
    assert [] == wrong
    assert codes > 20


# Names that are the same in every language; a sentence without its own is about something else.
_NAMES = re.compile(r"\b(?:IP|SPF|DKIM|DMARC|HTML|UTF-8|PNG|API|Gmail|Outlook|Pressrun|Atom|JSON)\b", re.ASCII)


@pytest.mark.parametrize("tag", TRANSLATED)
def test_names_are_the_same_in_every_language(tag: str) -> None:
    wrong, names = [], 0
    for message in filter(lambda message: message.id, catalogue(tag)):
        expected = set(_NAMES.findall(forms(message.id)[-1]))
        names += len(expected)
        wrong += [text for text in forms(message.string or "") if not expected <= set(_NAMES.findall(text))]
    assert [] == wrong
    assert names > 20


@pytest.mark.parametrize("tag", TRANSLATED)
def test_marks_are_set_as_the_language_sets_them(tag: str) -> None:
    """In French a thin or plain no-break space goes before them, in other languages nothing does."""
    amiss = re.compile(_SPACED_AMISS.get(tag, _SPACED_AMISS_ELSEWHERE))
    texts = [text for message in catalogue(tag) if message.id for text in forms(message.string or "")]
    assert [] == [text for text in texts if amiss.search(_TECHNICAL.sub("x", text))]


# One name for each thing, and one that fits everybody: docs/translating.md says which. What editors read has more to
# tell apart, such as the signature of DKIM.
_ELSEWHERE = re.compile("/(findings|to_editors|to_operators|approval|preview|report)|/editors/")
_OTHER_NAMES = {
    "ar": r"(?:عنوان|بريد|اشتراك|اشتراكات|بيانات|نشرات|موقع|متصفح|شبكت|إلي|علي|يمكن|تصل|يصل)ك\b"  # one man alone
    r"|\b(?:أنت|تريد|حاول|أدخل|افتح|اشترك|اختر|ابحث|احصل|اقرأ)\b|\bقائمة|\bالقائمة",
    "de": r"anmeld|abmeld|angemeld|abgemeld|(?<!E-)\bMails?\b|\bListe",
    "es": r"\binscri|\bsuscrit[oa]\b|\blector|\bemail|^confirmado|\banuncio",
    "fr": r"\binscri|\binvité\b|\babonné\b|\babonné·e|\bcourriel|(?<!-)\bmails?\b|\bnuméro"
    r"|\blistes?\b|\bnewsletter",
    "it": r"\bemail|\binvitato\b|\biscritt[oaie]\b|\blista\b|(?-i:[a-z,’] ?(?:Su[ao]i?|Sue|Lei|Le)\b)",
    "ja": r"配信停止|配信を停止|リスト|ブラウザー",
    "nl": r"abonne|aanmeld|aangemeld|afmeld|\blijst",
    "pl": r"odnośnik|preferencj|\blist[aęy]\b|subskrybent",
    "pt-BR": r"\bassin|\bconvidado\b|\binscrito\b|\bleitor|\bsubscri|\bligaç|\bregistado|\bnewsletter|pré-visualiz",
    "pt-PT": r"\bvocê|\bconvidado\b|\blinks?\b|\binscr|\bassin|\bsubscrito\b|\bleitor"
    r"|\bregistrad|\bsalv|\bbaix|\bbusc|\bsubscritor",
    "zh-Hans": r"列表|期号|电子邮件地址|(?<!邮件)通讯(?!录)",
}


@pytest.mark.parametrize("tag", ["en", "es", "fr", "it", "pt-BR", "pt-PT"])
def test_the_button_of_a_confirmation_is_called_what_the_email_calls_it(tag: str) -> None:
    """The other languages ask readers to confirm, and name no button."""
    words = words_in(tag)
    sentences = [
        words("We've sent an email to %(address)s. Open it and press “Confirm subscription” to finish."),
        words("We've sent you an email. Open it and press “Confirm subscription” to finish."),
        words("Not confirmed yet. Open the email we sent you and press “Confirm subscription”."),
    ]
    assert [] == [sentence for sentence in sentences if words("Confirm subscription") not in sentence]


@pytest.mark.parametrize("tag", _OTHER_NAMES)
def test_each_thing_has_one_name(tag: str) -> None:
    """A reader who subscribes to one thing does not find another one to unsubscribe from."""
    other = re.compile(_OTHER_NAMES[tag], re.IGNORECASE)
    read = [
        message
        for message in catalogue(tag)
        if message.id and not all(_ELSEWHERE.search(path) for path, _ in message.locations)
    ]
    assert len(read) > 200
    texts = [text for message in read for text in forms(message.string or "")]
    assert [] == [text for text in texts if other.search(_TECHNICAL.sub("x", text))]


def test_no_mark_is_put_behind_a_sentence_in_code() -> None:
    """What stands before a colon is a matter of the language: `Language: {name}` is one sentence."""
    room = _ROOT / "src" / "pressrun"
    in_templates = r"(?:_\([^()]*\) \}\}|endtrans %\})\s*[:;?!]"
    in_code = r"\b(?:say|words|_)\([^()]*\)\}?[\"']?\s*(?:\+\s*[\"'])?[:;?!]\s"
    looked_at = [(path, in_templates) for path in room.glob("web/templates/*.html")]
    looked_at += [(path, in_code) for part in ("web", "message") for path in room.glob(f"{part}/**/*.py")]
    assert len(looked_at) > 100
    glued = [
        (str(path.relative_to(room)), match.group())
        for path, pattern in looked_at
        for match in re.finditer(pattern, path.read_text("utf-8"))
    ]
    assert [] == glued


def test_what_is_counted_in_arabic_has_the_case_that_its_number_asks_for() -> None:
    """From 11 to 99 it is an accusative, from 100 a genitive, which looks bare: the rule puts the latter first."""
    read = catalogue("ar")
    rule = gettext.c2py(read.plural_expr)
    counted = [forms(message.string or "") for message in read if message.id and message.pluralizable]
    pairs = [(texts[rule(11)], texts[rule(100)]) for texts in counted]
    assert [] == [pair for pair in pairs if pair[0] != pair[1] and "\u064b" not in pair[0]]
    assert any(many != hundred for many, hundred in pairs)
