-- Links and addresses of the program that a list was moved from go on working.
create table redirect (
    digest text not null,
    kind text not null check (kind in ('page', 'leaving-page', 'archive', 'campaign', 'person', 'post', 'subscribe', 'unsubscribe', 'request', 'owner', 'commands', 'origin')),
    subscription_id integer not null default 0,
    list_id integer references list on delete set null,
    primary key (digest, kind, subscription_id)
) strict, without rowid;
create index redirect_by_list on redirect (list_id) where list_id is not null;
