-- name: draw_ids
-- So many ids for new rows of a table, as a JSON array.
select cast(json_agg(nextval(pg_get_serial_sequence(cast(:table as text), 'id'))) as text) as ids
from generate_series(1, cast(:number as bigint));
