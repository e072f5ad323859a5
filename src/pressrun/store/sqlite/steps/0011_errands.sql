-- What somebody asked for on the web by an address, for the moment until it is carried out: whether anything comes of it
-- must not show in how long the answer takes.
create table errand (
    id integer primary key autoincrement,
    kind text not null check (kind in ('sign-up', 'preferences')),
    list_id integer references list on delete cascade,                              -- null: about no list
    address text not null,                    -- as typed
    name text not null default '',
    language text not null default '',
    ip text,                                  -- null: it came by our Unix socket, and no proxy said
    words text not null default '',           -- what the person was shown
    trust text not null check (trust in ('proven', 'unproven', 'trap'))             -- how far the form is believed
) strict;
create index errand_by_list on errand (list_id) where list_id is not null;
