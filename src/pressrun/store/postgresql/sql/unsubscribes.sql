-- name: find_unsubscribers
-- The subscriptions among these that have not ended, or only because a sync removed the reader, as arrays in the order of
-- store.readers.unsubscribes.Unsubscriber.
select cast(coalesce(json_agg(json_build_array(subscription.id, subscriber.id, list.id, subscription.state,
    subscription.suspended_for, subscription.paused_until, subscription.source, subscription.since, subscription.round,
    subscriber.address, list.name, list.language, cast(list.leaving_note = 1 and list.closed_at is null as integer))), '[]') as text) as unsubscribers
from (select * from subscription where id {in ids} and (state <> 'unsubscribed' or source = 'sync')
    order by id {lock}) as subscription
join subscriber on subscriber.id = subscription.subscriber_id join list on list.id = subscription.list_id;

-- name: notices
-- Claimed unsubscribes as arrays of store.readers.unsubscribes.PendingUnsubscribeNotice.
select cast(coalesce(json_agg(json_build_array(unsubscribe.id, recipient.subscriber_id, list.id, recipient.address,
    coalesce(nullif(recipient.language, ''), nullif(unsubscribe.language, ''), list.language), unsubscribe.expires_at,
    cast(recipient.state <> 'unsubscribed' or recipient.is_suppressed as integer))), '[]') as text) as notices
from unsubscribe cross join recipient cross join list
where unsubscribe.id {in ids}
    and recipient.subscription_id = unsubscribe.subscription_id and list.id = recipient.list_id;
