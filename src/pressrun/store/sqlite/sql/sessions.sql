-- name: now
-- The clock of the database, in seconds.
select (julianday('now') - 2440587.5) * 86400.0;
