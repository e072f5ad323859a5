create table edition_tally (
    edition_id integer not null references edition on delete cascade,
    what text not null check (what in ('deferred', 'unsubscribed', 'complained')),
    at integer not null,
    number integer not null,
    primary key (edition_id, what, at)
) strict, without rowid;

create table handover (
    delivery_id integer primary key references delivery on delete cascade,
    at integer,
    code integer,
    enhanced text,
    reply text
) strict;
