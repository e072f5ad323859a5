"""Editions that are one issue: the key in their files, `edition link` and `edition unlink`."""

from __future__ import annotations

from functools import partial

import pytest
from tests.cli.shell import Called, Shell

LANGUAGES = {"noticias": "es", "boletim": "pt-PT", "nouvelles": "fr"}


@pytest.fixture
def family(shell: Shell) -> Shell:
    """A newsletter in three languages, and one that stands alone."""
    shell.begin_with("family", partial(_make_family, shell))
    return shell


@pytest.fixture
def five_editions(shell: Shell) -> Shell:
    """Two of one list, one in another language that is the same issue, one that is not, and one of the list alone."""
    shell.begin_with("five editions", partial(_send_five, shell))
    return shell


def _make_family(shell: Shell) -> None:
    for name, language in LANGUAGES.items():
        shell.make_list(name, "--language", language)
        shell.good("list", "set", name, "family=villanueva")
    shell.make_list("alone")


def _send_five(shell: Shell) -> None:
    _make_family(shell)
    send(shell, "noticias", "one", "87")
    send(shell, "noticias", "two")
    send(shell, "boletim", "three", "87")
    send(shell, "nouvelles", "four", "88")
    send(shell, "alone", "five")


def edition(text: str, issue: str | None = None) -> str:
    key = "" if issue is None else f"issue: {issue}\n"
    return f"---\nsubject: Boats\n{key}---\n{text}\n"


def send(shell: Shell, name: str, text: str, issue: str | None = None, *options: str) -> Called:
    file = shell.write("edition.md", edition(text, issue))
    return shell.call("send", name, file, "--yes", "--json", *options)


def issue_of(shell: Shell, number: int) -> object:
    return shell.good("edition", "show", str(number), "--json").json["issue"]


@pytest.mark.parametrize(
    ("written", "stored"),
    [("2026-11", "2026-11"), ("2026-11-26", "2026-11-26"), ("87", "87"), ("Frühling", "frühling"), ('"n. 1"', None)],
)
def test_an_issue_is_one_word(family: Shell, written: str, stored: str | None) -> None:
    """Whatever YAML takes it for, and in small letters, so that it is the same in all files."""
    called = send(family, "noticias", "Hola", written)
    if stored is None:
        assert (65, True) == (called.code, "line 3: issue 'n. 1' must be one word" in called.json["error"])
    else:
        assert stored == issue_of(family, called.json["id"])


def test_a_list_has_an_issue_once(family: Shell) -> None:
    """Whatever the edition that has it became; other languages have it, too."""
    assert [0, 0] == [send(family, name, "Hello", "87").code for name in ("noticias", "boletim")]
    called = send(family, "noticias", "Something else", "87")
    sentence = "line 3: Edition 1 of this newsletter is already issue “87”."
    assert (65, True) == (called.code, sentence in called.json["error"])
    file = family.write("edition.md", edition("Something else", "87"))
    looked = family.call("preview", "noticias", file, "--json")
    assert (65, ["issue-taken"]) == (
        looked.code,
        [finding["code"] for finding in looked.json["findings"] if finding["severity"] == "error"],
    )
    assert 2 == len(family.good("edition", "ls", "--json").json)


def test_the_same_file_is_the_same_edition_still(family: Shell) -> None:
    """1 as for every file, naming the first edition; once more as another one it cannot go."""
    assert 0 == send(family, "noticias", "Hola", "87").code
    again = send(family, "noticias", "Hola", "87")
    assert (1, True) == (again.code, "edition 1 of noticias" in again.json["error"])
    assert 65 == send(family, "noticias", "Hola", "87", "--again").code


def test_an_edition_that_was_cancelled_before_anybody_got_it_leaves_its_issue(family: Shell) -> None:
    assert 0 == send(family, "noticias", "Hola", "87", "--at", "+60m").code
    family.good("edition", "cancel", "1", "--yes")
    assert 0 == send(family, "noticias", "Hello", "87").code


def test_an_issue_in_one_language_is_noted(family: Shell) -> None:
    file = family.write("edition.md", edition("Hello", "87"))
    findings = family.good("preview", "alone", file, "--json").json["findings"]
    assert ["note"] == [finding["severity"] for finding in findings if finding["code"] == "issue-alone"]


def test_editions_are_linked_by_hand(family: Shell) -> None:
    for name in LANGUAGES:
        assert 0 == send(family, name, "Hello").code
    linked = family.good("edition", "link", "2", "1", "--json").json
    assert {"issue": "edition-1", "editions": [1, 2]} == linked
    family.good("edition", "link", "3", "2")
    assert ["edition-1"] * 3 == [issue_of(family, number) for number in (1, 2, 3)]
    family.good("edition", "unlink", "3")
    assert ["edition-1", "edition-1", None] == [issue_of(family, number) for number in (1, 2, 3)]


def test_what_was_cancelled_before_anybody_got_it_is_in_the_way_of_no_link(family: Shell) -> None:
    send(family, "noticias", "Hola", "87", "--at", "+60m")
    family.good("edition", "cancel", "1", "--yes")
    send(family, "noticias", "Hello")
    send(family, "boletim", "Ola", "87")
    assert "87" == family.good("edition", "link", "2", "3", "--json").json["issue"]


def test_a_word_that_an_author_chose_is_not_made_up_again(family: Shell) -> None:
    send(family, "noticias", "Hola", "edition-2")
    send(family, "boletim", "Ola")
    send(family, "nouvelles", "Salut")
    assert "edition-2-2" == family.good("edition", "link", "2", "3", "--json").json["issue"]


def test_a_welcome_mail_is_no_issue(family: Shell) -> None:
    """Though it is kept among the editions, and its file has the same keys."""
    family.good("list", "set", "noticias", f"welcome={family.write('welcome.md', edition('Hola', '87'))}")
    assert 0 == send(family, "noticias", "Hola", "87").code
    assert 0 == send(family, "boletim", "Olá").code
    called = family.call("edition", "link", "1", "3")
    assert (65, True) == (called.code, "edition 1 is the welcome email of noticias" in called.err)


@pytest.mark.parametrize(
    ("ids", "code", "says"),
    [
        (("1", "2"), 65, "two of these are of the same list"),
        (("1", "3", "4"), 65, "are different issues already: 87, 88"),
        (("3", "5"), 65, "alone, which is in no family"),
        (("2", "4"), 65, "two of these are of the same list"),
        (("1",), 65, "at least two editions"),
        (("1", "1"), 65, "at least two editions"),
        (("1", "99"), 1, "99"),
        ((), 64, "ID"),
    ],
)
def test_what_cannot_be_one_issue_changes_nothing(
    five_editions: Shell, ids: tuple[str, ...], code: int, says: str
) -> None:
    if ids == ("2", "4"):
        five_editions.good("edition", "unlink", "4")
        five_editions.good("edition", "link", "1", "4")
    before = [issue_of(five_editions, number) for number in range(1, 6)]
    called = five_editions.call("edition", "link", *ids)
    assert (code, True) == (called.code, says in called.err)
    assert before == [issue_of(five_editions, number) for number in range(1, 6)]
