-- name: highest_number
-- The highest number ever used, which SQLite keeps separately from the rows.
select seq from sqlite_sequence where name = 'consent';
