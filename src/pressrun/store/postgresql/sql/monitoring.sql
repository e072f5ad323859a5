-- name: size
-- The size of the database on its server.
select pg_database_size(current_database());
