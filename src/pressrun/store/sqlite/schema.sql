-- What a new database on SQLite has besides store/schema.sql.

create trigger consent_is_appended before insert on consent
when new.number is not coalesce((select number from consent_head), 0) + 1
    or exists (select 1 from consent where id = new.id)
begin
    select raise(abort, 'consent is append-only: a row follows the last one');
end;
create trigger consent_moves_on after insert on consent
begin
    insert into consent_head (id, number, chain) values (1, new.number, new.chain)
    on conflict (id) do update set number = excluded.number, chain = excluded.chain;
end;
create trigger consent_is_kept before delete on consent
begin
    select raise(abort, 'consent is append-only: no row goes');
end;
create trigger consent_stays before update on consent
when new.id is not old.id or new.number is not old.number or new.list_id is not old.list_id
    or new.event is not old.event or new.at is not old.at
    or new.content_digest is not old.content_digest or new.ip_digest is not old.ip_digest or new.chain is not old.chain
    or (new.subscriber_id is not old.subscriber_id and new.subscriber_id is not null)
    or (new.salt is not old.salt and new.salt is not null)
    or (new.content is not old.content and new.content is not null)
    or (new.ip is not old.ip and new.ip is not null)
    or (new.ip_salt is not old.ip_salt and new.ip_salt is not null)
begin
    select raise(abort, 'consent is append-only: what a row says can be erased, never changed');
end;

create trigger audit_is_appended before insert on audit
when new.number is not coalesce((select number from audit_head), 0) + 1
    or exists (select 1 from audit where id = new.id)
begin
    select raise(abort, 'audit is append-only: a row follows the last one');
end;
create trigger audit_moves_on after insert on audit
begin
    insert into audit_head (id, number, chain) values (1, new.number, new.chain)
    on conflict (id) do update set number = excluded.number, chain = excluded.chain;
end;
create trigger audit_is_kept before delete on audit
begin
    select raise(abort, 'audit is append-only: no row goes');
end;
create trigger audit_stays before update on audit
when new.id is not old.id or new.number is not old.number or new.at is not old.at
    or new.who is not old.who or new.uid is not old.uid or new.claimed is not old.claimed or new.way is not old.way
    or new.action is not old.action or new.list is not old.list or new.object is not old.object
    or new.fields is not old.fields or new.outcome is not old.outcome or new.code is not old.code
    or new.content_digest is not old.content_digest or new.chain is not old.chain
    or (new.subscriber_id is not old.subscriber_id and new.subscriber_id is not null)
    or (new.salt is not old.salt and new.salt is not null)
    or (new.content is not old.content and new.content is not null)
begin
    select raise(abort, 'audit is append-only: whom a row is about can be erased, and nothing changed');
end;

-- The search index: the words of each edition as core.text.searching makes them; rowid is the id of the edition.
create virtual table archive_search using fts5(
    list,                                     -- `l` and the id of its list
    title,                                    -- words of its title
    words,                                    -- words of its preheader and text
    shown unindexed,                          -- the text of which passages are shown
    prefix = '1 2 3',                         -- queries match the beginning of words
    tokenize = 'ascii');                      -- words end at blanks and are compared as they are
-- Deleted words leave the index at once, as secure_delete does for tables.
insert into archive_search (archive_search, rank) values ('secure-delete', 1);

create index delivery_queue on delivery (edition_id, state, destination, due_at);  -- SQLite ends it in the id by itself
