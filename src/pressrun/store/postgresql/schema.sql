-- What a new database on PostgreSQL has besides store/schema.sql.

-- The version of this schema, in its only row.
create table schema_version (
    version bigint primary key
);

-- Rows are checked, and the head moved on, once for a statement: a batch would otherwise leave a version of the head for
-- each of its rows.
create function append_consent() returns trigger language plpgsql as $$
begin
    if exists (select 1 from (select number, row_number() over (order by number) as place from added) as row
            where row.number <> row.place + coalesce((select number from consent_head), 0)) then
        raise integrity_constraint_violation using message = 'consent is append-only: a row follows the last one';
    end if;
    insert into consent_head (id, number, chain) select 1, number, chain from added order by number desc limit 1
    on conflict (id) do update set number = excluded.number, chain = excluded.chain;
    return null;
end $$;
create function refuse_consent() returns trigger language plpgsql as $$
begin
    raise integrity_constraint_violation using message = 'consent is append-only: ' || tg_argv[0];
end $$;
create trigger consent_is_appended after insert on consent referencing new table as added
for each statement execute function append_consent();
create trigger consent_is_kept before delete or truncate on consent
for each statement execute function refuse_consent('no row goes');
create trigger consent_stays before update on consent for each row
when ((new.id, new.number, new.list_id, new.event, new.at, new.content_digest, new.ip_digest, new.chain) is distinct from
        (old.id, old.number, old.list_id, old.event, old.at, old.content_digest, old.ip_digest, old.chain)
    or (new.subscriber_id is distinct from old.subscriber_id and new.subscriber_id is not null)
    or (new.salt is distinct from old.salt and new.salt is not null)
    or (new.content is distinct from old.content and new.content is not null)
    or (new.ip is distinct from old.ip and new.ip is not null)
    or (new.ip_salt is distinct from old.ip_salt and new.ip_salt is not null))
execute function refuse_consent('what a row says can be erased, never changed');

create function append_audit() returns trigger language plpgsql as $$
begin
    if exists (select 1 from (select number, row_number() over (order by number) as place from added) as row
            where row.number <> row.place + coalesce((select number from audit_head), 0)) then
        raise integrity_constraint_violation using message = 'audit is append-only: a row follows the last one';
    end if;
    insert into audit_head (id, number, chain) select 1, number, chain from added order by number desc limit 1
    on conflict (id) do update set number = excluded.number, chain = excluded.chain;
    return null;
end $$;
create function refuse_audit() returns trigger language plpgsql as $$
begin
    raise integrity_constraint_violation using message = 'audit is append-only: ' || tg_argv[0];
end $$;
create trigger audit_is_appended after insert on audit referencing new table as added
for each statement execute function append_audit();
create trigger audit_is_kept before delete or truncate on audit
for each statement execute function refuse_audit('no row goes');
create trigger audit_stays before update on audit for each row
when ((new.id, new.number, new.at, new.who, new.uid, new.claimed, new.way, new.action, new.list, new.object, new.fields,
        new.outcome, new.code, new.content_digest, new.chain) is distinct from
        (old.id, old.number, old.at, old.who, old.uid, old.claimed, old.way, old.action, old.list, old.object, old.fields,
        old.outcome, old.code, old.content_digest, old.chain)
    or (new.subscriber_id is distinct from old.subscriber_id and new.subscriber_id is not null)
    or (new.salt is distinct from old.salt and new.salt is not null)
    or (new.content is distinct from old.content and new.content is not null))
execute function refuse_audit('whom a row is about can be erased, and nothing changed');

-- The search index. A lexeme is a word as core.text.searching makes it, or `#l` and the id of the list, which no word can be.
-- Positions give the words of the title their weight; `words` has the words in order, for terms of several words. The id
-- of the edition has the name that FTS5 gives it.
create table archive_search (
    rowid bigint primary key,
    lexemes tsvector not null,
    words text collate "C" not null,
    shown text collate "C" not null
);
create index archive_search_by_lexeme on archive_search using gin (lexemes);

create index delivery_queue on delivery (edition_id, state, destination, due_at, id);
-- For the notices, whose place in the queue the index above does not give: `is null` is no equality for its order.
create index delivery_notices on delivery (state, destination, due_at, id) where edition_id is null;

-- Rows to lock for the windows of limits, which may be empty (store.limits).
create table limit_gate (
    gate bigint primary key
);
insert into limit_gate (gate) select place from generate_series(0, 255) as place;
