"""The names that links and addresses are made of."""

from __future__ import annotations

import pytest

from pressrun.core.addresses.address import parse_address
from pressrun.core.setting import settings_of
from pressrun.core.site import Site


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80", "http://[::1]:80", "https://news.xn--hfen-5qa.example", "https://example.org/lists"]
)
def test_a_link_is_made_of_what_is_never_escaped(url: str) -> None:
    site = Site(base_url=url, mail_domain="lists.harbour.example")
    assert f"{url}/unsubscribe/a.b" == site.url("unsubscribe", "a.b")


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://news.harbour.example/", "harbour.example"),
        ("https://news.harbour.example?a&b", "harbour.example"),
        ("https://news.harbour.example\r\nX: y", "harbour.example"),
        ("https://news.häfen.example", "harbour.example"),
        ("news.harbour.example", "harbour.example"),
        ("https://news.harbour.example", "harbour.example>"),
        ("https://news.harbour.example", ""),
    ],
)
def test_what_would_have_to_be_escaped_is_no_site(url: str, domain: str) -> None:
    with pytest.raises(ValueError, match="escaped"):
        Site(base_url=url, mail_domain=domain)


def test_a_site_receives_no_mail_unless_it_is_said() -> None:
    """No address is promised where nobody listens."""
    assert not Site(base_url="https://news.harbour.example", mail_domain="lists.harbour.example").receives_mail


def test_every_name_of_the_site_stays_until_a_restart() -> None:
    """Links and addresses of one run are made of one set of names."""
    assert [("base_url", True), ("mail_domain", True), ("operator", True)] == [
        (setting.key, setting.needs_restart) for setting in settings_of(Site)
    ]


@pytest.mark.parametrize(
    ("owner", "operator", "expected"),
    [
        ("post@harbour.example", "ops@harbour.example", "post@harbour.example"),
        ("post@bücher.example", "ops@harbour.example", "post@xn--bcher-kva.example"),
        ("büro@harbour.example", "ops@harbour.example", "ops@harbour.example"),
        (None, "ops@harbour.example", "ops@harbour.example"),
        ("büro@harbour.example", None, None),
        (None, "büro@harbour.example", None),
    ],
)
def test_who_stands_for_a_list_needs_no_smtputf8(owner: str | None, operator: str | None, expected: str | None) -> None:
    """A relay may have it; most readers' systems do not."""
    site = Site(base_url="https://n.example", mail_domain="lists.example", operator=operator)
    person = site.person_for(None if owner is None else parse_address(owner))
    assert expected == (None if person is None else person.wire)
