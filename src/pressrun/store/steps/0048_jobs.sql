-- Programs: requests that may be repeated under a key, imports that go on after a restart, and fields of a sign-up.
create table idempotency_key (
    caller text not null,
    digest blob not null,
    request blob not null,
    object text,
    subscriber_id integer,
    at integer not null,
    primary key (caller, digest)
) strict, without rowid;
create index idempotency_key_by_age on idempotency_key (at);

create table job (
    id integer primary key autoincrement,
    kind text not null check (kind in ('import', 'sync')),
    list_id integer not null references list on delete cascade,
    state text not null check (state in ('queued', 'running', 'ready', 'applying', 'done', 'failed', 'cancelled')),
    source text not null,
    actor text not null,
    media_type text not null,
    file text not null unique,
    asks integer not null check (asks in (0, 1)),
    is_dry_run integer not null check (is_dry_run in (0, 1)),
    most_leavers text not null default '',
    total integer not null default 0,
    members integer not null default 0,
    position integer not null default 0,
    result text not null default '{}',
    digest blob not null,
    plan blob,
    problem text,
    created_at integer not null,
    expires_at integer not null
) strict;
create index job_by_list on job (list_id);
create index job_live on job (id) where state in ('queued', 'running', 'applying');
create index job_by_end on job (expires_at);

alter table confirmation add column attributes text not null default '{}';
alter table errand add column source text not null default 'web';
alter table errand add column attributes text not null default '{}';
alter table errand add column url text not null default '';
alter table errand add column given_at integer;
