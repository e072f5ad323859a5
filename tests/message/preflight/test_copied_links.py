"""Links that an author copied from a mail somebody received."""

from __future__ import annotations

import pytest
from tests.message.builders import edition
from tests.message.preflight.findings import findings_of, the_only

TOKEN = "AAAAAAABAAAAAAAC.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


@pytest.mark.parametrize(
    "url",
    [
        f"https://news.harbour.example/unsubscribe/{TOKEN}",
        f"https://news.harbour.example/read/{TOKEN}/archive/tides",
        "https://harbour.us1.list-manage.com/unsubscribe?u=0a1b2c3d4e&id=f5&e=a6b7c8d9e0",
        "https://harbour.us1.list-manage.com/track/click?u=0a1b2c3d4e&id=f5&e=a6b7c8d9e0",
        "https://old.harbour.test/lists/?p=unsubscribe&uid=0a1b2c3d4e5f",
        "https://old.harbour.test/subscription/0a1b2c3d-4e5f/unsubscribe",
        "https://old.harbour.test/unsubscribe?email=rosa@reader.example",
        "https://u1234.mailer.test/ls/click?upn=u001.AbCd",
        "https://link.mailer.test/ss/c/u001AbCdEfGhIjKlMnOpQrSt/3k5/x/h1/y",
        "https://link.mailer.test/click/29038310.375465/aHR0cHM6Ly9oYXJib3Vy/6aa9",
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fharbour.example&data=05",
    ],
)
def test_links_of_a_mail_that_somebody_received(url: str) -> None:
    """Each reader would unsubscribe that person, or be counted in their place."""
    severity, line, message = the_only(findings_of(edition(f"Tides\n\n[Read on]({url})")))
    assert ("warning", 6) == (severity, line)
    assert "copied from an email to one person" in message


def test_a_copied_newsletter_has_one_finding_for_each_site() -> None:
    """Its links are many, and all have one remedy."""
    links = "".join(f"[{n}](https://link.mailer.test/ls/click?upn=u{n}) " for n in range(9))
    leave = "[Leave](https://old.harbour.test/unsubscribe?u=0a1b2c3d4e)"
    assert [4, 6] == [line for _, line, _ in findings_of(edition(f"{links}\n\n{leave}"))]


@pytest.mark.parametrize(
    "url",
    [
        "https://harbour.test/how-to-unsubscribe-from-2024-letters",
        "https://harbour.test/blog/2026/unsubscribe",
        "https://harbour.test/unsubscribe",
        "https://harbour.test/track/click",
        "https://news.harbour.example/news/archive/tides",
        "{{ unsubscribe_url }}",
        "https://old.harbour.test/unsubscribe?email={{ email }}",
    ],
)
def test_other_links_about_leaving(url: str) -> None:
    """An article, a page for everybody, and a link that is different for each reader."""
    assert [] == findings_of(edition(f"[Read on]({url})"))
