-- name: archived_years
-- How many editions an archive shows of each year, newest first.
select cast(strftime('%Y', published_at, 'unixepoch') as integer) as year, count(*) as number from archived_edition
where list_id = :list_id group by year order by year desc;
