-- name: columns
-- The merge fields for which at least one member of a list has a value.
select distinct entry.key as name
from subscription join subscriber on subscriber.id = subscription.subscriber_id, json_each(subscriber.attributes) as entry
where subscription.list_id = :list_id and subscription.state = 'active' and subscriber.attributes <> '{}';
