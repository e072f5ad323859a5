-- name: insert
-- What is kept of an edition until its editor approves it.
insert into draft (edition_id, findings, expires_at, written_at, mail_id, is_proven)
values (:edition_id, :findings, :expires_at, :written_at, :mail_id, :is_proven);

-- name: get
-- What preflight found in a draft, when its last link ends, which draft has replaced it, and which mail it came by.
select findings, expires_at, replaced_by, written_at, mail_id, is_proven from draft where edition_id = :edition_id;

-- name: extend
-- Another link to the same draft goes out.
update draft set expires_at = max(expires_at, :expires_at) where edition_id = :edition_id;

-- name: put_version
-- The same content came by another mail.
update draft set written_at = :written_at, mail_id = :mail_id, is_proven = :is_proven where edition_id = :edition_id;

-- name: sent_by
-- What an editor mailed to a list, in its order: drafts that wait, and editions that went out while their links last.
select draft.edition_id, edition.subject, edition.state, draft.written_at, draft.mail_id, draft.is_proven
from draft_editor
join draft on draft.edition_id = draft_editor.edition_id
join edition on edition.id = draft.edition_id
where draft_editor.list_id = :list_id and draft_editor.address_key = :address_key
    and edition.state <> 'cancelled' and draft.expires_at >= :now
order by draft.edition_id;

-- name: replace
-- A newer draft takes the place of one that waits.
update draft set replaced_by = :replaced_by where edition_id = :edition_id;

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

-- name: language_of_editors
-- The one language that those chose as readers who sent a draft.
select min(subscriber.language) from draft_editor
join subscriber on subscriber.address_key = draft_editor.address_key
where draft_editor.edition_id = :edition_id and subscriber.language <> ''
having count(distinct subscriber.language) = 1;

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

-- name: find_same_content
-- The edition that was made of the same content: one that was not cancelled before one that was, the last one first.
select id from edition where list_id = :list_id and source_digest = :source_digest and not is_welcome
order by state = 'cancelled', id desc limit 1;
