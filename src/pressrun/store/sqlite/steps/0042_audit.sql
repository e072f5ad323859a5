-- Who did what: a log of its own, chained like the evidence of consent; and when keys retire.
create table audit (
    id integer primary key,
    number integer not null unique,
    at integer not null,
    who text not null,
    uid integer,
    claimed text,
    way text not null,
    action text not null,
    list text,
    object text,
    fields text not null,
    outcome text not null,
    code integer,
    subscriber_id integer,
    salt blob,
    content text,
    content_digest blob not null,
    chain blob not null
) strict;
create index audit_by_subscriber on audit (subscriber_id) where subscriber_id is not null;
create index audit_by_action on audit (action, number);

create table audit_head (
    id integer primary key check (id = 1),
    number integer not null,
    chain blob not null
) strict;
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

alter table keyring add column retires_at integer;
