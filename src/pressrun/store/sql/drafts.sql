-- name: insert
-- A new draft.
insert into draft (edition_id, findings, expires_at, written_at, mail_id, is_proven)
values (:edition_id, :findings, :expires_at, :written_at, :mail_id, :is_proven);

-- name: get
-- One draft.
select findings, expires_at, replaced_by, written_at, mail_id, is_proven from draft where edition_id = :edition_id;

-- name: replacements
-- By which newer draft each of these was replaced, if it was.
select edition_id, replaced_by from draft where edition_id {in ids};

-- name: extend
-- Let the draft wait until another link expires.
update draft set expires_at = case when expires_at > :expires_at then expires_at else :expires_at end where edition_id = :edition_id;

-- name: put_version
-- The same content came by another mail.
update draft set written_at = :written_at, mail_id = :mail_id, is_proven = :is_proven where edition_id = :edition_id;

-- name: sent_by
-- What an editor mailed to a list, in order: waiting drafts on which nobody else works, and sent editions whose links
-- still work.
select draft.edition_id, edition.subject, edition.state, draft.written_at, draft.mail_id, draft.is_proven
from person
join draft_editor on draft_editor.person_id = person.id
join draft on draft.edition_id = draft_editor.edition_id
join edition on edition.id = draft.edition_id
where person.address_key = :address_key and draft_editor.list_id = :list_id
    and edition.state <> 'cancelled' and draft.expires_at >= :now
    and not exists (select 1 from manuscript where manuscript.edition_id = draft.edition_id
        and edition.state = 'draft' and (manuscript.number > 1 or manuscript.submitted_number is not null))
order by draft.edition_id;

-- name: replace
-- Record that a newer draft replaces one.
update draft set replaced_by = :replaced_by where edition_id = :edition_id;

-- name: add_editor
-- Record that an editor sent a draft, if they are not recorded yet.
insert into draft_editor (edition_id, list_id, person_id)
select cast(:edition_id as bigint), cast(:list_id as bigint), id from person where address_key = :address_key
on conflict (edition_id, person_id) do nothing;

-- name: count_editor
-- Count an editor who must still be there at the release.
update draft set editors = editors + 1 where edition_id = :edition_id;

-- name: has_its_editors
-- Whether everybody who sent a draft is still an editor.
select editors > 0
    and editors = (select count(*) from draft_editor where draft_editor.edition_id = draft.edition_id)
from draft where edition_id = :edition_id;

-- name: language_of_editors
-- The language that all senders of a draft chose as readers.
select min(subscriber.language) from draft_editor
join person on person.id = draft_editor.person_id
join subscriber on subscriber.address_key = person.address_key
where draft_editor.edition_id = :edition_id and subscriber.language <> ''
having count(distinct subscriber.language) = 1;

-- name: withdrawn
-- Drafts whose sender is no longer an editor.
select draft.edition_id from draft join edition on edition.id = draft.edition_id
where edition.state = 'draft'
    and draft.editors <> (select count(*) from draft_editor where draft_editor.edition_id = draft.edition_id)
order by draft.edition_id;

-- name: expired
-- Drafts whose links have expired and on which nobody works here, a batch at a time.
select draft.edition_id from draft join edition on edition.id = draft.edition_id
where draft.expires_at < :now and edition.state = 'draft'
    and not exists (select 1 from manuscript where manuscript.edition_id = draft.edition_id
        and (manuscript.number > 1 or manuscript.submitted_number is not null))
order by edition.id limit 100;

-- name: find_same_content
-- The latest edition of the same content, cancelled ones last.
select id from edition where list_id = :list_id and source_digest = :source_digest and is_welcome = 0
order by state = 'cancelled', id desc limit 1;

-- name: put_findings
-- What preflight finds in a draft that was changed.
update draft set findings = :findings where edition_id = :edition_id;
