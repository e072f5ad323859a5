alter table list add column leaving_note integer not null default 1 check (leaving_note in (0, 1));
alter table subscriber add column text_only integer not null default 0 check (text_only in (0, 1));
alter table edition_content add column text_skeleton blob;

create table leaving (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    former text not null,
    edition_id integer,
    left_at integer not null,
    expires_at integer not null,
    language text not null default '',
    noted integer not null default 0 check (noted in (0, 1))
) strict;
create index leaving_by_subscription on leaving (subscription_id);
create index leaving_by_end on leaving (expires_at);
create index leaving_to_note on leaving (id) where noted = 0;

create table address_change (
    id integer primary key autoincrement,
    subscriber_id integer not null references subscriber on delete cascade,
    old_address text not null,
    new_address text not null,
    state text not null check (state in ('asked', 'done', 'undone')),
    former text not null default '{}',
    created_at integer not null,
    expires_at integer not null
) strict;
create index address_change_by_subscriber on address_change (subscriber_id);
create index address_change_by_end on address_change (expires_at);
