-- name: insert
-- A mail waits for an operator.
insert into held_notice (notice_id, domain, expires_at) values (:notice_id, :domain, :expires_at);

-- name: all
-- All that wait, of one list or of every one, for an operator to look at.
select notice.id, list.name as list, notice.address, json_extract(notice.payload, '$.answers') as source,
    notice.created_at as held_at, held_notice.expires_at
from held_notice cross join notice cross join list
where notice.id = held_notice.notice_id and list.id = notice.list_id
    and (:list_name is null or list.name = :list_name)
order by notice.id;

-- name: unknown
-- Ids under which nothing waits.
select value as id from json_each(:ids) where value not in (select notice_id from held_notice);

-- name: some
-- Some of those that an operator chose.
select held_notice.notice_id, notice.list_id, notice.subscriber_id, notice.address, held_notice.domain,
    json_extract(notice.payload, '$.confirmation') as confirmation_id
from held_notice join notice on notice.id = held_notice.notice_id
where held_notice.expires_at > :now and (:domain is null or held_notice.domain = :domain)
    and (:ids = '[]' or held_notice.notice_id in (select value from json_each(:ids)))
order by held_notice.notice_id limit 200;

-- name: delete
-- A mail waits no longer.
delete from held_notice where notice_id = :notice_id;

-- name: renew
-- A mail is as if it had been asked for now: so is how long its link, if it has one, is good.
update notice set created_at = :now, payload = iif(json_extract(payload, '$.confirmation') is null, payload,
    json_set(payload, '$.expires_at', :expires_at))
where id = :id;

-- name: end_confirmation
-- The request has its end then, and so have those that its link confirms too.
update confirmation set expires_at = :expires_at
where id = :id or id in (select led.id from confirmation as led where led.leader_id = :id);

-- name: forget
-- Forget a mail that waits.
delete from notice where id = :id;

-- name: forget_earlier
-- Forget what waits for a person and a list, but for what is about other lists too.
delete from notice indexed by notice_by_subscriber where subscriber_id = :subscriber_id and list_id = :list_id
    and json_extract(payload, '$.also') is null and id in (select notice_id from held_notice);

-- name: sweep
-- Mails that waited until their link would have ended.
delete from notice where id in (select notice_id from held_notice where expires_at <= :now limit 1000);
