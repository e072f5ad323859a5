"""Bodies that are not JSON: octets, forms with files, streams; and revisions."""

from __future__ import annotations

import httpx
import pytest
from tests.web.api.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_octets_with_a_name_and_a_type(desk: Desk) -> None:
    """The body is one field, and headers are others; the status depends on what was done, and there is an ETag."""
    async with desk.client() as client:
        headers = {"Content-Type": "text/markdown; charset=utf-8", "X-File": "v1.2.md"}
        new = await client.post("/editions", content="# Boats", headers=headers)
        known = await client.post("/editions", content="# Boats", headers={**headers, "X-File": "known.md"})
    assert (201, '"7"') == (new.status_code, new.headers["etag"])
    assert ["# Boats", "v1.2.md", "text/markdown; charset=utf-8", ""] == new.json()["said"]
    assert 200 == known.status_code


async def test_the_same_action_by_json(desk: Desk) -> None:
    """Where an entry names both, members are its other fields."""
    async with desk.client() as client:
        response = await client.post("/editions", json={"subject": "Boats"})
        wrong = await client.post("/editions", json={"source": "x"})
    assert "Boats" == response.json()["said"][3]
    assert (422, "/source") == (wrong.status_code, wrong.json()["errors"][0]["pointer"])


async def test_a_form_with_pictures(desk: Desk) -> None:
    """`file` is the body, and its name the file name; the others come by theirs."""
    files = [("file", ("june.md", b"# June")), ("picture", ("a.png", b"A")), ("picture", ("b.png", b"B"))]
    async with desk.client() as client:
        response = await client.post("/editions", files=files)
    said = response.json()["said"]
    assert ["# June", "june.md", "a.png", "b.png"] == [said[0], said[1], *said[4:]]


@pytest.mark.parametrize(
    "files",
    [
        [("picture", ("a.png", b"A"))],
        [("file", ("june.md", b"# June")), ("picture", ("a.png", b"A")), ("picture", ("a.png", b"B"))],
        [("file", ("june.md", b"# June")), ("note", (None, b"A"))],
        [("file", ("june.md", b"# June")), ("file", ("july.md", b"# July")), ("file", ("july.md", b"# July"))],
    ],
)
async def test_a_form_that_is_wrong(desk: Desk, files: list[tuple[str, tuple[str | None, bytes]]]) -> None:
    """Without the file, with two files of one name, or with what is no file."""
    async with desk.client() as client:
        response = await client.post("/editions", files=files)
    assert (422, []) == (response.status_code, desk.calls)


@pytest.mark.parametrize("body", [b"", b"--x\r\n", b"nothing"])
async def test_a_form_that_cannot_be_read(desk: Desk, body: bytes) -> None:
    """422, without a boundary as well."""
    async with desk.client() as client:
        for media_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
            response = await client.post("/editions", content=body or b"x", headers={"Content-Type": media_type})
            assert 422 == response.status_code


async def test_a_body_that_is_not_kept_in_memory(desk: Desk) -> None:
    """It arrives in pieces while the action runs, up to the limit of uploads."""

    async def pieces(number: int) -> object:
        for _ in range(number):
            yield b"x" * 1000

    async with desk.client() as client:
        headers = {"Content-Type": "text/csv"}
        url = "/lists/news/imports?dry_run=true"
        taken = await client.post(url, content=pieces(4), headers=headers)  # type: ignore[arg-type]
        assert (202, {"email": "text/csv", "name": "True", "fields": {}}, 4000) == (
            taken.status_code,
            taken.json(),
            len(desk.uploaded),
        )
        too_large = await client.post(url, content=pieces(6), headers=headers)  # type: ignore[arg-type]
        declared = await client.post(url, content=b"x" * 6000, headers=headers)
        nothing = await client.post(url)
    assert [413, 413, 422] == [answer.status_code for answer in (too_large, declared, nothing)]


@pytest.mark.parametrize(
    ("revision", "status"),
    [
        (None, 428),
        ('"7"', 200),
        ('W/"7"', 200),
        ("7", 200),
        ('"007"', 200),
        ('"6", "7"', 200),
        ('W/"6",,"a,b"\t, 7 ,', 200),
        ('"6"', 412),
        ('"6", "8"', 412),
        ("*", 200),
        ('"x"', 412),
        ('"7', 422),
        ('"6" "7"', 422),
        ('*, "7"', 422),
        (", ", 422),
        (", " * 5000 + '"', 422),
        ("", 422),
    ],
)
async def test_a_change_of_one_revision(desk: Desk, revision: str | None, status: int) -> None:
    """Which one is in If-Match; without it nothing is even read."""
    headers = {"Content-Type": "text/markdown", **({} if revision is None else {"If-Match": revision})}
    async with desk.client() as client:
        response = await client.put("/editions/3/source", content=b"# Boats", headers=headers)
    assert status == response.status_code


async def test_revisions_in_several_lines(desk: Desk) -> None:
    """They are one list (RFC 9110 §5.3)."""
    headers = [("Content-Type", "text/markdown"), ("If-Match", '"6"'), ("If-Match", '"7"')]
    async with desk.client() as client:
        response = await client.put("/editions/3/source", content=b"# Boats", headers=headers)
    assert 200 == response.status_code


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("br", 415), ("identity", 202), ("", 202)])
async def test_a_compressed_body(desk: Desk, coding: str, status: int) -> None:
    """It is not mistaken for its content."""
    headers = {"Content-Type": "text/csv", "Content-Encoding": coding}
    async with desk.client() as client:
        response = await client.post("/lists/news/imports", content=b"email\n", headers=headers)
    assert (status, status == 415) == (response.status_code, response.headers.get("accept-encoding") == "identity")


async def test_an_answer_that_is_not_json(desk: Desk) -> None:
    """The octets with their type."""
    async with desk.client() as client:
        response = await client.get("/editions/3/source")
        head = await client.head("/editions/3/source")
    assert (b"# Boats", "text/markdown; charset=utf-8") == (response.content, response.headers["content-type"])
    assert 200 == head.status_code


@pytest.mark.parametrize("number", ["x", "1.5", "9223372036854775808", "-"])
async def test_a_number_in_a_path_that_is_none(desk: Desk, number: str) -> None:
    """422, before an action begins."""
    async with desk.client() as client:
        response: httpx.Response = await client.get(f"/editions/{number}/source")
    assert (422, "{id}") == (response.status_code, response.json()["errors"][0]["pointer"])
