-- name: count_each
-- How many events the window of each subject contains, up to its limit.
select json_group_array((select count(*) from (select 1 from limit_event
    where scope = :scope and subject = substr(:octets, (place.value ->> 0) * :width + 1, :width)
        and at > :after and at <= :ahead
    limit :most))) as counts
from json_each(:places) as place;

-- name: lock
-- Nobody else counts while a transaction writes, so there is nothing to lock.
select 0 as gate where :ids is null;
