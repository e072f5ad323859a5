alter table bulk_change rename to former_bulk_change;
drop index bulk_change_by_edition;
create table bulk_change (
    id integer primary key autoincrement,
    kind text not null check (kind in ('audience', 'cancel', 'relane')),
    edition_id integer not null references edition on delete cascade,
    asked_at integer not null,
    done_through integer not null,
    last_id integer not null
) strict;
insert into bulk_change (id, kind, edition_id, asked_at, done_through, last_id)
select id, kind, edition_id, asked_at, done_through, last_id from former_bulk_change order by id;
drop table former_bulk_change;
create index bulk_change_by_edition on bulk_change (edition_id);
