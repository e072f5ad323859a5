-- name: columns
-- The merge fields for which at least one member of a list has a value.
select distinct entry.name
from subscription join subscriber on subscriber.id = subscription.subscriber_id
cross join json_object_keys(cast(subscriber.attributes as json)) as entry (name)
where subscription.list_id = :list_id and subscription.state = 'active' and subscriber.attributes <> '{}';
