-- name: exist
-- Whether ANALYZE has left statistics.
select exists (select 1 from sqlite_schema where name in ('sqlite_stat1', 'sqlite_stat4'));

-- name: drop
-- Those that every build of SQLite gathers.
drop table if exists sqlite_stat1;

-- name: drop_samples
-- Those that only some builds gather.
drop table if exists sqlite_stat4;

-- name: reload
-- This connection reads its schema again, without them; all others do, since it has changed.
pragma writable_schema = reset;
