"""An installation that is read from its PostgreSQL server."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest
from tests import postgresql

from pressrun.core.errors import BadInput, Unavailable
from pressrun.operations.installations.listmonk import open_listmonk

TABLES = """
create table subscribers (id serial, uuid uuid, email text, name text, attribs jsonb, status text,
    updated_at timestamptz default now());
create table lists (id serial, uuid uuid, name text, type text, optin text, description text);
create table subscriber_lists (subscriber_id integer, list_id integer, status text, created_at timestamptz);
create table campaigns (id serial, uuid uuid);
create table campaign_lists (campaign_id integer, list_id integer);
create table bounces (subscriber_id integer, type text);
create table settings (key text, value jsonb);
insert into lists (uuid, name, type, description) values (gen_random_uuid(), 'Tides', 'public', '');
insert into subscribers (uuid, email, name, attribs, status)
    values ('c9a1d6de-6d0e-4b0f-b5e8-7e0a2d3b5c11', 'ada@x.example', 'Ada', '{"city": "Köln"}', 'enabled');
insert into subscriber_lists values (1, 1, 'confirmed', '2020-05-01 14:00:00+02');
"""


@pytest.mark.needs("postgresql")
@pytest.mark.only_on("sqlite", "the server is a source here")
def test_a_server_says_the_same_as_its_dump() -> None:
    """Its own types come as texts; a table that is not there, and a server that is not, are named."""
    server = postgresql.shared_server()
    with closing(postgresql.OwnDatabases(server)) as made:
        url = server.url(made.new())
        with psycopg.connect(url) as connection:
            connection.execute(TABLES.encode())
        with closing(open_listmonk(url, None)) as installation:
            (old,) = installation.lists()
            (member,) = installation.members(old)
            assert ["ada@x.example"] == [address for _, address in installation.personal_links(old)]
        assert ("active", {"city": "Köln"}, "2020-05-01T12:00:00Z") == (
            member.state.value,
            member.fields,
            member.subscribed_at,
        )
        with psycopg.connect(url) as connection:
            connection.execute("drop table bounces")  # as in releases before 2.0
        with closing(open_listmonk(url, None)) as installation:
            assert [member] == list(installation.members(*installation.lists()))
        with psycopg.connect(url) as connection:
            connection.execute("drop table subscriber_lists")
        with pytest.raises(BadInput, match="has no table subscriber_lists"):
            open_listmonk(url, None)
    with pytest.raises(Unavailable, match="PostgreSQL server"):
        open_listmonk("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2", None)
