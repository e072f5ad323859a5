-- name: archived_years
-- How many editions an archive shows of each year, newest first.
select cast(extract(year from to_timestamp(published_at) at time zone 'UTC') as bigint) as year, count(*) as number
from archived_edition
where list_id = :list_id group by year order by year desc;
