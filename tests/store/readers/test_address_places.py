"""The table of places where an address can be holds every column that could hold one."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from pressrun.store.readers.address_places import PLACES
from pressrun.store.sqlite import migrate
from pressrun.store.sqlite.statements import statements

# The columns of text or octets that each place searches.
SEARCHED = {
    "consent": ["consent content"],
    "notice": ["notice address", "notice payload"],
    "notice_content": ["notice content"],
    "inbound": ["inbound mail_from", "inbound recipient", "inbound outcome"],
    "inbound_content": ["inbound_content content"],
    "address_change": ["address_change old_address", "address_change new_address"],
    "pending_request": [
        "pending_request address",
        "pending_request name",
        "pending_request words",
        "pending_request attributes",
        "pending_request url",
    ],
    "login_code": ["login_code address"],
    "confirmation": ["confirmation name", "confirmation attributes"],
    "subscriber": ["subscriber name", "subscriber attributes"],
    "job": ["job result", "job problem"],
    "suppression": ["suppression address"],
    "person": ["person address", "person address_key"],
    "identity": ["identity subject", "identity issuer"],
    "list": [
        "list title",
        "list description",
        "list from_address",
        "list owner",
        "list reply_to",
        "list postal_address",
        "list footer",
        "list cadence",
    ],
    "edition": [
        "edition subject",
        "edition title",
        "edition preheader",
        "edition issue",
        "edition_content text",
        "edition_content html",
        "edition_content source",
        "manuscript words",
        "manuscript source_url",
    ],
    "revision": ["revision source"],
}

# Deleted with the row of a reader or an editor, or emptied on copies that stay for the counts.
WITH_THE_READER = frozenset(
    {
        "subscriber address", "subscriber address_key", "delivery reply", "delivery domain", "handover reply",
    }
)  # fmt: skip

# Made of a column that is searched.
MADE_OF_SEARCHED = {
    "edition slug": "made of the subject",
    "edition_content skeleton": "built from the source",
    "edition_content text_skeleton": "built from the source",
    "archive_search list": "the id of a list",
    "archive_search shown": "the text of an edition",
    "archive_search title": "the title of an edition",
    "archive_search words": "the text of an edition",
    "draft findings": "about the source",
    "manuscript_file content": "a file of the author's",
    "manuscript_file path": "a file of the author's",
    "revision path": "a file of the author's",
    "revision source_name": "a file of the author's",
    "edition_asset content": "a file of the author's",
    "edition_asset name": "a file of the author's",
    "edition source_name": "a file of the author's",
    "list_logo content": "a file of the operator's",
    "list_logo name": "a file of the operator's",
}

_WORD = "one word of a fixed set"
_DIGEST = "a keyed or salted digest, or random octets"
_DOMAIN = "a domain, without the person"
NEVER_AN_ADDRESS = {
    "idempotency_key caller": "a word and the number of a token or person",
    "idempotency_key digest": "a digest of what the client chose, for a day",
    "idempotency_key request": "a digest of a request, for a day",
    "idempotency_key object": "a word and a number",
    "job kind": _WORD,
    "job state": _WORD,
    "job actor": "the name of a token or a person, which the operator chose",
    "job source": "the name of a token, which the operator chose",
    "job media_type": _WORD,
    "job file": "random digits",
    "job max_unsubscribes": "a number or a percentage",
    "job plan": "a digest of outcomes",
    "job digest": "a digest of a file, which is deleted with the job at the latest",
    "keyring fingerprint": _DIGEST,
    "id_counter name": _WORD,
    "session host": "the name of a machine of the operator",
    "session lock": "numbers",
    "session version": "a version of the program",
    "session config": _DIGEST,
    "session keys": _DIGEST,
    "session state": _WORD,
    "list name": "a local part of our own",
    "redirect digest": _DIGEST,
    "redirect kind": _WORD,
    "list language": "a tag (BCP 47)",
    "list archive": _WORD,
    "list post_by_mail": _WORD,
    "list approval": _WORD,
    "manuscript first_digest": _DIGEST,
    "manuscript submitted_by": "a word of ours and an id",
    "manuscript approved_by": "a word of ours and an id",
    "manuscript approved_digest": _DIGEST,
    "manuscript returned_by": "a word of ours and an id",
    "revision author": "a word of ours and an id",
    "list relay": "a name of the configuration",
    "list hours": "times of day",
    "list timezone": "an IANA time zone",
    "list layout": "a name",
    "list front": _WORD,
    "list typeface": _WORD,
    "list family": "a name",
    "list colour": "a colour",
    "list logo": _DIGEST,
    "list_logo media_type": "a media type",
    "subscriber domain": _DOMAIN,
    "subscriber suppression_digest": _DIGEST,
    "subscriber mailbox_digest": _DIGEST,
    "subscriber language": "a tag (BCP 47)",
    "subscription state": _WORD,
    "subscription state_before": _WORD,
    "subscription suspended_for": _WORD,
    "subscription source": _WORD,
    "confirmation language": "a tag (BCP 47)",
    "pending_request kind": _WORD,
    "pending_request source": "web, or the name of a token, which the operator chose",
    "pending_request language": "a tag (BCP 47)",
    "pending_request words_language": "a tag (BCP 47)",
    "pending_request also": "ids",
    "pending_request ip": "a network address",
    "pending_request trust": _WORD,
    "unsubscribe former": "states and times",
    "leaving_reason month": "a month",
    "leaving_reason reason": _WORD,
    "unsubscribe language": "a tag (BCP 47)",
    "address_change state": _WORD,
    "address_change former": "states and times",
    "person name": "a name that has no @",
    "permission role": _WORD,
    "permission readers": _WORD,
    "enter_link kind": _WORD,
    "api_token name": "a name that has no @",
    "api_token digest": _DIGEST,
    "api_token scope": _WORD,
    "api_token networks": "networks",
    "password hash": _DIGEST,
    "authenticator_app salt": _DIGEST,
    "recovery_code digest": _DIGEST,
    "passkey credential_id": "octets that the authenticator has drawn",
    "passkey credential": "a public key",
    "passkey name": "a browser and a system, of a fixed set",
    "login_code asker": _DIGEST,
    "login_code language": "a tag (BCP 47)",
    "login_session digest": _DIGEST,
    "login_session method": _WORD,
    "login_session client": "a network address",
    "login_session agent": "a browser and a system, of a fixed set",
    "event type": _WORD,
    "event actor": "a word of ours, or the name of a person or token, which has no @",
    "event how": _WORD,
    "event object": "a word of ours and an id, or the name of a relay or provider",
    "audit who": "a user of the machine, or a word of ours",
    "audit claimed": "a user of the machine, which has no @",
    "audit way": _WORD,
    "audit action": _WORD,
    "audit list": "the name of a list, which has no @",
    "audit object": "a word of ours and ids",
    "audit fields": "names of settings",
    "audit outcome": _WORD,
    "audit salt": _DIGEST,
    "audit content": "keyed digests",
    "audit content_digest": _DIGEST,
    "audit chain": _DIGEST,
    "audit_head chain": _DIGEST,
    "consent event": _WORD,
    "consent salt": _DIGEST,
    "consent content_digest": _DIGEST,
    "consent chain": _DIGEST,
    "consent ip": "a network address",
    "consent_head chain": _DIGEST,
    "consent ip_salt": _DIGEST,
    "consent ip_digest": _DIGEST,
    "suppression digest": _DIGEST,
    "suppression reason": _WORD,
    "edition state": _WORD,
    "edition language": "a tag (BCP 47)",
    "edition source_digest": _DIGEST,
    "edition message_secret": _DIGEST,
    "edition pause_reason": "ours, with a remote's words, in which no address is recorded",
    "counted_event what": _WORD,
    "copy_outcome destination": _DOMAIN,
    "copy_outcome state": _WORD,
    "copy_outcome kind": _WORD,
    "copy_outcome bounce": _WORD,
    "copy_outcome enhanced": "a status code",
    "edition_asset media_type": "a media type",
    "notice kind": _WORD,
    "notice language": "a tag (BCP 47)",
    "notice message_secret": _DIGEST,
    "held_notice domain": _DOMAIN,
    "delivery state": _WORD,
    "delivery relay": "a name of the configuration",
    "delivery enhanced": "a status code",
    "delivery kind": _WORD,
    "delivery bounce": _WORD,
    "delivery destination": _DOMAIN,
    "handover enhanced": "a status code",
    "destination_domain domain": _DOMAIN,
    "destination_domain destination": _DOMAIN,
    "destination name": _DOMAIN,
    "destination state": "numbers, and a remote's words, in which no address is recorded",
    "pace scope": "the name of a relay or a destination",
    "pace state": "numbers",
    "limit_event scope": _WORD,
    "limit_event subject": "a keyed digest, a network or a domain",
    "inbound digest": _DIGEST,
    "inbound peer": "a network address",
    "bulk_change kind": _WORD,
    "inbound state": _WORD,
    "inbound queue": _WORD,
    "inbound_content digest": _DIGEST,
}


def columns_of_words(path: Path) -> set[str]:
    """Every column of our tables that is not a number."""
    migrate.create(path, migrate.package_schema(), 1)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "select tables.name || ' ' || columns.name from pragma_table_list as tables"
            " join pragma_table_info(tables.name) as columns"
            " where tables.type in ('table', 'virtual') and tables.name not like 'sqlite_%'"
            " and columns.type not in ('INTEGER', 'REAL')"
        ).fetchall()
    return {row[0] for row in rows}


def test_every_column_is_either_a_place_or_never_holds_an_address(tmp_path: Path) -> None:
    """A new column has to be put into one of the tables above."""
    searched = [column for columns in SEARCHED.values() for column in columns]
    known = Counter([*searched, *WITH_THE_READER, *MADE_OF_SEARCHED, *NEVER_AN_ADDRESS])
    assert set(known) == columns_of_words(tmp_path / "db")
    assert [] == [column for column, number in known.items() if number > 1]


def test_every_place_reads_its_columns() -> None:
    """And has a statement that erases, or a function of its own."""
    queries = statements()
    assert set(SEARCHED) == {place.name for place in PLACES}
    for place in PLACES:
        missing = [name for name in SEARCHED[place.name] if name.partition(" ")[2] not in queries[place.select]]
        assert [] == missing
    own = {"consent", "suppression", "list", "edition"}  # erased by functions that know more than ids
    assert own == {place.name for place in PLACES if place.forget not in queries} | {"edition"}


def test_only_tables_that_grow_are_searched_beforehand() -> None:
    """A row that changed in between would be missed."""
    growing = {place.name for place in PLACES if place.grows}
    assert {"consent", "notice", "notice_content", "inbound_content"} == growing
