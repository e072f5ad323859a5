-- The place of a row in the chain of consent is a number of its own, which has no gaps where ids may have some. The head of
-- the chain is noted in a table of its own, with the highest number that was ever given.
drop trigger consent_is_appended;
drop trigger consent_is_kept;
drop trigger consent_stays;
drop index consent_by_subscriber;
drop index consent_with_ip;
alter table consent rename to former_consent;

create table consent (
    id integer primary key,
    number integer not null unique,
    subscriber_id integer,
    list_id integer,
    event text not null,
    at integer not null,
    salt blob,
    content text,
    content_digest blob not null,
    chain blob not null,
    ip text,
    ip_salt blob,
    ip_digest blob
) strict;
insert into consent (id, number, subscriber_id, list_id, event, at, salt, content, content_digest, chain, ip, ip_salt,
    ip_digest)
select id, id, subscriber_id, list_id, event, at, salt, content, content_digest, chain, ip, ip_salt, ip_digest
from former_consent order by id;

create table consent_head (
    id integer primary key check (id = 1),
    number integer not null,
    chain blob not null
) strict;
insert into consent_head (id, number, chain)
select 1, seq, coalesce((select chain from consent order by number desc limit 1), x'') from sqlite_sequence
where name = 'former_consent' and seq > 0;
drop table former_consent;

create index consent_by_subscriber on consent (subscriber_id, number);
create index consent_with_ip on consent (at, number) where ip is not null;
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
