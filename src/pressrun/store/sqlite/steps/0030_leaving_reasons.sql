-- Why readers leave, where they say so: counted by list and month, with nothing of any reader.
alter table leaving add column has_said_why integer not null default 0 check (has_said_why in (0, 1));
create table leaving_reason (
    list_id integer not null references list on delete cascade,
    month text not null,
    reason text not null check (reason in ('too-many', 'not-expected', 'never-signed-up', 'other')),
    number integer not null,
    primary key (list_id, month, reason)
) strict, without rowid;
