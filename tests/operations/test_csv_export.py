"""What is written out is read back unchanged."""

from __future__ import annotations

import asyncio
import json
import tempfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.services.harness import ServiceHarness, open_services

from pressrun.core.addresses.address import parse_address
from pressrun.core.text.cells import unescape_cell
from pressrun.operations.csv_files import export_subscribers, export_suppressions, parse_suppressions
from pressrun.operations.csv_records import as_csv, read_records
from pressrun.operations.sources.formats import read_members
from pressrun.operations.sources.member import SourceMember

_CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ["=1", "'=1", "+", "-x", "@a", "\t1", "\r\n", 'a"b', "a,b", "two\nlines", "a\rb", "a\r=b", "'", "''", " x "]
)
_ROW = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["", "Ann", "=cmd", "'-x", 'A "B" C', "Ünsal, Z."]),
        "language": st.sampled_from(["", "de", "pt-BR"]),
        "subscribed_at": st.sampled_from(["2020-01-02T03:04:05Z", "2024-02-29T00:00:00Z"]),
        "consent_source": st.sampled_from(["fair", "=x", "form, old"]),
        "consent_ip": st.sampled_from(["", "192.0.2.1", "2001:db8::1"]),
        "state": st.sampled_from(["active", "unsubscribed", "suspended", "pending"]),
        "city": _CELL,
        "shoe size": _CELL,
    }
)


async def export(services: ServiceHarness, file_format: str = "csv", state: str | None = None) -> str:
    return await services.database.read(
        lambda tx: "".join(export_subscribers(tx, "news", file_format=file_format, state=state))
    )


def written(rows: list[dict[str, str]]) -> bytes:
    header = ["email", *(rows[0] if rows else [])]
    addresses = [["+plus@x.example", "-dash@x.example", "'quote@x.example", "a@x.example"][i] for i in range(len(rows))]
    lines = [[address, *(row[name] for name in header[1:])] for address, row in zip(addresses, rows, strict=True)]
    return "".join(as_csv(header, lines)).encode()


async def import_members(services: ServiceHarness, content: bytes) -> None:
    await services.make_list()
    members = read_members(BytesIO(content), "members.csv", "csv", mapped={}).members
    rows = [member.as_row() for member in members if isinstance(member, SourceMember)]
    answer = await services.subscribers.import_batch("news", rows)
    assert (len(rows), []) == (answer["added"], answer["invalid"])


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_ROW, min_size=1, max_size=4))
def test_an_export_taken_in_elsewhere_is_exported_alike(rows: list[dict[str, str]]) -> None:
    """Whatever cells and states there are: file → database → file → database → file."""

    async def story(folder: Path) -> None:
        async with open_services(folder / "one") as services:
            await import_members(services, written(rows))
            first, as_json = await export(services), await export(services, "json")
        async with open_services(folder / "two") as services:
            await import_members(services, first.encode())
            assert first == await export(services)
            assert json.loads(as_json) == json.loads(await export(services, "json"))
        by_address = {row["email"]: row for row in json.loads(as_json)}
        for cells in rows:
            assert any(
                cells["name"] == row["name"] and cells["city"] == row["attributes"].get("city", "")
                for row in by_address.values()
            )

    with tempfile.TemporaryDirectory() as folder:
        for name in ("one", "two"):
            (Path(folder) / name).mkdir()
        asyncio.run(story(Path(folder)))


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"], ids=repr)
def test_a_line_end_in_a_cell_begins_no_record(end: str) -> None:
    """Whatever kind it is: what is behind it would be cells of somebody else, and a formula."""
    rows = [["a", f"b{end}=c"], [f"{end}d", "e"]]
    file = BytesIO("".join(as_csv(["email", "city"], rows)).encode())
    assert rows == [[unescape_cell(cell) for cell in record.cells] for record in list(read_records(file))[1:]]


async def test_one_state_alone_can_be_exported(tmp_path: Path) -> None:
    async with open_services(tmp_path) as services:
        await import_members(services, b"email,state\na@x.example,\nb@x.example,unsubscribed\n")
        rows = json.loads(await export(services, "json", "unsubscribed"))
        assert ["b@x.example"] == [row["email"] for row in rows]
        assert [] == json.loads(await export(services, "json", "suspended"))


async def test_suppressions_are_written_without_the_erased(tmp_path: Path) -> None:
    async with open_services(tmp_path) as services:
        await import_members(services, b"email\na@x.example\n")
        rows = list(parse_suppressions(BytesIO(b"=b@x.example,complaint,2020-01-02T03:04:05Z\nc@x.example\n")))
        await services.suppressions.import_batch(rows)  # type: ignore[arg-type]
        await services.subscribers.erase(parse_address("a@x.example"))
        text = await services.database.read(lambda tx: "".join(export_suppressions(tx)))
        assert (
            "address,reason,since\n'=b@x.example,complaint,2020-01-02T03:04:05Z\nc@x.example"
            == text.rpartition(",operator")[0]
        )
