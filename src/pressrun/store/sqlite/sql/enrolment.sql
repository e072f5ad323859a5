-- name: subscriber_ids
-- So many ids for new rows, as a JSON array.
with recursive place (number) as (select 1 union all select number + 1 from place where number < :number)
select json_group_array(place.number + coalesce((select seq from sqlite_sequence where name = 'subscriber'), 0)) as ids
from place;

-- name: subscription_ids
-- So many ids for new rows, as a JSON array.
with recursive place (number) as (select 1 union all select number + 1 from place where number < :number)
select json_group_array(place.number + coalesce((select seq from sqlite_sequence where name = 'subscription'), 0)) as ids
from place;
