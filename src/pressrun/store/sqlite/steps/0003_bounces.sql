-- What a bounce said of a copy, and readers who were suspended for bounces.
alter table delivery add column bounce text check (bounce in ('gone', 'full', 'unreachable', 'other', 'message', 'policy'));

-- Readers whose copies bounced until they were suspended on every list, and the one question that they are asked.
create table suspension (
    subscriber_id integer primary key references subscriber on delete cascade,
    since integer not null,                   -- when the limit was reached
    first_edition_id integer not null,        -- the first one that bounced: from here on they missed editions
    asked_at integer,                         -- the question went out; null: not yet
    ended_at integer                          -- they came back: what bounced before counts no more; null: suspended
) strict;
create index suspension_to_ask on suspension (since) where asked_at is null and ended_at is null;
