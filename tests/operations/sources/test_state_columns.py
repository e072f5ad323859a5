"""Files in the shapes of other services: nobody who left, bounced or never confirmed becomes an active reader."""

from __future__ import annotations

import re
from io import BytesIO

import pytest

from pressrun.core.errors import BadInput
from pressrun.operations.csv_records import BadRow
from pressrun.operations.sources.column_names import holds_addresses
from pressrun.operations.sources.columns import key_for, parse_map
from pressrun.operations.sources.formats import read_members
from pressrun.operations.sources.states import read_flag, read_state

# For each service: the header, a row of a reader who gets mail, one of a reader who does not, and the state of that one
# after the import.
SHAPES = {
    "Ghost": (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,created_at,deleted_at,labels",
        "1,on@x.example,On,,true,false,2024-01-15T10:00:00.000Z,,",
        "2,off@x.example,Off,,false,false,2024-01-15T10:00:00.000Z,,",
        "unsubscribed",
    ),
    "Substack": (
        "email,active_subscription,expiry,plan,email_disabled,created_at",
        "on@x.example,false,,other,false,2025-01-01",
        "off@x.example,true,,yearly,true,2025-01-01",
        "suspended",
    ),
    "Buttondown": (
        "email_address,notes,tags,creation_date,type,source,unsubscription_date",
        "on@x.example,,,2024-01-01,regular,api,",
        "off@x.example,,,2024-01-01,churned,api,2024-03-01T10:00:00Z",
        "unsubscribed",
    ),
    "Kit": (
        "first_name,email_address,state,created_at",
        "On,on@x.example,active,2025-03-03",
        "Off,off@x.example,cancelled,2025-03-03",
        "unsubscribed",
    ),
    "MailerLite": (
        "Subscriber,Sent,Opens,Status,Location",
        "on@x.example,1,1,active,DE",
        "off@x.example,1,1,junk,DE",
        "suppressed",
    ),
    "Brevo": (
        "CONTACT ID;EMAIL;FIRSTNAME;SMS;EMAIL_BLACKLISTED;SMS_BLACKLISTED;ADDED_TIME",
        "1;on@x.example;On;;No;No;12-04-2022 09:30",
        "2;off@x.example;Off;;Yes;No;12-04-2022 09:30",
        "suppressed",
    ),
    "Constant Contact": (
        "Email address,First name,Email status,Email permission status,Confirmed Opt-Out Date",
        "on@x.example,On,Active,Implied,",
        "off@x.example,Off,Active,Opted-out,2021-01-01",
        "unsubscribed",
    ),
    "HubSpot": (
        "Record ID,First Name,Email,Unsubscribed from all email,Lead Status,Number of bounces",
        "1,On,on@x.example,,Open,3",
        "2,Off,off@x.example,true,Open,0",
        "unsubscribed",
    ),
    "Klaviyo": (
        "Email,First Name,Email Marketing Consent,Email Suppressions",
        "on@x.example,On,SUBSCRIBED,[]",
        "off@x.example,Off,NEVER_SUBSCRIBED,[]",
        "unconfirmed",
    ),
    "Shopify": (
        "First Name,Email,Accepts Email Marketing,Tags",
        "On,on@x.example,yes,",
        "Off,off@x.example,no,",
        "unsubscribed",
    ),
    "Mautic": ("id,email,firstname,doNotContact", "1,on@x.example,On,0", "2,off@x.example,Off,1", "unsubscribed"),
    "MailPoet": (
        "E-Mail;Vorname;Listenstatus;Globaler Status",
        "on@x.example;On;Abonniert;Abonniert",
        "off@x.example;Off;Abgemeldet;Abonniert",
        "unsubscribed",
    ),
    "MailPoet in English": (
        '\ufeff"Email","First name","Last name","Confirmation time","List status","Global status","List"',
        '"on@x.example","On","","2024-01-02 03:04:05","subscribed","subscribed","News"',
        '"off@x.example","Off","","","subscribed","bounced","News"',
        "suppressed",
    ),
    "CiviCRM": (
        "Contact ID,Email,Do Not Email,No Bulk Emails (User Opt Out),On Hold",
        "1,on@x.example,No,No,No",
        "2,off@x.example,No,Yes,No",
        "unsubscribed",
    ),
    "Keila": ("Email,First name,Status", "on@x.example,On,active", "off@x.example,Off,unreachable", "suppressed"),
    "Spanish": ("Correo electrónico;Estado", "on@x.example;Activo", "off@x.example;Baja", "unsubscribed"),
    "French": ("Adresse e-mail;Statut", "on@x.example;Abonné", "off@x.example;Désabonné", "unsubscribed"),
    "Portuguese": ("E-mail,Situação", "on@x.example,Ativo", "off@x.example,Cancelado", "unsubscribed"),
    "German": ("E-Mail-Adresse;Abgemeldet am", "on@x.example;", "off@x.example;01.02.2024", "unsubscribed"),
}


def read(content: str, *pairs: str) -> list[tuple[str, str]]:
    """The addresses with their states, or the reasons why rows were refused."""
    rows = read_members(BytesIO(content.encode()), "readers.csv", "csv", mapped=parse_map(pairs)).members
    return [("refused", row.reason) if isinstance(row, BadRow) else (row.address, row.state.value) for row in rows]


@pytest.mark.parametrize("service", SHAPES)
def test_nobody_who_left_becomes_active_and_the_error_has_the_options_to_add(service: str) -> None:
    """What an operator gets who adds exactly what each error suggests."""
    header, on, off, state = SHAPES[service]
    content = f"{header}\n{on}\n{off}\n"
    pairs: list[str] = []
    while suggested := _suggested(content, pairs):
        pairs += suggested
    assert [("on@x.example", "active"), ("off@x.example", state)] == read(content, *pairs)


def _suggested(content: str, pairs: list[str]) -> list[str]:
    """What the error for a file suggests to add, and nothing once there is none."""
    try:
        read(content, *pairs)
    except BadInput as problem:
        return [pair for pair in re.findall(r"--map '([^']+=[a-z]+)'", str(problem)) if pair not in pairs]
    return []


def test_the_error_says_how_to_keep_what_only_sounds_so() -> None:
    """`Estado` is the state of an address in Mexico, too. A merge field cannot have the name of a key."""
    with pytest.raises(BadInput, match=r"--map 'Estado=-', and to keep it as a merge field, --map 'Estado=Estado'$"):
        read("email,Estado\na@x.example,Jalisco\n")
    assert [("a@x.example", "active")] == read("email,Estado\na@x.example,Jalisco\n", "Estado=Estado")
    with pytest.raises(BadInput, match=r"use --map 'Confirmed=-'$"):
        read("email,Confirmed\na@x.example,yes\n")


def test_a_name_in_capitals_means_the_same() -> None:
    """Spreadsheets are often written with headings in capitals."""
    content = "Email,Unsubscribed,Suppressed\na@x.example,no,no\nb@x.example,YES,no\nc@x.example,no,Oui\n"
    assert ["active", "unsubscribed", "suppressed"] == [state for _, state in read(content)]


def test_a_cell_that_says_that_somebody_left_refuses_its_row() -> None:
    """Whatever the column is called. The operator may say that it is about something else."""
    content = "email,group\na@x.example,choir\nb@x.example,Unsubscribed\n"
    (_, first), (refused, reason) = read(content)
    assert ("active", "refused") == (first, refused)
    assert "--map 'group=state'" in reason
    assert ["active", "active"] == [state for _, state in read(content, "group=group")]


def test_files_of_mailchimp_need_their_format() -> None:
    """Its file of those who left has the columns of the others, so that a map of the address would import them."""
    content = "Email Address,MEMBER_RATING,UNSUB_TIME,LEID,EUID\na@x.example,2,2021-01-01 00:00:00,1,e\n"
    for pairs in ((), ("Email Address=email",), ("Email Address=email", "UNSUB_TIME=-")):
        with pytest.raises(BadInput, match="--format mailchimp"):
            read(content, *pairs)


def test_our_own_export_is_read_back_whatever_its_fields_are_called() -> None:
    """They were merge fields before, too."""
    header = "email,name,language,subscribed_at,consent_source,consent_ip,state,Email status"
    assert [("a@x.example", "active")] == read(f"{header}\na@x.example,,,,,,active,bounced\n")


@pytest.mark.parametrize(
    "column",
    [
        *("Lead status", "marital_status", "Order Status", "town", "Bounces", "Number of bounces", "Emails bounced"),
        *("subscribed_at", "OPTIN_TIME", "unsubscribe_url", "SMS_BLACKLISTED", "active_subscription"),
    ],
)
def test_other_columns_are_merge_fields(column: str) -> None:
    """A refusal of a good file would be a false alarm."""
    assert key_for(column) is None


@pytest.mark.parametrize(
    ("column", "is_it"),
    [
        *(("Email Address", True), ("E-mail 1 - Value", True), ("Courriel", True), ("E-Mail-Adresse", True)),
        *(("Mail", True), ("E-mail 1 - Type", False), ("Email status", False), ("Emails sent", False)),
    ],
)
def test_the_column_of_addresses_is_found_by_its_name(column: str, is_it: bool) -> None:
    """So that the error can name it."""
    assert is_it == holds_addresses(column)


def test_columns_that_cannot_be_fields_are_named_together() -> None:
    """One option leaves each of them out."""
    with pytest.raises(BadInput, match=r"--map 'Created \(UTC\)=-' --map '#=-'"):
        read("email,Created (UTC),#\na@x.example,,1\n")


def test_a_date_says_yes_and_zeros_of_mysql_say_no() -> None:
    """Many programs write since when something is so; an empty cell does not say that somebody wants to leave."""
    for cell in ("2024-05-01", "01.02.2024 10:00", "5/1/2024", "2024-05-01T10:00:00Z"):
        assert "unsubscribed" == read_flag("unsubscribed", cell).state
    assert "active" == read_flag("unsubscribed", "0000-00-00 00:00:00").state
    with pytest.raises(BadInput):
        read_flag("subscribed", "")


@pytest.mark.parametrize("word", ["Opted-out", "opted out", "Désinscrit", "dado de baja", "Abgemeldet", "CANCELED"])
def test_words_of_other_programs_and_languages_are_understood(word: str) -> None:
    """With and without accents, blanks and capitals."""
    assert "unsubscribed" == read_state(word).state


@pytest.mark.parametrize("moment", ["2025-03-03 10:00:00 UTC", "2025-03-03 05:00:00 -0500", "2025-03-03T10:00:00.000Z"])
def test_times_of_other_programs_are_understood(moment: str) -> None:
    """With a column that `--map` calls subscribed_at."""
    content = f"email,created_at\na@x.example,{moment}\n"
    (row,) = read_members(BytesIO(content.encode()), "f", "csv", mapped=parse_map(["created_at=subscribed_at"])).members
    assert not isinstance(row, BadRow)
    assert row.subscribed_at in ("2025-03-03T10:00:00Z", "2025-03-03T05:00:00-05:00")


@pytest.mark.parametrize(
    ("header", "pairs", "options"),
    [
        ("email,First Name,Last Name", [], "--map 'First Name=name' --map 'Last Name=name'"),
        ("EMAIL;VORNAME;NACHNAME", [], "--map 'VORNAME=name' --map 'NACHNAME=name'"),
        ("email,First Name,Full name", [], "add --map 'Full name=name'"),
        ("email,firstname,lastname", ["firstname=name"], ""),
        ("email,name,firstname", [], ""),
        ("email,town", [], ""),
    ],
)
def test_a_file_that_names_nobody_although_it_could_gets_a_warning(header: str, pairs: list[str], options: str) -> None:
    """Its columns become merge fields, and the readers stay without a name."""
    file = read_members(BytesIO(f"{header}\n".encode()), "readers.csv", "csv", mapped=parse_map(pairs))
    assert bool(options) == bool(file.warning)
    assert options in file.warning
