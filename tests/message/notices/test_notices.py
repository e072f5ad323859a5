"""The small mails to one person."""

from __future__ import annotations

import dataclasses
import re
from html import escape

import pytest
from msgspec.structs import replace
from tests.message.builders import DOMAIN, MAIL_TOKEN, PNG, part, profile, read, site
from tests.message.notices.every_notice import EVERY

from pressrun.core.addresses.address import parse_address
from pressrun.locales.catalogues import words_in
from pressrun.locales.languages import LANGUAGES
from pressrun.message.incoming.reading import read_mail
from pressrun.message.layouts.design import Design, Logo
from pressrun.message.notices.build import AutoSubmitted, NoticeCopy, build_notice
from pressrun.message.notices.notice import Notice
from pressrun.message.notices.to_editors import EditionHeld, EditionReleased
from pressrun.message.notices.to_operators import OperatorAlert
from pressrun.message.notices.to_people import LoginCode
from pressrun.message.notices.to_readers import (
    AddressChangeRequested,
    AlreadySubscribed,
    ConfirmationRequest,
    PauseNote,
    PreferencesLink,
    StillThere,
)
from pressrun.message.words import ENGLISH

NEVER = "https://news.harbour.example/unsubscribe/never-again/CCCC.dddd"
LINK = "https://news.harbour.example/confirm/AAAA.bbbb"
NOTICES: list[Notice] = [
    ConfirmationRequest(link=LINK, lifetime_seconds=7 * 86400, never_again=NEVER, address_token=MAIL_TOKEN),
    AlreadySubscribed(preferences_url=LINK),
    PreferencesLink(link=LINK, lifetime_seconds=3600),
    EditionReleased(edition=7, edition_subject="Ahoi 😀", audience=3, edition_url=LINK),
]
FIELDS = (
    "From To Subject Date Message-ID Reply-To MIME-Version List-Id List-Help Auto-Submitted X-Auto-Response-Suppress"
    " Content-Type"
).split()


def copy(auto_submitted: AutoSubmitted = AutoSubmitted.GENERATED, in_reply_to: str | None = None) -> NoticeCopy:
    return NoticeCopy(
        to=parse_address("reader@reader.example"),
        message_id=f"n1@{DOMAIN}",
        date_at=1_790_000_000,
        auto_submitted=auto_submitted,
        in_reply_to=in_reply_to,
    )


def test_english_in_a_mail_from_right_to_left_keeps_its_direction() -> None:
    """Alerts, and what servers said, are in English: their full stop does not go to the left."""
    alert = OperatorAlert(
        when="the disk is nearly full", details="12 MiB are left.", advice="Remove what is not needed."
    )
    pages = [
        part(build_notice(alert, copy(), words=words_in(tag), site=site(), profile=profile(language=tag)), "html")
        for tag in ("ar", "en")
    ]
    assert [True, False] == [bool(re.search(r'<p [^>]*dir="auto"[^>]*>12 MiB are left\.', page)) for page in pages]


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: type(notice).__name__)
def test_every_notice_has_its_headers_once_and_its_link_in_both_parts(notice: Notice) -> None:
    """Exactly the expected fields, no List-Unsubscribe, seven bits."""
    content = build_notice(notice, copy(), words=ENGLISH, site=site(), profile=profile())
    assert FIELDS == read(content).keys()
    assert "auto-generated" == str(read(content)["Auto-Submitted"])
    assert LINK in part(content, "plain")
    assert f'href="{LINK}"' in part(content, "html")
    assert content.isascii()


def test_what_asks_for_a_confirmation_lets_whoever_did_not_ask_stop_all_mail() -> None:
    """By one link, in both parts; no other mail has it."""
    contents = {
        type(notice): build_notice(notice, copy(), words=ENGLISH, site=site(), profile=profile()) for notice in EVERY
    }
    stoppable = [kind for kind, content in contents.items() if NEVER in part(content, "plain")]
    assert [ConfirmationRequest, AddressChangeRequested] == stoppable
    assert all(f'href="{NEVER}"' in part(contents[kind], "html") for kind in stoppable)


def test_a_code_to_type_stands_out() -> None:
    """Large, and from left to right in every language; the text part has it on a line of its own."""
    notice = LoginCode(code="ABCD-EFGH")
    for tag in ("en", "ar"):
        content = build_notice(notice, copy(), words=words_in(tag), site=site(), profile=profile(language=tag))
        assert re.search(r'<strong dir="ltr" style="font-size:26px[^"]*">ABCD-EFGH</strong>', part(content, "html"))
        assert "\n\nABCD-EFGH\n\n" in part(content, "plain").replace("\r", "")


@pytest.mark.parametrize("notice", EVERY, ids=lambda notice: type(notice).__name__)
def test_every_notice_looks_like_its_list_and_says_where_it_is(notice: Notice) -> None:
    """The list's logo, its postal address and a person to ask; an inbox shows a line of the mail, not its heading."""
    logo = Logo(name="logo.png", media_type="image/png", content=PNG, width=480, height=112)
    content = build_notice(
        notice, copy(), words=ENGLISH, site=site(), profile=replace(profile(), design=Design(logo=logo))
    )
    page, text = part(content, "html"), part(content, "plain")
    (source,) = re.findall(r'<img[^>]* src="cid:([^"]*)" alt="The Harbour Letter"', page)
    assert [f"<{source}>"] == [mime_part["Content-ID"] for mime_part in read(content).walk() if mime_part["Content-ID"]]
    assert "Harbour Office<br>1 Quay Street<br>Port Example" in page
    assert "Harbour Office\r\n1 Quay Street\r\nPort Example" in text
    assert f'href="mailto:news-owner@{DOMAIN}"' in page
    assert re.search(r'<div style="display:none[^"]*">\w', page)
    assert f"<title>{escape(str(read(content)['Subject']))}</title>" in page


@pytest.mark.parametrize(
    "notice",
    [
        ConfirmationRequest(link=LINK, lifetime_seconds=7 * 86400, never_again=NEVER, also=("Tides", "Recipes")),
        AlreadySubscribed(preferences_url=LINK, also=("Tides", "Recipes")),
    ],
    ids=["confirmation", "already"],
)
def test_a_mail_about_several_lists_names_them_all(notice: Notice) -> None:
    """In the subject and in both parts."""
    content = build_notice(notice, copy(), words=ENGLISH, site=site(), profile=profile())
    named = "The Harbour Letter, Tides and Recipes"
    assert named in str(read(content)["Subject"])
    assert all(named in " ".join(part(content, kind).split()) for kind in ("plain", "html"))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "We've paused The Harbour Letter and Tides until 21 September 2026."),
        ("es", "El envío de The Harbour Letter y Tides queda en pausa hasta el 21 de septiembre de 2026."),
    ],
)
def test_a_pause_of_several_needs_no_word_for_neither(language: str, sentence: str) -> None:
    """Romance languages cannot join names by "and" in a sentence that denies something."""
    paused = PauseNote(preferences_url=LINK, until=1_790_000_000, also=("Tides",))
    content = build_notice(paused, copy(), words=words_in(language), site=site(), profile=profile())
    assert sentence in " ".join(part(content, "plain").split())


def test_who_signs_up_again_in_a_pause_is_told_when_it_ends() -> None:
    paused = AlreadySubscribed(preferences_url=LINK, paused_until=1_790_000_000)
    text = " ".join(part(build_notice(paused, copy(), words=ENGLISH, site=site(), profile=profile()), "plain").split())
    assert "You are already subscribed, but your subscription is paused until 21 September 2026." in text
    assert "You already do" not in text


def test_an_edition_that_nobody_gets_goes_to_nobody() -> None:
    """Neither to 0 readers nor on its way: the editor hears what approving will do, or has done."""
    held = EditionHeld(edition=7, edition_subject="Tides", audience=0, link=LINK, lifetime_days=7)
    out = EditionReleased(edition=7, edition_subject="Tides", audience=0)
    asked, told = (
        build_notice(notice, copy(), words=ENGLISH, site=site(), profile=profile()) for notice in (held, out)
    )
    assert "Nobody is subscribed now." in part(asked, "plain")
    assert "Nobody is subscribed, so nothing was sent." in " ".join(part(told, "plain").split())
    assert "Edition 7 of The Harbour Letter" == str(read(told)["Subject"])
    assert "0 readers" not in part(asked, "plain") + part(told, "plain")


def test_nobody_confirms_by_asking_a_question() -> None:
    """The answer to a confirmation confirms, so another address is named for questions."""
    content = build_notice(NOTICES[0], copy(), words=ENGLISH, site=site(), profile=profile())
    assert "Questions? Write to news-owner@" in part(content, "plain")
    assert "news-confirm+" in str(read(content)["Reply-To"])


def test_a_confirmation_can_be_answered_where_mail_is_received() -> None:
    """Reply-To is the address that confirms; without inbound mail it is the owner's, and no reply is invited."""
    content = build_notice(NOTICES[0], copy(), words=ENGLISH, site=site(), profile=profile())
    assert f"news-confirm+{MAIL_TOKEN}@{DOMAIN}" == str(read(content)["Reply-To"])
    assert "simply reply" in part(content, "plain")
    content = build_notice(NOTICES[0], copy(), words=ENGLISH, site=site(receives_mail=False), profile=profile())
    assert "owner@harbour.example" == str(read(content)["Reply-To"])
    assert "simply reply" not in part(content, "plain") + part(content, "html")


def test_an_owner_outside_ascii_stands_in_no_header() -> None:
    """It would take SMTPUTF8 to carry it; who set it while mail was received is told by `check`."""
    silent = dataclasses.replace(site(receives_mail=False), operator="ops@harbour.example")
    owned = profile(owner="büro@harbour.example")
    content = build_notice(NOTICES[0], copy(), words=ENGLISH, site=silent, profile=owned)
    assert content.partition(b"\r\n\r\n")[0].isascii()
    assert "ops@harbour.example" == str(read(content)["Reply-To"])


def test_an_answer_to_a_mail_comes_from_the_command_address() -> None:
    """auto-replied, threaded to the mail it answers, whose id cannot inject anything."""
    answer = copy(AutoSubmitted.REPLIED, "their.id@other.example>\r\nBcc: <x@other.example")
    content = build_notice(NOTICES[0], answer, words=ENGLISH, site=site(), profile=profile())
    message = read(content)
    assert "auto-replied" == str(message["Auto-Submitted"])
    assert f"news-request@{DOMAIN}" in str(message["From"])
    assert message["Bcc"] is None
    assert str(message["In-Reply-To"]) == str(message["References"])


def test_all_wording_passes_through_translation() -> None:
    """With words that shout, no sentence of the confirmation stays as it is."""
    shouting = replace(
        ENGLISH, translate=lambda words: "¡" + words, translate_counted=lambda singular, plural, _: "¡" + plural
    )
    content = build_notice(NOTICES[0], copy(), words=shouting, site=site(), profile=profile())
    paragraphs = [line for line in part(content, "plain").split("\r\n\r\n") if LINK not in line]
    assert all(paragraph.startswith("¡") for paragraph in paragraphs)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "notice", [NOTICES[0], StillThere(link=LINK, lifetime_seconds=30 * 86400)], ids=["confirmation", "probe"]
)
def test_who_answers_with_our_words_below_is_no_machine(notice: Notice, language: str) -> None:
    """Some programs quote without any mark, so none of our sentences may read like a vacation notice."""
    ours = build_notice(notice, copy(), words=words_in(language), site=site(), profile=profile())
    answer = f"From: reader@reader.example\nSubject: Re: {read(ours)['Subject']}\n\nOK\n\n{part(ours, 'plain')}"
    assert read_mail(answer.replace("\r\n", "\n").replace("\n", "\r\n").encode()).automatic is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "1 minute"),
        (60, "1 minute"),
        (1800, "30 minutes"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (3 * 3600, "3 hours"),
        (12 * 3600, "12 hours"),
        (86_400, "1 day"),
        (36 * 3600, "36 hours"),
        (2 * 86_400 - 1, "2 days"),
        (7 * 86_400 - 59, "7 days"),
        (7 * 86_400 + 3600, "7 days"),
        (7 * 86_400 - 61, "6 days"),
    ],
)
def test_a_link_works_as_long_as_its_mail_says(seconds: int, said: str) -> None:
    """Up to a minute more is the time between the request and its mail."""
    notice = ConfirmationRequest(link=LINK, lifetime_seconds=seconds, never_again=NEVER)
    content = build_notice(notice, copy(), words=ENGLISH, site=site(), profile=profile())
    assert f"This link works for {said}." in part(content, "plain")
