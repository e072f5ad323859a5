"""What spam filters think of our mails: of editions in every layout and of every notice."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.browser.specimens import own_specimens, specimens
from tests.message import in_five_languages
from tests.message.builders import build, edition, part, profile, site, values
from tests.message.notices.every_notice import EVERY
from tests.message.notices.test_notices import copy

from pressrun.locales.catalogues import words_in
from pressrun.message.layouts.built_in import LAYOUT_NAMES
from pressrun.message.layouts.design import Design
from pressrun.message.notices.build import build_notice
from pressrun.message.notices.notice import Notice

_MOST_FOR_AN_EDITION = -0.3  # points of SpamAssassin, of which five are spam
_MOST_FOR_A_NOTICE = 0.0
_MOST_FOR_A_RULE = 0.1
_MOST_OCTETS_AROUND = 15_000  # of an edition's HTML, but for what its author wrote
_SCORES = re.compile(r"^X-Spam-Scores: (.*?)^X-Name: (\S+)$", re.MULTILINE | re.DOTALL)
_LIKE_HIDDEN_TEXT = re.compile(
    r"color:\s*transparent|opacity:|visibility:|text-indent:\s*-|font-size:\s*[01](?:\.\d+)?px[^>]*>\w|font-size:\s*0"
)


@cache
def _mails() -> dict[str, tuple[bytes, float]]:
    """Each mail by its name, with the score that it may have at most."""
    mails = {
        specimen.name: (specimen.built.skeleton.copy(values()), _MOST_FOR_AN_EDITION)
        for specimen in (*specimens(), *own_specimens())
    }
    for name, built in in_five_languages.editions():
        mails[name] = (built.skeleton.copy(values()), _MOST_FOR_AN_EDITION)
    with_logo = replace(profile(), design=Design(logo=in_five_languages.LOGO))
    for notice in EVERY:
        for language in in_five_languages.LANGUAGES:
            content = build_notice(notice, copy(), words=words_in(language), site=site(), profile=with_logo)
            mails[f"{type(notice).__name__}-{language}"] = (content, _MOST_FOR_A_NOTICE)
    return mails


def _judged(folder: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """The rules that hit each mail, with their scores; rules that ask the network are off. It keeps no order."""
    for name, (mail, _) in _mails().items():
        content = b"X-Name: %s\n%s" % (name.encode(), mail.replace(b"\r\n", b"\n"))
        (folder / f"{name}.eml").write_bytes(content)
    settings = ["add_header all Scores _TESTSSCORES(,)_", "fold_headers 0"]
    done = subprocess.run(
        ["spamassassin", "-L", "-t", "-x", *(f"--cf={line}" for line in settings), *map(str, folder.glob("*.eml"))],
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        check=True,
    )
    for scores, name in _SCORES.findall(done.stdout.decode("utf-8", "replace")):
        rules = (text.partition("=") for text in "".join(scores.split()).split(","))
        yield name, {rule: float(score) for rule, _, score in rules}


def test_there_is_a_notice_of_every_kind() -> None:
    """A new kind is judged, too."""
    assert set(_kinds(Notice)) == {type(notice).__name__ for notice in EVERY}


def _kinds(kind: type) -> Iterator[str]:
    """The classes that have none below them: what several kinds have in common is no notice of its own."""
    below: list[type] = kind.__subclasses__()
    yield from chain.from_iterable(map(_kinds, below)) if below else [kind.__name__]


def test_nothing_looks_like_text_hidden_from_readers() -> None:
    """No text in no colour, of no opacity or of no size; the line for the inbox is hidden by `display` alone.

    One test for all mails: as many tests would have every worker build all of them before any test begins.
    """
    pages = {name: part(mail, "html") for name, (mail, _) in _mails().items()}
    hidden = {name: (_LIKE_HIDDEN_TEXT.findall(page), page.count("display:none")) for name, page in pages.items()}
    assert {name: said for name, said in hidden.items() if said[0] or said[1] > 1} == {}


@pytest.mark.parametrize("layout", LAYOUT_NAMES)
def test_a_layout_is_light(layout: str) -> None:
    """What stands around the words of an author; a mail program shows the whole of a mail only up to 102 KB."""
    dressed = replace(profile(), design=Design(layout=layout, logo=in_five_languages.LOGO))
    mail = build(edition("x"), list_profile=dressed).skeleton.copy(values())
    assert len(part(mail, "html").encode()) <= _MOST_OCTETS_AROUND


@pytest.mark.needs("spamassassin")
@pytest.mark.thorough
@pytest.mark.timeout(300)
def test_spamassassin_finds_nothing_against_any_mail(tmp_path: Path) -> None:
    """No rule about the content counts, and the sum stays well below what anybody refuses."""
    judged = dict(_judged(tmp_path))
    assert judged.keys() == _mails().keys()
    assert {name: rules for name, rules in judged.items() if max(rules.values()) > _MOST_FOR_A_RULE} == {}
    sums = {name: sum(rules.values()) for name, rules in judged.items()}
    assert {name: score for name, score in sums.items() if score > _mails()[name][1]} == {}
