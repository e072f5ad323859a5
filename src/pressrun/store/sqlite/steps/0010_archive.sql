-- An edition as its archive shows it: it has gone out, or is going out beyond a canary.
create view archived_edition as
select edition.*, coalesce(dated_at, first_claim_at) as published_at
from edition
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');
create index edition_archive on edition (list_id, coalesce(dated_at, first_claim_at), id)
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');

-- What the search looks in: the words of each edition as core.searching prepares them; rowid is the edition's id.
create virtual table archive_search using fts5(
    list,                                     -- `l` and the id of its list
    title,
    text,
    prefix = '1 2 3',                         -- words are found by their beginning: it may be short
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'");
insert into archive_search (rowid, list, title, text)
select edition.id, 'l' || list_id, searchable(title), searchable(preheader || ' ' || text)
from edition join edition_content on edition_content.edition_id = edition.id;
