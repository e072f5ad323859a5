-- SQLite changes no check in place: the table is made anew, with what waits in it.
drop index errand_by_list;
alter table errand rename to errand_before;
create table errand (
    id integer primary key autoincrement,
    kind text not null check (kind in ('sign-up', 'preferences')),
    list_id integer references list on delete cascade,
    address text not null,
    name text not null default '',
    language text not null default '',
    ip text,
    words text not null default '',
    trust text not null check (trust in ('worked', 'proven', 'unproven', 'trap'))
) strict;
insert into errand (id, kind, list_id, address, name, language, ip, words, trust)
select id, kind, list_id, address, name, language, ip, words, trust from errand_before;
drop table errand_before;
create index errand_by_list on errand (list_id) where list_id is not null;
