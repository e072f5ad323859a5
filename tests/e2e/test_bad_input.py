"""What bad input gets: an exit code, the place and the reason, and nothing half done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tests.e2e.conftest import READERS
from tests.e2e.instance import EDITION, Instance


@pytest.fixture(scope="module")
def running(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One daemon for all that it must refuse: each test finds it as the one before did."""
    with closing(Instance(folder=tmp_path_factory.mktemp("running"), relay_port=1)) as instance:
        shutil.copytree(furnished, instance.folder / "data")
        instance.start()
        yield instance


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"name,town\nAda,Demo\n", "email"),
        (b"email\nad\xe9@readers.example\n", "UTF-8"),
        (b"", "email"),
    ],
    ids=["no-email-column", "not-utf8", "empty"],
)
def test_a_file_that_is_no_list_of_readers(running: Instance, content: bytes, word: str) -> None:
    """65 with the reason, and nobody is taken in."""
    result = running.run("subscriber", "import", "news", running.write("bad.csv", content), "--json")
    assert (result.code, word in result.json["error"]) == (65, True), result.err
    assert running.json("list", "show", "news")["active"] == 3


def test_rows_that_are_wrong_are_told_by_line(instance: Instance) -> None:
    """The others are taken in; wrong columns and malformed addresses stand in `invalid`."""
    rows = "email,name\ndina@readers.example,Dina\nno address,X\neva@readers.example,Eva,too,many\n,\n"
    outcome = instance.json("subscriber", "import", "news", instance.write("some.csv", rows))
    assert outcome["added"] >= 1
    assert {3, 4} <= {row["line"] for row in outcome["invalid"]}
    assert all(row["reason"] for row in outcome["invalid"])
    assert "dina@readers.example" in {reader["address"] for reader in instance.json("subscriber", "ls", "news")}


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
def test_an_edition_that_cannot_go_out(running: Instance, source: str, words: tuple[str, ...]) -> None:
    """65 before anything is stored, and the same from `preview` or a finding there."""
    path = running.write("bad.md", source)
    result = running.run("send", "news", path, "--yes", "--json")
    assert result.code == 65, result.err
    assert [True for _ in words] == [word in result.json["error"] for word in words], result.json["error"]
    assert running.json("edition", "ls") == []


def test_names_that_are_not_there(instance: Instance) -> None:
    """An unknown list or edition is 1, a malformed address 65, a missing file 66."""
    edition = instance.write("edition.md", EDITION)
    readers = instance.write("readers.csv", "email\nx@readers.example\n")
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
        results = list(pool.map(lambda arguments: instance.run(*arguments), calls))
    assert [1, 1, 1, 65, 65, 66, 66] == [result.code for result in results]
    assert all(result.err.startswith("error: ") for result in results)


def test_a_list_without_postal_address_sends_nothing(instance: Instance) -> None:
    """65, with the verb that mends it."""
    instance.do("list", "set", "news", "postal_address=")
    result = instance.run("send", "news", instance.write("edition.md", EDITION), "--yes")
    assert (result.code, "postal_address" in result.err) == (65, True)
    instance.do("list", "set", "news", "require_postal_address=false")
    instance.do("send", "news", instance.folder / "edition.md", "--yes")


def test_nonsense_from_readers(instance: Instance) -> None:
    """Malformed addresses are 400, forged links 404 with one page, foreign methods 405, and nothing changes."""
    instance.start()
    assert [400, 400] == [instance.post("/news/subscribe", {"email": text}).status for text in ("", "no address")]
    pages = {instance.get(f"/{kind}/forged").text for kind in ("confirm", "unsubscribe", "preferences")}
    assert len(pages) == 1
    assert instance.get("/nowhere").status == 404
    assert instance.post("/news/subscribe", {"email": READERS[0]}).text == instance.post(
        "/news/subscribe", {"email": "stranger@readers.example"}
    ).text.replace("stranger@readers.example", READERS[0])
