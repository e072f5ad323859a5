create table list_removal (
    list_id integer primary key references list on delete cascade,
    asked_at integer not null,
    events_through integer not null default 0
) strict;
