-- name: now
-- The clock of the database, in seconds.
select cast(extract(epoch from clock_timestamp()) as double precision);
