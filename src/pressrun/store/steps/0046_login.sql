-- How people log in: passwords, apps, recovery codes, passkeys and mailed codes; and the sessions that come of it.
create table password (
    person_id integer primary key references person on delete cascade,
    hash text not null,
    changed_at integer not null
) strict;
create table authenticator_app (
    person_id integer primary key references person on delete cascade,
    salt blob not null,
    last_step integer not null,
    added_at integer not null
) strict;
create table recovery_code (
    person_id integer not null references person on delete cascade,
    digest blob not null,
    primary key (person_id, digest)
) strict, without rowid;
create table passkey (
    id integer primary key autoincrement,
    person_id integer not null references person on delete cascade,
    credential_id blob not null unique,
    credential blob not null,
    name text not null,
    sign_count integer not null,
    created_at integer not null,
    used_at integer
) strict;
create index passkey_by_person on passkey (person_id);
create table login_code (
    id integer primary key autoincrement,
    asker blob not null unique,
    address text not null,
    language text not null,
    tries integer not null default 0,
    expires_at integer not null,
    waits integer not null default 1 check (waits in (0, 1))
) strict;
create index login_code_by_end on login_code (expires_at);
create table login_session (
    id integer primary key autoincrement,
    digest blob not null unique,
    person_id integer not null references person on delete cascade,
    epoch integer not null,
    method text not null check (method in ('passkey', 'code', 'password', 'password-app', 'link', 'oidc')),
    client text,
    agent text not null,
    started_at integer not null,
    seen_at integer not null
) strict;
create index login_session_by_person on login_session (person_id);
create index login_session_by_use on login_session (seen_at);
