"""A large database for tests and figures of query plans: readers, an edition for all of them, and some of the rest."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg

LISTS = 50
EDITION = 2000  # the id of the one that goes to everybody; those before it are the archive


def fill_people(connection: sqlite3.Connection, readers: int) -> None:
    """Fill a fresh database with readers and their lists alone."""
    connection.executescript(f"begin; {_PEOPLE} commit;".format(readers=readers, some=max(1, readers // 100)))


def fill(connection: sqlite3.Connection, readers: int, *, state: str) -> None:
    """Fill a fresh database: `state` is that of every copy and notice, `queued` or `delivered`."""
    some = max(1, readers // 100)
    connection.executescript(
        f"begin; {_PEOPLE} {_COPIES} {_OTHERS} commit;".format(readers=readers, some=some, state=state)
    )


def copy(source: sqlite3.Connection, target: psycopg.Connection[Any]) -> None:
    """Copy all rows into a database on a server that has the tables already."""
    target.execute("set session_replication_role = replica")  # in any order, and without triggers
    tables = target.execute(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        " and relname not in ('schema_version', 'limit_gate')"  # SQLite has none
    )
    for (table,) in tables.fetchall():
        columns = "rowid, 't', ' t ', shown" if table == "archive_search" else "*"
        rows = source.execute(f"select {columns} from {table}")
        names = [name for name, *_ in rows.description]
        listed = "rowid, lexemes, words, shown" if table == "archive_search" else ", ".join(names)
        target.execute(f"delete from {table}")
        with target.cursor().copy(f"copy {table} ({listed}) from stdin") as copying:
            for row in rows:
                copying.write_row(row)


_SERIES = "(with recursive n (i) as (select 1 union all select i + 1 from n where i < {%s}) select i from n)"
_READERS, _SOME = _SERIES % "readers", _SERIES % "some"

_PEOPLE = f"""
insert into list (name, title, from_address, created_at)
select 'list-' || i, 'List', 'list@lists.example', 1
from (with recursive n (i) as (select 1 union all select i + 1 from n where i < {LISTS}) select i from n);
insert into subscriber (address, address_key, domain, suppression_digest, mailbox_digest, created_at)
with made (i, key) as materialized (select i, lower(hex(randomblob(6))) from {_READERS}) -- in no order
select key || '@d.example', key || '@d.example', 'd' || (i % 50) || '.example', randomblob(32),
    iif(i % 10 = 0, randomblob(32), null), 1
from made;
insert into subscription (list_id, subscriber_id, state, source, since)
select 1, id, 'active', 'import', 1 from subscriber;
insert into suppression (digest, reason, since) select randomblob(32), 'erased', 1 from {_SOME};
insert into suspension (subscriber_id, since, first_edition_id) select i, 1, 1 from {_SOME};
insert into destination_domain (domain, destination, learned)
select 'd' || i || '.example', 'lane', 0 from {_SOME} where i <= 10;
"""

_COPIES = f"""
insert into edition (list_id, slug, state, subject, title, language, source_name, source_digest, message_secret,
    audience, created_at, started_at, first_claim_at)
select 1 + i % {LISTS}, 'e' || i, iif(i = {EDITION}, 'sending', 'finished'), 's', 's', 'en', 'e.md', randomblob(32),
    x'00', iif(i = {EDITION}, {{readers}}, 0), i, i, i
from (with recursive n (i) as (select 1 union all select i + 1 from n where i < {EDITION}) select i from n);
insert into edition_content (edition_id, source, skeleton, text) select id, x'00', x'00', 't' from edition;
insert into archive_search (rowid, list, title, words, shown) select id, 'l1', 't', 't', 't' from edition;
update id_counter set last_id = {EDITION} where name = 'edition';
insert into delivery (edition_id, subscription_id, domain, state, due_at, recorded_at)
select {EDITION}, subscription.id, subscriber.domain, '{{state}}', 1, iif('{{state}}' = 'queued', null, 1)
from subscription join subscriber on subscriber.id = subscription.subscriber_id order by subscription.id;
insert into copy_count (edition_id, {{state}}) select id, audience from edition;
insert into handover (delivery_id, at) select i, 1 from {_SOME};
"""

_OTHERS = f"""
insert into notice (kind, list_id, subscriber_id, address, language, message_secret, created_at)
select 'confirmation', 1, i, 'r' || i || '@d.example', 'en', x'00', 1 from {_SOME};
insert into delivery (notice_id, domain, state, due_at, recorded_at)
select id, 'd.example', '{{state}}', 1, iif('{{state}}' = 'queued', null, 1) from notice;
insert into held_notice (notice_id, domain, expires_at) select id, 'd.example', 1 from notice where id <= 200;
insert into consent (number, subscriber_id, list_id, event, at, salt, content, content_digest, chain)
select i, i, 1, 'imported', 1, x'00', '{{{{}}}}', x'00', x'00' from {_READERS};
insert into confirmation (subscription_id, round, created_at, expires_at) select i, 0, 1, 1 from {_SOME};
insert into unsubscribe (subscription_id, former, left_at, expires_at, notice_queued)
select i, '{{{{}}}}', 1, 1, 1 from {_SOME};
insert into address_change (subscriber_id, old_address, new_address, state, created_at, expires_at)
select i, 'o@d.example', 'n@d.example', 'asked', 1, 1 from {_SOME};
insert into pending_request (kind, list_id, address, trust) select 'sign-up', 1, 'r@d.example', 'proven' from {_SOME};
insert into limit_event (scope, subject, at, serial) select 'sign_ups_per_ip', randomblob(8), i, 0 from {_SOME};
insert into inbound_content (digest, content) select randomblob(32), x'00' from {_SOME};
insert into inbound (digest, content_id, mail_from, recipient, peer, utf8, received_at, state, recorded_at)
select randomblob(32), id, '', 'news', '', 0, 1, iif(id % 2, 'received', 'done'), 1 from inbound_content;
"""
