-- The journal of events, for programs that follow what happens.
create table event (
    id integer primary key autoincrement,
    at integer not null,
    type text not null,
    list_id integer,
    subscriber_id integer,
    edition_id integer,
    actor text not null,
    how text not null,
    object text
) strict;
insert into id_counter (name, last_id) values ('event', 0);
