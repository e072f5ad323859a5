-- name: columns
-- The imported columns of all subscribers of a list, in any state.
select distinct entry.name
from subscription
cross join subscriber
cross join json_object_keys(cast(subscriber.attributes as json)) as entry (name)
where subscription.list_id = :list_id and subscriber.id = subscription.subscriber_id and subscriber.attributes <> '{}'
order by name;
