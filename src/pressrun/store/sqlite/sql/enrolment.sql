-- name: draw_ids
-- So many ids for new rows of a table, as a JSON array.
with recursive place (number) as (select 1 union all select number + 1 from place where number < :number)
select json_group_array(place.number + coalesce((select seq from sqlite_sequence where name = :table), 0)) as ids
from place;
