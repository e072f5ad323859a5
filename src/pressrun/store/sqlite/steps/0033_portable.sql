-- What every engine has: ids of editions are drawn from a row, and the search index holds words as core.searching makes
-- them now.
create table id_counter (
    name text primary key,                    -- of the table
    last_id integer not null                  -- 0: none yet
) strict, without rowid;
insert into id_counter (name, last_id)
select 'edition', coalesce((select seq from sqlite_sequence where name = 'edition'), 0);

drop table archive_search;
create virtual table archive_search using fts5(
    list,                                     -- `l` and the id of its list
    title,                                    -- words of its title
    words,                                    -- words of its preheader and text
    shown unindexed,                          -- the text of which passages are shown
    prefix = '1 2 3',                         -- queries match the beginning of words
    tokenize = 'ascii');                      -- words end at blanks and are compared as they are
insert into archive_search (archive_search, rank) values ('secure-delete', 1);
insert into archive_search (rowid, list, title, words, shown)
select edition.id, 'l' || edition.list_id, pressrun_words(edition.title),
    pressrun_words(edition.preheader || ' ' || edition_content.text),
    searchable(edition.preheader || ' ' || edition_content.text)
from edition join edition_content on edition_content.edition_id = edition.id
where edition.is_welcome = 0;
