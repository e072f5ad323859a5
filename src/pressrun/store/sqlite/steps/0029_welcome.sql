-- A list may greet each new reader with a mail that is written as an edition is.
alter table edition add column is_welcome integer not null default 0 check (is_welcome in (0, 1));
create table welcome (
    list_id integer primary key references list on delete cascade,
    edition_id integer not null references edition on delete cascade
) strict;
create index welcome_by_edition on welcome (edition_id);
