-- name: columns
-- The imported columns of all subscribers of a list, in any state.
select distinct entry.key as name
from subscription {indexed by subscription_by_list}
cross join subscriber
cross join json_each(subscriber.attributes) as entry
where subscription.list_id = :list_id and subscriber.id = subscription.subscriber_id and subscriber.attributes <> '{}' order by name;

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
