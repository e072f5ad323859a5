"""What bad input gets: an exit code, the place and the reason, and nothing half done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tests.e2e.conftest import READERS
from tests.e2e.house import EDITION, House


@pytest.fixture(scope="module")
def running(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One daemon for all that it must refuse: each test finds it as the one before did."""
    with closing(House(folder=tmp_path_factory.mktemp("running"), relay_port=1)) as house:
        shutil.copytree(furnished, house.folder / "data")
        house.start()
        yield house


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"name,town\nAda,Demo\n", "email"),
        (b"email\nad\xe9@readers.example\n", "UTF-8"),
        (b"", "email"),
    ],
    ids=["no-email-column", "not-utf8", "empty"],
)
def test_a_file_that_is_no_list_of_readers(running: House, content: bytes, word: str) -> None:
    """65 with the reason, and nobody is taken in."""
    result = running.run("subscriber", "import", "news", running.write("bad.csv", content), "--json")
    assert (result.code, word in result.json["error"]) == (65, True), result.err
    assert running.json("list", "show", "news")["active"] == 3


def test_rows_that_are_wrong_are_told_by_line(house: House) -> None:
    """The others are taken in; wrong columns and malformed addresses stand in `invalid`."""
    rows = "email,name\ndina@readers.example,Dina\nno address,X\neva@readers.example,Eva,too,many\n,\n"
    outcome = house.json("subscriber", "import", "news", house.write("some.csv", rows))
    assert outcome["added"] >= 1
    assert {3, 4} <= {row["line"] for row in outcome["invalid"]}
    assert all(row["reason"] for row in outcome["invalid"])
    assert "dina@readers.example" in {reader["address"] for reader in house.json("subscriber", "ls", "news")}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("---\nsubject: Hi\ncolour: red\n---\n\nText.\n", ("line 3", "colour")),
        ("---\nsubject: Hi\n---\n\n![Quay](missing.png)\n", ("missing.png",)),
        ("---\nsubject: Hi\n---\n\n![Up](../up.png)\n", ("../up.png",)),
        ("---\npreheader: Hi\n---\n\nText.\n", ("subject",)),
        ("---\nsubject: Hi\n---\n\n", ("no text",)),
        ("---\nsubject: Hi\n---\n\nDear {{ nickname }},\n", ("nickname",)),
        ("---\nsubject: [\n---\n\nText.\n", ("line",)),
    ],
    ids=["unknown-key", "missing-image", "image-above", "no-subject", "empty", "unknown-field", "bad-yaml"],
)
def test_an_edition_that_cannot_go_out(running: House, source: str, words: tuple[str, ...]) -> None:
    """65 before anything is stored, and the same from `preview` or a finding there."""
    path = running.write("bad.md", source)
    result = running.run("send", "news", path, "--yes", "--json")
    assert result.code == 65, result.err
    assert [True for _ in words] == [word in result.json["error"] for word in words], result.json["error"]
    assert running.json("edition", "ls") == []


def test_names_that_are_not_there(house: House) -> None:
    """An unknown list or edition is 1, a malformed address 65, a missing file 66."""
    edition = house.write("edition.md", EDITION)
    readers = house.write("readers.csv", "email\nx@readers.example\n")
    calls: tuple[list[str], ...] = (
        ["send", "nowhere", str(edition), "--yes"],
        ["subscriber", "import", "nowhere", str(readers)],
        ["edition", "cancel", "12", "--yes"],
        ["subscriber", "add", "news", "ada@@readers.example"],
        ["send", "news", str(edition), "--test", "nobody"],
        ["send", "news", "nothing.md", "--yes"],
        ["subscriber", "import", "news", "nothing.csv"],
    )
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda arguments: house.run(*arguments), calls))
    assert [1, 1, 1, 65, 65, 66, 66] == [result.code for result in results]
    assert all(result.err.startswith("error: ") for result in results)


def test_a_list_without_postal_address_sends_nothing(house: House) -> None:
    """65, with the verb that mends it."""
    house.do("list", "set", "news", "postal_address=")
    result = house.run("send", "news", house.write("edition.md", EDITION), "--yes")
    assert (result.code, "postal_address" in result.err) == (65, True)
    house.do("list", "set", "news", "require_postal_address=false")
    house.do("send", "news", house.folder / "edition.md", "--yes")


def test_nonsense_from_readers(house: House) -> None:
    """Malformed addresses are 400, forged links 404 with one page, foreign methods 405, and nothing changes."""
    house.start()
    assert [400, 400] == [house.post("/news/subscribe", {"email": text}).status for text in ("", "no address")]
    pages = {house.get(f"/{kind}/forged").text for kind in ("confirm", "unsubscribe", "preferences")}
    assert len(pages) == 1
    assert house.get("/nowhere").status == 404
    assert house.post("/news/subscribe", {"email": READERS[0]}).text == house.post(
        "/news/subscribe", {"email": "stranger@readers.example"}
    ).text.replace("stranger@readers.example", READERS[0])
