create table list_removal (
    list_id bigint primary key references list on delete cascade,
    asked_at bigint not null,
    events_through bigint not null default 0
);
