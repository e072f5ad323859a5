-- People: who may log in, who posts by mail, and what each of them may do. Editors become people who cannot log in yet.
create table person (
    id integer primary key autoincrement,
    name text not null unique,
    address text,
    address_key text unique,
    is_operator integer not null default 0 check (is_operator in (0, 1)),
    created_at integer not null,
    enrolled_at integer,
    epoch integer not null default 0
) strict;
create table permission (
    list_id integer not null references list on delete cascade,
    person_id integer not null references person on delete cascade,
    role text not null check (role in ('viewer', 'editor', 'publisher')),
    readers text not null default 'none' check (readers in ('none', 'see', 'manage', 'export')),
    primary key (list_id, person_id)
) strict, without rowid;
create index permission_by_person on permission (person_id);
create table identity (
    issuer text not null,
    subject text not null,
    person_id integer not null references person on delete cascade,
    primary key (issuer, subject)
) strict, without rowid;
create index identity_by_person on identity (person_id);
create table enter_link (
    id integer primary key autoincrement,
    person_id integer not null references person on delete cascade,
    kind text not null check (kind in ('invitation', 'enter')),
    created_at integer not null,
    expires_at integer not null
) strict;
create index enter_link_by_person on enter_link (person_id);
create index enter_link_by_end on enter_link (expires_at);
create table api_token (
    id integer primary key autoincrement,
    name text not null unique,
    digest blob not null unique,
    scope text not null check (scope in ('read', 'write', 'sign-up', 'draft', 'stats', 'returns')),
    is_everywhere integer not null check (is_everywhere in (0, 1)),
    networks text not null default '[]',
    person_id integer references person on delete cascade,
    created_at integer not null,
    expires_at integer,
    used_at integer
) strict;
create index api_token_by_person on api_token (person_id) where person_id is not null;
create table token_list (
    token_id integer not null references api_token on delete cascade,
    list_id integer not null references list on delete cascade,
    primary key (token_id, list_id)
) strict, without rowid;
create index token_list_by_list on token_list (list_id);

-- The part before the @ becomes the name, where it is unique and has no other characters than names have.
insert into person (name, address, address_key, created_at)
select case when local glob '[a-z0-9]*' and local not glob '*[^a-z0-9._-]*' and length(local) <= 40 and place = 1
        and local not glob 'editor-[0-9]*'
    then local else 'editor-' || number end, address, address_key, cast(strftime('%s') as integer)
from (
    select local, min(address) as address, address_key, row_number() over (order by address_key) as number,
        row_number() over (partition by local order by address_key) as place
    from (select substr(address_key, 1, instr(address_key, '@') - 1) as local, address, address_key from editor)
    group by address_key, local
);
insert into permission (list_id, person_id, role)
select editor.list_id, person.id, 'editor' from editor join person on person.address_key = editor.address_key;

create temporary table former_draft_editor as
select draft_editor.edition_id, draft_editor.list_id, person.id as person_id
from draft_editor join person on person.address_key = draft_editor.address_key;
drop table draft_editor;
create table draft_editor (
    edition_id integer not null references draft on delete cascade,
    list_id integer not null,
    person_id integer not null,
    primary key (edition_id, person_id),
    foreign key (list_id, person_id) references permission on delete cascade
) strict, without rowid;
create index draft_editor_by_editor on draft_editor (list_id, person_id);
insert into draft_editor (edition_id, list_id, person_id)
select edition_id, list_id, person_id from former_draft_editor;
drop table former_draft_editor;
drop table editor;
