-- Network addresses get digests and salts of their own, so that they can age without breaking the chain, which is made
-- anew for that; what had been erased is told by a mark; and triggers keep the rows as they are.
alter table consent add column ip text;
alter table consent add column ip_salt blob;
alter table consent add column ip_digest blob;

update consent set ip = json_extract(content, '$.ip'), content = json_remove(content, '$.ip') where content is not null;
update consent set ip_salt = randomblob(16) where ip is not null;
update consent set ip_digest = pressrun_sha256(ip_salt, ip) where ip is not null;
update consent set content_digest = pressrun_sha256(salt, coalesce(subscriber_id, 0), x'00', content)
where content is not null;

insert into consent (event, at, salt, content, content_digest, chain)
select 'erased', max(at), randomblob(16), json_object('rows', json_group_array(json_array(id, id))), x'', x''
from consent where content is null having count(*) > 0;
update consent set content_digest = pressrun_sha256(salt, 0, x'00', content) where event = 'erased';

create temporary table walked as
with recursive walk (id, chain) as (
    select 0, x''
    union all
    select following.id, pressrun_sha256(
        walk.chain, x'00', following.id, x'00', coalesce(following.list_id, 0), x'00', following.event, x'00',
        following.at, x'00', following.content_digest, coalesce(following.ip_digest, x''))
    from walk join consent as following on following.id = walk.id + 1)
select id, chain from walk where id > 0;
update consent set chain = walked.chain from walked where walked.id = consent.id;
drop table walked;

create index consent_with_ip on consent (at) where ip is not null;
create trigger consent_is_appended before insert on consent
when new.id is not (select coalesce(max(id), 0) + 1 from consent)
begin
    select raise(abort, 'consent is append-only: a row follows the last one');
end;
create trigger consent_is_kept before delete on consent
begin
    select raise(abort, 'consent is append-only: no row goes');
end;
create trigger consent_stays before update on consent
when new.id is not old.id or new.list_id is not old.list_id or new.event is not old.event or new.at is not old.at
    or new.content_digest is not old.content_digest or new.ip_digest is not old.ip_digest or new.chain is not old.chain
    or (new.subscriber_id is not old.subscriber_id and new.subscriber_id is not null)
    or (new.salt is not old.salt and new.salt is not null)
    or (new.content is not old.content and new.content is not null)
    or (new.ip is not old.ip and new.ip is not null)
    or (new.ip_salt is not old.ip_salt and new.ip_salt is not null)
begin
    select raise(abort, 'consent is append-only: what a row says can be erased, never changed');
end;
