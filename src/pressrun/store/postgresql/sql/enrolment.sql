-- name: subscriber_ids
-- So many ids for new rows, as a JSON array.
select cast(json_agg(nextval(pg_get_serial_sequence('subscriber', 'id'))) as text) as ids
from generate_series(1, cast(:number as bigint));

-- name: subscription_ids
-- So many ids for new rows, as a JSON array.
select cast(json_agg(nextval(pg_get_serial_sequence('subscription', 'id'))) as text) as ids
from generate_series(1, cast(:number as bigint));
