-- name: standings
-- The known people with these addresses, and their subscription to a list.
select subscriber.address_key, subscriber.id as subscriber_id, subscriber.name, subscriber.language,
    subscriber.attributes, subscription.id as subscription_id, subscription.state, subscription.state_before
from {each keys as entry}
join subscriber on subscriber.address_key = entry.value ->> 0
left join subscription on subscription.subscriber_id = subscriber.id and subscription.list_id = :list_id;

-- name: export_page
-- The members of a list in one state with the evidence of their consent, a page at a time.
select subscription.id, subscription.state, subscription.since, subscription.source,
    subscriber.address, subscriber.name, subscriber.language, subscriber.attributes,
    consent.content as consent, consent.ip as consent_ip
from subscription {indexed by subscription_by_list}
cross join subscriber
left join consent on consent.number = (select last.number from consent as last
    where last.subscriber_id = subscriber.id and last.list_id = subscription.list_id
    and last.event in ('requested', 'confirmed', 'added', 'imported', 'switched')
    order by last.number desc limit 1)
where subscription.list_id = :list_id and subscription.state = :state and subscription.id > :after
    and subscriber.id = subscription.subscriber_id
order by subscription.id limit :limit;

-- name: count_audience
-- How many readers would get an edition now.
select count(*)
from (select id from subscription {indexed by subscription_by_list} where list_id = :list_id and state = 'active') as member
cross join recipient
where recipient.subscription_id = member.id and recipient.may_be_mailed;

-- name: cancel_copies
-- Cancel the waiting copies of a person on every list.
update delivery set state = 'cancelled', settled_at = :now
where subscription_id in (select id from subscription where subscriber_id = :subscriber_id)
and state in ('queued', 'deferred');

-- name: cancel_notices
-- Cancel the waiting notices of a person.
update delivery set state = 'cancelled', settled_at = :now
where notice_id in (select id from notice where subscriber_id = :subscriber_id) and state in ('queued', 'deferred');
