"""Files as Mailman, mlmmj, Sympa, listmonk, phpList and Mailchimp write them, and what becomes of each member."""

from __future__ import annotations

from io import BytesIO
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.core.errors import BadInput, UsageError
from pressrun.operations.csv_records import BadRow
from pressrun.operations.sources.columns import parse_map
from pressrun.operations.sources.formats import FORMATS, STATES, read_members
from pressrun.operations.sources.lines import sympa_fields
from pressrun.operations.sources.member import SourceMember
from pressrun.operations.sources.remedies import KEYS, LEFT_OUT
from pressrun.operations.sources.states import FLAGS
from pressrun.services.members.row_checks import FILE_COLUMNS, FLAGS_BY_NAME

# As the table in docs/how-to/import.md has them.
STRICTEST_FIRST = ("blocked", "complained", "bounced", "unsubscribed", "unconfirmed", "disabled", "active")
# Lines of `mailman members` 3.3.10.
MAILMAN = """\
Anna Ärger <m0000@mm.example>
Berg, Karl (Verein) <m0001@mm.example>
=?utf-8?q?Caf=C3=A9_Muster?= <m0002@mm.example>
m0003@mm.example
Dora "Do" Quote <m0004@mm.example>
Ünï <Cödé> <m0006@mm.example>
O'Brien, Fiona <m0007@mm.example>
"""
# Stanzas of `sympa dump` 6.2.76.
SYMPA = """\
date 1500000001
email m0001@sy.example
gecos Berg, Karl (Verein)
number_messages 0
reception mail
subscribed 1
update_date 1600000001
visibility noconceal

bounce 1700000000 1700000100 5 5.1.1
bounce_score 90
date 1500000003
email m0003@sy.example
gecos =?utf-8?q?Caf=C3=A9?=
reception mail
subscribed 1

attrib <?xml version="1.0" encoding="UTF-8" ?><custom_attributes><custom_attribute id="town"><value>Ulm &amp; so</value></custom_attribute></custom_attributes>
custom_attribute <?xml version="1.0" encoding="UTF-8" ?><custom_attributes></custom_attributes>
date 1500000004
email m0004@sy.example
reception digest

date 1500000007
email m0007@sy.example
enddate 1796699833
reception mail
startdate 1795749433
suspend 1

email m0030@sy.example
reception nomail
"""  # noqa: E501 - as Sympa writes it
LISTMONK = """\
uuid,email,name,attributes,status,created_at,updated_at
u,a@lm.example,Ann,"{""city"": ""Ulm"", ""rank"": 3, ""email"": ""x"", ""none"": null}",enabled,2023-01-02 15:04:05.123456 +0000 UTC,z
u,b@lm.example,Bob,{},disabled,2023-01-02 15:04:05.1 +0200 +0200,z
u,c@lm.example,Cid,{},blocklisted,2023-01-02 15:04:05 +0200 CEST,z
"""  # noqa: E501 - as listmonk writes it
PHPLIST_HEADER = (
    "id\tEmail\tIs this subscriber confirmed\tIs this subscriber blacklisted\tDid this subscriber manually confirm\t"
    "Number of bounces\tEntered\tLast Modified\tUnique ID\tSend this subscriber HTML emails\tRSS Frequency\t"
    "Is this account disabled?\tAdditional data\tForeign Key\tTown\tList Membership\n"
)


def phplist_row(number: int, *, confirmed: str = "1", blacklisted: str = "0", disabled: str = "0") -> str:
    return (
        f"{number}\tm{number}@pl.example\t{confirmed}\t{blacklisted}\t0\t0\t2020-01-01 10:00:00\t2021-01-01 10:00:00\t"
        f'abc\t1\t\t{disabled}\t\t\' +49 123\t"a ""b"""\tnews; \n'
    )


MAILCHIMP_COMMON = (
    "MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,TIMEZONE,LAST_CHANGED,LEID,EUID,NOTES"
)
MAILCHIMP_CELLS = (
    '2,"2015-01-01 10:00:00",192.0.2.1,"2015-01-02 10:00:00",192.0.2.2,48.4,Europe/Berlin,"2020-01-01 00:00:00",1,e,n'
)


def read(content: str | bytes, program: str, *, pairs: tuple[str, ...] = (), state: str | None = None) -> list[object]:
    file = BytesIO(content.encode() if isinstance(content, str) else content)
    return list(read_members(file, "file", program, mapped=parse_map(pairs), state=state).members)


def states(rows: list[object]) -> list[str]:
    return [row.state.value if isinstance(row, SourceMember) else "refused" for row in rows]


def test_mailman_does_not_quote_names() -> None:
    """A comma, brackets, quotes and angle brackets may be part of a name; encoded-words are decoded."""
    rows = read(MAILMAN, "mailman")
    assert [
        ("Anna Ärger", "m0000@mm.example"),
        ("Berg, Karl (Verein)", "m0001@mm.example"),
        ("Café Muster", "m0002@mm.example"),
        ("", "m0003@mm.example"),
        ('Dora "Do" Quote', "m0004@mm.example"),
        ("Ünï <Cödé>", "m0006@mm.example"),
        ("O'Brien, Fiona", "m0007@mm.example"),
    ] == [(row.name, row.address) for row in rows if isinstance(row, SourceMember)]


def test_mailman_2_quotes_names() -> None:
    """`list_members -f` writes names as Python's formataddr does."""
    (row,) = read('"Berg, Karl \\"K\\" (Verein)" <k@mm.example>\n', "mailman2")
    assert isinstance(row, SourceMember)
    assert ('Berg, Karl "K" (Verein)', "k@mm.example") == (row.name, row.address)


def test_an_empty_list_of_mailman_has_nobody() -> None:
    """`mailman members` says so in words."""
    assert [] == read("news.mm.example has no members\n", "mailman3")


@pytest.mark.parametrize("program", ["mailman2", "mailman3"])
def test_what_mailman_leaves_open_is_said(program: str) -> None:
    """Its lines do not say whose delivery is off, unless the operator does."""
    file = read_members(BytesIO(b"a@x.example\n"), "f", program, mapped={})
    assert "delivery is off" in file.warning
    known = read_members(BytesIO(b"a@x.example\n"), "f", program, mapped={}, state="suspended")
    assert ("", ["suspended"]) == (known.warning, states(list(known.members)))


def test_lines_without_an_address_are_refused_by_number() -> None:
    """The others go on."""
    rows = read("a@x.example\n\nJust a name\nName <>\nb@x.example\n", "mlmmj")
    assert [(1, "active"), (3, "refused"), (4, "refused"), (5, "active")] == [
        (row.line, state)
        for row, state in zip(rows, states(rows), strict=True)
        if isinstance(row, SourceMember | BadRow)
    ]


def test_sympa_says_who_gets_no_mail() -> None:
    """Who suspended their subscription, chose nomail or bounces is suspended."""
    rows = read(SYMPA, "sympa")
    assert ["active", "suspended", "active", "suspended", "suspended"] == states(rows)
    first, bouncing, third, *_ = rows
    assert isinstance(first, SourceMember)
    assert isinstance(bouncing, SourceMember)
    assert isinstance(third, SourceMember)
    assert ("Berg, Karl (Verein)", "2017-07-14T02:40:01Z", 1) == (first.name, first.subscribed_at, first.line)
    assert ("Café", "bouncing", 10) == (bouncing.name, bouncing.was, bouncing.line)
    assert {"town": "Ulm & so"} == third.fields
    assert first.original.startswith("date 1500000001\nemail m0001@sy.example\n")


def test_half_a_character_keeps_nobody_from_being_imported() -> None:
    """JSON can name one, and no text that travels or is stored can have it."""
    row = r"""u,a@lm.example,Ann,"{""city"": ""Ulm\ud83d"", ""deep"": [""\ud83d""], ""\ud83d"": 1}",enabled,,"""
    header = LISTMONK.partition("\n")[0]
    (member,) = read_members(BytesIO(f"{header}\n{row}\n".encode()), "x.csv", "listmonk", mapped={}).members
    assert isinstance(member, SourceMember)
    assert {"city": "Ulm?", "deep": '["?"]', "_": "1"} == member.fields


@pytest.mark.parametrize("stanza", ["x\n" * 1001, ("x" * 10_000 + "\n") * 500])
def test_a_stanza_of_sympa_is_refused_before_memory_holds_all_of_it(stanza: str) -> None:
    """Whether it has many lines or long ones."""
    with pytest.raises(BadInput, match="line 3: more than 1000 lines or 4194304 characters"):
        list(read_members(BytesIO(f"email a@x.example\n\n{stanza}".encode()), "x", "sympa", mapped={}).members)
    good = "".join(f"email a{number}@x.example\nx {'y' * 1000}\n\n" for number in range(4195))
    assert 4195 == len(list(read_members(BytesIO(good.encode()), "x", "sympa", mapped={}).members))


def test_attributes_of_sympa_without_an_end_take_no_time() -> None:
    """Each would look for it up to the end of the text."""
    assert {} == sympa_fields('<custom_attribute id="a"> <value>' * 60_000)


@pytest.mark.parametrize(
    ("stanza", "words"),
    [
        ("reception mail\n", "without a line `email"),
        ("email a@x.example\nreception sometimes\n", "'sometimes' is unknown"),
        ("email a@x.example\nprofile privileged\n", "owner or editor"),
    ],
)
def test_what_sympa_does_not_write_is_refused(stanza: str, words: str) -> None:
    """An unknown way to get mail must not make anybody active."""
    (row,) = read(stanza, "sympa")
    assert isinstance(row, BadRow)
    assert words in row.reason


def test_listmonk_blocks_and_disables() -> None:
    """Attributes become merge fields, and those that would hide a field of ours get another name."""
    rows = read(LISTMONK, "listmonk")
    assert ["active", "suspended", "suppressed"] == states(rows)
    ann, bob, cid = (row for row in rows if isinstance(row, SourceMember))
    assert {"city": "Ulm", "rank": "3", "_email": "x"} == ann.fields
    assert ["2023-01-02T15:04:05+00:00", "2023-01-02T15:04:05+02:00", "2023-01-02T15:04:05+02:00"] == [
        ann.subscribed_at,
        bob.subscribed_at,
        cid.subscribed_at,
    ]


def test_listmonk_leaves_open_who_left_the_list() -> None:
    """With a column that says it, they stay out."""
    assert "unsubscribed" in read_members(BytesIO(LISTMONK.encode()), "f", "listmonk", mapped={}).warning
    full = (
        "email,status,subscription_status\na@x.example,enabled,confirmed\nb@x.example,enabled,unsubscribed\n"
        "c@x.example,enabled,unconfirmed\nd@x.example,blocklisted,confirmed\ne@x.example,disabled,unsubscribed\n"
    )
    for content in (full, "sep=,\n" + full):
        assert "" == read_members(BytesIO(content.encode()), "f", "listmonk", mapped={}).warning
    assert ["active", "unsubscribed", "unconfirmed", "suppressed", "unsubscribed"] == states(read(full, "listmonk"))


def test_phplist_says_who_is_confirmed_blacklisted_and_disabled() -> None:
    """Cells that phpList guarded against spreadsheets are as they were."""
    rows = read(
        PHPLIST_HEADER
        + phplist_row(1)
        + phplist_row(2, confirmed="0")
        + phplist_row(3, blacklisted="1")
        + phplist_row(4, disabled="1")
        + phplist_row(5, confirmed="")
        + phplist_row(6, confirmed="0", blacklisted="1"),
        "phplist",
    )
    assert ["active", "unconfirmed", "suppressed", "suspended", "unconfirmed", "suppressed"] == states(rows)
    first = rows[0]
    assert isinstance(first, SourceMember)
    assert ({"Foreign Key": "+49 123", "Town": 'a "b"'}, "2020-01-01T10:00:00Z") == (first.fields, first.subscribed_at)


@pytest.mark.parametrize("missing", ["confirmed", "blacklisted"])
def test_an_export_of_phplist_without_its_states_is_refused(missing: str) -> None:
    """phpList lets people choose the columns."""
    columns = [name for name in ("email", "confirmed", "blacklisted") if name != missing]
    with pytest.raises(BadInput, match=f"no column says who .*{missing}"):
        read(",".join(columns) + "\n" + "a@x.example,1\n", "phplist")


@pytest.mark.parametrize(
    ("extra", "state", "reason"),
    [
        ("", "active", "operator"),
        (
            ",UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER",
            "unsubscribed",
            "operator",
        ),
        (",CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID", "suppressed", "hard-bounce"),
    ],
)
def test_the_columns_tell_the_three_files_of_mailchimp_apart(extra: str, state: str, reason: str) -> None:
    """Names are put together, and each part stays a merge field."""
    header = f'"Email Address","First Name","Last Name",{MAILCHIMP_COMMON}{extra}\n'
    cells = f"a@mc.example,Ann,Ärger,{MAILCHIMP_CELLS}" + "," * extra.count(",") + "\n"
    (row,) = read(header + cells, "mailchimp")
    assert isinstance(row, SourceMember)
    assert (state, reason) == (row.state, row.reason)
    assert ("Ann Ärger", {"First Name": "Ann", "Last Name": "Ärger"}) == (row.name, row.fields)
    assert ("2015-01-02T10:00:00Z", "192.0.2.2") == (row.subscribed_at, row.consent_ip)


def test_contacts_of_mailchimp_who_never_subscribed_are_refused() -> None:
    """They are in a file of their own, with the columns of the others."""
    with pytest.raises(BadInput, match="never subscribed"):
        read_members(BytesIO(b"Email Address\na@x.example\n"), "nonsubscribed_1.csv", "mailchimp", mapped={})


@pytest.mark.parametrize("column", ["status", "Blacklisted", "confirmed", "disabled", "delivery"])
def test_a_column_that_may_say_who_must_not_be_mailed_needs_a_word(column: str) -> None:
    """The message has the option to add."""
    with pytest.raises(BadInput, match=f"--map '{column}="):
        read(f"email,{column}\na@x.example,1\n", "csv")
    (row,) = read(f"email,{column}\na@x.example,1\n", "csv", pairs=(f"{column}=-",))
    assert isinstance(row, SourceMember)
    assert ("active", {}) == (row.state, row.fields)


@pytest.mark.parametrize(
    ("pair", "cells", "expected"),
    [
        (
            "status=state",
            ("enabled", "Blocklisted", "bounced", "", "odd"),
            "active suppressed suppressed refused refused",
        ),
        ("blacklisted=suppressed", ("0", "1", "", "maybe"), "active suppressed active refused"),
        ("confirmed=confirmed", ("yes", "no", ""), "active unconfirmed unconfirmed"),
        ("disabled=suspended", ("false", "TRUE", ""), "active suspended active"),
        ("delivery=delivery", ("enabled", "off", ""), "active suspended suspended"),
        ("left=unsubscribed", ("0", "1"), "active unsubscribed"),
    ],
)
def test_map_says_what_a_column_means(pair: str, cells: tuple[str, ...], expected: str) -> None:
    """A cell that nobody can read refuses its row."""
    column = pair.partition("=")[0]
    content = f"email,{column}\n" + "".join(f"a{n}@x.example,{cell}\n" for n, cell in enumerate(cells))
    assert expected.split() == states(read(content, "csv", pairs=(pair,)))


@pytest.mark.parametrize("words", list(combinations(STRICTEST_FIRST, 2)))
@pytest.mark.parametrize("step", [1, -1])
def test_the_strictest_of_several_columns_counts(words: tuple[str, ...], step: int) -> None:
    """Whichever comes first. A suppression that a reader cannot lift is stricter than one for a bounce."""
    (row,) = read(f"email,x,y\na@x.example,{','.join(words[::step])}\n", "csv", pairs=("x=state", "y=state"))
    (strictest,) = read(f"email,x\na@x.example,{words[0]}\n", "csv", pairs=("x=state",))
    assert isinstance(row, SourceMember)
    assert isinstance(strictest, SourceMember)
    assert (strictest.state, strictest.reason) == (row.state, row.reason)


def test_map_renames_columns() -> None:
    """A name may be put together from several, and a column may become a merge field of another name."""
    content = "E-Mail,Vorname,Nachname,Ort (privat)\na@x.example,Ann,Ärger,Ulm\n"
    (row,) = read(content, "csv", pairs=("e-mail=email", "Vorname=name", "Nachname=name", "Ort (privat)=town"))
    assert isinstance(row, SourceMember)
    assert ("a@x.example", "Ann Ärger", {"town": "Ulm"}) == (row.address, row.name, row.fields)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (("email",), "is not COLUMN=KEY"),
        (("=email",), "is not COLUMN=KEY"),
        (("a=email", "A=name"), "twice"),
        (("a=unsubscribe_url",), "cannot name a column"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused(pairs: tuple[str, ...], words: str) -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match=words):
        parse_map(pairs)


def test_a_map_needs_columns() -> None:
    """That of a column which the file lacks says which there are."""
    with pytest.raises(UsageError, match="has none"):
        read("a@x.example\n", "mailman3", pairs=("a=email",))
    with pytest.raises(BadInput, match="'town', but the columns are 'email'"):
        read("email\na@x.example\n", "csv", pairs=("town=name",))


@pytest.mark.parametrize("program", FORMATS)
def test_other_encodings_name_the_line(program: str) -> None:
    """Also where only one line is in another encoding."""
    with pytest.raises(BadInput, match="line 2 is not UTF-8"):
        read("email,status,confirmed,blacklisted,Email Address\nÄrger".encode() + b"\xe4@x.example\n", program)
    with pytest.raises(BadInput, match="ZIP archive"):
        read(b"PK\x03\x04\x00\x00\xff", program)


def test_a_quote_that_never_ends_is_found_before_the_first_row() -> None:
    """So nothing is half imported."""
    with pytest.raises(BadInput, match="line 3 cannot be read as CSV"):
        read_members(BytesIO(b'email\na@x.example\n"b@x.example\n'), "f", "csv", mapped={})


def test_refused_rows_keep_their_text() -> None:
    """As the file has it, over several lines and with its quotes."""
    rows = read('email,name\n"a@x.example","one\ntwo",3\nb@x.example,"B"\n', "csv")
    assert ['"a@x.example","one\ntwo",3', 'b@x.example,"B"'] == [
        row.original for row in rows if isinstance(row, SourceMember | BadRow)
    ]


_TEXT = st.text(st.sampled_from("a@x.<>\"',;=-+\t\n\\ é?|01"), max_size=40) | st.text(max_size=30)


@given(st.sampled_from(FORMATS), _TEXT, st.sampled_from([None, *STATES]))
def test_any_text_gives_rows_in_order_or_one_error_of_ours(program: str, text: str, state: str | None) -> None:
    """No parser fails in another way, and what is known of everybody in a file keeps them inactive."""
    header = {"listmonk": "email,status\n", "phplist": "email,confirmed,blacklisted\n", "mailchimp": "Email Address\n"}
    start = header.get(program, "email\n" if program == "csv" else "")
    try:
        rows = read((start + text).encode("utf-8", "replace"), program, state=state)
    except BadInput:
        return
    lines = [row.line for row in rows if isinstance(row, SourceMember | BadRow)]
    assert lines == sorted(set(lines))
    assert state in (None, "active") or "active" not in states(rows)


@given(st.text(st.sampled_from("01yesnot "), max_size=3), st.text(st.sampled_from("01yesnot "), max_size=3))
def test_nobody_of_phplist_is_active_by_mistake(confirmed: str, blacklisted: str) -> None:
    """Only a yes for confirmed and a no, or nothing, for blacklisted make an active member."""
    (row,) = read(PHPLIST_HEADER + phplist_row(1, confirmed=confirmed, blacklisted=blacklisted), "phplist")
    may_be = confirmed.strip() in ("1", "y", "yes", "t", "on") and blacklisted.strip() in ("", "0", "n", "no")
    assert may_be == (states([row]) == ["active"])


def test_no_merge_field_has_a_name_that_another_column_has() -> None:
    """Else an export with it could not be read back: a member might be left out, or somebody who left be mailed."""
    assert FILE_COLUMNS >= {*KEYS, *FLAGS, *FLAGS_BY_NAME} - {LEFT_OUT}
