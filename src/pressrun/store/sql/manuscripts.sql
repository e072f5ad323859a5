-- name: insert
-- A draft that begins.
insert into manuscript (edition_id, number, text_number, first_digest, source_url)
values (:edition_id, 1, 1, :first_digest, :source_url);

-- name: get
-- One draft, or what is left of it once it was sent.
select * from manuscript where edition_id = :edition_id;

-- name: approved_by
-- What somebody has approved and has not started yet.
select manuscript.* from edition cross join manuscript
where edition.state in ('draft', 'scheduled') and manuscript.edition_id = edition.id
    and manuscript.approved_by = :author order by edition.id;

-- name: find_same
-- The editions of a list that are this content, or began as it.
select edition.id from edition
where edition.list_id = :list_id and edition.is_welcome = 0 and edition.state <> 'cancelled'
    and (edition.source_digest = :digest
        or edition.id in (select edition_id from manuscript where first_digest = :digest))
order by edition.id desc limit 1;

-- name: source
-- The text of an edition as it came.
select edition.source_name, edition_content.source
from edition join edition_content on edition_content.edition_id = edition.id where edition.id = :edition_id;

-- name: change
-- Count a change.
update manuscript set number = :number, text_number = :text_number where edition_id = :edition_id;

-- name: add_revision
-- A change of a text or a file.
insert into revision (edition_id, number, author, began_at, at, path, source_name, source)
values (:edition_id, :number, :author, :now, :now, :path, :source_name, :source);

-- name: fold_revision
-- The last change of a text goes on.
update revision set number = :number, at = :now, source_name = :source_name, source = :source
where edition_id = :edition_id and number = :folded;

-- name: last_revision
-- The last change.
select number, author, began_at, at, path from revision where edition_id = :edition_id order by number desc limit 1;

-- name: revisions
-- The changes of a draft, the newest first; without their texts.
select number, author, began_at, at, path, source is not null as has_text from revision
where edition_id = :edition_id order by number desc;

-- name: revision
-- The text of one change, if it is kept.
select source, source_name from revision where edition_id = :edition_id and number = :number and source is not null;

-- name: authors_since
-- Who made the changes after one.
select distinct author from revision where edition_id = :edition_id and number > :number;

-- name: forget_old_texts
-- Let go of the texts before a change.
update revision set source = null where edition_id = :edition_id and number < :number and source is not null;

-- name: size_of_drafts
-- How many octets the files of the drafts of a list have, and the texts so far. The sum keeps statistics from choosing
-- the index by list, where editions that were sent are as well.
select (select coalesce(sum(length(manuscript_file.content)), 0)
        from edition cross join manuscript_file
        where edition.list_id + 0 = :list_id and edition.state = 'draft' and manuscript_file.edition_id = edition.id)
    + (select coalesce(sum(length(revision.source)), 0)
        from edition cross join revision
        where edition.list_id + 0 = :list_id and edition.state = 'draft' and revision.edition_id = edition.id);

-- name: forget_files
-- The files of what is no draft any more.
delete from manuscript_file where edition_id = :edition_id;

-- name: put_file
-- Add or replace a file.
insert into manuscript_file (edition_id, path, number, content) values (:edition_id, :path, :number, :content)
on conflict (edition_id, path) do update set number = excluded.number, content = excluded.content;

-- name: remove_file
-- Remove a file.
delete from manuscript_file where edition_id = :edition_id and path = :path;

-- name: files
-- The files of a draft without their content.
select path, number, length(content) as size from manuscript_file where edition_id = :edition_id order by path;

-- name: file
-- One file with its content.
select number, content from manuscript_file where edition_id = :edition_id and path = :path;

-- name: contents
-- All files with their content.
select path, content from manuscript_file where edition_id = :edition_id order by path;

-- name: submit
-- Record that it was submitted.
update manuscript set submitted_number = number, submitted_by = :author, submitted_at = :now,
    returned_by = null, returned_at = null, words = '' where edition_id = :edition_id;

-- name: approve
-- Record that it was approved as it is.
update manuscript set approved_number = number, approved_by = :author, approved_at = :now,
    approved_digest = :digest
where edition_id = :edition_id;

-- name: return
-- Record that it was returned to its authors, whatever was approved.
update manuscript set submitted_number = null, submitted_by = null, submitted_at = null,
    approved_number = null, approved_by = null, approved_at = null, approved_digest = null,
    returned_by = :author, returned_at = :now, words = :words where edition_id = :edition_id;
