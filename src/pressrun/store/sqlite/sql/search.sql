-- name: insert
-- Add an edition to the index: its list, the words of its title and of its text, and the text as passages show it.
insert into archive_search (rowid, list, title, words, shown) values (:edition_id, :list, :title, :words, :shown);

-- name: count
-- How many editions of an archive match all terms: pairs of words that stand side by side, and 1 if the last one may be
-- the beginning of a word.
select count(*) as number from archive_search cross join archived_edition
where archive_search match (
        select 'list : "' || :list || '" AND {title words} : (' || group_concat(
            '"' || (term.value ->> 0) || '"' || case when term.value ->> 1 = 1 then ' *' else '' end, ' AND ') || ')'
        from json_each(:terms) as term)
    and archived_edition.id = archive_search.rowid;

-- name: find
-- Those editions, the best first: a word in the title counts five times one in the text, and what came so many seconds
-- ago half of what comes now; or the newest first. A rank is below zero, the best the lowest.
select archived_edition.id, slug, archived_edition.title, preheader, language, published_at
from archive_search cross join archived_edition
where archive_search match (
        select 'list : "' || :list || '" AND {title words} : (' || group_concat(
            '"' || (term.value ->> 0) || '"' || case when term.value ->> 1 = 1 then ' *' else '' end, ' AND ') || ')'
        from json_each(:terms) as term)
    and archived_edition.id = archive_search.rowid
order by
    case when :newest = 1 then -published_at
    else bm25(archive_search, 0.0, 5.0, 1.0) / (1.0 + max(0, :now - published_at) / (1.0 * :half)) end,
    published_at desc, archived_edition.id desc
limit :limit offset :offset;
