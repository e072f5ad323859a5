-- On the web, too, people ask by an address to be mailed a link to unsubscribe.
create table new_errand (
    id integer primary key autoincrement,
    kind text not null check (kind in ('sign-up', 'preferences', 'unsubscribe')),
    list_id integer references list on delete cascade,
    address text not null,
    name text not null default '',
    language text not null default '',
    ip text,
    words text not null default '',
    trust text not null check (trust in ('worked', 'proven', 'unproven', 'trap')),
    set_aside_at integer
) strict;
insert into new_errand (id, kind, list_id, address, name, language, ip, words, trust, set_aside_at)
select id, kind, list_id, address, name, language, ip, words, trust, set_aside_at from errand;
drop table errand;
alter table new_errand rename to errand;
create index errand_by_list on errand (list_id) where list_id is not null;
