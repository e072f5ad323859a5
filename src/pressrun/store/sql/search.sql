-- name: forget_list
-- Remove the editions of a list from the index.
delete from archive_search where rowid in (select id from edition where list_id = :list_id);

-- name: forget_edition
-- Remove an edition from the index.
delete from archive_search where rowid = :edition_id;

-- name: texts
-- The texts of some editions in the index, for snippets.
select rowid as id, substr(shown, 1, cast(:most as integer)) as text
from archive_search where rowid {in ids};
