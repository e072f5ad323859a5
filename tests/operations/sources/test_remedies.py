"""What the API tells programs to do about columns: they have no options, so they change the file."""

from __future__ import annotations

import json
from io import BytesIO

import pytest

from pressrun.core.errors import BadInput
from pressrun.operations.sources.rosters import CSV, NDJSON, read_roster
from pressrun.services.members.import_rows import ImportRow, UnreadRow

REFUSED = {
    "email,status": "Rename 'status' to 'state' in the first line of the file, or leave out the people whom this",
    "email,email_disabled,Unsubscribed from all": "Rename 'email_disabled' to 'suspended', 'Unsubscribed from all' to",
    "email,email_disabled,confirmed": "Rename 'email_disabled' to 'suspended' in the first line of the file, or leave",
    "email,confirmed": "not be mailed. Leave out the people whom this column may mark, and this column too",
    "email,#": "Rename it in the first line of the file, or leave this column out",
    "email,#,Created (UTC)": "Rename or leave out all such columns: '#', 'Created (UTC)'",
    "E-Mail,name": "; rename the column 'E-Mail' to 'email'",
    "name,town": "; rename the column with the addresses to 'email'",
    "a@x.example": "; to import a plain list of addresses, put the word `email` on a line above them",
    "Email Address,LEID,EUID": "Send only those who are subscribed, without the columns LEID and EUID",
}


@pytest.mark.parametrize("header", REFUSED)
def test_a_program_is_told_how_to_change_its_file(header: str) -> None:
    """Not which options a verb has."""
    with pytest.raises(BadInput) as refused:
        list(read_roster(BytesIO(f"{header}\n".encode()), CSV))
    assert REFUSED[header] in str(refused.value)
    assert "--" not in str(refused.value)


def test_a_program_is_told_about_a_cell_that_says_that_somebody_left() -> None:
    (row,) = read_roster(BytesIO(b"email,group\na@x.example,unsubscribed\n"), CSV)
    assert isinstance(row, UnreadRow)
    said = "the column 'group' says 'unsubscribed'. Rename 'group' to 'state' in the first line of the file, or leave"
    assert f"{said} this person or this column out" == row.reason


@pytest.mark.parametrize("name", ["suspended", "unsubscribed", "suppressed"])
def test_the_names_that_programs_are_told_to_use_mean_that(name: str) -> None:
    """A file that was changed as the error says is accepted, and nobody whom it marks gets mail."""
    (row,) = read_roster(BytesIO(f"email,{name}\na@x.example,yes\n".encode()), CSV)
    assert "active" != getattr(row, "state", "")


@pytest.mark.parametrize("state", ["active", "pending", "unsubscribed", "Suspended"])
def test_a_field_that_cannot_be_kept_keeps_nobody_out_who_gets_no_mail(state: str) -> None:
    """If it did, the next file could bring them in. Of those who do get mail, the program hears what is wrong."""
    (row,) = _read_entry(state, fields={"unsubscribe_url": "x", "town": "Rome"})
    if state in ("active", "pending"):
        assert isinstance(row, UnreadRow)
        assert "'unsubscribe_url' cannot name a column" in row.reason
    else:
        assert ImportRow(line=1, email="a@x.example", state=state) == row


@pytest.mark.parametrize(
    "wrong", [{"fields": {"age": 41}}, {"fields": ["x"]}, {"name": 7}, {"since": 1700000000}, {"tags": ["a"]}]
)
@pytest.mark.parametrize("state", ["active", "unsubscribed", "Suspended"])
def test_a_member_that_cannot_be_read_keeps_nobody_out_who_gets_no_mail(state: str, wrong: dict[str, object]) -> None:
    """A number, or a name that means nothing here: as a column in CSV."""
    (row,) = _read_entry(state, **wrong)
    if state == "active":
        assert isinstance(row, UnreadRow)
        assert "invalid JSON object" in row.reason
    else:
        assert ImportRow(line=1, email="a@x.example", state=state) == row


def test_who_is_suppressed_is_said_to_be_whatever_else_cannot_be_read() -> None:
    (row,) = _read_entry("unsubscribed", suppressed=True, fields={"age": 41})
    assert isinstance(row, UnreadRow)
    assert "is suppressed" in row.reason


def _read_entry(state: str, **members: object) -> list[ImportRow | UnreadRow]:
    line = json.dumps({"email": "a@x.example", "state": state, **members})
    return list(read_roster(BytesIO(line.encode()), NDJSON))
