-- name: columns
-- The imported columns of all subscribers of a list, in any state.
select distinct entry.key as name
from subscription {indexed by subscription_by_list}
cross join subscriber
cross join json_each(subscriber.attributes) as entry
where subscription.list_id = :list_id and subscriber.id = subscription.subscriber_id and subscriber.attributes <> '{}' order by name;
