-- Rows of copies can be removed once they are old enough. What became of them stays, in numbers.
alter table edition add column copies_removed_at integer;
create index delivery_bounced on delivery (subscription_id) where bounce is not null;
create table copy_outcome (
    edition_id integer not null references edition on delete cascade,
    lane text not null,
    state text not null check (state in ('delivered', 'failed', 'cancelled')),
    kind text not null,
    bounce text not null,
    code integer not null,
    enhanced text not null,
    at integer not null,
    number integer not null,
    primary key (edition_id, lane, state, kind, bounce, code, enhanced, at)
) strict, without rowid;
