-- name: insert
-- Hold the mail of a sign-up.
insert into held_notice (notice_id, domain, expires_at) values (:notice_id, :domain, :expires_at);

-- name: all
-- Held sign-ups of one list or of all.
select notice.id, list.name as list, notice.address, notice.payload ->> 'answers' as source,
    {time of notice.created_at} as held_at, {time of held_notice.expires_at} as until
from held_notice cross join notice cross join list
where notice.id = held_notice.notice_id and list.id = notice.list_id
    and (cast(:list_name as text) is null or list.name = :list_name) and notice.id > :after
order by notice.id limit :limit;

-- name: first_end
-- When the first held sign-up is forgotten.
select min(expires_at) from held_notice;

-- name: unknown
-- Ids that no held sign-up has.
select cast(asked.value ->> 0 as bigint) as id from {each ids as asked}
where cast(asked.value ->> 0 as bigint) not in (select notice_id from held_notice) order by asked.key;

-- name: some
-- A batch of the chosen held sign-ups.
select held_notice.notice_id, notice.list_id, notice.subscriber_id, notice.address, held_notice.domain,
    notice.payload
from held_notice join notice on notice.id = held_notice.notice_id
where held_notice.expires_at > :now and (cast(:domain as text) is null or held_notice.domain = :domain)
    and (cast(:ids as text) = '[]' or held_notice.notice_id {in ids})
    and (cast(:until as bigint) is null or notice.created_at <= cast(:until as bigint))
order by held_notice.notice_id limit 200;

-- name: claim
-- Take held sign-ups before they are released or deleted; others may have taken some of them.
delete from held_notice where notice_id {in ids} returning notice_id;

-- name: renew
-- Date a notice from now; its payload has the new expiry of its link.
update notice set created_at = :now, payload = :payload where id = :id;

-- name: end_confirmation
-- Set the expiry of a request and of those that its link confirms too.
update confirmation set expires_at = :expires_at
where id = :id or id in (select led.id from confirmation as led where led.leader_id = :id);

-- name: forget
-- Delete the mail of a held sign-up.
delete from notice where id = :id;

-- name: forget_earlier
-- Delete held sign-ups of a person to a list, except those that concern other lists too.
delete from notice {indexed by notice_by_subscriber} where subscriber_id = :subscriber_id and list_id = :list_id
    and payload ->> 'also' is null and id in (select notice_id from held_notice);

-- name: sweep
-- Delete expired held sign-ups.
delete from notice where id in (select notice_id from held_notice where expires_at <= :now limit 1000);
