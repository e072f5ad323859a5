-- Drafts that are written here: their changes, their files, and the second person who approves them.
alter table list add column approval text not null default 'none' check (approval in ('none', 'second-person'));

create table manuscript (
    edition_id integer primary key references edition on delete cascade,
    number integer not null,
    text_number integer not null,
    first_digest blob not null,
    source_url text,
    submitted_number integer,
    submitted_by text,
    submitted_at integer,
    approved_number integer,
    approved_by text,
    approved_at integer,
    returned_by text,
    returned_at integer,
    words text not null default ''
) strict;
create index manuscript_by_first_digest on manuscript (first_digest);

create table revision (
    id integer primary key autoincrement,
    edition_id integer not null references manuscript on delete cascade,
    number integer not null,
    author text not null,
    began_at integer not null,
    at integer not null,
    path text,
    source_name text,
    source blob,
    unique (edition_id, number)
) strict;

create table manuscript_file (
    edition_id integer not null references manuscript on delete cascade,
    path text not null,
    number integer not null,
    content blob not null,
    primary key (edition_id, path)
) strict;
