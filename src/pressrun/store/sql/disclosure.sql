-- name: pauses
-- Lists whose subscription is suspended.
select list.name as list, subscription.suspended_for, subscription.paused_until
from subscription join list on list.id = subscription.list_id
where subscription.subscriber_id = :subscriber_id and subscription.state = 'suspended' order by list.name;

-- name: requests
-- Requests to subscribe, confirmed or not, whose links have not expired.
select list.name as list, confirmation.name, confirmation.language, confirmation.created_at as requested_at,
    confirmation.expires_at
from subscription cross join confirmation cross join list
where subscription.subscriber_id = :subscriber_id and confirmation.subscription_id = subscription.id
    and list.id = subscription.list_id
order by confirmation.id;

-- name: replies
-- The replies of mail servers about copies.
select delivery.edition_id as edition, delivery.enhanced, delivery.reply, delivery.attempts,
    handover.reply as reply_before_bounce
from subscription join delivery on delivery.subscription_id = subscription.id and delivery.edition_id is not null
left join handover on handover.delivery_id = delivery.id
where subscription.subscriber_id = :subscriber_id order by delivery.id desc;

-- name: mails
-- Notices: confirmations, links, reports.
select notice.kind, list.name as list, notice.address, notice.language, notice.created_at as queued_at,
    coalesce(delivery.state, 'held') as state
from notice left join list on list.id = notice.list_id left join delivery on delivery.notice_id = notice.id
where notice.subscriber_id = :subscriber_id order by notice.id;

-- name: suspensions
-- The suspension of a person for bounces.
select since as suspended_at, probed_at as asked_at, ended_at from suspension
where subscriber_id = :subscriber_id and first_edition_id > 0;

-- name: editorships
-- The lists that an address may post to.
select list.name as list from person join permission on permission.person_id = person.id
join list on list.id = permission.list_id
where person.address_key = :address_key and permission.role in ('editor', 'publisher') order by list.name;

-- name: account
-- The name, and what may be done on which lists, of a person with an address who may log in or post by mail.
select person.name, person.is_operator, person.created_at as known_since_at, person.enrolled_at as may_log_in_since_at
from person where person.address_key = :address_key;

-- name: kept_mail
-- Stored mail and its senders.
select recipient, received_at, state, mail_from from inbound where mail_from <> '' and content_id is not null
order by id;
