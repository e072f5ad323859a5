"""The mails that answer commands."""

from __future__ import annotations

from html import escape

import pytest
from tests.message.builders import DOMAIN, part, profile, read, site

from pressrun.core.addresses.address import parse_address
from pressrun.message.notices.build import AutoSubmitted, NoticeCopy, build_notice
from pressrun.message.notices.notice import Notice
from pressrun.message.notices.to_readers import CommandHelp, ListClosed, ListOfLists, NotConfirmed, UnsubscribeLink
from pressrun.message.words import ENGLISH

COPY = NoticeCopy(
    to=parse_address("reader@reader.example"),
    message_id=f"n1@{DOMAIN}",
    date_at=1_790_000_000,
    auto_submitted=AutoSubmitted.REPLIED,
    in_reply_to="1@reader.example",
)
ANSWERS: list[tuple[Notice, str]] = [
    (CommandHelp(), f"news-subscribe@{DOMAIN}"),
    (CommandHelp(is_unknown=True), "We didn't find a command in your email, so nothing has changed."),
    (ListOfLists(lists=(("The <Harbour> Letter", f"news-subscribe@{DOMAIN}"),)), f"news-subscribe@{DOMAIN}"),
    (ListOfLists(lists=()), "There are no public newsletters here."),
    (UnsubscribeLink(link="https://news.harbour.example/unsubscribe/AAAA.bbbb"), "/unsubscribe/AAAA.bbbb"),
    (NotConfirmed(), "https://news.harbour.example/news"),
    (ListClosed(), "https://news.harbour.example/news"),
]


@pytest.mark.parametrize(("notice", "expected"), ANSWERS, ids=lambda value: type(value).__name__)
def test_an_answer_says_what_it_must_in_both_parts(notice: Notice, expected: str) -> None:
    """Auto-replied, from the command address, threaded, without List-Unsubscribe, seven bits and small."""
    content = build_notice(notice, COPY, words=ENGLISH, site=site(), profile=profile())
    message = read(content)
    assert expected in part(content, "plain")
    assert escape(expected) in part(content, "html")
    assert ("auto-replied", None) == (str(message["Auto-Submitted"]), message["List-Unsubscribe"])
    assert f"news-request@{DOMAIN}" in str(message["From"])
    assert "<1@reader.example>" == str(message["In-Reply-To"]) == str(message["References"])
    assert content.isascii()
    assert 10_000 > len(content)


def test_no_newsletters_are_found_anywhere_where_there_are_none() -> None:
    content = build_notice(ListOfLists(lists=()), COPY, words=ENGLISH, site=site(), profile=profile())
    assert "find them" not in part(content, "plain")
