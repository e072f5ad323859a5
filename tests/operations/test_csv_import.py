"""CSV files as they come from the world."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadInput
from pressrun.core.text.cells import escape_cell, unescape_cell
from pressrun.operations import csv_records
from pressrun.operations.csv_files import parse_suppressions
from pressrun.operations.csv_records import BadRow
from pressrun.operations.sources.formats import read_members
from pressrun.operations.sources.member import SourceMember
from pressrun.services.members.import_rows import ImportRow, SuppressionRow
from pressrun.services.reports.exported_members import KNOWN_COLUMNS


def parse_subscribers(file: BytesIO) -> list[ImportRow | BadRow]:
    members = read_members(file, "members.csv", "csv", mapped={}).members
    return [member.as_row() if isinstance(member, SourceMember) else member for member in members]


def rows(content: str | bytes) -> list[ImportRow | BadRow]:
    return parse_subscribers(BytesIO(content.encode() if isinstance(content, str) else content))


def test_every_other_column_becomes_a_merge_field() -> None:
    imported = rows("Email,NAME,City\nA@x.example,Ann,Rome\n")
    assert [ImportRow(line=2, email="A@x.example", name="Ann", attributes={"City": "Rome"})] == imported


def test_a_file_of_ours_has_columns_that_differ_from_its_own_in_case_alone() -> None:
    """Programs may name a column Email or State, and an export with it is read back."""
    header = ",".join(KNOWN_COLUMNS)
    imported = rows(f"{header},Email,STATE\na@x.example,,,,,,active,x,Porto\n")
    assert [{"Email": "x", "STATE": "Porto"}] == [row.attributes for row in imported if isinstance(row, ImportRow)]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_spreadsheets_may_separate_columns_in_their_own_way(separator: str) -> None:
    """Commas in the rows are text then. In a file with commas in its header, the others are text."""
    header, row = separator.join(("email", "name", "city")), separator.join(("a@x.example", "Ann, Dr.", '"Rome"'))
    expected = ImportRow(line=2, email="a@x.example", name="Ann, Dr.", attributes={"city": "Rome"})
    assert [expected] == rows(f"\ufeff{header}\r\n{row}\r\n")
    named = ImportRow(line=2, email="a@x.example", name=f"A{separator}B".replace("\t", " "))
    assert [named] == rows(f"email,name\na@x.example,A{separator}B\n")


@pytest.mark.parametrize("header", ['"Name, First";email', 'email;"Name, First"', "\r\n \r\nemail;Name"])
def test_what_separates_columns_is_neither_in_quotes_nor_below_the_first_line_with_text(header: str) -> None:
    mapped = {"name, first": "name"} if "," in header else {}
    read = read_members(BytesIO(f"{header}\r\na@x.example;a@x.example\r\n".encode()), "m.csv", "csv", mapped=mapped)
    pairs = [(member.address, member.name) for member in read.members if isinstance(member, SourceMember)]
    assert [("a@x.example", "a@x.example")] == pairs


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["sep={}\r\n", "\ufeffSEP={}\n", '"sep={}"\r\n', "sep={}\r", "sep={}  \n"])
def test_a_line_for_spreadsheets_names_the_delimiter(line: str, separator: str) -> None:
    """The header is in the next line, and lines are counted as they are in the file."""
    table = [f"email{separator}name", "", f'a@x.example{separator}"Ann,;"', "b@x.example"]
    end = "\r" if line.endswith("\r") else "\r\n"
    read = [(row.line, getattr(row, "name", None)) for row in rows(line.format(separator) + end.join(table))]
    assert [(4, "Ann,;"), (5, None)] == read


def test_suppressions_may_begin_with_a_line_for_spreadsheets() -> None:
    """With a header and without."""
    for header, line in (("address;reason\n", 3), ("", 2)):
        read = list(parse_suppressions(BytesIO(f"sep=;\n{header}a@x.example;operator\n".encode())))
        assert [SuppressionRow(line=line, address="a@x.example", reason="operator")] == read


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert [ImportRow(line=2, email="a@x.example")] == rows(b"\xef\xbb\xbfemail\r\na@x.example\r\n")


def test_lines_are_those_of_the_file() -> None:
    """Quoted line ends, blank lines and all three kinds of line ends are counted as an editor counts them."""
    imported = rows(
        'email,note\r\na@x.example,"one\ntwo\r\nthree"\r\n\r\nb@x.example,\nc@x.example,"x\n\ny"\nd@x.example,\n'
    )
    assert [2, 6, 7, 10] == [row.line for row in imported]


def test_a_row_of_another_width_is_told_and_the_others_go_on() -> None:
    imported = rows("email,name\na@x.example\nb@x.example,B\nc@x.example,C,more\n")
    assert [(2, BadRow), (3, ImportRow), (4, BadRow)] == [(row.line, type(row)) for row in imported]


def test_a_column_without_a_name_may_be_empty() -> None:
    """As spreadsheets write one at the end of each line; a value in it is not lost without a word."""
    imported = rows("email;name;\na@x.example;Ann;\nb@x.example;Bo;left\n")
    assert ImportRow(line=2, email="a@x.example", name="Ann") == imported[0]
    assert isinstance(imported[1], BadRow)
    assert "has 'left' in column 3, which has no name" == imported[1].reason


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"address,name\na@x.example,A\n", "'address', 'name'"),
        (b"address;name\na@x.example;A\n", "'address', 'name'; say which column holds the addresses"),
        (b"email;status\na@x.example;blocked\n", "may mark people who must not be mailed"),
        (b"email,city,city\na@x.example,1,2\n", "'city' appears 2 times in the header"),
        (b"email,Email\na@x.example,1\n", "'email' appears 2 times in the header"),
        (b"email,#\na@x.example,1\n", "'#' cannot name a column"),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "the file is a spreadsheet"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis", "the file is a spreadsheet"),
        (b"PK\x03\x04" + bytes(26) + b"subscribed_members.csv", "Unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "the file is a spreadsheet"),
        (b'\xef\xbb\xbf[{"email": "a@x.example"}]', "the file is JSON"),
        (b'\n{"subscribers": [\n', "the file is JSON"),
        (b"email,unsubscribe_url\na@x.example,1\n", "'unsubscribe_url' cannot name a column"),
        (b"email\na@x.example\nb\xff@x.example\n", "line 3 is not UTF-8. Save the file as UTF-8 (in Excel, as 'CSV"),
        (b'email,note\na@x.example,"a\nb"\n\xe9\n', "line 4 is not UTF-8"),
        (
            "email\na@x.example\n".encode("utf-16"),
            "line 1 is not UTF-8 but UTF-16. In Excel, save the file as 'CSV UTF-8'",
        ),
        (b"sep=;\nemail;name\na@x.example;\xe9\n", "line 3 is not UTF-8"),
        (b"sep=;\nemail,name\na@x.example,A\n", "no column `email`"),
        (b'sep=;\nemail\n"open\n', "line 3 cannot be read as CSV: a quotation mark is not closed"),
        (b"sep=x\nemail\na@x.example\n", "its first line names 'sep=x'"),
        ("email\na@x.example\n".encode("utf-16-le"), "NUL character. The file is not text, or it is UTF-16. Save it"),
        (b'email\n"open\n', "line 2 cannot be read as CSV"),
        (b'email,name\na@x.example,"Ada \\"A\\" B"\n', r"""\\"/""/g"""),
    ],
)
def test_a_file_that_is_useless_says_why(content: bytes, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        rows(content)
    assert words in str(caught.value)


@pytest.mark.parametrize("record", [b"," * 1001, b'"\n",' * 251, b'"' + b"x\n" * 501 + b'"'])
def test_a_record_is_refused_before_memory_holds_all_of_it(record: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line or in many; as many characters in several records are fine."""
    monkeypatch.setattr(csv_records, "_LONGEST_RECORD", 1000)
    with pytest.raises(BadInput, match="line 3 cannot be read as CSV: it is longer than 1000 characters"):
        rows(b"email\na@x.example\n" + record)
    assert len(rows(b"email\n" + b"a@x.example\n" * 1000)) == 1000


@pytest.mark.parametrize("cut", [65_534, 65_535, 65_536, 65_537])
def test_what_is_no_text_is_found_wherever_the_file_is_cut_for_reading(cut: int) -> None:
    """A character of four octets may begin in one piece and end, or break off, in the next."""
    lines = b"email\r\n" + b"a@x.example\r\n" * 5038
    fill = b"x" * (cut - len(lines))
    whole = "\U0001f600@x.example\r\n".encode()
    assert 5039 == len(rows(lines + fill + whole))
    with pytest.raises(BadInput, match=r"^line 5040 is not UTF-8"):
        rows(lines + fill + whole[:3] + b"x\r\n")
    with pytest.raises(BadInput, match=r"^line 5041 contains a NUL"):
        rows(lines + fill + whole + b"\0")


def test_a_file_is_read_from_where_it_is() -> None:
    """As the rest of stdin is, after something else has read the first lines."""
    file = BytesIO(b"not for us\nemail\na@x.example\n")
    file.readline()
    assert [ImportRow(line=2, email="a@x.example")] == parse_subscribers(file)


@given(st.binary(max_size=200) | st.text(alphabet="email,\"\n\r;'=\x00é", max_size=60).map(str.encode))
def test_any_octets_give_rows_or_one_error_of_ours(content: bytes) -> None:
    for parse in (parse_subscribers, parse_suppressions):
        try:
            parsed = list(parse(BytesIO(b"email,note\n" + content)))
        except BadInput:
            continue
        assert parsed == sorted(parsed, key=lambda row: row.line)


@pytest.mark.parametrize("text", ["=1+1", "+49", "-x", "@x", "\tx", "\rx", "'=1", "''@"])
def test_what_a_spreadsheet_would_compute_is_escaped_and_read_back(text: str) -> None:
    assert ("'" + text, text) == (escape_cell(text), unescape_cell(escape_cell(text)))


@given(st.text(max_size=30) | st.text(alphabet="'=+-@\t\rab", max_size=6))
def test_escaping_is_taken_off_again(text: str) -> None:
    assert text == unescape_cell(escape_cell(text))
    assert not escape_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_suppressions_are_read_with_and_without_a_header() -> None:
    expected = [SuppressionRow(line=2, address="a@x.example", reason="complaint", since="2020-01-01")]
    assert expected == list(parse_suppressions(BytesIO(b"address,reason,since\na@x.example,complaint,2020-01-01\n")))
    bare = list(parse_suppressions(BytesIO(b"a@x.example\n\nb@x.example\n")))
    assert [SuppressionRow(line=1, address="a@x.example"), SuppressionRow(line=3, address="b@x.example")] == bare


@pytest.mark.parametrize("separator", [";", "\t"])
def test_suppressions_come_from_spreadsheets_too(separator: str) -> None:
    text = "address,reason,since\na@x.example,complaint,2020-01-01\n".replace(",", separator)
    expected = [SuppressionRow(line=2, address="a@x.example", reason="complaint", since="2020-01-01")]
    assert expected == list(parse_suppressions(BytesIO(text.encode())))


def test_suppressions_under_other_headings_are_refused() -> None:
    with pytest.raises(BadInput, match="'why'"):
        parse_suppressions(BytesIO(b"address,why\na@x.example,x\n"))
    assert [BadRow(line=1, reason="has 4 fields; at most 3 are allowed")] == list(
        parse_suppressions(BytesIO(b"a,b,c,d\n"))
    )


@pytest.mark.parametrize("content", [b"", b"\n\n", b",,\n", b"sep=;\n"])
def test_an_empty_file_is_refused_with_what_it_needs(content: bytes) -> None:
    """Without an option that would name a column: there is none."""
    with pytest.raises(BadInput, match=r"^the file is empty\. It needs a first line .* `email`, and below it a line"):
        rows(content)
