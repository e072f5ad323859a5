-- Links and addresses of the program that a list was moved from go on working.
create table redirect (
    digest text collate "C" not null,
    kind text collate "C" not null check (kind in ('page', 'leaving-page', 'archive', 'campaign', 'person', 'post', 'subscribe', 'unsubscribe', 'request', 'owner', 'commands', 'origin')),
    subscription_id bigint not null default 0,
    list_id bigint references list on delete set null,
    primary key (digest, kind, subscription_id)
);
create index redirect_by_list on redirect (list_id) where list_id is not null;
