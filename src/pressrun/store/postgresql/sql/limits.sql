-- name: count_each
-- How many events the window of each subject contains, up to its limit.
select cast(json_agg((select count(*) from (select 1 from limit_event
    where scope = :scope and subject = substr(:octets, cast(place.value ->> 0 as integer) * cast(:width as integer) + 1,
            cast(:width as integer))
        and at > :after and at <= :ahead
    limit :most) as hit) order by place.key) as text) as counts
from {each places as place};

-- name: lock
-- Nobody else counts in these windows until the transaction ends.
select gate from limit_gate where gate {in ids} order by gate {lock};
