-- name: insert
-- Add an edition to the index.
insert into archive_search (rowid, list, title, text) values (:edition_id, :list, :title, :text);

-- name: forget_list
-- Remove the editions of a list from the index.
delete from archive_search where rowid in (select id from edition where list_id = :list_id);

-- name: count
-- How many editions of an archive match.
select count(*) from archive_search cross join archived_edition
where archive_search match :expression and archived_edition.id = archive_search.rowid;

-- name: find
-- Those editions, the best first: a word in the title counts five times one in the text, and what came so many seconds
-- ago half of what comes now; or the newest first. A rank is below zero, the best the lowest.
select archived_edition.id, slug, archived_edition.title, preheader, language, published_at
from archive_search cross join archived_edition
where archive_search match :expression and archived_edition.id = archive_search.rowid
order by
    case when :newest then -published_at
    else bm25(archive_search, 0.0, 5.0, 1.0) / (1.0 + max(0, :now - published_at) / (1.0 * :half)) end,
    published_at desc, archived_edition.id desc
limit :limit offset :offset;

-- name: texts
-- The texts of some editions in the index, for snippets.
select rowid as id, substr(text, 1, :most) as text
from archive_search where rowid {in ids};
