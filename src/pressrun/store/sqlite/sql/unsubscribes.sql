-- name: find_unsubscribers
-- The subscriptions among these that have not ended, or only because a sync removed the reader, as arrays in the order of
-- store.readers.unsubscribes.Unsubscriber.
select json_group_array(json_array(subscription.id, subscriber.id, list.id, subscription.state,
    subscription.suspended_for, subscription.paused_until, subscription.source, subscription.since, subscription.round,
    subscriber.address, list.name, list.language, cast(list.leaving_note = 1 and list.closed_at is null as integer))) as unsubscribers
from subscription join subscriber on subscriber.id = subscription.subscriber_id join list on list.id = subscription.list_id
where subscription.id {in ids} and (subscription.state <> 'unsubscribed' or subscription.source = 'sync')
    {lock of subscription};

-- name: notices
-- Claimed unsubscribes as arrays of store.readers.unsubscribes.PendingUnsubscribeNotice.
select json_group_array(json_array(unsubscribe.id, recipient.subscriber_id, list.id, recipient.address,
    coalesce(nullif(recipient.language, ''), nullif(unsubscribe.language, ''), list.language), unsubscribe.expires_at,
    cast(recipient.state <> 'unsubscribed' or recipient.is_suppressed as integer))) as notices
from unsubscribe cross join recipient cross join list
where unsubscribe.id {in ids}
    and recipient.subscription_id = unsubscribe.subscription_id and list.id = recipient.list_id;
