-- name: columns
-- The imported columns of all subscribers of a list, in any state.
select distinct entry.name
from subscription
cross join subscriber
cross join json_object_keys(cast(subscriber.attributes as json)) as entry (name)
where subscription.list_id = :list_id and subscriber.id = subscription.subscriber_id and subscriber.attributes <> '{}'
order by name;

-- name: subscriber_ids
-- So many ids for new rows, as a JSON array.
select cast(json_agg(nextval(pg_get_serial_sequence('subscriber', 'id'))) as text) as ids
from generate_series(1, cast(:number as bigint));

-- name: subscription_ids
-- So many ids for new rows, as a JSON array.
select cast(json_agg(nextval(pg_get_serial_sequence('subscription', 'id'))) as text) as ids
from generate_series(1, cast(:number as bigint));
