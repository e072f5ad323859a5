-- name: insert
-- Add an edition to the index: its list, the words of its title and of its text, and the text as passages show it. The
-- positions only weigh the words: side by side is what stands so in `words`, since positions end at 16,383.
insert into archive_search (rowid, lexemes, words, shown)
values (:edition_id,
    cast('#' || cast(:list as text) as tsvector)
    || setweight(cast(coalesce((select string_agg(word || ':' || least(number, 16383), ' ')
        from unnest(string_to_array(cast(:title as text), ' ')) with ordinality as title (word, number)), '') as tsvector), 'A')
    || cast(coalesce((select string_agg(word || ':' || least(number, 16383), ' ')
        from unnest(string_to_array(cast(:words as text), ' ')) with ordinality as body (word, number)), '') as tsvector),
    ' ' || cast(:title as text) || ' ' || chr(10) || ' ' || cast(:words as text) || ' ', :shown);

-- name: count
-- How many editions of an archive match all terms: pairs of words that stand side by side, and 1 if the last one may be
-- the beginning of a word.
select count(*) as number from archive_search join archived_edition on archived_edition.id = archive_search.rowid
where lexemes @@ (
        select cast('#' || cast(:list as text) || ' & ' || string_agg(
            replace(term.value ->> 0, ' ', ' & ') || case when term.value ->> 1 = '1' then ':*' else '' end, ' & ') as tsquery)
        from {each terms as term})
    and words like all (
        select '% ' || (term.value ->> 0) || case when term.value ->> 1 = '1' then '%' else ' %' end
        from {each terms as term} where term.value ->> 0 like '% %');

-- name: find
-- Those editions, the best first: a word in the title counts five times one in the text, and what came so many seconds
-- ago half of what comes now; or the newest first.
select archived_edition.id, slug, archived_edition.title, preheader, language, published_at
from archive_search join archived_edition on archived_edition.id = archive_search.rowid
cross join (
        select cast('#' || cast(:list as text) || ' & ' || string_agg(
            replace(term.value ->> 0, ' ', ' & ') || case when term.value ->> 1 = '1' then ':*' else '' end, ' & ') as tsquery)
        from {each terms as term}) as query (terms)
where lexemes @@ query.terms
    and words like all (
        select '% ' || (term.value ->> 0) || case when term.value ->> 1 = '1' then '%' else ' %' end
        from {each terms as term} where term.value ->> 0 like '% %')
order by
    case when :newest = 1 then -published_at
    else -ts_rank('{0.2, 0.2, 0.2, 1.0}', lexemes, query.terms, 1)
        / (1.0 + greatest(0, :now - published_at) / cast(:half as double precision)) end,
    published_at desc, archived_edition.id desc
limit :limit offset :offset;
