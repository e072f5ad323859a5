"""Mails to readers in every language: whole, in one language, with links, direction and plural forms."""

from __future__ import annotations

import re

import pytest
from tests.message.builders import DOMAIN, MAIL_TOKEN, edition, part, profile, read, site

from pressrun.core.addresses.address import parse_address
from pressrun.locales.catalogues import words_in
from pressrun.locales.languages import LANGUAGES
from pressrun.message.editions.compose import build_edition
from pressrun.message.notices import to_readers
from pressrun.message.notices.build import NoticeCopy, build_notice
from pressrun.message.notices.notice import Notice
from pressrun.message.notices.to_readers import (
    AddressChangeRequested,
    AddressMoving,
    AlreadySubscribed,
    CommandHelp,
    ConfirmationRequest,
    ListClosed,
    ListOfLists,
    NotConfirmed,
    PauseNote,
    PreferencesLink,
    StillThere,
    UnsubscribedNote,
    UnsubscribeLink,
)
from pressrun.message.sources.edition_file import parse_edition
from pressrun.message.words import direction_of

TRANSLATED = [tag for tag in LANGUAGES if tag != "en"]
LINK = "https://news.harbour.example/confirm/AAAA.bbbb"
NOTICES: list[Notice] = [
    ConfirmationRequest(link=LINK, lifetime_seconds=7 * 86400, address_token=MAIL_TOKEN, never_again=LINK),
    AlreadySubscribed(preferences_url=LINK, paused_until=1_790_000_000),
    PreferencesLink(link=LINK, lifetime_seconds=3600),
    UnsubscribeLink(link=LINK),
    StillThere(link=LINK, lifetime_seconds=2 * 86400, missed=(("Tides", LINK),)),
    NotConfirmed(),
    CommandHelp(),
    CommandHelp(is_unknown=True),
    ListOfLists(lists=(("Tides", f"tides-subscribe@{DOMAIN}"),)),
    ListClosed(),
    UnsubscribedNote(link=LINK, lifetime_seconds=86400),
    PauseNote(preferences_url=LINK, until=1_790_000_000, also=("Tides",)),
    AddressChangeRequested(link=LINK, lifetime_seconds=7 * 86400, never_again=LINK),
    AddressMoving(link=LINK, new="e•••@r•••.example", lifetime_seconds=7 * 86400, is_done=False),
    AddressMoving(link=LINK, new="e•••@r•••.example", lifetime_seconds=7 * 86400, is_done=True),
]
"""One of each; what they hold besides words is in no language: addresses, titles of one word, commands."""
_FOREIGN = re.compile(
    r"\S+[@/]\S+|(The )?Harbour Letter|help, subscribe, unsubscribe, confirm TOKEN, lists, end|Tides|"
    r"Harbour Office|1 Quay Street|Port Example|[\u2068\u2069]"
)


def built(notice: Notice, language: str) -> bytes:
    copy = NoticeCopy(
        to=parse_address("reader@reader.example"), message_id=f"n1@{DOMAIN}", date_at=1_790_000_000, language=language
    )
    return build_notice(notice, copy, words=words_in(language), site=site(), profile=profile())


def test_every_kind_of_notice_is_read_here() -> None:
    """A new kind that readers get is added above."""
    kinds = {kind.__name__ for kind in Notice.__subclasses__() if kind.__module__ == to_readers.__name__}
    assert kinds == {type(notice).__name__ for notice in NOTICES}


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: type(notice).__name__)
@pytest.mark.parametrize("language", TRANSLATED)
def test_no_sentence_of_a_notice_is_left_in_english(language: str, notice: Notice) -> None:
    """No paragraph of the English mail stands in the translated one, and the subject is another."""
    english, other = built(notice, "en"), built(notice, language)
    paragraphs = set(part(english, "plain").split("\r\n"))
    kept = [line for line in paragraphs & set(part(other, "plain").split("\r\n")) if _FOREIGN.sub("", line).strip(" :")]
    assert [] == kept
    assert str(read(english)["Subject"]) != str(read(other)["Subject"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_says_its_language_and_direction(language: str) -> None:
    """For mail programs and screen readers; the link is whole in both parts."""
    content = built(NOTICES[0], language)
    html = part(content, "html")
    assert f'<html lang="{language}" dir="{direction_of(language)}"' in html
    assert f'href="{LINK}"' in html
    assert LINK in part(content, "plain")


def test_the_number_takes_the_form_of_the_language() -> None:
    """One, two, few and many hours, where a language tells them apart."""

    def said(language: str, hours: int) -> str:
        notice = PreferencesLink(link=LINK, lifetime_seconds=hours * 3600)
        copy = NoticeCopy(to=parse_address("r@reader.example"), message_id=f"n1@{DOMAIN}", date_at=0)
        return part(build_notice(notice, copy, words=words_in(language), site=site(), profile=profile()), "plain")

    for hours, polish in ((1, "1 godzinę"), (3, "3 godziny"), (5, "5 godzin."), (22, "22 godziny")):
        assert polish in said("pl", hours)
    for hours, arabic in ((1, "لساعة واحدة"), (2, "لساعتين"), (3, "3\u2069 ساعات"), (11, "11\u2069 ساعة")):
        assert arabic in said("ar", hours)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_footer_of_an_edition_is_in_its_language(language: str) -> None:
    """In both parts."""
    words = words_in(language)
    made = build_edition(
        parse_edition(edition("Hello").encode(), ".md"),
        {},
        profile(),
        site(),
        slug="hello",
        edition_id="1",
        words=words,
    )
    for shown in (made.text, made.html or ""):
        assert words("Unsubscribe") in shown
        assert "You get this mail" not in shown
