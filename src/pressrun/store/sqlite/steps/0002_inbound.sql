-- Mail that comes in.
-- The content of mail that was accepted, once however many recipients it had; forgotten when no row needs it.
create table inbound_content (
    id integer primary key autoincrement,
    digest blob not null unique,              -- SHA-256 of the content
    content blob not null                     -- as it came, without dot-stuffing
) strict;

-- Mail that was accepted, one row for each recipient, and what became of it. A row that is dealt with keeps its
-- digest, so that the same mail delivered twice is processed once, and nothing of the mail.
create table inbound (
    id integer primary key autoincrement,
    digest blob not null unique,              -- what makes two deliveries the same mail
    content_id integer references inbound_content,
    mail_from text not null,                  -- envelope sender; empty: the null sender, or dealt with
    recipient text not null,                  -- local part, lower-cased; its token is cut when it is dealt with
    peer text not null,                       -- network address of the client, or unix; empty: dealt with
    utf8 integer not null check (utf8 in (0, 1)),                                   -- came with SMTPUTF8
    received_at integer not null,
    state text not null check (state in ('received', 'done', 'kept', 'unreadable', 'failed')),
    outcome text not null default '',         -- what became of it, in a word or two
    settled_at integer                        -- when it left `received`
) strict;
create index inbound_waiting on inbound (id) where state = 'received';
create index inbound_by_content on inbound (content_id) where content_id is not null;
create index inbound_by_age on inbound (state, settled_at);
