-- name: insert
-- What is kept of an edition until its editor approves it.
insert into draft (edition_id, findings, expires_at) values (:edition_id, :findings, :expires_at);

-- name: get
-- What preflight found in a draft, and when its last link ends.
select findings, expires_at from draft where edition_id = :edition_id;

-- name: extend
-- Another link to the same draft goes out.
update draft set expires_at = max(expires_at, :expires_at) where edition_id = :edition_id;

-- name: add_editor
-- One more editor sent a draft; one who did before stays.
insert into draft_editor (edition_id, list_id, address_key) values (:edition_id, :list_id, :address_key)
on conflict (edition_id, address_key) do nothing;

-- name: count_editor
-- A draft may be released only while as many editors as this are there.
update draft set editors = editors + 1 where edition_id = :edition_id;

-- name: has_its_editors
-- Whether all who sent a draft still are editors.
select editors > 0
    and editors = (select count(*) from draft_editor where draft_editor.edition_id = draft.edition_id)
from draft where edition_id = :edition_id;

-- name: withdrawn
-- Drafts that an editor sent who is none any more.
select draft.edition_id from draft join edition on edition.id = draft.edition_id
where edition.state = 'draft'
    and draft.editors <> (select count(*) from draft_editor where draft_editor.edition_id = draft.edition_id)
order by draft.edition_id;

-- name: expired
-- Drafts that nobody can approve any more, some at a time.
select draft.edition_id from draft join edition on edition.id = draft.edition_id
where draft.expires_at < :now and edition.state = 'draft' limit 100;

-- name: posted_before
-- The edition that was made of the same content: one that was not cancelled before one that was, the last one first.
select id from edition where list_id = :list_id and source_digest = :source_digest
order by state = 'cancelled', id desc limit 1;

-- name: content
-- What the page of a draft shows.
select text, html, length(skeleton) as size from edition_content where edition_id = :edition_id;

-- name: asset
-- One image of a draft by its name.
select name, media_type, content from edition_asset where edition_id = :edition_id and name = :name
order by number limit 1;
