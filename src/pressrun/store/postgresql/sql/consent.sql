-- name: highest_number
-- The highest number ever used.
select max(id) from consent;
