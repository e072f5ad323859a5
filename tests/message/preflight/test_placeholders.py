"""What was left to be filled in, and what only looks so."""

from __future__ import annotations

import pytest
from tests.message.builders import edition
from tests.message.preflight.findings import findings_of, the_only


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("a\nTODO write", 5),
        ("Lorem ipsum dolor", 4),
        ("see [link] here", 4),
        ("On [insert date] we meet", 4),
        ("Dear [your name],", 4),
        ("Price: TBD", 4),
        ("a\n\nCall XXX", 6),
        ("`TODO` is a word\n\nand TODO is a task", 6),
    ],
)
def test_placeholders(body: str, line: int) -> None:
    """Each with its own line."""
    severity, at, message = the_only(findings_of(edition(body)))
    assert ("warning", line) == (severity, at)
    assert "placeholder" in message


@pytest.mark.parametrize(
    "body",
    [
        "I have a todo list",
        "Run `grep TODO src` first",
        "    TODO in a program\n\nas code",
        "```\nXXX\n```\nabove",
        "See [link](https://x.example)",
        "[link]: https://x.example\n\nsee [link]",
        "Todo list of June",
        "- 14 May, Port Example: [Topic TBD](https://x.example/events/1)",
        "Speaker **TBD**",
    ],
)
def test_what_only_looks_like_a_placeholder(body: str) -> None:
    """Code is an example, and a link has its address."""
    assert [] == findings_of(edition(body))


def test_words_of_other_languages() -> None:
    """`TODO` is Spanish for all, XXX a number of congresses; with a colon it is a task everywhere."""
    assert [] == findings_of(edition("TODO LO QUE SABEMOS del XXX Congreso", "language: es"))
    assert 1 == len(findings_of(edition("TODO: escribir", "language: es")))


@pytest.mark.parametrize(
    "field",
    [
        "*|FNAME|*", "*|IF:NAME|*", "%%First Name%%", "%%unsub%%", "%(user_address)s", "%FIRSTNAME%", "{% if name %}",
        "<%= name %>", "[% user.email %]", "${name}", "{$name}", "[subscriber:firstname]", "[unsubscribe]",
        "[firstname,fallback=there]", "[UNSUBSCRIBEURL]", "[NAME%%friend]", "{unsubscribe_url}", "{!firstname}",
        "{contact.first_name}", "{contactfield=firstname}", '{first_name, "there"}', "%%{unsubscribe_url}%%",
        "$[UN:UNSUBSCRIBE]$", "[link:subscription_unsubscribe_url]", "#recipient:name#",
    ],
)  # fmt: skip
def test_fields_of_other_programs(field: str) -> None:
    """They would stand there as they are, in each copy."""
    severity, line, message = the_only(findings_of(edition(f"Hello\n{field}, dear", "language: en"), ".txt"))
    assert ("warning", 6) == (severity, line)
    assert f"“{field}” is a merge field from another program" in message


def test_fields_of_other_programs_in_markdown() -> None:
    """It reads their asterisks as its own."""
    severity, line, message = the_only(findings_of(edition("Hello\n\nDear *|FNAME|*, how *are* you?")))
    assert ("warning", 6) == (severity, line)
    assert "“*|FNAME|*” is a merge field from another program" in message


def test_fields_of_other_programs_in_subject_and_links() -> None:
    """Where nobody sees them before it is too late."""
    assert ("warning", 2) == the_only(findings_of(edition("Hello", subject="Dear *|FNAME|*")))[:2]
    body = "---\nsubject: a\n---\n<p>Hello</p>\n<a href='*|UNSUB|*'>leave</a>"
    assert ("warning", 5) == the_only(findings_of(body, ".html"))[:2]


def test_elements_of_other_programs() -> None:
    """Cleaning removes them, so that the word inside leads nowhere."""
    body = "---\nsubject: a\n---\n<p>Hello</p>\n<unsubscribe>Unsubscribe</unsubscribe>"
    severity, line, message = the_only(findings_of(body, ".html"))
    assert ("warning", 5) == (severity, line)
    assert "“<unsubscribe>” is a merge field from another program" in message


@pytest.mark.parametrize(
    "body",
    [
        "[Subscribe to us]",
        "[Read online at the library]",
        "a set {1, 2}",
        "Up 5 %, down 3 %",
        "It costs $5 {net}",
        "100%% sure",
        "Set `${HOME}` and %PATH% first",
        "[contact] us",
    ],
)
def test_what_only_looks_like_a_field(body: str) -> None:
    """Shares, prices, code, and plain brackets."""
    assert [] == findings_of(edition(body))
