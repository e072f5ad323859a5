"""Links that lead nowhere, or elsewhere than they say."""

from __future__ import annotations

import pytest
from tests.message.builders import edition, site
from tests.message.preflight.findings import findings_of, the_only


def html(body: str) -> str:
    return f"---\nsubject: a\n---\n{body}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://x.example/a", "not encrypted"),
        ("https://localhost/a", "cannot reach"),
        ("https://192.0.2.7/", "an IP address in place"),
        ("https://www.example.com/?a=1&b=2", "placeholder address"),
    ],
)
def test_addresses_in_a_mail_of_text_alone(url: str, words: str) -> None:
    """Mail programs turn them into links."""
    mail = f"From: a@b.example\nSubject: a\nContent-Type: text/plain; charset=utf-8\n\nSee {url} now.\n"
    findings = [message for _, _, message in findings_of(mail, ".eml") if url in message]
    assert [True] == [words in message for message in findings], findings


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("a\n\n[x](http://x.example)", 6, "not encrypted"),
        ("a\n\n[x](page.html)", 6, "relative link"),
        ("[x](/page)", 4, "relative link"),
        ("[x](//x.example/page)", 4, "relative link"),
        ("[x](#nowhere)", 4, "leads nowhere"),
        ("[x](#)", 4, "“#”, which goes nowhere"),
        ("[x]()", 4, "A link has no address"),
        ("go: [](https://x.example/y)", 4, "no words"),
        ("![](https://x.example/a.png)", 4, "no alt text"),
        ("a\n\n[x](javascript:alert)", 6, "Links with javascript: do not work"),
        ("<a href='javascript:x'>go</a>", 4, "Links with javascript: do not work"),
        ("<a href='htps://x.example'>go</a>", 4, "no usable address"),
        ("[x](https:/x.example)", 4, "does not name a site"),
        ("[x](https://)", 4, "no usable address"),
        ("[x](https://https://x.example/)", 4, "`https://` twice"),
        ("[x](https://x..example/)", 4, "a site that cannot exist"),
        ("[x](https://x.example:port/)", 4, "no usable address"),
        ("[x](<https://x example.org/>)", 4, "no usable address"),
        ("[x](mailto:nobody)", 4, "not an email address"),
        ("[x](tel:call-me)", 4, "not a phone number"),
        ("[x](https://localhost:8000/)", 4, "cannot reach"),
        ("[x](https://intranet/page)", 4, "cannot reach"),
        ("[x](https://printer.local/)", 4, "cannot reach"),
        ("[x](https://192.0.2.7/)", 4, "an IP address in place"),
        ("[x](https://[2001:db8::1]/)", 4, "an IP address in place"),
        ("[x](https://3232235777/)", 4, "cannot reach"),
        ("[x](https://www.example.com/)", 4, "placeholder address"),
        ("[x](mailto:you@example.org?subject=a)", 4, "placeholder address"),
        ("[x](https://bank.example@evil.example/)", 4, "user name before the @"),
        (
            "go: [https://bank.example](https://evil.example/)",
            4,
            "says https://bank.example but opens evil.example",
        ),
        ("go: [www.bank.example](https://evil.example/)", 4, "says www.bank.example"),
        ("[bank.com](https://evil.example/)", 4, "says bank.com"),
    ],
)
def test_links_that_do_not_work(body: str, line: int, words: str) -> None:
    """One warning each, with its line and the remedy."""
    severity, at, message = the_only(findings_of(edition(body)))
    assert ("warning", line) == (severity, at)
    assert words in message


@pytest.mark.parametrize(
    "body",
    [
        "<https://x.example/a?b=c&d=e#f>",
        "[x](https://xn--bcher-kva.example/) [y](https://bücher.example/straße)",
        "[x](https://x.example:8443/) [y](HTTPS://X.EXAMPLE/)",
        "[x](https://a_b.x.example./)",
        "[x](mailto:a@x.example,b@x.example?subject=Hi%20there) [y](mailto:?body=a) <a@x.example>",
        "[x](tel:+4930123456) [y](tel:(030)%20123-456;ext=3)",
        "[x](#here) <b id=here>there</b> <a name=too></a> [y](#too)",
        "[x]({{ archive_url }}) [y](https://x.example/{{ email }}) [z]({{ town }}) [m](mailto:{{ email }})",
        "[x](https://{{ town }}.x.example/)",
        "[x.example](https://www.x.example/a) [https://x.example](https://shop.x.example)",
        "[Node.js](https://nodejs.example/) [README.md](https://code.example/) [report.pdf](https://x.example/1)",
        "[![Boat](https://x.example/a.png)](https://x.example/boats)",
        "```\n<a href='javascript:x'> [x](javascript:y)\n```",
        "`https://example.com` in code",
    ],
)
def test_links_that_are_fine(body: str) -> None:
    """Whatever is unusual about them."""
    assert [] == findings_of(edition(body))


def test_where_an_installation_is_an_example_itself() -> None:
    """Trying Pressrun out under example.org is no mistake."""
    body = edition("[x](https://www.example.org/)")
    assert [] == findings_of(body, at=site(base_url="https://news.example.org"))


def test_ids_that_stand_twice() -> None:
    """A note, and a warning where a link is meant for one of them."""
    twice = '<p id="a">1</p>\n<p id="a">2</p>'
    assert ("note", 4) == the_only(findings_of(html(twice), ".html"))[:2]
    assert ("warning", 4) == the_only(findings_of(html(twice + '\n<a href="#a">up</a>'), ".html"))[:2]
    assert [] == findings_of(html('<p id="a">1</p><p id="b">2</p>'), ".html")
